"""Runs the demonstration in a terminal of its own and draws what it showed: docs/demo.svg."""
# ruff: noqa: INP001  a script that `make picture` runs; docs/ is no package

import io
import os
import pty
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

COLUMNS, ROWS = 100, 40
ROOT = Path(__file__).parents[1]
PICTURE = Path(__file__).parent / "demo.svg"
COMMAND = [str(Path(sys.executable).parent / "devicewarden"), "sandbox", "demo"]


def recording() -> str:
    """Run the command on a terminal and give everything it wrote.

    Raises:
        SystemExit: the demonstration did not succeed.
    """
    shown = bytearray()

    def keep(terminal: int) -> bytes:
        chunk = os.read(terminal, 65_536)
        shown.extend(chunk)
        return chunk

    os.environ.update(COLUMNS=str(COLUMNS), LINES=str(ROWS))
    if pty.spawn(COMMAND, keep) != 0:
        raise SystemExit("the demonstration did not succeed: no picture was drawn")
    return shown.decode()


def picture(text: str) -> str:
    """Draw terminal output as SVG that loads nothing from anywhere."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    # Where the checkout lies is nobody's business.
    shown = text.replace("\r\n", "\n").replace(f"{ROOT}/", "").strip()
    console.print(Text.from_ansi(f"$ make demo\n{shown}"))
    svg = console.export_svg(title="make demo")
    return re.sub(r"@font-face \{.*?\}\n?", "", svg, flags=re.DOTALL)


if __name__ == "__main__":
    PICTURE.write_text(picture(recording()))
