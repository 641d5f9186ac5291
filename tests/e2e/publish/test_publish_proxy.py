"""The way to the broker through an HTTP proxy."""

import asyncio
import base64
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from devicewarden.config.settings import PublishSettings
from devicewarden.model.errors import ConfigError

if TYPE_CHECKING:
    from tests.e2e.publish.conftest import Mosquitto, Watched

# paho-mqtt would need PySocks for it, which is no dependency.
pytestmark = [pytest.mark.e2e, pytest.mark.parametrize("library", ["awscrt"], indirect=True)]
Run = Callable[[Any], Any]
Start = Callable[[str], "Mosquitto"]
MUTUAL = "require_certificate true\n"


class Proxy:
    """An HTTP proxy that knows CONNECT and nothing else."""

    def __init__(self, answer: bytes = b"200 OK") -> None:
        self.requests: list[bytes] = []
        self._answer = answer

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        self.requests.append(request)
        writer.write(b"HTTP/1.1 " + self._answer + b"\r\n\r\n")
        host, port = request.split()[1].rsplit(b":", 1)
        if self._answer.startswith(b"200"):
            there = await asyncio.open_connection(host.decode(), int(port))
            await asyncio.gather(self._carry(reader, there[1]), self._carry(there[0], writer))
        writer.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()


def test_an_http_proxy_is_asked_for_a_tunnel_with_its_password(
    run: Run,
    mosquitto: Start,
    watched: "Callable[..., Watched]",
    tls_lines: str,
    device_settings: PublishSettings,
    tmp_path: Path,
) -> None:
    broker = mosquitto(tls_lines + MUTUAL)
    (tmp_path / "proxy-password").write_text("s3cret\n")
    proxy = Proxy()

    async def main() -> None:
        listener = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
        settings = replace(
            device_settings,
            port=broker.port,
            proxy_host="127.0.0.1",
            proxy_port=listener.sockets[0].getsockname()[1],
            proxy_username="joe",
            proxy_password_file=str(tmp_path / "proxy-password"),
        )
        async with listener:
            await watched(settings).publish_once()

    run(main())
    assert proxy.requests[0].startswith(b"CONNECT localhost:%d " % broker.port)
    assert base64.b64encode(b"joe:s3cret") in proxy.requests[0]


def test_a_proxy_that_refuses_says_so(
    run: Run, watched: "Callable[..., Watched]", device_settings: PublishSettings
) -> None:
    proxy = Proxy(b"407 Proxy Authentication Required")

    async def main() -> None:
        listener = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        settings = replace(device_settings, port=1, proxy_host="127.0.0.1", proxy_port=port)
        async with listener, watched(settings).started() as publisher:
            state = await publisher.failure()
            assert "proxy_host" in state.hint

    run(main())


def test_a_proxy_without_tls_is_a_config_error(
    watched: "Callable[..., Watched]", plain_settings: PublishSettings
) -> None:
    with pytest.raises(ConfigError, match="proxy_host"):
        watched(replace(plain_settings, proxy_host="127.0.0.1"))
