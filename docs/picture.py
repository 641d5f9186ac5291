"""Runs the demonstration in a terminal of its own and draws what it showed: docs/demo.svg."""

import os
import pty
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

COLUMNS, ROWS = 100, 40
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
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere, force_terminal=True)
        console.print(Text.from_ansi("$ make demo\n" + text.replace("\r\n", "\n").strip()))
        svg = console.export_svg(title="make demo")
    return re.sub(r"@font-face \{.*?\}\n?", "", svg, flags=re.DOTALL)


if __name__ == "__main__":
    PICTURE.write_text(picture(recording()))
