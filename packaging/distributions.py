"""What wheels say about themselves: name, version, licence, and what was compiled into them."""

import hashlib
import json
import re
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path
from typing import Any, Final

from wheels import kept

SPDX: Final = {"License :: OSI Approved :: Apache Software License": "Apache-2.0"}
"""What stands in the field of the licence -> its name, where it is not that already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """One library that the package carries.

    Attributes:
        licence: an SPDX expression.
        files: what it brings, as patterns below its folder.
        requires: names of the distributions that it needs.
        sha256: of its wheels; more than one where each Python has its own.
        texts: name of a file -> text, of licences and notices.
        parts: what is compiled in, as CycloneDX components; empty where the wheel does not tell.
    """

    name: str
    version: str
    licence: str
    authors: str
    files: tuple[str, ...]
    requires: tuple[str, ...]
    sha256: tuple[str, ...]
    texts: Mapping[str, str]
    parts: tuple[Mapping[str, Any], ...]


def read(wheels: Iterable[Path]) -> list[Distribution]:
    """Describe each distribution once, sorted by name."""
    files: dict[str, list[Path]] = {}
    for wheel in sorted(wheels):
        files.setdefault(wheel.name.partition("-")[0], []).append(wheel)
    return [_describe(files[name]) for name in sorted(files)]


def canonical(name: str) -> str:
    """Write a distribution's name in one way; source: packaging.python.org, name normalization."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _describe(wheels: list[Path]) -> Distribution:
    with zipfile.ZipFile(wheels[0]) as archive:
        information = {
            name.partition(".dist-info/")[2]: archive.read(name).decode()
            for name in archive.namelist()
            if ".dist-info/" in name and not name.endswith("/")
        }
    head = HeaderParser().parsestr(information["METADATA"])
    licence = head["License-Expression"] or head["License"]
    return Distribution(
        name=canonical(head["Name"]),
        version=head["Version"],
        licence=SPDX.get(licence, licence),
        authors=re.sub(r" *<[^>]*>|\"", "", head["Author"] or head["Author-email"] or ""),
        files=_files(wheels),
        requires=_required(head),
        sha256=tuple(hashlib.sha256(wheel.read_bytes()).hexdigest() for wheel in wheels),
        texts={n: t for n, t in information.items() if re.search(r"LICENSE|NOTICE|licenses/", n)},
        parts=_parts(information),
    )


def _files(wheels: Iterable[Path]) -> tuple[str, ...]:
    paths = {p for wheel in wheels for p in kept(wheel)}
    folders = {p.partition("/")[0] + "/*" for p in paths if "/" in p}
    return tuple(sorted(folders | {p for p in paths if "/" not in p}))


def _required(head: Message) -> tuple[str, ...]:
    wanted = (line.partition(";")[0] for line in head.get_all("Requires-Dist", ()))
    names = (re.match(r"[\w.-]+", line) for line in wanted)
    return tuple(sorted({canonical(name[0]) for name in names if name}))


def _parts(information: Mapping[str, str]) -> tuple[Mapping[str, Any], ...]:
    documents = (json.loads(text) for name, text in information.items() if "sboms/" in name)
    found = (
        {"type": "library", "name": part["name"], "version": part["version"]}
        | {key: part[key].partition("?")[0] for key in ("purl",) if key in part}
        | {key: part[key] for key in ("licenses",) if key in part}
        for document in documents
        for part in document.get("components", ())
    )
    return tuple(sorted(found, key=lambda part: (part["name"], part["version"])))
