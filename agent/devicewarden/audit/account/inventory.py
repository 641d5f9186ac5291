"""What an AWS account gives the checks to look at."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, TypeAlias

from devicewarden.audit.account.authorities import Authorities
from devicewarden.audit.account.aws import Aws
from devicewarden.audit.account.calls import CALLS
from devicewarden.audit.account.certificates import Certificates
from devicewarden.audit.account.cognito import read_pools
from devicewarden.audit.account.connections import client_ids, connections, read_events
from devicewarden.audit.account.each import told
from devicewarden.audit.account.issuers import Issuers
from devicewarden.audit.account.kept import CertificateCache
from devicewarden.audit.account.logging_options import read_logging
from devicewarden.audit.account.policies import read_policies
from devicewarden.audit.account.role_aliases import read_role_aliases
from devicewarden.audit.account.roles import Roles
from devicewarden.audit.inventory import Unreadable
from devicewarden.audit.subject import (
    CaCertificate,
    ClientIdUse,
    CognitoPool,
    ConnectionLog,
    DeviceCertificate,
    IotPolicy,
    LoggingOptions,
    RoleAlias,
)
from devicewarden.aws.calls import Calls
from devicewarden.config.account_settings import AccountSettings
from devicewarden.config.settings import Settings
from devicewarden.model.errors import AuditError

_Read: TypeAlias = Callable[[], Iterator[object]]

_NO_LOG: Final = (
    "no connection log was given (give --log-group AWSIotLogsV2, or set account.log_group)"
)
_LOG: Final = (ConnectionLog, ClientIdUse)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class AccountInventory:
    """Reads an account: what is quickly read first, certificates last.

    Attributes:
        calls: makes the calls.
        scope: the account's 12 digits.
        settings: how patiently, and which log.
        issuers: know what is revoked.
        cache: certificates that an earlier audit fetched.
        now: tells the aware UTC time.
    """

    calls: Calls
    scope: str
    settings: AccountSettings
    issuers: Issuers
    cache: CertificateCache
    now: Callable[[], datetime] = _now
    classes: frozenset[type] = frozenset(CALLS)

    def subjects(self, wanted: frozenset[type]) -> Iterator[object]:
        for classes, read in self._readers().items():
            if wanted.isdisjoint(classes):
                continue
            try:
                yield from read()
            except AuditError as error:
                yield Unreadable(classes, told(error))
            except KeyError as error:
                yield Unreadable(classes, f"the answer has no {error}")

    def _readers(self) -> Mapping[tuple[type, ...], _Read]:
        calls, workers = self.calls, self.settings.parallel_calls
        authorities, roles = Authorities(calls, self.issuers, workers), Roles(calls)
        certificates = Certificates(calls, authorities, self.issuers, self.cache, workers)
        return {
            (LoggingOptions,): lambda: iter([read_logging(calls, self.scope)]),
            (CaCertificate,): authorities.each,
            (IotPolicy,): lambda: read_policies(calls, workers),
            (RoleAlias,): lambda: read_role_aliases(calls, roles, workers),
            (CognitoPool,): lambda: read_pools(calls, roles, workers),
            _LOG: self._log,
            (DeviceCertificate,): certificates.each,
        }

    def _log(self) -> Iterator[ConnectionLog | ClientIdUse | Unreadable]:
        if not self.settings.log_group:
            yield Unreadable(_LOG, _NO_LOG)
            return
        until = self.now()
        since = until - timedelta(days=self.settings.log_days)
        events = []
        try:
            for event in read_events(self.calls, self.settings.log_group, since, until):
                events.append(event)  # noqa: PERF402  what came before an error is judged too
        except AuditError as error:
            yield Unreadable(_LOG, told(error))
        found = connections(events, since)
        yield ConnectionLog(since=since, until=until, connections=found)
        yield from client_ids(found)


def open_inventory(settings: Settings) -> AccountInventory:
    """Prepare to read the account; of all that is in it, only its number is read here.

    Raises:
        AuditError: boto3 is not installed, there are no credentials, no answer came, or others can
            reach what is kept.
    """
    aws = Aws(settings.account)
    account, folder = aws.account(), settings.account.cache_dir
    file = Path(folder, f"certificates-{account}-{aws.region}.db") if folder else None
    issuers, cache = Issuers(settings.audit), CertificateCache(file)
    return AccountInventory(aws, account, settings.account, issuers, cache)
