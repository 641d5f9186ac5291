"""Policy documents on disk: AWS IoT policies, and those of roles, as they are deployed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from devicewarden.audit.device.host import Host, unreadable
from devicewarden.audit.subject import CognitoPool, IotPolicy, Role, RoleAlias
from devicewarden.model.errors import AuditError

ROLE_ALIAS: Final = "role-alias"
AUTHENTICATED: Final = "cognito-auth"
UNAUTHENTICATED: Final = "cognito-unauth"


def read_iot_policies(host: Host) -> Iterator[object]:
    """Give each `*.json` of audit.policies_dir."""
    for path in host.listed(host.settings.audit.policies_dir, "*.json"):
        try:
            document = _document(host, path)
            yield IotPolicy(name=Path(path).stem, version="1", document=document, path=path)
        except AuditError as error:
            yield unreadable(error, IotPolicy)


def read_role_aliases(host: Host) -> Iterator[object]:
    """Give a role for each file, or folder of files, in `role-alias`."""
    for path in _entries(host, ROLE_ALIAS):
        try:
            yield RoleAlias(arn="", role=_role(host, path), path=path)
        except AuditError as error:
            yield unreadable(error, RoleAlias)


def read_cognito_pools(host: Host) -> Iterator[object]:
    """Give a pool for each file, or folder of files, in `cognito-auth` and `cognito-unauth`."""
    for kind in (AUTHENTICATED, UNAUTHENTICATED):
        for path in _entries(host, kind):
            try:
                role = _role(host, path)
            except AuditError as error:
                yield unreadable(error, CognitoPool)
                continue
            yield CognitoPool(
                pool_id="",
                authenticated=role if kind == AUTHENTICATED else None,
                unauthenticated=role if kind == UNAUTHENTICATED else None,
                path=path,
            )


def _entries(host: Host, kind: str) -> list[str]:
    paths = host.listed(f"{host.settings.audit.policies_dir}/{kind}")
    return [path for path in paths if path.endswith(".json") or host.is_folder(path)]


def _role(host: Host, path: str) -> Role:
    """Read a role: its one document, or all of its folder, which are judged together."""
    paths = host.listed(path, "*.json") if host.is_folder(path) else [path]
    return Role(arn="", documents={Path(each).name: _document(host, each) for each in paths})


def _document(host: Host, path: str) -> bytes:
    content = host.read(path)
    if content is None:
        raise AuditError(f"{path} is a link that leads nowhere, or was just deleted")
    return content
