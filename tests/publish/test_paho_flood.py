"""A broker that sends and never reads does not fill the memory."""

import asyncio
import contextlib
import socket

import pytest

from devicewarden.publish.paho_client import OneConnection
from devicewarden.publish.paho_link import PahoLink

CONNACK = bytes.fromhex("2003000000")
MESSAGE = bytes.fromhex("3206000161000100")
"""QoS 1, topic `a`, packet id 1, no properties, no payload."""

PINGREQ = bytes.fromhex("c000")


class Wired(OneConnection):
    """A client whose socket is one end of a pair, with little room for what is not read."""

    def __init__(self, end: socket.socket) -> None:
        super().__init__("edge-1", None)
        self._end = end
        self.connect_async("broker.test")

    def _create_socket(self) -> socket.socket:
        return self._end


async def flooded(packet: bytes) -> str:
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    theirs.settimeout(0)
    loop = asyncio.get_running_loop()
    link = PahoLink(Wired(ours), lambda _topic, _payload: None)
    with theirs:
        async with asyncio.timeout(20):
            opening = asyncio.create_task(link.open())
            await loop.sock_sendall(theirs, CONNACK)
            await opening
            with contextlib.suppress(ConnectionError):
                await loop.sock_sendall(theirs, packet * 5000)
            return str((await link.ended).error())


@pytest.mark.parametrize("packet", [MESSAGE, PINGREQ], ids=["messages", "pings"])
def test_who_reads_no_answer_is_hung_up_on(packet: bytes) -> None:
    assert "reads no answer" in asyncio.run(flooded(packet))
