"""Names, ports and proxies that lead nowhere."""

import socket
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from devicewarden.config.settings import PublishSettings
from devicewarden.doctor.verdict import Verdict
from devicewarden.doctor.way import network
from devicewarden.sandbox.broker import free_port

pytestmark = pytest.mark.e2e
SETTINGS = PublishSettings(endpoint="127.0.0.1", connect_timeout_s=1)
CLOSED = free_port()


def trouble(settings: PublishSettings) -> Verdict:
    """The one step that failed; those behind it are skipped."""
    verdicts = list(network(settings, datetime.now(UTC)))
    states = [verdict.status for verdict in verdicts]
    (place,) = [at for at, state in enumerate(states) if state == "failed"]
    assert set(states[:place]) <= {"ok"}
    assert set(states[place + 1 :]) <= {"skipped"}
    return verdicts[place]


@pytest.fixture
def full_port() -> Iterator[int]:
    """A port whose queue is full: the kernel drops what comes, as a firewall does."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for each in (first, second):
            each.setblocking(False)  # noqa: FBT003  positional by its own definition
            each.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


class _Refusing(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.rfile.readline()
        self.wfile.write(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")


@pytest.fixture
def refusing_proxy() -> Iterator[int]:
    with socketserver.TCPServer(("127.0.0.1", 0), _Refusing) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        yield server.server_address[1]
        thread.join()


def test_a_name_that_nobody_knows() -> None:
    verdict = trouble(replace(SETTINGS, endpoint="broker.invalid"))

    assert verdict.name == "dns"
    assert "publish.endpoint and this host's name servers" in verdict.hint


def test_a_name_that_no_host_can_have() -> None:
    verdict = trouble(replace(SETTINGS, endpoint=f"{'a' * 64}.example"))

    assert verdict.name == "dns"


def test_a_port_where_nobody_listens() -> None:
    verdict = trouble(replace(SETTINGS, port=CLOSED))

    assert verdict.name == "tcp"
    assert "nothing listens on publish.port" in verdict.hint


def test_a_port_that_does_not_answer(full_port: int) -> None:
    verdict = trouble(replace(SETTINGS, port=full_port))

    assert (verdict.name, "no answer within 1 s" in verdict.message) == ("tcp", True)
    assert "firewalls" in verdict.hint


def test_the_port_of_mqtt_reminds_of_the_other_one() -> None:
    # Nothing listens on 8883 of an address that this machine alone has.
    verdict = trouble(replace(SETTINGS, endpoint="127.111.111.111"))

    assert "publish.port = 443" in verdict.hint


def test_a_proxy_that_nobody_runs() -> None:
    verdict = trouble(replace(SETTINGS, proxy_host="127.0.0.1", proxy_port=CLOSED))

    assert "publish.proxy_port" in verdict.hint


def test_a_proxy_that_refuses(refusing_proxy: int) -> None:
    verdict = trouble(replace(SETTINGS, proxy_host="127.0.0.1", proxy_port=refusing_proxy))

    assert "407" in verdict.message
    assert "proxy_password_file" in verdict.hint
