"""Detect in the daemon: what is judged is recorded and addressed in one step, and survives."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from devicewarden.collect.socket_makers import Transport
from devicewarden.config.settings import DetectSettings, Settings, StateSettings, ThingSettings
from devicewarden.daemon.detection import Detection
from devicewarden.model.metric import LISTENING_TCP_PORTS, Listener, Listeners, Sample
from devicewarden.model.owner import Owner
from devicewarden.state.outbox import LOG
from devicewarden.state.snapshots import Snapshot
from devicewarden.state.state import State, open_state
from devicewarden.state.violation_records import Filter, Violation

PROFILE = {
    "securityProfileName": "edge",
    "behaviors": [
        {
            "name": "no-telnet",
            "metric": LISTENING_TCP_PORTS,
            "criteria": {"comparisonOperator": "not-in-port-set", "value": {"ports": [23]}},
        }
    ],
}


class Nobody:
    """A kernel that knows no owner."""

    def of_listener(self, listener: Listener, transport: Transport) -> Owner | None:
        del listener, transport
        return None

    def of_remote(self, address: str) -> Owner | None:
        del address
        return None


class World:
    """One device whose state file outlives its processes."""

    def __init__(self, folder: Path, **detect: object) -> None:
        self.at = datetime(2026, 1, 1, tzinfo=UTC)
        profiles = folder / "profiles"
        profiles.mkdir(exist_ok=True)
        (profiles / "edge.json").write_text(json.dumps(PROFILE))
        self.settings = Settings(
            thing=ThingSettings(name="edge-1"),
            state=StateSettings(dir=str(folder)),
            detect=DetectSettings(profiles_dir=str(profiles), **detect),  # type: ignore[arg-type]  # as a test names them
        )
        self.start()

    def start(self) -> None:
        self.state: State = open_state(self.settings.state, lambda: self.at)
        self.detection = Detection(
            self.settings, state=self.state, owners=Nobody(), now=lambda: self.at
        )
        self.detection.sinks = (LOG, "mqtt")

    def restart(self) -> None:
        self.detection.close()
        self.state.close()
        self.start()

    def see(self, *ports: int) -> None:
        self.at += timedelta(seconds=1)
        items = frozenset(Listener("0.0.0.0", port, None) for port in ports)
        sample = Sample(
            taken_at=self.at,
            uptime_s=self.at.timestamp() - 1_700_000_000,
            boot_id="b",
            values={LISTENING_TCP_PORTS: Listeners(items)},
            failed={},
        )
        self.detection.look(sample, None, None)

    def see_for(self, windows: int, *ports: int) -> None:
        """See the same in so many windows of five minutes, and the moment after them."""
        for _ in range(windows):
            self.see(*ports)
            self.at += timedelta(seconds=299)
        self.see(*ports)

    def violations(self) -> tuple[Violation, ...]:
        return self.state.violations.find(Filter())

    def waiting(self) -> dict[str, int]:
        return {sink: told.waiting for sink, told in self.state.outbox.counts().items()}


def test_an_alarm_is_recorded_and_addressed_to_every_sink(tmp_path: Path) -> None:
    world = World(tmp_path)

    world.see(22)
    world.see(22, 23)

    assert [(v.behavior, v.kind) for v in world.violations()] == [("no-telnet", "in-alarm")]
    assert world.waiting() == {LOG: 1, "mqtt": 1}


def test_a_simulated_alarm_is_recorded_and_the_log_alone_hears_of_it(tmp_path: Path) -> None:
    world = World(tmp_path, simulate=("edge",))

    world.see(23)

    assert [v.simulated for v in world.violations()] == [True]
    assert world.waiting() == {LOG: 1}


def test_an_alarm_is_cleared_under_its_own_id_after_a_restart(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.see(23)
    (raised,) = world.violations()

    world.restart()
    world.see(23)
    world.see(22)

    (cleared,) = world.violations()
    assert (cleared.violation_id, cleared.kind) == (raised.violation_id, "alarm-cleared")
    assert world.waiting()["mqtt"] == 2


@pytest.mark.parametrize("ports", [(22,), (22, 23)], ids=["it-is-over", "it-goes-on"])
def test_a_violation_whose_memory_was_lost_does_not_stay_in_alarm(
    tmp_path: Path, ports: tuple[int, ...]
) -> None:
    world = World(tmp_path)
    world.see(23)
    (raised,) = world.violations()
    world.state.snapshots.save("evaluator", {"evaluator": Snapshot(1, b"not what was saved")})
    world.state.close()
    world.start()

    world.see(*ports)

    found = {v.violation_id: v.kind for v in world.violations()}
    assert found.pop(raised.violation_id) == "alarm-invalidated"
    assert list(found.values()) == (["in-alarm"] if 23 in ports else [])


def test_a_behavior_that_fails_for_its_first_hour_is_doubted_once(tmp_path: Path) -> None:
    world = World(tmp_path)

    with capture_logs() as told:
        world.see_for(12, 22, 23)
        shown = [doubt.behavior for doubt in world.detection.evaluator.doubts()]
        world.restart()
        world.see_for(2, 22, 23)

    assert shown == ["no-telnet"]
    [warning] = [each for each in told if each["event"] == "behavior_doubted"]
    assert warning["log_level"] == "warning"
    assert (warning["behavior"], warning["failed"], warning["datapoints"]) == ("no-telnet", 12, 12)
    assert "write in-port-set" in warning["hint"]


def test_a_broken_file_leaves_its_last_good_profile_in_force(tmp_path: Path) -> None:
    world = World(tmp_path)
    (tmp_path / "profiles" / "edge.json").write_text("{")

    world.detection.reload(world.settings, Nobody())
    world.see(23)

    assert len(world.violations()) == 1
    assert list(world.detection.loaded.problems) == ["edge.json"]
