"""Configuration as systemd puts it together: a main file and its drop-ins, in its order.

Source: systemd.unit(5) and systemd-system.conf(5), "Configuration directories and precedence".
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from devicewarden.audit.device.host import Host
from devicewarden.model.errors import AuditError

FOLDERS: Final = ("/etc/systemd", "/run/systemd", "/usr/local/lib/systemd", "/usr/lib/systemd",
                  "/lib/systemd")  # fmt: skip
"""The first that has a file of some name hides those of the others."""

_CONTINUED: Final = "\\"
_COMMENT: Final = ("#", ";")


def first(host: Host, name: str) -> str | None:
    """Find the main file, such as `journald.conf` or `system/ssh.service`; None: there is none."""
    paths = (f"{folder}/{name}" for folder in FOLDERS)
    return next((path for path in paths if host.there(path)), None)


def drop_ins(host: Host, names: Iterable[str]) -> list[str]:
    """List the drop-ins in the order in which they count, later ones over earlier ones.

    Args:
        host: to look at.
        names: of the folders, such as `journald.conf.d`; the most specific one last.

    Raises:
        AuditError: a folder cannot be listed.
    """
    found: dict[str, str] = {}
    for name in names:
        for folder in reversed(FOLDERS):
            for path in host.listed(f"{folder}/{name}", "*.conf"):
                found[Path(path).name] = path
    return [found[name] for name in sorted(found)]


def assignments(host: Host, paths: Iterable[str], section: str) -> Iterator[tuple[str, str, str]]:
    """Give path, key and value of every assignment in one section, in order.

    A link to /dev/null is a file with nothing in it.

    Raises:
        AuditError: a file cannot be read.
    """
    for path in paths:
        for key, value in _of_section(_content(host, path), section):
            yield path, key, value


def _content(host: Host, path: str) -> str:
    target = host.at(path)
    if target.is_symlink() and str(target.readlink()) == "/dev/null":
        return ""
    text = host.text(path)
    if text is None:
        raise AuditError(f"{path} leads nowhere")
    return text


def _of_section(text: str, wanted: str) -> Iterator[tuple[str, str]]:
    section = ""
    for line in _lines(text):
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
        elif section == wanted and "=" in line:
            key, _, value = line.partition("=")
            yield key.strip(), value.strip()


def _lines(text: str) -> Iterator[str]:
    """Give lines; one that ends with a backslash goes on, over comments in between."""
    begun = ""
    for raw in text.splitlines():
        line = raw.strip()
        if not line or line.startswith(_COMMENT):
            if not line and begun:
                yield begun
                begun = ""
            continue
        begun += line.removesuffix(_CONTINUED) + " " * line.endswith(_CONTINUED)
        if not line.endswith(_CONTINUED):
            yield begun.strip()
            begun = ""
    if begun:
        yield begun.strip()
