"""Security profiles on disk: one JSON file each, as the AWS CLI takes and gives them."""

import json
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NoReturn

from devicewarden.config.profile import ParsedProfile, parse_profile
from devicewarden.config.profile_problem import ProfileProblem
from devicewarden.config.profile_schema import NO_TYPES, CustomType

MAX_BYTES: Final = 1 << 20
MAX_DEPTH: Final = 32
_LONGEST_INTEGER: Final = 30


class BadFileError(ValueError):
    """No document could be read; the message says why, and the caller what."""


def read_profile(
    path: Path, *, aws: bool = False, custom_types: Mapping[str, CustomType] = NO_TYPES
) -> ParsedProfile:
    """Read and judge one file, whose name is the profile's where the document has none.

    A file that cannot be read, or is no JSON, is an error at `$`.
    """
    try:
        document = decode(_content(path))
    except BadFileError as error:
        return ParsedProfile(None, (ProfileProblem("$", str(error), "error"),))
    return parse_profile(document, name=path.stem, aws=aws, custom_types=custom_types)


def decode(content: bytes) -> object:
    """Decode one JSON document, strictly: what comes out can be written as JSON again.

    Raises:
        BadFileError: too large, not UTF-8, not JSON, nested too deeply, a member given twice, or a
            number that JSON does not have.
    """
    if len(content) > MAX_BYTES:
        raise BadFileError(f"is larger than {MAX_BYTES} bytes")
    try:
        document = json.loads(
            content.decode("utf-8-sig"),
            parse_int=_integer,
            parse_constant=_refuse_constant,
            object_pairs_hook=_object_of_unique_members,
        )
        # Half a character, or a number beyond 64 bits, would come up again in every violation.
        json.dumps(document, ensure_ascii=False, allow_nan=False).encode()
    except json.JSONDecodeError as error:
        raise BadFileError(f"is not JSON: {error}") from error
    except UnicodeError as error:
        raise BadFileError("is not UTF-8 text") from error
    except RecursionError as error:
        raise BadFileError("is nested too deeply") from error
    except BadFileError:
        raise
    except ValueError as error:
        raise BadFileError("has a number that is too large for 64 bits") from error
    if _deeper_than(MAX_DEPTH, document):
        raise BadFileError("is nested too deeply")
    return document


def _content(path: Path) -> bytes:
    try:
        # A named pipe would block an ordinary open for ever.
        with open(path, "rb", opener=lambda p, flags: os.open(p, flags | os.O_NONBLOCK)) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise BadFileError("is not a file")
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise BadFileError(f"cannot be read: {error.strerror}") from error


def _integer(text: str) -> int | float:
    # Python takes long over, or refuses, a number of thousands of digits.
    return int(text) if len(text) <= _LONGEST_INTEGER else float(text)


def _refuse_constant(constant: str) -> NoReturn:
    raise BadFileError(f"is not JSON: {constant}")


def _object_of_unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise BadFileError("has a member twice in one object")
    return members


def _deeper_than(most: int, document: object) -> bool:
    level = [document]
    for _ in range(most):
        level = [child for value in level for child in _children(value)]
    return bool(level)


def _children(value: object) -> Iterator[object]:
    match value:
        case dict():
            yield from value.values()
        case list():
            yield from value
