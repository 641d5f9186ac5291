"""What a bench tells: figures beside their goals, as a table for people and as JSON."""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

Unit: TypeAlias = Literal["ratio", "times", "MiB", "KiB", "%", "s", "ms", "us", "number"]
Verdict: TypeAlias = Literal["ok", "short", "not measured", ""]

HEADINGS: Final = ("what", "at most", "measured", "verdict")
"""Where a figure must be at least its goal, the goal says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One row of the table.

    Attributes:
        measured: None: it could not be measured.
        goal: the most that it may be, in the same unit; None: it is only told.
        at_least: the goal is the least that it may be.
        why: what stood in the way of measuring.
    """

    what: str
    unit: Unit
    measured: float | None
    goal: float | None = None
    at_least: bool = False
    why: str = ""

    @property
    def verdict(self) -> Verdict:
        """Whether the goal is reached; one that is just reached is."""
        if self.measured is None:
            return "not measured"
        if self.goal is None:
            return ""
        reached = self.measured >= self.goal if self.at_least else self.measured <= self.goal
        return "ok" if reached else "short"

    def document(self) -> dict[str, object]:
        """Give all of it, as JSON takes it."""
        return {**asdict(self), "verdict": self.verdict}


def share(part: float, whole: float) -> float:
    """Divide what a part costs by what the whole costs.

    Raises:
        ValueError: one of them is not positive: what costs nothing was not measured.
    """
    if min(part, whole) <= 0:
        raise ValueError(f"no share of {part:g} in {whole:g}: both must be positive")
    return part / whole


def per_call(without: int, with_calls: int, calls: int) -> float:
    """Tell what one call costs from a run without these calls and one with them.

    What both runs do, such as starting up, cancels.

    Raises:
        ValueError: the calls cost nothing, or there were none.
    """
    if calls < 1 or with_calls <= without:
        raise ValueError(f"no cost of {calls} calls between {without} and {with_calls}")
    return (with_calls - without) / calls


def written(value: float, unit: Unit) -> str:
    """Write a figure; a ratio as its reciprocal, which is how the goals are told."""
    match unit:
        case "ratio":
            return f"1/{1 / value:.4g}"
        case "times":
            return f"x {value:.4g}"
        case "number":
            return f"{value:.3g}"
        case _:
            return f"{value:.5g} {unit}"


def table(figures: Sequence[Figure]) -> str:
    """Write all figures as one Markdown table, with columns that line up on a terminal."""
    rows = [HEADINGS, *map(_cells, figures)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in rows]
    lines.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
    return "\n".join(lines)


def tell(bench: str, about: str | None, measure: Callable[[], Sequence[Figure]]) -> int:
    """Take a bench's command line, measure, print the table, and write JSON where that is asked.

    Args:
        bench: the module in this folder.
        about: its docstring.
        measure: runs once the arguments are right.
    """
    parser = argparse.ArgumentParser(prog=f"python -m tests.bench.{bench}", description=about)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all of it there as well")
    file: Path | None = parser.parse_args().json
    rows = measure()
    print(table(rows))
    if file is not None:
        file.write_text(json.dumps({"figures": [row.document() for row in rows]}, indent=2))
    return 0


def _cells(figure: Figure) -> tuple[str, str, str, str]:
    goal = "" if figure.goal is None else written(figure.goal, figure.unit)
    goal = f"at least {goal}" if figure.at_least else goal
    measured = "" if figure.measured is None else written(figure.measured, figure.unit)
    return figure.what, goal, measured, figure.verdict
