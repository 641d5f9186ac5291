"""A configuration that is not in force is told wherever people look."""

import pytest

from devicewarden.daemon.refusal import Refusal, forget, postpone
from devicewarden.daemon.systemd import Supervisor
from devicewarden.model.errors import ConfigError, Problem

PROBLEM = Problem("/etc/config.toml:3", "report.interval_s: must be at least 1, not 0")


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def supervisor(told: list[str], monkeypatch: pytest.MonkeyPatch) -> Supervisor:
    supervisor = Supervisor({})
    monkeypatch.setattr(supervisor, "status", told.append)
    return supervisor


def test_a_refusal_says_what_is_wrong_and_what_is_in_force(
    supervisor: Supervisor, told: list[str]
) -> None:
    trouble: dict[str, str] = {}

    Refusal(ConfigError("short", problems=(PROBLEM,)), "the last good one").tell(
        trouble, supervisor
    )

    assert trouble == {
        "configuration": f"refused, the last good one is in force: {PROBLEM}",
    }
    assert told == [f"configuration refused, the last good one is in force: {PROBLEM}"]


def test_a_good_configuration_takes_the_refusal_back(
    supervisor: Supervisor, told: list[str]
) -> None:
    trouble = {"control": "stays"}
    Refusal(ConfigError("no PEM"), "the old one").tell(trouble, supervisor)

    forget(trouble, supervisor)

    assert trouble == {"control": "stays"}
    assert told[-1] == ""


def test_settings_that_wait_for_a_start_are_named_until_none_wait() -> None:
    trouble: dict[str, str] = {}

    postpone(["state.dir", "thing.name"], trouble)
    waiting = dict(trouble)
    postpone([], trouble)

    assert waiting == {"restart": "takes effect at the next start: state.dir, thing.name"}
    assert trouble == {}
