"""The calls of the table, made for an audit: one that fails leaves a check undecided."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from devicewarden.audit.account.calls import ALL, AbsentError, CallError
from devicewarden.aws import calls as aws
from devicewarden.aws.open import open_client
from devicewarden.config.account_settings import AccountSettings

_DENIED_HINT: Final = "see devicewarden audit permissions"


class Aws:
    """An account, as an audit reaches it.

    Attributes:
        region: that is read; empty: nobody said.

    Raises:
        AuditError: boto3 is not installed, or there is no such profile.
    """

    def __init__(self, settings: AccountSettings) -> None:
        with _told():
            self._client = open_client(settings, ALL, _DENIED_HINT)
        self.region = self._client.region

    def account(self) -> str:
        """Ask whose account it is: 12 digits.

        Raises:
            AuditError: there are no credentials, or they are not taken.
        """
        with _told():
            return self._client.account()

    def call(self, name: str, **arguments: Any) -> Mapping[str, Any]:
        with _told():
            return self._client.call(name, **arguments)

    def pages(self, name: str, **arguments: Any) -> Iterator[Mapping[str, Any]]:
        with _told():
            yield from self._client.pages(name, **arguments)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except aws.AbsentError as error:
        raise AbsentError(str(error), hint=error.hint) from error
    except aws.CallError as error:
        raise CallError(str(error), hint=error.hint) from error
