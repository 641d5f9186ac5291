"""AWS IoT's side of a fleet: `python -m tests.bench.fleet_server SIZE` prints its port.

moto keeps all in memory and takes ten times as long, so the bench would measure moto.
"""

import asyncio
import json
import sys
from typing import Final
from urllib.parse import parse_qs, urlsplit

from tests.bench.fleet import Fleet, make_fleet

_WHO: Final = b"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">\
<GetCallerIdentityResult><Account>123456789012</Account></GetCallerIdentityResult>\
</GetCallerIdentityResponse>"""


class Answers(asyncio.Protocol):
    """Answers the requests of one connection; those it gets have a body of a known length."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._rest += data
        while b"\r\n\r\n" in self._rest:
            head, _, rest = self._rest.partition(b"\r\n\r\n")
            length = _length(head)
            if len(rest) < length:
                return
            self._rest = rest[length:]
            content = answer(self._fleet, head.split(b" ", 2)[1].decode())
            self._transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(content), content)
            )


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def answer(fleet: Fleet, target: str) -> bytes:
    """Give the body for a request's target."""
    url = urlsplit(target)
    match url.path.strip("/").split("/"):
        case ["certificates"]:
            asked = parse_qs(url.query)
            start, length = asked.get("marker", ["0"])[0], asked["pageSize"][0]
            return json.dumps(fleet.page(int(start), int(length))).encode()
        case ["certificates", certificate_id]:
            return _description(fleet.described(fleet.places[certificate_id]))
        case ["cacertificate", _]:
            return _description(fleet.described_ca())
        case ["crl"]:
            return fleet.crl
        case _:
            return _WHO


def _description(described: dict[str, object]) -> bytes:
    return json.dumps({"certificateDescription": described}).encode()


async def serve(size: int) -> None:
    """Serve until the process is ended; the port goes to standard output."""
    fleets: list[Fleet] = []
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Answers(fleets[0]), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    fleets.append(make_fleet(size, f"http://127.0.0.1:{port}/crl"))
    print(port, flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
