"""The pages of docs/runbooks/ as their tests type them."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[3]
PATIENCE_S = 60.0


class Page:
    """A runbook: its blocks, by language, in their order."""

    def __init__(self, name: str) -> None:
        self.text = (ROOT / "docs" / "runbooks" / name).read_text(encoding="utf-8")

    def blocks(self, language: str) -> list[str]:
        found = rf"^```{language}\n(.*?)^```$"
        return re.findall(found, self.text, re.MULTILINE | re.DOTALL)

    def lines(self) -> list[list[str]]:
        """Tell the commands of each block that is typed, continued lines joined."""
        return [block.replace("\\\n", " ").splitlines() for block in self.blocks("sh")]


def typed(
    line: str,
    *,
    names: Mapping[str, str] | None = None,
    prefix: Sequence[str] = (),
    folder: Path = ROOT,
    home: Path | None = None,
) -> "subprocess.CompletedProcess[str]":
    """Type a line of a page; `names` stand in for what a reader fills in or has elsewhere."""
    for name, value in (names or {}).items():
        line = line.replace(name, value)
    program, *words = shlex.split(line)
    interpreter = (sys.executable, "-P")
    argv = [*interpreter, "-m", program] if program == "devicewarden" else [*interpreter]
    return subprocess.run(  # noqa: S603  commands of our own pages
        [*prefix, *argv, *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        timeout=PATIENCE_S,
        env={**os.environ, **({"HOME": str(home)} if home else {})},
    )
