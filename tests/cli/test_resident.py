"""The daemon's own way in: what needs click, and what it starts with."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from devicewarden.cli import judged, resident
from devicewarden.cli.resident import Arguments, arguments_of
from devicewarden.config.settings import Settings, ThingSettings
from devicewarden.daemon.refusal import Refusal
from devicewarden.model.errors import ConfigError, StateError

LAST_GOOD = Arguments(last_good=Path("/kept"))


class Starts:
    """Notes with which thing name the agent was run; fails as it is told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, broken: set[str]) -> None:
        self.ran: list[tuple[str, Refusal | None]] = []
        self.error: dict[str, Exception] = {}
        for name in ("judge", "judge_last_good", "judge_defaults"):
            monkeypatch.setattr(judged.Configuration, name, self._judge(name, broken))
        monkeypatch.setattr("devicewarden.daemon.start.run", self._run)

    def _judge(self, name: str, broken: set[str]) -> Callable[[object], Settings]:
        def judge(_configuration: object) -> Settings:
            if name in broken:
                raise ConfigError(f"{name} is broken")
            return Settings(thing=ThingSettings(name=name))

        return judge

    def _run(self, settings: Settings, *, refusal: Refusal | None, **_doors: Any) -> None:
        if error := self.error.get(settings.thing.name):
            raise error
        self.ran.append((settings.thing.name, refusal))


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        pytest.param([], Arguments(), id="nothing"),
        pytest.param(["--config", "/a b"], Arguments(Path("/a b")), id="file"),
        pytest.param(["--last-good", "/kept"], LAST_GOOD, id="kept"),
        pytest.param(
            ["--config", "/a", "--last-good", "/b"], Arguments(Path("/a"), Path("/b")), id="both"
        ),
        pytest.param(["--config"], None, id="no-file"),
        pytest.param(["--help"], None, id="help"),
        pytest.param(["--config", "/a", "more"], None, id="more"),
    ],
)
def test_anything_unusual_is_left_to_click(arguments: list[str], found: Arguments | None) -> None:
    assert arguments_of(arguments) == found


def test_a_good_configuration_is_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    starts = Starts(monkeypatch, broken=set())

    assert resident.main(LAST_GOOD) == 0

    assert starts.ran == [("judge", None)]


@pytest.mark.parametrize(
    ("broken", "instead", "in_force"),
    [
        pytest.param({"judge"}, "judge_last_good", "the last good one", id="kept"),
        pytest.param(
            {"judge", "judge_last_good"}, "judge_defaults", "the default one", id="defaults"
        ),
    ],
)
def test_a_broken_configuration_leaves_no_device_without_an_agent(
    monkeypatch: pytest.MonkeyPatch, broken: set[str], instead: str, in_force: str
) -> None:
    starts = Starts(monkeypatch, broken)

    assert resident.main(LAST_GOOD) == 0

    ((ran, refusal),) = starts.ran
    assert ran == instead
    assert refusal is not None
    assert (str(refusal.error), refusal.in_force) == ("judge is broken", in_force)


def test_what_only_the_start_finds_wrong_is_replaced_too(monkeypatch: pytest.MonkeyPatch) -> None:
    starts = Starts(monkeypatch, broken=set())
    starts.error = {"judge": ConfigError("no PEM"), "judge_last_good": ConfigError("no PEM")}

    assert resident.main(LAST_GOOD) == 0

    assert [ran for ran, _ in starts.ran] == ["judge_defaults"]


def test_without_a_place_to_keep_one_a_broken_configuration_ends_the_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    starts = Starts(monkeypatch, broken={"judge"})

    assert resident.main(Arguments()) == 78

    assert starts.ran == []
    assert "judge is broken" in capsys.readouterr().err


def test_where_nothing_can_be_judged_the_first_reason_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Starts(monkeypatch, broken={"judge", "judge_last_good", "judge_defaults"})

    assert resident.main(LAST_GOOD) == 78

    assert "judge is broken" in capsys.readouterr().err


def test_another_failure_is_no_reason_for_another_configuration(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    starts = Starts(monkeypatch, broken=set())
    starts.error = {"judge": StateError("another agent is running")}

    assert resident.main(LAST_GOOD) == 70

    assert starts.ran == []
