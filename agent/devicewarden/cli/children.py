"""What other processes do for the daemon; what starts them is loaded when it is needed."""

from pathlib import Path
from typing import TYPE_CHECKING

from devicewarden.daemon.children import Children

if TYPE_CHECKING:
    from devicewarden.model.identity import KeyRequest, MadeKey


def children_of(config: Path | None) -> Children:
    """Give the processes of an agent that was started with this configuration file."""

    async def audit() -> None:
        from devicewarden.cli.audit_child import audit_if_due  # noqa: PLC0415  once a day

        await audit_if_due(config)

    async def audit_now() -> str:
        from devicewarden.cli.audit_child import audit_now  # noqa: PLC0415  when a job asks for it

        return await audit_now(config)

    return Children(audit=audit, audit_now=audit_now, make_key=_make_key, remove_key=_remove_key)


async def _make_key(request: "KeyRequest") -> "MadeKey":
    from devicewarden.cli.key_process import make_key  # noqa: PLC0415  once a year

    return await make_key(request)


async def _remove_key(request: "KeyRequest") -> None:
    from devicewarden.cli.key_process import remove_key  # noqa: PLC0415  once a year

    await remove_key(request)
