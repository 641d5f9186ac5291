"""That another client took over is remembered, once a minute, and not for ever."""

from datetime import timedelta
from pathlib import Path

from tests.state.scene import START, Clock, opened

from devicewarden.config.settings import StateSettings
from devicewarden.state.look import look
from devicewarden.state.takeovers import read_takeovers


def kept(folder: Path) -> list[float]:
    times = look(StateSettings(dir=str(folder)), read_takeovers)
    return [(at - START).total_seconds() for at in times]


def test_takeovers_are_there_after_a_restart(tmp_path: Path) -> None:
    clock = Clock()
    state = opened(tmp_path, clock)
    state.takeovers.record()
    clock.now += timedelta(hours=1)
    state.takeovers.record()
    state.close()

    assert kept(tmp_path) == [0, 3600]


def test_a_fight_over_a_client_id_is_written_down_once_a_minute(tmp_path: Path) -> None:
    clock = Clock()
    state = opened(tmp_path, clock)
    for _ in range(100):
        state.takeovers.record()
        clock.now += timedelta(seconds=3)
    state.close()

    assert kept(tmp_path) == [0, 60, 120, 180, 240]


def test_the_newest_thousand_are_kept(tmp_path: Path) -> None:
    clock = Clock()
    state = opened(tmp_path, clock)
    for _ in range(1100):
        state.takeovers.record()
        clock.now += timedelta(minutes=1)
        state.tick()
    state.close()

    assert len(kept(tmp_path)) == 1000
    assert kept(tmp_path)[-1] == 1099 * 60
