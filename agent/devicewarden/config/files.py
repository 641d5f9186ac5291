"""Read configuration files: the main one, and the `conf.d` folder beside it."""

import os
import re
import stat
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from devicewarden.config.layers import Layer
from devicewarden.config.lines import key_lines
from devicewarden.model.errors import Problem

MAX_BYTES: Final = 1 << 20
_POSITION: Final = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


@dataclass(frozen=True, slots=True)
class Files:
    """What the configuration files say.

    Attributes:
        read: the files that were read, in order.
        layers: one a file that could be parsed, in order.
        problems: one a file that could not be read or parsed.
    """

    read: tuple[Path, ...]
    layers: tuple[Layer, ...]
    problems: tuple[Problem, ...]


def read_files(config: Path, *, must_exist: bool) -> Files:
    """Read a configuration file, then `conf.d/*.toml` beside it in the order of their names."""
    paths = [config] if must_exist or not _is_absent(config) else []
    problems = []
    try:
        paths += drop_ins(config.parent / "conf.d")
    except OSError as error:
        problems.append(_unreadable(config.parent / "conf.d", error))
    results = [_layer(path) for path in paths]
    return Files(
        read=tuple(paths),
        layers=tuple(result for result in results if isinstance(result, Layer)),
        problems=(*(r for r in results if isinstance(r, Problem)), *problems),
    )


def _is_absent(path: Path) -> bool:
    """Tell whether a file is not there; one that may not be looked at counts as there."""
    try:
        path.stat()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return False


def drop_ins(folder: Path) -> list[Path]:
    """List the drop-ins that count, in order: editors leave hidden ones behind, which do not.

    Raises:
        OSError: the folder is there and cannot be listed.
    """
    try:
        paths = sorted(folder.iterdir())
    except FileNotFoundError:
        return []
    return [p for p in paths if p.suffix == ".toml" and not p.name.startswith(".")]


def _layer(path: Path) -> Layer | Problem:
    try:
        content = content_of(path)
    except OSError as error:
        return _unreadable(path, error)
    if content is None:
        return Problem(str(path), "is not a file")
    if len(content) > MAX_BYTES:
        return Problem(str(path), f"is larger than {MAX_BYTES} bytes")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return Problem(f"{path}:{line}", "is not UTF-8 text", "save the file as UTF-8")
    return _parsed(path, text)


def content_of(path: Path, most: int = MAX_BYTES) -> bytes | None:
    """Read a file, as many bytes and one more at most; None: it is no regular file.

    Raises:
        OSError: it cannot be read.
    """
    # A named pipe would block an ordinary open for ever.
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return None
        return file.read(most + 1)


def _parsed(path: Path, text: str) -> Layer | Problem:
    try:
        values: dict[str, Any] = tomllib.loads(text)
        lines = key_lines(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        position = _POSITION.search(message)
        line = (position and position[1]) or text.count("\n") + 1
        return Problem(f"{path}:{line}", f"is not TOML: {_POSITION.sub('', message)}")
    except ValueError:
        # Python refuses to read a decimal number of more than 4300 digits.
        return Problem(str(path), "is not TOML: a number has too many digits")
    except RecursionError:
        return Problem(str(path), "is not usable: values are nested too deeply")
    return Layer(values, {key: f"{path}:{line}" for key, line in lines.items()})


def _unreadable(path: Path, error: OSError) -> Problem:
    return Problem(str(path), f"cannot be read: {error.strerror}")
