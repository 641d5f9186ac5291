"""One HTTP request to an issuer's server: bounded in size and in time, whatever the server does."""

import contextlib
import queue
import threading
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from typing import Final

from devicewarden.model.errors import AuditError

MAX_BYTES: Final = 16 << 20
"""Lists of the largest public CAs have about 10 MB."""

_OCSP: Final = {"Content-Type": "application/ocsp-request", "Accept": "application/ocsp-response"}


class UnreachableError(AuditError):
    """No answer came; asking the same server again now would take as long."""


@dataclass(frozen=True, slots=True)
class Fetch:
    """Fetches over plain HTTP, as RFC 5280 has it: what comes is believed for its signature alone.

    Attributes:
        timeout_s: for name look-up, connection, redirections and answer together.
        max_bytes: of an answer.
    """

    timeout_s: float
    max_bytes: int = MAX_BYTES

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
        with contextlib.closing(_opener().open(request, timeout=self.timeout_s)) as answer:
            content: bytes = answer.read(self.max_bytes + 1)
        return content


def _opener() -> urllib.request.OpenerDirector:
    """Make an opener that knows HTTP and the proxies of the environment; no file:, no ftp:."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.UnknownHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener
