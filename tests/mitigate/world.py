"""A device for the executor, whose clock, packet filter and systemd a test moves."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.mitigate.fake_nft import FakeNft
from tests.mitigate.hosts import NOW, configured, host_of, planned, settings_of

from devicewarden.config.settings import Settings
from devicewarden.mitigate.clock import Instant
from devicewarden.mitigate.executor import Executor
from devicewarden.mitigate.ledger import open_ledger
from devicewarden.mitigate.process import Ended
from devicewarden.mitigate.record_form import read_records
from devicewarden.mitigate.refusals import Refusals
from devicewarden.model.action import DEVICE_TYPES, Facts
from devicewarden.model.action_mapping import Orders
from devicewarden.model.action_params import (
    BlockDestination,
    BlockPort,
    Params,
    Port,
    Quarantine,
    RunCommand,
    StopUnit,
    UpdateDeviceCertificate,
)

ACTIONS: dict[str, Params] = {
    "cut-off": Quarantine(),
    "port": BlockPort(),
    "far": BlockDestination(("203.0.113.0/24",)),
    "broker": BlockDestination(("192.0.2.2/32",)),
    "telnet": StopUnit("telnet.socket"),
    "telnet-too": StopUnit("telnet.socket"),
    "ssh": StopUnit("sshd.service"),
    "shell": RunCommand(("/bin/sh",), (), 1),
    "valve": RunCommand(("/usr/bin/true", "shut"), ("/usr/bin/true", "open"), 1),
    "certificate": UpdateDeviceCertificate(),
}
FACTS = Facts(ports=(Port("TCP", 23),))


class World:
    """A device whose clock and systemd a test moves."""

    def __init__(self, folder: Path) -> None:
        self.nft = FakeNft()
        self.uptime_s = 1000.0
        self.boot = "first"
        self.unit_active = True
        self.unit_refuses = False
        self.folder = folder

    def clock(self) -> Instant:
        return Instant(NOW + timedelta(seconds=self.uptime_s), self.uptime_s, self.boot)

    def systemctl(self, argv: tuple[str, ...], *, timeout_s: float, limit_bytes: int) -> Ended:
        assert timeout_s
        assert limit_bytes
        if argv[1] in ("start", "stop"):
            if self.unit_refuses:
                return Ended(1, error="Refused. Not now.")
            self.unit_active = argv[1] == "start"
        state = "active" if self.unit_active else "inactive"
        return Ended(0, f"ActiveState={state}\nLoadState=loaded\nNames={argv[-1]}\n".encode())

    @contextmanager
    def executor(
        self, settings: Settings | None = None, *, operator: bool = False, broken: str = ""
    ) -> Iterator[Executor]:
        given = settings or settings_of(allow=DEVICE_TYPES)
        refusals = Refusals(
            settings=given.mitigate,
            orders=Orders(actions=configured(**ACTIONS)),
            operator=operator,
            broken=broken,
        )
        with open_ledger(self.folder) as ledger:
            host = host_of(self.nft, self.folder, settings=given, run=self.systemctl)
            executor = Executor(host, ledger, refusals, self.clock)
            executor.settle()
            yield executor

    def statuses(self) -> dict[str, str]:
        return {each.name: each.status for each in read_records(self.folder)}


def apply(world: World, *names: str, **given: Any) -> list[tuple[str, str]]:
    with world.executor(**given) as executor:
        records = executor.apply([planned(name, facts=FACTS) for name in names])
    return [(record.status, record.message) for record in records]
