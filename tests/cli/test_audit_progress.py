"""How far an audit is, as a terminal shows it."""

from io import StringIO

import pytest

from devicewarden.cli.audit_progress import Progress


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


def told(stream: StringIO, *steps: tuple[float, int]) -> str:
    clock = Clock()
    progress = Progress(stream, clock)
    for after_s, resources in steps:
        clock.at = 100 + after_s
        progress.tell(resources)
    progress.clear()
    return stream.getvalue()


def test_the_line_tells_how_many_and_how_fast_and_is_gone_in_the_end() -> None:
    text = told(Terminal(), (2.0, 10_000))

    assert text == "\r\x1b[K10,000 resources, 5,000 a second\r\x1b[K"


def test_it_is_written_ten_times_a_second_at_most() -> None:
    steps = [(step / 1000, step) for step in range(1, 1001)]

    assert 8 <= told(Terminal(), *steps).count("resources") <= 10


@pytest.mark.parametrize("after_s", [0.0, 5.0])
def test_where_there_is_no_terminal_nothing_is_told(after_s: float) -> None:
    assert told(StringIO(), (after_s, 1)) == ""
