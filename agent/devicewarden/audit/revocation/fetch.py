"""One HTTP request to an issuer's server: bounded in size and in time, whatever the server does.

A certificate chooses the address. What lies beside this host on its own link is no issuer's server,
but it may be the metadata service of a cloud, with credentials: such addresses are not asked.
Others, private ones too, may well be a company's CA.
"""

import contextlib
import ipaddress
import queue
import threading
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any, Final

from devicewarden.model.errors import AuditError

MAX_BYTES: Final = 16 << 20
"""Lists of the largest public CAs have about 10 MB."""

_OCSP: Final = {"Content-Type": "application/ocsp-request", "Accept": "application/ocsp-response"}

_METADATA: Final = ipaddress.ip_address("fd00:ec2::254")
"""Of EC2, where it is asked over IPv6: no link-local address."""


class UnreachableError(AuditError):
    """No answer came; asking the same server again now would take as long."""


def beside_this_host(host: str) -> bool:
    """Tell whether an IP address is link-local, or that of a cloud's metadata service."""
    address = ipaddress.ip_address(host.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None) or address
    return mapped.is_link_local or mapped == _METADATA


@dataclass(frozen=True, slots=True)
class Fetch:
    """Fetches over plain HTTP, as RFC 5280 has it: what comes is believed for its signature alone.

    Attributes:
        timeout_s: for name look-up, connection, redirections and answer together.
        max_bytes: of an answer.
        refuses: tells of an IP address that it is not to be asked.
    """

    timeout_s: float
    max_bytes: int = MAX_BYTES
    refuses: Callable[[str], bool] = beside_this_host

    def __call__(self, url: str, body: bytes | None = None) -> bytes:
        """Get a list, or with a body post a question to a responder.

        Raises:
            UnreachableError: no answer, a slow, long or wrong one, or no HTTP address.
        """
        answers: queue.Queue[bytes | Exception] = queue.Queue()
        # A thread, for a look-up of a name has no time-out, and a server may drip for ever.
        threading.Thread(target=self._put, args=(url, body, answers), daemon=True).start()
        try:
            answer = answers.get(timeout=self.timeout_s)
        except queue.Empty:
            answer = TimeoutError()
        if isinstance(answer, Exception):
            why = getattr(answer, "reason", None) or answer
            # Thread and socket wait equally long; whichever gives up first says the same.
            late = isinstance(why, TimeoutError)
            told = f"no answer in {self.timeout_s:g} s" if late else why
            raise UnreachableError(f"{url}: {told}") from answer
        if len(answer) > self.max_bytes:
            raise UnreachableError(f"{url}: the answer is larger than {self.max_bytes} bytes")
        return answer

    def _put(self, url: str, body: bytes | None, answers: "queue.Queue[bytes | Exception]") -> None:
        try:
            answers.put(self._get(url, body))
        except (OSError, ValueError, HTTPException) as error:
            answers.put(error)

    def _get(self, url: str, body: bytes | None) -> bytes:
        request = urllib.request.Request(url, body, _OCSP if body else {})  # noqa: S310  see _opener
        with contextlib.closing(
            _opener(self.refuses).open(request, timeout=self.timeout_s)
        ) as answer:
            content: bytes = answer.read(self.max_bytes + 1)
        return content


def _opener(refuses: Callable[[str], bool]) -> urllib.request.OpenerDirector:
    """Make an opener that knows HTTP and the proxies of the environment; no file:, no ftp:."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.UnknownHandler(),
        _Handler(refuses),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener


class _Handler(urllib.request.HTTPHandler):
    def __init__(self, refuses: Callable[[str], bool]) -> None:
        super().__init__()
        self._refuses = refuses

    def http_open(self, req: urllib.request.Request) -> HTTPResponse:
        return self.do_open(partial(_Connection, refuses=self._refuses), req)


class _Connection(HTTPConnection):
    """A connection that is given up where it leads beside this host, before a word is said.

    Only then is the address known for certain: names, redirections and proxies lead to it.
    """

    def __init__(self, host: str, *, refuses: Callable[[str], bool], **options: Any) -> None:
        super().__init__(host, **options)
        self._refuses = refuses

    def connect(self) -> None:
        super().connect()
        if self._refuses(self.sock.getpeername()[0]):
            self.close()
            raise ConnectionRefusedError("an address of this link is no issuer's")
