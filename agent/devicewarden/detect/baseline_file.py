"""What devices have learnt as one document, so that one device teaches another.

It names metrics and windows, and no device. Whoever reads one trusts nothing in it.
"""

import binascii
import json
import re
import zlib
from collections.abc import Mapping
from typing import Any, Final, get_args

from devicewarden.detect.learned import BaselineKey, BaselineKind
from devicewarden.detect.machine_learning import Series
from devicewarden.detect.statistical import PAST_S, Past
from devicewarden.model.errors import BaselineError, DocumentError
from devicewarden.model.strict_json import read_json

MAX_BYTES: Final = 8 << 20
"""Of a file; 500 baselines fill 8 MiB."""
_MOST: Final = 500
_VERSION: Final = 1
_LEVELS: Final = 4
_FORMAT: Final = "devicewarden-baselines"
_METRIC: Final = re.compile(r"[a-zA-Z0-9:_-]{1,128}")
_KINDS: Final[tuple[BaselineKind, ...]] = get_args(BaselineKind)


def write_baselines(baselines: Mapping[BaselineKey, bytes]) -> str:
    """Write what `Learned.dump` gave as JSON, for `read_baselines`."""
    document = {
        "format": _FORMAT,
        "version": _VERSION,
        "baselines": [
            {
                "kind": key.kind,
                "metric": key.metric,
                "window_s": key.length_s,
                "crc32": zlib.crc32(packed),
                "data": binascii.b2a_base64(packed, newline=False).decode(),
            }
            for key, packed in sorted(baselines.items())
        ],
    }
    return json.dumps(document, indent=1) + "\n"


def read_baselines(content: bytes) -> dict[BaselineKey, bytes]:
    """Read what `write_baselines` wrote, each baseline proved by unpacking it.

    Raises:
        BaselineError: too large, no such document, another version, or anything in it is damaged.
    """
    if len(content) > MAX_BYTES:
        raise BaselineError(f"is larger than {MAX_BYTES} bytes")
    try:
        document = read_json(content, levels=_LEVELS)
    except DocumentError as error:
        raise BaselineError(str(error)) from error
    match document:
        case {"format": format_, "version": int(version), "baselines": [*items]} if (
            format_ == _FORMAT
        ):
            if version != _VERSION:
                raise BaselineError(f"is of version {version}, this devicewarden reads {_VERSION}")
            return _read_all(items)
        case _:
            raise BaselineError("is no document of baselines")


def _read_all(items: list[Any]) -> dict[BaselineKey, bytes]:
    if len(items) > _MOST:
        raise BaselineError(f"has more than {_MOST} baselines")
    found: dict[BaselineKey, bytes] = {}
    for index, item in enumerate(items):
        try:
            key, packed = _read(item)
            prove(key, packed)
        except BaselineError as error:
            raise BaselineError(f"baseline {index + 1}: {error}") from error
        if key in found:
            raise BaselineError(f"baseline {index + 1}: is there twice")
        found[key] = packed
    return found


def _read(item: object) -> tuple[BaselineKey, bytes]:
    match item:
        case {
            "kind": str(kind),
            "metric": str(metric),
            "window_s": int(length_s),
            "crc32": int(checksum),
            "data": str(data),
        } if (
            kind in _KINDS
            and _METRIC.fullmatch(metric)
            and 0 < length_s <= PAST_S
            and length_s is not True
        ):
            packed = _unpacked(data)
            if zlib.crc32(packed) != checksum:
                raise BaselineError("its checksum does not match")
            return BaselineKey(_KINDS[_KINDS.index(kind)], metric, length_s), packed
        case _:
            raise BaselineError("has not the members of one")


def prove(key: BaselineKey, packed: bytes) -> Past | Series:
    """Unpack a baseline.

    Raises:
        BaselineError: it is damaged, or of another window length.
    """
    if key.kind == "machine-learning":
        return Series.load(packed)
    past = Past.load(packed)
    if past.length_s != key.length_s:
        raise BaselineError(f"is of windows of {past.length_s} s, not of {key.length_s} s")
    return past


def _unpacked(data: str) -> bytes:
    try:
        return binascii.a2b_base64(data, strict_mode=True)
    except ValueError as error:
        raise BaselineError("its data is no base64") from error
