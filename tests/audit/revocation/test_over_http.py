"""Issuers asked over real HTTP, which hang, drip, lie and redirect."""

import contextlib
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.x509 import ocsp
from tests.audit.certificates import Issuer, ec_key, key_pem, list_at, ocsp_at, pem
from tests.audit.revocation.answers import response, revocation_list

from devicewarden.audit.checks.revoked import (
    IntermediateCaRevoked,
    RevokedCaCertificateStillActive,
    RevokedDeviceCertificateStillActive,
)
from devicewarden.audit.device.host import Host
from devicewarden.audit.device.inventory import DeviceInventory
from devicewarden.audit.revocation.fetch import Fetch, UnreachableError
from devicewarden.audit.runner import run_checks
from devicewarden.audit.suppress import Suppressions
from devicewarden.config.audit_settings import AuditSettings
from devicewarden.config.settings import PublishSettings, Settings
from devicewarden.model.finding import CheckRun

pytestmark = pytest.mark.e2e
NOW = datetime.now(UTC).replace(microsecond=0)
HOUR = timedelta(hours=1)
FRESH: Any = {"begins": NOW - HOUR, "ends": NOW + HOUR}


class Server(ThreadingHTTPServer):
    """Serves pages at paths; `/hang` says nothing and `/drip` a byte now and then, for ever."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Pages)
        self.pages: dict[str, bytes | str] = {}
        self.heard: list[str] = []
        self.over = threading.Event()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}{path}"


class Pages(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.heard.append(self.path)
        page = self.server.pages.get(self.path)
        if self.path == "/hang":
            self.server.over.wait()
        elif self.path == "/drip":
            self.send_response(200)
            self.end_headers()
            while not self.server.over.wait(0.02):
                self.wfile.write(b"x")
        elif isinstance(page, str):
            self.send_response(302)
            self.send_header("Location", page)
            self.end_headers()
        elif page is None:
            self.send_error(404)
        else:
            self.send_response(200)
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""

    def handle(self) -> None:
        """Take it well when the client has left."""
        with contextlib.suppress(ConnectionError):
            super().handle()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Server() as serving:
        thread = threading.Thread(target=serving.serve_forever, args=(0.02,))
        thread.start()
        yield serving
        serving.over.set()
        serving.shutdown()
        thread.join()


def test_pages_are_fetched_over_redirections(server: Server) -> None:
    server.pages |= {"/list": b"content", "/moved": "/list"}

    assert Fetch(5)(server.url("/moved")) == b"content"
    assert Fetch(5)(server.url("/list"), b"question") == b"content"


@pytest.mark.parametrize("path", ["/hang", "/drip"])
def test_a_server_that_never_ends_is_left(server: Server, path: str) -> None:
    with pytest.raises(UnreachableError, match=r"no answer in 0\.2 s"):
        Fetch(0.2)(server.url(path))


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(None, id="404"),
        pytest.param(b"x" * 1001, id="too large"),
        pytest.param("file:///etc/passwd", id="redirected to a file"),
        pytest.param("https://127.0.0.1:1/", id="redirected to HTTPS"),
        pytest.param("/page", id="redirected to itself"),
    ],
)
def test_what_is_no_page_is_no_answer(server: Server, page: bytes | str | None) -> None:
    if page is not None:
        server.pages["/page"] = page

    with pytest.raises(UnreachableError):
        Fetch(5, max_bytes=1000)(server.url("/page"))


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ldap://127.0.0.1/", "http://", "no address", "http://[::bad/"]
)
def test_only_http_is_spoken(url: str) -> None:
    with pytest.raises(UnreachableError):
        Fetch(1)(url)


def test_an_address_that_is_refused_hears_nothing(server: Server) -> None:
    server.pages |= {"/list": b"content"}

    with pytest.raises(UnreachableError, match="no issuer's"):
        Fetch(5, refuses=lambda host: host == "127.0.0.1")(server.url("/list"))

    assert server.heard == []


class Device:
    """A device with its files, whose two issuers serve lists and responses."""

    def __init__(self, server: Server, folder: Path) -> None:
        dates: Any = {"begins": NOW - 24 * HOUR, "expires": NOW + 24 * HOUR}
        self.root = Issuer("root", **dates)
        points = list_at(server.url("/root.crl"))
        self.middle = Issuer("middle", self.root, points, **dates)
        extensions = ocsp_at(server.url("/ocsp")), list_at(server.url("/middle.crl"))
        self.own = self.middle.issue("device", *extensions, **dates)
        self.server, self.folder = server, folder
        (folder / "cert.pem").write_bytes(pem(self.own, self.middle.certificate))
        (folder / "key.pem").write_bytes(key_pem(self.middle.key))
        (folder / "ca.pem").write_bytes(pem(self.root.certificate))

    def audit(self) -> tuple[CheckRun, ...]:
        """Ask about all certificates, as `devicewarden audit` does."""
        publish = PublishSettings(cert_file="/cert.pem", ca_file="/ca.pem")
        cache = str(self.folder / "cache")
        audit = AuditSettings(revocation_timeout_s=1, revocation_cache_dir=cache)
        inventory = DeviceInventory(Host(Settings(publish=publish, audit=audit), self.folder))
        checks = (
            RevokedDeviceCertificateStillActive(),
            RevokedCaCertificateStillActive(),
            IntermediateCaRevoked(),
        )
        _, runs = run_checks(inventory, checks, Suppressions((), NOW), NOW)
        return runs


def statuses(runs: tuple[CheckRun, ...]) -> tuple[str, ...]:
    return tuple(run.status.removeprefix("COMPLETED_") for run in runs)


def test_a_device_whose_issuers_answer_complies_and_goes_on_to_while_they_are_away(
    server: Server, tmp_path: Path
) -> None:
    device = Device(server, tmp_path)
    server.pages["/root.crl"] = revocation_list(device.root, **FRESH)
    server.pages["/ocsp"] = response(device.own, device.middle, **FRESH)

    online = statuses(device.audit())
    server.pages.clear()
    offline = statuses(device.audit())

    assert online == offline == ("COMPLIANT",) * 3


def test_everything_revoked_is_found(server: Server, tmp_path: Path) -> None:
    device = Device(server, tmp_path)
    serial = device.middle.certificate.serial_number
    server.pages["/root.crl"] = revocation_list(device.root, [serial], **FRESH)
    revoked = ocsp.OCSPCertStatus.REVOKED
    server.pages["/ocsp"] = response(device.own, device.middle, status=revoked, **FRESH)

    assert statuses(device.audit()) == ("NON_COMPLIANT",) * 3


@pytest.mark.parametrize("answer", ["silence", "garbage", "expired", "another's"])
def test_answers_that_are_none_leave_it_undecided(
    server: Server, tmp_path: Path, answer: str
) -> None:
    device, other = Device(server, tmp_path), Issuer("root", key=ec_key("another"))
    old: Any = {"begins": NOW - 9 * HOUR, "ends": NOW - 8 * HOUR}
    page = {
        "silence": b"",
        "garbage": b"garbage",
        "expired": revocation_list(device.root, **old),
        "another's": revocation_list(other, **FRESH),
    }[answer]
    server.pages |= dict.fromkeys(("/root.crl", "/middle.crl", "/ocsp"), page)

    runs = device.audit()

    assert statuses(runs) == ("FAILED",) * 3
    assert all("cannot be told" in run.undecided[0] for run in runs)
