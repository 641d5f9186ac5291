"""Frames of the AWS event stream encoding."""

import asyncio
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devicewarden.publish.eventstream import Frame, FrameError, Headers, encode, read_frame

CONNECT = bytes.fromhex(
    "0000007900000048e9e79475083a76657273696f6e070005302e312e300d3a6d6573736167652d7479706504000000"
    "040e3a6d6573736167652d666c61677304000000000a3a73747265616d2d696404000000007b2261757468546f6b65"
    "6e223a202230313233343536373839414243444546227d4b8397bd"
)
ACK = bytes.fromhex(
    "0000004700000037374cfe3f0d3a6d6573736167652d7479706504000000050e3a6d6573736167652d666c61677304"
    "000000010a3a73747265616d2d69640400000000e237e27d"
)
HEADERS = st.dictionaries(
    st.text(min_size=1, max_size=20),
    st.integers(min_value=-(2**31), max_value=2**31 - 1) | st.text(max_size=50),
)


def read(data: bytes) -> Frame:
    async def main() -> Frame:
        reader = asyncio.StreamReader()
        reader.feed_data(data)
        reader.feed_eof()
        return await read_frame(reader)

    return asyncio.run(main())


def test_the_introduction_is_written_byte_by_byte() -> None:
    headers: Headers = {
        ":version": "0.1.0",
        ":message-type": 4,
        ":message-flags": 0,
        ":stream-id": 0,
    }

    assert encode(headers, b'{"authToken": "0123456789ABCDEF"}') == CONNECT


def test_the_acknowledgement_is_read_byte_by_byte() -> None:
    assert read(ACK) == Frame({":message-type": 5, ":message-flags": 1, ":stream-id": 0}, b"")


@given(headers=HEADERS, payload=st.binary(max_size=1000))
def test_what_is_written_reads_back_as_it_was(
    headers: dict[str, int | str], payload: bytes
) -> None:
    assert read(encode(headers, payload)) == Frame(headers, payload)


@given(position=st.integers(min_value=0, max_value=len(ACK) - 1), bit=st.integers(0, 7))
def test_one_flipped_bit_is_noticed(position: int, bit: int) -> None:
    data = bytearray(ACK)
    data[position] ^= 1 << bit

    with pytest.raises((FrameError, asyncio.IncompleteReadError)):
        read(bytes(data))


@pytest.mark.parametrize(
    "header",
    [b"\x03abc\x07\xff\xffx", b"\xffabc", b"\x03abc\x0a", b"\x03ab\xff\x00", b"\x03abc\x04\x00"],
    ids=["value", "name", "type", "UTF-8", "int32"],
)
def test_headers_that_cannot_be_read_are_a_frame_error(header: bytes) -> None:
    whole = encode({}, header)
    # The same bytes, told to be headers and no payload.
    lengths = whole[:4] + len(header).to_bytes(4, "big")
    frame = encode_again(lengths, header)

    with pytest.raises(FrameError):
        read(frame)


def encode_again(lengths: bytes, rest: bytes) -> bytes:
    """Make a frame of what `encode` never writes."""
    body = lengths + zlib.crc32(lengths).to_bytes(4, "big") + rest
    return body + zlib.crc32(body).to_bytes(4, "big")


def test_headers_of_other_types_are_passed_over() -> None:
    block = b"\x01a\x00" + b"\x01b\x06\x00\x02xy" + b"\x01c\x08" + bytes(8) + b"\x01d\x04\0\0\0\x07"
    lengths = (16 + len(block)).to_bytes(4, "big") + len(block).to_bytes(4, "big")

    assert read(encode_again(lengths, block)).headers == {"d": 7}
