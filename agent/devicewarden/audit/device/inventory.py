"""What this device gives the checks to look at: a line for each subject, and who reads it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from devicewarden.audit.device import (
    agent_files,
    certificates,
    clock,
    key_pair,
    listeners,
    logs,
    passwords,
    policies,
    private_key,
    siblings,
    ssh,
    takeovers,
    trust_store,
    unit_hardening,
)
from devicewarden.audit.device.host import Host, unreadable
from devicewarden.audit.inventory import Unreadable
from devicewarden.audit.subject import (
    CaCertificate,
    ClientIdUse,
    CognitoPool,
    DeviceCertificate,
    IotPolicy,
    RoleAlias,
)
from devicewarden.config.settings import Settings
from devicewarden.model.audit import DEVICE
from devicewarden.model.errors import AuditError


class Reader(NamedTuple):
    """Reads subjects of some classes; where it raises AuditError, these classes are unreadable."""

    classes: tuple[type, ...]
    read: Callable[[Host], Iterator[object]]


READERS: Final = (
    Reader((DeviceCertificate, CaCertificate), certificates.read_certificates),
    Reader((key_pair.KeyPair,), key_pair.read_key_pair),
    Reader((private_key.KeyFile,), private_key.read_key_files),
    Reader((siblings.Siblings,), siblings.read_siblings),
    Reader((trust_store.TrustStore,), trust_store.read_trust_store),
    Reader((ClientIdUse,), takeovers.read_takeovers_of),
    Reader((IotPolicy,), policies.read_iot_policies),
    Reader((RoleAlias,), policies.read_role_aliases),
    Reader((CognitoPool,), policies.read_cognito_pools),
    Reader((logs.AgentLog,), logs.read_agent_log),
    Reader((logs.Journal,), logs.read_journal),
    Reader((logs.BrokerLog,), logs.read_broker_log),
    Reader((clock.Clock,), clock.read_clock),
    Reader((passwords.Account,), passwords.read_accounts),
    Reader((ssh.SshServer,), ssh.read_ssh_server),
    Reader((agent_files.AgentPath,), agent_files.read_agent_files),
    Reader((unit_hardening.Unit,), unit_hardening.read_units),
    Reader((listeners.Listener,), listeners.read_listeners),
)


@dataclass(frozen=True, slots=True)
class DeviceInventory:
    """Reads this device, or a tree that was recorded of one.

    Attributes:
        host: where to look.
    """

    host: Host
    scope: str = DEVICE

    @property
    def classes(self) -> frozenset[type]:
        return frozenset(each for reader in READERS for each in reader.classes)

    def subjects(self, wanted: frozenset[type]) -> Iterator[object]:
        for reader in READERS:
            if wanted.isdisjoint(reader.classes):
                continue
            try:
                for each in reader.read(self.host):
                    if isinstance(each, Unreadable) or type(each) in wanted:
                        yield each
            except AuditError as error:
                yield unreadable(error, *reader.classes)


def open_inventory(settings: Settings) -> DeviceInventory:
    """Make the inventory; nothing is read before it is asked for subjects."""
    return DeviceInventory(Host(settings))
