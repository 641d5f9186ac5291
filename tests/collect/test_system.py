import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devicewarden.collect.proc_figures import cpu_ticks, disk_percent, memory_percent
from devicewarden.collect.system import Share, System, system_readers
from devicewarden.config.settings import CustomMetricsSettings
from devicewarden.model.metric import Number

RECORDED = Path(__file__).parent.parent / "data" / "custom" / "proc"
TOTALS = st.floats(min_value=0, max_value=1e12)


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    folder = tmp_path / "proc"
    shutil.copytree(RECORDED, folder)
    return folder


def system(*metrics: str, proc: Path = Path("/proc"), disk_path: str = "/") -> System:
    settings = CustomMetricsSettings(built_in=metrics, disk_path=disk_path)
    return System(system_readers(settings, proc))


def busy_s(times: Any) -> float:
    return float(times.user + times.nice + times.system + times.irq + times.softirq + times.steal)


def rewrite_cpu_line(proc: Path, figures: str) -> None:
    lines = (proc / "stat").read_text().splitlines()
    (proc / "stat").write_text("\n".join([f"cpu  {figures}", *lines[1:]]) + "\n")


@pytest.mark.parametrize(
    ("figures", "percent"),
    [
        # user nice system idle iowait irq softirq steal guest guest_nice, in ticks
        pytest.param("1200 0 600 8600 500 50 50 100 300 0", 30.0, id="busy"),
        pytest.param("1100 0 500 8100 400 50 50 100 400 0", 50.0, id="guest-time-counts-once"),
        pytest.param("1000 0 500 8500 900 50 50 100 300 0", 0.0, id="waiting-for-a-disk"),
        pytest.param("1200 0 500 7950 400 50 50 100 300 0", 100.0, id="idle-time-went-back"),
    ],
)
def test_cpu_is_what_was_used_since_the_last_reading(
    proc: Path, figures: str, percent: float
) -> None:
    collector = system("cpu_percent", proc=proc)
    first = collector.collect()
    rewrite_cpu_line(proc, figures)

    second = collector.collect()

    assert first == {}
    assert second == {"cpu_percent": Number(percent)}


def test_cpu_is_absent_where_no_time_passed(proc: Path) -> None:
    collector = system("cpu_percent", proc=proc)
    collector.collect()

    assert collector.collect() == {}
    assert collector.problems == {}


def test_memory_is_what_programs_cannot_have_any_more(proc: Path) -> None:
    assert system("memory_percent", proc=proc).collect() == {"memory_percent": Number(75.0)}


def test_psutil_finds_the_same_memory_disk_and_processor_time(tmp_path: Path) -> None:
    path = str(tmp_path)
    before, ours, after = psutil.cpu_times(), cpu_ticks(Path("/proc")), psutil.cpu_times()

    assert memory_percent(Path("/proc")) == pytest.approx(psutil.virtual_memory().percent, abs=2)
    assert disk_percent(path) == pytest.approx(psutil.disk_usage(path).percent, abs=0.1)
    assert busy_s(before) <= ours[0] / os.sysconf("SC_CLK_TCK") + 0.1
    assert ours[0] / os.sysconf("SC_CLK_TCK") <= busy_s(after) + 0.1


def test_a_figure_that_fails_is_named_and_takes_no_other_with_it(proc: Path) -> None:
    (proc / "meminfo").write_text("rubbish\n")
    wanted = ("memory_percent", "disk_percent", "load_1m")
    collector = system(*wanted, proc=proc, disk_path="/no/such/folder")

    values = collector.collect()

    assert set(values) == {"load_1m"}
    assert set(collector.problems) == {"memory_percent", "disk_percent"}
    assert "No such file" in collector.problems["disk_percent"]


def test_a_figure_the_host_lacks_is_absent_and_no_problem() -> None:
    collector = System({"soc_temperature_celsius": lambda: None})

    assert collector.collect() == {}
    assert collector.problems == {}


def test_the_agent_measures_itself() -> None:
    collector = system("agent_rss_bytes", "agent_cpu_percent")
    collector.collect()
    sum(range(10_000))

    values = collector.collect()

    rss, cpu = values["agent_rss_bytes"], values["agent_cpu_percent"]
    assert isinstance(rss, Number)
    assert isinstance(cpu, Number)
    assert rss.value > 1_000_000
    assert cpu.value >= 0


def test_what_is_not_enabled_is_not_read() -> None:
    assert set(system_readers(CustomMetricsSettings(built_in=("load_1m", "failed_logins")))) == {
        "load_1m"
    }


def successive(*readings: tuple[float, float]) -> Callable[[], tuple[float, float]]:
    iterator = iter(readings)
    return lambda: next(iterator)


@given(st.tuples(TOTALS, TOTALS), st.tuples(TOTALS, TOTALS))
def test_a_share_is_never_negative(before: tuple[float, float], now: tuple[float, float]) -> None:
    share = Share(successive(before, now))
    share()

    percent = share()

    assert percent is None or percent >= 0


def test_a_share_is_of_the_last_interval_alone() -> None:
    share = Share(successive((0, 0), (50, 100), (50, 200), (60, 210)))

    assert [share(), share(), share(), share()] == [None, 50.0, 0.0, 100.0]
