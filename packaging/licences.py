"""debian/copyright: the agent's own licence, and those of the libraries, word for word."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from distributions import Distribution

HEAD: Final = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: devicewarden
Comment:
 The libraries below /usr/lib/devicewarden/vendor are those that their authors published, at the
 versions and with the hashes in sbom.cdx.json beside this file. Debug symbols, type stubs and
 build information were taken out.

Files: *
Copyright: The DeviceWarden authors
License: Apache-2.0

License: Apache-2.0
 On Debian systems the whole text is in /usr/share/common-licenses/Apache-2.0.
"""

VENDOR: Final = "usr/lib/devicewarden/vendor"

APACHE: Final = re.compile(r"\s*Apache License\s")


def copyright_file(carried: Sequence[Distribution]) -> str:
    """Write the file; a library's own words follow its name."""
    return HEAD + "".join(f"\n{paragraph}" for paragraph in map(_paragraph, carried))


def _paragraph(library: Distribution) -> str:
    holders = sorted(set(_holders(library))) or [library.authors]
    texts = "\n\n".join(t.strip() for t in library.texts.values() if not APACHE.match(t))
    apache = "Apache-2.0: see /usr/share/common-licenses/Apache-2.0" if _apache(library) else ""
    return (
        f"Files: {_continued([f'{VENDOR}/{path}' for path in library.files], 7)}\n"
        f"Copyright: {_continued(holders, 11)}\n"
        f"License: {library.name}-licence\n"
        + _indented("\n\n".join(t for t in (library.licence, apache, texts) if t))
    )


def _holders(library: Distribution) -> Iterator[str]:
    for text in library.texts.values():
        if not APACHE.match(text):
            for line in re.findall(r"(?m)^\s*Copyright (?:\([cC]\) )?(\S.*)$", text):
                yield line.strip().rstrip(",")


def _apache(library: Distribution) -> bool:
    return "Apache-2.0" in library.licence


def _continued(lines: Sequence[str], column: int) -> str:
    return f"\n{' ' * column}".join(lines)


def _indented(text: str) -> str:
    return "".join(f" {line.rstrip()}\n" if line.strip() else " .\n" for line in text.splitlines())
