"""Run the agent and book how much resident memory each group of imports adds.

`python -m tests.bench.imports FILE run --config CONFIG` is `devicewarden run`, and writes FILE, one
JSON object of bytes by group, when it ends. The daemon imports in its own order: a module counts
where it is first needed. What this file itself imports would be booked as the interpreter's, so it
imports next to nothing.
"""

import _thread
import builtins
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import ModuleType

INTERPRETER = "interpreter"
LIBRARY = "standard library, the rest"
OURS = "devicewarden"
GROUPS = {
    "asyncio": "asyncio",
    "attr": "cattrs, attrs",
    "attrs": "cattrs, attrs",
    "awscrt": "awscrt",
    "cattrs": "cattrs, attrs",
    "cbor2": "cbor2",
    "click": "click",
    "devicewarden": OURS,
    "psutil": "psutil",
    "sqlite3": "sqlite3",
    "structlog": "structlog",
    "tenacity": "tenacity",
    "tomllib": "tomllib",
}
"""Any other module counts for the library that needs it first."""


class Books:
    """Stands in for `__import__`; books the growth since the last look on whoever is importing."""

    def __init__(self, plain: "Callable[..., ModuleType]") -> None:
        self.added = {INTERPRETER: rss_bytes()}
        self._plain = plain
        self._seen = self.added[INTERPRETER]
        self._open: list[str] = []
        self._thread = _thread.get_ident()

    def importing(
        self,
        name: str,
        globals: "Mapping[str, object] | None" = None,  # noqa: A002  callers use these names
        locals: "Mapping[str, object] | None" = None,  # noqa: A002  see above
        fromlist: "Sequence[str] | None" = (),
        level: int = 0,
    ) -> "ModuleType":
        """Import as ever, with an eye on memory."""
        if _thread.get_ident() != self._thread:
            return self._plain(name, globals, locals, fromlist, level)
        self._book()
        self._open.append(self._group(name, globals, level))
        try:
            return self._plain(name, globals, locals, fromlist, level)
        finally:
            self._book()
            self._open.pop()

    def _book(self) -> None:
        """Growth outside every import is work, not imports, and is not booked."""
        now = rss_bytes()
        if self._open:
            group = self._open[-1]
            self.added[group] = self.added.get(group, 0) + now - self._seen
        self._seen = now

    def _group(self, name: str, variables: "Mapping[str, object] | None", level: int) -> str:
        if level and variables:
            name = str(variables.get("__package__"))
        known = GROUPS.get(name.partition(".")[0])
        if known:
            return known
        needs = self._open[-1] if self._open else OURS
        return LIBRARY if needs == OURS else needs


def rss_bytes() -> int:
    """Read the resident memory of this process; statm is only roughly right on many kernels."""
    with open("/proc/self/smaps_rollup", "rb") as rollup:  # noqa: PTH123  pathlib is not loaded
        for line in rollup:
            if line.startswith(b"Rss:"):
                return int(line.split()[1]) * 1024
    raise OSError("no Rss in /proc/self/smaps_rollup")


def main() -> int:
    file = sys.argv.pop(1)
    plain = builtins.__import__
    books = Books(plain)
    builtins.__import__ = books.importing
    from devicewarden.__main__ import main as agent  # noqa: PLC0415  only now is it seen

    status = agent()
    builtins.__import__ = plain
    import json  # noqa: PLC0415  see above
    from pathlib import Path  # noqa: PLC0415  see above

    Path(file).write_text(json.dumps(books.added))
    return status


if __name__ == "__main__":
    sys.exit(main())
