"""Frames of the AWS event stream encoding, as Greengrass speaks them on its Unix socket.

A frame: length u32, length of its headers u32, CRC-32 of these 8 bytes, headers, payload, CRC-32 of
all before; big-endian. A header: length of the name u8, name, type u8, value.

Source: AWS event stream encoding; seen between Greengrass nucleus lite 2.6 and AWS's own client.
"""

import struct
import zlib
from asyncio import StreamReader
from collections.abc import Mapping
from typing import Final, NamedTuple

INT32: Final = 4
BYTES: Final = 6
STRING: Final = 7
FIXED_BYTES: Final = {0: 0, 1: 0, 2: 1, 3: 2, INT32: 4, 5: 8, 8: 8, 9: 16}
"""Type of a header -> bytes of its value; the others have a u16 length in front."""

PRELUDE: Final = struct.Struct(">III")
CRC_BYTES: Final = 4
LEAST_BYTES: Final = PRELUDE.size + CRC_BYTES
MOST_BYTES: Final = 262_144
"""Larger than the largest MQTT message of AWS (128 KiB) in base64."""

Headers = Mapping[str, int | str]


class FrameError(ValueError):
    """What arrived is no frame."""


class Frame(NamedTuple):
    """One frame; headers of other types than int32 and string are left out."""

    headers: Headers
    payload: bytes


def encode(headers: Headers, payload: bytes = b"") -> bytes:
    """Write one frame."""
    block = b"".join(_header(name, value) for name, value in headers.items())
    size = LEAST_BYTES + len(block) + len(payload)
    lengths = struct.pack(">II", size, len(block))
    body = lengths + _crc(lengths) + block + payload
    return body + _crc(body)


async def read_frame(reader: StreamReader) -> Frame:
    """Read one frame.

    Raises:
        FrameError: not a frame, or larger than any.
        asyncio.IncompleteReadError: the other side closed the connection.
    """
    prelude = await reader.readexactly(PRELUDE.size)
    size, headers_size, crc = PRELUDE.unpack(prelude)
    if zlib.crc32(prelude[:8]) != crc:
        raise FrameError("checksum of the lengths is wrong")
    if not LEAST_BYTES + headers_size <= size <= MOST_BYTES:
        raise FrameError(f"a frame of {size} bytes with {headers_size} of headers")
    rest = await reader.readexactly(size - PRELUDE.size)
    content, crc_bytes = rest[:-CRC_BYTES], rest[-CRC_BYTES:]
    if _crc(prelude + content) != crc_bytes:
        raise FrameError("checksum of the frame is wrong")
    return Frame(_headers(content[:headers_size]), content[headers_size:])


def _crc(data: bytes) -> bytes:
    return struct.pack(">I", zlib.crc32(data))


def _header(name: str, value: int | str) -> bytes:
    key = name.encode()
    head = struct.pack(">B", len(key)) + key
    if isinstance(value, int):
        return head + struct.pack(">Bi", INT32, value)
    text = value.encode()
    return head + struct.pack(">BH", STRING, len(text)) + text


def _headers(block: bytes) -> Headers:
    found: dict[str, int | str] = {}
    position = 0
    try:
        while position < len(block):
            after_name = position + 1 + block[position]
            name = block[position + 1 : after_name].decode()
            kind, start = block[after_name], after_name + 1
            size = FIXED_BYTES.get(kind)
            if size is None:
                (size,) = struct.unpack_from(">H", block, start)
                start += 2
            position = start + size
            if position > len(block) or kind > max(FIXED_BYTES):
                raise FrameError("a header that ends outside, or of an unknown type")
            value = block[start:position]
            if kind == INT32:
                found[name] = int.from_bytes(value, "big", signed=True)
            elif kind == STRING:
                found[name] = value.decode()
    except (IndexError, struct.error, UnicodeDecodeError) as error:
        raise FrameError("headers that cannot be read") from error
    return found
