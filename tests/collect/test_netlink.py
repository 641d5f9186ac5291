"""Netlink replies are hostile until they are taken apart: no loop, no traceback, no half list."""

import errno
import socket
import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.collect.recorded import received

from devicewarden.collect.netlink import Netlink, attributes, drain, messages, request
from devicewarden.model.errors import CollectError

DATA = struct.pack("=IHHII4s", 20, 20, 2, 1, 7, b"data")
END = struct.pack("=IHHIIi", 20, 3, 2, 1, 7, 0)


def receiver(*replies: bytes) -> Callable[[int], bytes]:
    """Gives the replies one after another, and then has nothing, as a socket that does not wait."""
    left = list(replies)

    def receive(most: int) -> bytes:
        if not left:
            raise BlockingIOError(errno.EAGAIN, "nothing there")
        return left.pop(0)[:most]

    return receive


@pytest.mark.parametrize(
    ("replies", "runs"),
    [
        pytest.param([END], [], id="empty"),
        pytest.param([DATA, END], [DATA], id="end mark on its own"),
        pytest.param([DATA * 2, DATA, END], [DATA * 2, DATA], id="two runs"),
        pytest.param([DATA + END], [DATA], id="end mark behind the data"),
    ],
)
def test_a_reply_is_read_up_to_its_end_mark(replies: list[bytes], runs: list[bytes]) -> None:
    assert drain(receiver(*replies)) == runs


@pytest.mark.parametrize(
    ("replies", "error"),
    [
        pytest.param(
            [struct.pack("=IHHIIi16x", 36, 2, 0, 1, 7, -errno.EPERM)], errno.EPERM, id="refused"
        ),
        pytest.param(
            [struct.pack("=IHHIIi16x", 36, 2, 0, 1, 7, 0)], errno.EIO, id="nothing but success"
        ),
        pytest.param(
            [struct.pack("=IHHIIi16x", 36, 2, 0, 1, 7, -(2**31))], errno.EIO, id="no such error"
        ),
        pytest.param(received("no_such_protocol"), errno.ENOENT, id="refused in the end mark"),
        pytest.param(
            [DATA, struct.pack("=IHHIIi", 20, 3, 2, 1, 7, -errno.ENOBUFS)],
            errno.ENOBUFS,
            id="out of memory half way",
        ),
        pytest.param([DATA], errno.EAGAIN, id="end mark lost"),
        pytest.param([b""], errno.EMSGSIZE, id="nothing"),
        pytest.param([DATA[:10]], errno.EMSGSIZE, id="cut inside the header"),
        pytest.param([bytes(70_000)], errno.EMSGSIZE, id="longer than the buffer"),
        pytest.param(
            [struct.pack("=IHHII4s", 20, 20, 0x12, 1, 7, b"data"), END],
            errno.EAGAIN,
            id="interrupted at the beginning",
        ),
        pytest.param(
            [DATA, struct.pack("=IHHIIi", 20, 3, 0x12, 1, 7, 0)],
            errno.EAGAIN,
            id="interrupted at the end",
        ),
    ],
)
def test_a_reply_that_is_not_whole_is_an_error(replies: list[bytes], error: int) -> None:
    with pytest.raises(OSError) as caught:  # noqa: PT011 -- the number is looked at below
        drain(receiver(*replies))

    assert caught.value.errno == error


@given(st.lists(st.binary(max_size=200), max_size=5))
def test_whatever_is_received_gives_runs_or_an_error(replies: list[bytes]) -> None:
    try:
        runs = drain(receiver(*replies))
    except OSError:
        return

    assert sum(map(len, runs)) <= sum(map(len, replies))


@given(st.binary(max_size=400))
def test_messages_lie_inside_of_what_was_received(run: bytes) -> None:
    end = 0
    try:
        for offset, length in messages(run):
            assert end <= offset
            end = offset + length
    except CollectError:
        pass

    assert end <= len(run)


@pytest.mark.parametrize("length", [0, 1, 15, 41, 2**32 - 1])
def test_a_length_that_lies_ends_the_walk(length: int) -> None:
    lie = struct.pack("=IHHII4s", length, 20, 2, 1, 7, b"data")

    with pytest.raises(CollectError, match="bad length at byte 20 of 40"):
        list(messages(DATA + lie))


@given(st.dictionaries(st.integers(0, 65535), st.binary(max_size=40), max_size=8))
def test_attributes_are_taken_apart_as_they_were_put_together(values: dict[int, bytes]) -> None:
    packed = b"".join(
        struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)
        for kind, value in values.items()
    )

    assert attributes(packed) == values


@given(st.binary(max_size=200))
def test_any_bytes_give_attributes_or_an_error(payload: bytes) -> None:
    try:
        found = attributes(payload)
    except CollectError:
        return

    assert sum(map(len, found.values())) <= len(payload)


@pytest.mark.parametrize("length", [0, 3, 9])
def test_an_attribute_length_that_lies_is_an_error(length: int) -> None:
    with pytest.raises(CollectError, match="malformed netlink attribute"):
        attributes(struct.pack("=HH4s", length, 1, b"data"))


def test_a_request_asks_for_a_dump() -> None:
    asked = request(20, b"payload!")

    assert struct.unpack("=IHH", asked[:8]) == (24, 20, 0x301)
    assert asked[16:] == b"payload!"


def test_after_an_error_the_next_dump_opens_another_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    class Socket:
        def __init__(self, *_arguments: int) -> None:
            opened.append(self)
            first = len(opened) == 1
            self.recv = receiver(struct.pack("=IHHIIi", 20, 2, 0, 1, 7, -22) if first else END)
            self.closed = False

        def send(self, _request: bytes) -> None: ...

        def close(self) -> None:
            self.closed = True

    opened: list[Socket] = []
    monkeypatch.setattr(socket, "socket", Socket)
    netlink = Netlink(4, "sockets")

    with pytest.raises(CollectError, match=r"cannot list sockets over netlink.*Invalid argument"):
        netlink.dump(b"")

    assert netlink.dump(b"") == []
    assert [each.closed for each in opened] == [True, False]
