"""A nucleus that pings and never reads does not fill the memory."""

import asyncio
import contextlib
from pathlib import Path

import pytest
from tests.e2e.greengrass.nucleus import ACK, PING, frame

from devicewarden.publish.greengrass_link import GreengrassLink

pytestmark = pytest.mark.e2e


def headers(kind: int, flags: int = 0) -> dict[str, int | str]:
    return {":message-type": kind, ":message-flags": flags, ":stream-id": 0}


async def flood(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(frame(headers(ACK, 1)))
    ping = frame(headers(PING), b"x" * 60_000)
    with contextlib.suppress(ConnectionError):
        for _ in range(100):
            writer.write(ping)
            await writer.drain()
    writer.close()


async def flooded(path: Path) -> str:
    link = GreengrassLink(lambda _topic, _payload: None)
    async with await asyncio.start_unix_server(flood, path), asyncio.timeout(20):
        await link.open(str(path), "token")
        return (await link.ended).message


def test_a_nucleus_that_reads_no_answer_is_hung_up_on(tmp_path: Path) -> None:
    assert "reads no answer" in asyncio.run(flooded(tmp_path / "ipc.socket"))
