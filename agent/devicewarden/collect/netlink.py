"""Ask the kernel for a list over netlink, and take its reply apart. Socket and struct only."""

import errno
import os
import socket
import struct
from collections.abc import Callable, Iterator
from typing import Final, Protocol

from devicewarden.model.errors import CollectError

_HEADER: Final = struct.Struct("=IHHII")
"""Length, type, flags, sequence, port id: `struct nlmsghdr`."""
_RESULT: Final = struct.Struct("=IHHIIi")
"""A header and an error number, 0 or negative: how a dump ends."""
_KIND_AND_FLAGS: Final = struct.Struct("=4xHH")
_ATTRIBUTE: Final = struct.Struct("=HH")

HEADER_BYTES: Final = _HEADER.size
_ERROR, _DONE = 2, 3
_END: Final = struct.pack("=IH", _RESULT.size, _DONE)
_REQUEST_DUMP: Final = 0x301
_LARGEST_ERRNO: Final = 4095
_INTERRUPTED: Final = 0x10
# The kernel never fills more than 32 KiB, so a full buffer was too small.
_BUFFER_BYTES: Final = 65536
# Any number will do: a socket that saw an error is closed, so no reply of an earlier request can
# come late, and equal lists stay equal byte for byte.
_SEQUENCE: Final = 1


class Dumps(Protocol):
    """Whatever answers dump requests; tests answer with recorded replies."""

    def dump(self, request: bytes) -> list[bytes]:
        """Send one request and take in the whole reply.

        Returns:
            Runs of whole data messages, as `messages` takes them; without the end mark.

        Raises:
            CollectError: the kernel refused, or the reply is incomplete.
        """
        ...

    def close(self) -> None:
        """Give the descriptor back; the next dump opens another."""
        ...


class Netlink:
    """One netlink socket, opened at the first dump and again after any error.

    It never waits: the kernel writes a dump within our own system calls, so that an empty queue
    means a lost reply.
    """

    def __init__(self, protocol: int, subject: str) -> None:
        self._protocol = protocol
        self._subject = subject
        self._socket: socket.socket | None = None

    def dump(self, request: bytes) -> list[bytes]:
        try:
            if self._socket is None:
                kind = socket.SOCK_RAW | socket.SOCK_NONBLOCK
                self._socket = socket.socket(socket.AF_NETLINK, kind, self._protocol)
            self._socket.send(request)
            return drain(self._socket.recv)
        except OSError as error:
            self.close()
            raise CollectError(f"cannot list {self._subject} over netlink: {error}") from error

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def request(kind: int, payload: bytes) -> bytes:
    """Build the request for one dump."""
    length = HEADER_BYTES + len(payload)
    return _HEADER.pack(length, kind, _REQUEST_DUMP, _SEQUENCE, 0) + payload


def messages(run: bytes) -> Iterator[tuple[int, int]]:
    """Walk over the messages of one run.

    Yields:
        Offset and length in bytes, header included; every message lies inside the run.

    Raises:
        CollectError: a length is too short for a header, or longer than what is left.
    """
    offset, end = 0, len(run)
    while end - offset >= HEADER_BYTES:
        (length,) = struct.unpack_from("=I", run, offset)
        if not HEADER_BYTES <= length <= end - offset:
            break
        yield offset, length
        offset += _aligned(length)
    if offset < end:
        raise CollectError(f"malformed netlink reply: bad length at byte {offset} of {end}")


def attributes(payload: bytes) -> dict[int, bytes]:
    """Take apart a list of netlink attributes: type -> value, the last one of a type counts.

    Raises:
        CollectError: a length is too short for a header, or longer than what is left.
    """
    found: dict[int, bytes] = {}
    offset, end = 0, len(payload)
    while end - offset >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(payload, offset)
        if not _ATTRIBUTE.size <= length <= end - offset:
            break
        found[kind] = payload[offset + _ATTRIBUTE.size : offset + length]
        offset += _aligned(length)
    if offset < end:
        raise CollectError(f"malformed netlink attribute at byte {offset} of {end}")
    return found


def _aligned(length: int) -> int:
    """Round up to four bytes, as netlink lays out messages and attributes."""
    return (length + 3) & ~3


def drain(receive: Callable[[int], bytes]) -> list[bytes]:
    """Receive the reply to one request, up to its end mark.

    Args:
        receive: takes the most bytes to return, as `socket.recv` does.

    Returns:
        What `Dumps.dump` returns.

    Raises:
        OSError: the kernel refused, the list changed while it was read, or the reply was cut.
    """
    runs = []
    while True:
        run = receive(_BUFFER_BYTES)
        if not _RESULT.size <= len(run) < _BUFFER_BYTES:
            raise OSError(errno.EMSGSIZE, "the reply was cut")
        ended = _ended(run)
        if ended:
            run = run[: -_RESULT.size]
        if run:
            runs.append(run)
        if ended:
            return runs


def _ended(run: bytes) -> bool:
    """Tell whether the dump ends with this run: its last message is then the end mark."""
    kind, flags = _KIND_AND_FLAGS.unpack_from(run)
    ended = run[-_RESULT.size :].startswith(_END)
    if ended or kind == _ERROR:
        at = len(run) - _RESULT.size if ended else 0
        _, _, last_flags, _, _, result = _RESULT.unpack_from(run, at)
        flags |= last_flags
        if result or kind == _ERROR:
            raise _refusal(result)
    if flags & _INTERRUPTED:
        raise OSError(errno.EAGAIN, "the list changed while it was read")
    return ended


def _refusal(result: int) -> OSError:
    """Make an error of the kernel's negative error number, which may be anything in a bad reply."""
    number = -result if -_LARGEST_ERRNO <= result < 0 else errno.EIO
    return OSError(number, os.strerror(number))
