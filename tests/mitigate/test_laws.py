"""The four laws of every action there is, on a real packet filter and real files."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.mitigate.hosts import ask_for, host_of, settings_of
from tests.mitigate.network import Network, alone

from devicewarden.config.action_documents import load_action_documents
from devicewarden.mitigate import process
from devicewarden.mitigate.action import Action
from devicewarden.mitigate.process import Ended
from devicewarden.mitigate.registry import KINDS
from devicewarden.model.action import DEVICE_TYPES, ActionType
from devicewarden.model.action_params import (
    BlockDestination,
    BlockPort,
    CollectEvidence,
    LimitEgressRate,
    Params,
    Port,
    Quarantine,
    RunCommand,
    StopUnit,
)

pytestmark = pytest.mark.e2e

FOREIGN = b"""table ip mine {
  chain c { type filter hook input priority 0; policy accept; }
}
"""


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    with alone() as network:
        network.run("nft", "-f", "-", stdin=FOREIGN)
        yield network


class Units:
    """systemd, as far as it is asked; everything else really runs."""

    def __init__(self) -> None:
        self.active = True

    def __call__(self, argv: tuple[str, ...], *, timeout_s: float, limit_bytes: int) -> Ended:
        if argv[0] != "systemctl":
            return process.run(argv, timeout_s=timeout_s, limit_bytes=limit_bytes)
        if argv[1] in ("start", "stop"):
            self.active = argv[1] == "start"
        state = "active" if self.active else "inactive"
        facts = f"ActiveState={state}\nLoadState=loaded\nNames=telnet.socket\n"
        return Ended(0, facts.encode())


class Stage:
    """Where an action is tried, and what may change by it."""

    def __init__(self, network: Network, folder: Path) -> None:
        self.units = Units()
        self._network = network
        self._made = folder / "made"
        self._folder = folder
        mkdir, rmdir = ("/usr/bin/mkdir", "-p"), ("/usr/bin/rmdir",)
        self.params: dict[ActionType, Params] = {
            "QUARANTINE": Quarantine(),
            "BLOCK_PORT": BlockPort((Port("TCP", 23), Port("UDP", 53))),
            "BLOCK_DESTINATION": BlockDestination(("203.0.113.0/24", "2001:db8::/32")),
            "LIMIT_EGRESS_RATE": LimitEgressRate(50_000),
            "STOP_UNIT": StopUnit("telnet.socket"),
            "RUN_COMMAND": RunCommand((*mkdir, str(self._made)), (*rmdir, str(self._made)), 10),
            "COLLECT_EVIDENCE": CollectEvidence(),
        }
        settings = settings_of(allow_commands=("/usr/bin/mkdir", "/usr/bin/rmdir"))
        self.host = host_of(network.nft, folder, settings=settings, run=self.units)

    def make(self, kind: ActionType) -> Action:
        return KINDS[kind].make(ask_for(self.params[kind]), self.host)

    def look(self) -> tuple[object, ...]:
        """See all that actions may change; times that run do not count."""
        ruleset = "\n".join(
            line for line in self._network.ruleset.splitlines() if "expires" not in line
        )
        archives = sorted(path.name for path in self._folder.glob("evidence/*"))
        return ruleset, self.units.active, self._made.exists(), archives


@pytest.fixture
def stage(network: Network, tmp_path: Path) -> Stage:
    return Stage(network, tmp_path)


LASTING = tuple(kind for kind in DEVICE_TYPES if kind != "COLLECT_EVIDENCE")


def test_every_type_of_the_device_has_an_action() -> None:
    assert set(KINDS) == set(DEVICE_TYPES)


@pytest.mark.parametrize("kind", DEVICE_TYPES)
def test_describing_an_action_changes_nothing(stage: Stage, kind: ActionType) -> None:
    before = stage.look()

    told = stage.make(kind).describe()

    assert told
    assert "\n" not in told
    assert stage.look() == before


@pytest.mark.parametrize("kind", LASTING)
def test_undo_restores_what_was(stage: Stage, kind: ActionType) -> None:
    before, action = stage.look(), stage.make(kind)
    memory = action.remember()

    action.apply()
    during = stage.look()
    action.undo(memory)

    assert during != before
    assert stage.look() == before


@pytest.mark.parametrize("kind", DEVICE_TYPES)
def test_applied_twice_equals_once(stage: Stage, kind: ActionType) -> None:
    action = stage.make(kind)
    memory = action.remember()

    action.apply()
    once = stage.look()
    stage.make(kind).apply()

    assert stage.look() == once
    action.undo(memory)


@pytest.mark.parametrize("kind", DEVICE_TYPES)
def test_whether_it_is_in_effect_is_asked_of_the_host(stage: Stage, kind: ActionType) -> None:
    action, stranger = stage.make(kind), stage.make(kind)
    memory = action.remember()
    before = stranger.in_effect()

    action.apply()
    during = stranger.in_effect()
    action.undo(memory)

    # What a command changed nobody can tell.
    assert (before, during) == ((None, None) if kind == "RUN_COMMAND" else (False, True))


def test_tables_of_others_stay_as_they_are(stage: Stage, network: Network) -> None:
    before = network.run("nft", "list", "table", "ip", "mine")

    stage.make("QUARANTINE").apply()
    during = network.run("nft", "list", "table", "ip", "mine")
    stage.make("QUARANTINE").undo({})

    assert before == during == network.run("nft", "list", "table", "ip", "mine")
    assert "devicewarden" not in network.ruleset


@pytest.mark.parametrize("kind", DEVICE_TYPES)
def test_the_example_of_every_action_can_be_read(tmp_path: Path, kind: ActionType) -> None:
    example = json.loads(KINDS[kind].meta.example)
    (tmp_path / "a.json").write_text(json.dumps({"actionName": "a", "actionParams": example}))

    actions = load_action_documents(tmp_path).orders.actions

    assert actions["a"].type == kind
    assert set(example) == {KINDS[kind].meta.member}
