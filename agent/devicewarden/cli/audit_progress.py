"""How far an audit is, on a terminal."""

import sys
from collections.abc import Callable
from time import monotonic
from typing import Final, TextIO

_EVERY_S: Final = 0.1


class Progress:
    """Tells how many resources were looked at, and how fast; how many there are no call tells.

    Args:
        stream: nothing is told where it is no terminal; by default standard error.
        now: tells seconds that never go back.
    """

    def __init__(self, stream: TextIO | None = None, now: Callable[[], float] = monotonic) -> None:
        self._stream = stream or sys.stderr
        self._now = now
        self._began = self._told = now()

    def tell(self, resources: int) -> None:
        """Write the line anew, ten times a second at most."""
        now = self._now()
        if not self._stream.isatty() or now - self._told < _EVERY_S:
            return
        self._told = now
        rate = resources / (now - self._began)
        self._write(f"{resources:,} resources, {rate:,.0f} a second")

    def clear(self) -> None:
        """Take the line away, so that what follows stands alone."""
        if self._stream.isatty():
            self._write("")

    def _write(self, text: str) -> None:
        print(f"\r\x1b[K{text}", end="", file=self._stream, flush=True)
