"""Security profiles on disk: one JSON file each, as the AWS CLI takes and gives them."""

import os
import stat
from codecs import BOM_UTF8
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from devicewarden.config.profile import ParsedProfile, parse_profile
from devicewarden.config.profile_problem import ProfileProblem
from devicewarden.config.profile_schema import NO_TYPES, CustomType
from devicewarden.model.errors import DocumentError
from devicewarden.model.strict_json import read_json

MAX_BYTES: Final = 1 << 20
MAX_LEVELS: Final = 32


class BadFileError(ValueError):
    """No document could be read; the message says why, and the caller what."""


def read_profile(
    path: Path, *, aws: bool = False, custom_types: Mapping[str, CustomType] = NO_TYPES
) -> ParsedProfile:
    """Read and judge one file, whose name is the profile's where the document has none.

    A file that cannot be read, or is no JSON, is an error at `$`.
    """
    try:
        document = read_document(path)
    except BadFileError as error:
        return ParsedProfile(None, (ProfileProblem("$", str(error), "error"),))
    return parse_profile(document, name=path.stem, aws=aws, custom_types=custom_types)


def read_document(path: Path) -> object:
    """Decode one file as `decode` does.

    Raises:
        BadFileError: no regular file, or one that cannot be read or decoded.
    """
    return decode(_content(path))


def decode(content: bytes) -> object:
    """Decode one JSON document, strictly: what comes out can be written as JSON again.

    Raises:
        BadFileError: too large, or what `read_json` refuses.
    """
    if len(content) > MAX_BYTES:
        raise BadFileError(f"is larger than {MAX_BYTES} bytes")
    try:
        # Some editors and shells begin a file with a byte order mark.
        return read_json(content.removeprefix(BOM_UTF8), levels=MAX_LEVELS, long_integer=float)
    except DocumentError as error:
        raise BadFileError(str(error)) from error


def _content(path: Path) -> bytes:
    try:
        # A named pipe would block an ordinary open for ever.
        with open(path, "rb", opener=lambda p, flags: os.open(p, flags | os.O_NONBLOCK)) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise BadFileError("is not a file")
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise BadFileError(f"cannot be read: {error.strerror}") from error
