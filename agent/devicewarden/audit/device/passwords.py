"""Passwords that everybody knows, and accounts that have none."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from devicewarden.audit.check import CheckMeta
from devicewarden.audit.device.host import Host, file_resource
from devicewarden.audit.device.unix_crypt import has_hash
from devicewarden.model.errors import AuditError
from devicewarden.model.finding import Finding

_PASSWD: Final = "/etc/passwd"  # noqa: S105  a file's name
_SHADOW: Final = "/etc/shadow"

DEFAULTS: Final[Mapping[str, tuple[str, ...]]] = {
    "root": ("1234", "toor", "password", "orangepi", "dietpi", "libreelec", "raspberry", "admin"),
    "admin": ("password", "1234"),
    "pi": ("raspberry",),
    "debian": ("temppwd",),
    "dietpi": ("dietpi",),
    "user": ("password", "1234"),
}
"""As images for boards ship them; every account is tried with its own name too."""


@dataclass(frozen=True, slots=True)
class Account:
    """Someone who may log in.

    Attributes:
        name: of the user.
        hashed: of the password, as /etc/shadow has it; empty: no password is asked for.
        path: of the file that says so.
    """

    name: str
    hashed: str
    path: str = _SHADOW


class PasswordEmptyOrDefault:
    """Finds accounts whose password is none, or well known."""

    subject = Account
    meta = CheckMeta(
        name="password-empty-or-default",
        title="No account has an empty or a well-known password",
        severity="CRITICAL",
        why="Bots try these passwords first, on every device that they reach.",
        decides="In /etc/shadow no hash is empty, and none is that of the account's own name or of"
        " a password that images for boards ship for it, such as raspberry for pi. Locked accounts"
        " comply. A hash that takes too long to compare leaves the check undecided.",
        remedy="passwd USER sets another password; passwd --lock USER takes it away.",
        needs="/etc/shadow, which root may read",
        source="ETSI EN 303 645, provision 5.1-1",
        codes={
            "PASSWORD_EMPTY": "no password is asked for",
            "PASSWORD_DEFAULT": "the password is well known",
        },
    )

    def __init__(self, has_hash: Callable[[str, str], bool] = has_hash) -> None:
        self._has_hash = has_hash

    def judge(self, subject: Account, at: datetime) -> Iterator[Finding]:
        del at
        resource = file_resource(f"{subject.path}#{subject.name}")
        if not subject.hashed:
            reason = f"{subject.name} needs no password"
            yield self.meta.finding(resource, "PASSWORD_EMPTY", reason)
        elif subject.hashed[0] in "!*" or subject.hashed == "x":
            return
        elif self._is_known(subject):
            reason = f"{subject.name} has a password that is well known"
            yield self.meta.finding(resource, "PASSWORD_DEFAULT", reason)

    def _is_known(self, account: Account) -> bool:
        try:
            return any(
                self._has_hash(password, account.hashed)
                for password in dict.fromkeys((account.name, *DEFAULTS.get(account.name, ())))
            )
        except AuditError as error:
            raise AuditError(f"the password of {account.name}: {error}", hint=error.hint) from error


def read_accounts(host: Host) -> Iterator[object]:
    """Give the accounts of both files; never more of a hash than to who judges it."""
    found = False
    for path in (_PASSWD, _SHADOW):
        for line in (host.text(path) or "").splitlines():
            name, separator, rest = line.partition(":")
            # What begins with + or - lets NIS in or keeps it out, and is nobody's account.
            own = bool(separator) and not name.startswith(("+", "-"))
            if own and not (path == _PASSWD and rest.startswith("x:")):
                yield Account(name, rest.partition(":")[0], path)
            found = True
    if not found:
        raise AuditError(f"there is neither {_PASSWD} nor {_SHADOW}")
