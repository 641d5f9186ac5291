"""The goals, each with the part that is measured for it and how the figure comes from it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from tests.bench.figures import Figure, Unit, share

Result: TypeAlias = Mapping[str, Any]
"""What a part printed."""
MIB: Final = 1 << 20


class Failed(NamedTuple):
    """A part that gave no result."""

    why: str


class Goal(NamedTuple):
    """One goal; `value` gets the results of the parts, in order."""

    what: str
    most: float
    unit: Unit
    parts: tuple[str, ...]
    value: Callable[..., float]


def _quiet_share(costs: Result) -> float:
    return share(costs["quiet"], costs["psutil"])


def _full_share(costs: Result) -> float:
    return share(costs["full"], costs["psutil"])


# Source of the goals: the project's second issue; that of growth: its notes on reading sockets.
GOALS: Final = (
    Goal("quiet sample / psutil, CPU, L1", 1 / 250, "ratio", ("sampling L1",), _quiet_share),
    Goal("quiet sample / psutil, CPU, L2", 1 / 1000, "ratio", ("sampling L2",), _quiet_share),
    Goal(
        "quiet sample, CPU, L2 / L1",
        2.5,
        "times",
        ("sampling L2", "sampling L1"),
        lambda more, less: share(more["quiet"], less["quiet"]),
    ),
    Goal("full lists / psutil, CPU, L1", 1 / 6, "ratio", ("sampling L1",), _full_share),
    Goal("full lists / psutil, CPU, L2", 1 / 6, "ratio", ("sampling L2",), _full_share),
    Goal(
        "quiet sample / psutil, user instructions, L1",
        1 / 800,
        "ratio",
        ("instructions L1",),
        _quiet_share,
    ),
    Goal(
        "daemon at 1 s sampling, L1: CPU of one core",
        0.15,
        "%",
        ("daemon L1",),
        lambda daemon: float(daemon["percent"]),
    ),
    Goal("--help: CPU", 120, "ms", ("startup",), lambda startup: float(startup["help_ms"])),
    Goal(
        "daemon over mutual TLS, idle: RSS",
        32,
        "MiB",
        ("memory",),
        lambda memory: float(memory["rss"] / MIB),
    ),
)


def judged(results: Mapping[str, Result | Failed]) -> list[Figure]:
    """Make the rows: each goal, then what the memory is made of."""
    return [*(_figure(goal, results) for goal in GOALS), *_memory(results)]


def _figure(goal: Goal, results: Mapping[str, Result | Failed]) -> Figure:
    found = [results[part] for part in goal.parts]
    why = "; ".join(each.why for each in found if isinstance(each, Failed))
    measured = None
    if not why:
        try:
            measured = goal.value(*found)
        except (ValueError, KeyError) as error:
            why = repr(error)
    return Figure(what=goal.what, unit=goal.unit, measured=measured, goal=goal.most, why=why)


def _memory(results: Mapping[str, Result | Failed]) -> Iterator[Figure]:
    """Tell what is in the daemon's memory, the largest first; then other circumstances."""
    memory = results["memory"]
    if not isinstance(memory, Failed):
        groups = sorted(memory["groups"].items(), key=lambda group: -group[1])
        for name, size in (*groups, ("private", memory["private"]), ("shared", memory["shared"])):
            yield Figure(what=f"- of it {name}", unit="MiB", measured=size / MIB)
    for part, what in (
        ("memory, Python of the venv", "the same, Python of the virtual environment"),
        ("daemon L1", "the same under L1"),
    ):
        result = results.get(part)
        if result is not None and not isinstance(result, Failed):
            yield Figure(what=what, unit="MiB", measured=result["rss"] / MIB)
