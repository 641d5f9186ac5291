"""The drop-in that `setup` writes: made of values, tried beside the other files, put in place."""

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from devicewarden.config.files import drop_ins
from devicewarden.config.toml_text import toml_text
from devicewarden.model.errors import ConfigError, Problem

NAME: Final = "10-setup.toml"
GIVEN: Final = "given"
"""Where what is wrong was read: in no file yet."""

_HEAD: Final = "# Written by `devicewarden setup`, which replaces it when it is run again.\n"
_EMPTY: Final = "# Settings that `devicewarden setup` does not ask for. Those in conf.d win.\n"


def place(config: Path) -> Path:
    """Tell where the drop-in of a configuration file is."""
    return config.parent / "conf.d" / NAME


def render(values: Mapping[str, Any]) -> str:
    """Write settings, by their dotted names, as TOML."""
    sections: dict[str, list[str]] = {}
    for key, value in values.items():
        section, _, name = key.partition(".")
        sections.setdefault(section, []).append(f"{name} = {toml_text(value)}\n")
    tables = (f"\n[{section}]\n{''.join(lines)}" for section, lines in sections.items())
    return _HEAD + "".join(tables)


@contextlib.contextmanager
def staged(config: Path, text: str) -> Iterator[Path]:
    """Lay out the configuration as it would be with this drop-in, in a folder of its own.

    Yields:
        The configuration file there.

    Raises:
        ConfigError: as raised inside, with the places that its problems will really have.
    """
    with tempfile.TemporaryDirectory() as folder:
        stage = Path(folder) / config.name
        if config.exists():
            stage.symlink_to(config.absolute())
        conf_d = place(stage).parent
        conf_d.mkdir()
        for other in drop_ins(place(config).parent):
            if other.name != NAME:
                (conf_d / other.name).symlink_to(other.absolute())
        place(stage).write_text(text, encoding="utf-8")
        try:
            yield stage
        except ConfigError as error:
            problems = error.problems or (Problem(GIVEN, str(error), error.hint),)
            problems = tuple(_really(each, Path(folder), config.parent) for each in problems)
            raise ConfigError(str(problems[0]), problems=problems) from error


def put(config: Path, text: str, *, needs_config: bool) -> Path | None:
    """Write the drop-in in one step; a power cut leaves the old one or the new one.

    Args:
        config: the configuration file beside which it goes; it is never changed.
        text: of the drop-in.
        needs_config: make the configuration file where it is missing, for `--config` wants one.

    Returns:
        Where the old one is kept; None where there was none.

    Raises:
        OSError: it cannot be written.
    """
    target = place(config)
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    if needs_config:
        with contextlib.suppress(FileExistsError), config.open("x", encoding="utf-8") as file:
            file.write(_EMPTY)
    kept = _keep(target)
    handle, name = tempfile.mkstemp(prefix=".", dir=target.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        # It holds no secret, and the agent's user must read it.
        os.fchmod(file.fileno(), 0o644)
        os.fsync(file.fileno())
    Path(name).replace(target)
    return kept


def _really(problem: Problem, stage: Path, folder: Path) -> Problem:
    """Say where a problem is once the stage is gone; the drop-in's are those of who gave it."""
    if problem.where.startswith(str(place(stage / "-"))):
        return problem._replace(where=GIVEN)
    return problem._replace(where=problem.where.replace(str(stage), str(folder)))


def _keep(target: Path) -> Path | None:
    if not target.exists():
        return None
    kept = target.with_name(f"{target.name}.bak")
    kept.unlink(missing_ok=True)
    kept.hardlink_to(target)
    return kept
