"""`python -m devicewarden.notify.webhook`: one event, one HTTP POST. Never loaded by the daemon.

Source of headers and signature: Standard Webhooks 1.0.0, symmetric signatures (v1).
"""

import base64
import binascii
import contextlib
import hashlib
import hmac
import ssl
import time
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from devicewarden.config.notify_settings import WebhookSettings
from devicewarden.model.errors import PermanentDeliveryError, TemporaryDeliveryError
from devicewarden.model.version import VERSION
from devicewarden.notify.errand import Errand, perform

PREFIX: Final = "whsec_"
LEAST_SECRET_BYTES: Final = 24

_OK: Final = range(200, 300)
_REDIRECTS: Final = range(300, 400)
_NEVER_TAKEN: Final = {400, 413, 415, 422}
"""The receiver says that it is the document: what else it may say, somebody can set right."""
_READ_BYTES: Final = 1024
_SHOWN: Final = 120
_BODY_WITHIN_S: Final = 2.0


def deliver(errand: Errand) -> None:
    """Post an event; a redirect is never followed, and no more than a piece of the answer is read.

    Raises:
        TemporaryDeliveryError: no answer, or one that may be another one later.
        PermanentDeliveryError: the receiver does not take this document.
    """
    webhook = WebhookSettings(**errand.sink)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"DeviceWarden/{VERSION}",
        "DeviceWarden-Event": errand.kind,
        **signed(errand, read_secret(Path(webhook.secret_file)), int(time.time())),
    }
    url = urlsplit(webhook.url)
    target = f"{url.path or '/'}{f'?{url.query}' if url.query else ''}"
    with contextlib.closing(_connection(webhook)) as connection:
        try:
            connection.connect()
            sock = connection.sock
            connection.request("POST", target, body=errand.payload, headers=headers)
            response = connection.getresponse()
        except ssl.SSLCertVerificationError as error:
            raise TemporaryDeliveryError(
                f"the receiver's certificate is not trusted: {error.verify_message}",
                hint="name its CA in ca_file, or have the receiver's certificate renewed",
            ) from error
        except TimeoutError as error:
            raise TemporaryDeliveryError("no answer in time") from error
        except (OSError, HTTPException, ValueError) as error:
            raise TemporaryDeliveryError(f"not delivered: {error or repr(error)}") from error
        # The status is known: what more it says is not worth the rest of the time.
        sock.settimeout(_BODY_WITHIN_S)
        judge(response)


def signed(errand: Errand, secret: bytes, now_s: int) -> dict[str, str]:
    """Make the three headers by which a receiver knows an event, its age and its sender."""
    covered = f"{errand.event_id}.{now_s}.".encode() + errand.payload
    signature = base64.b64encode(hmac.digest(secret, covered, hashlib.sha256)).decode()
    return {
        "Webhook-Id": errand.event_id,
        "Webhook-Timestamp": str(now_s),
        "Webhook-Signature": f"v1,{signature}",
    }


def read_secret(file: Path) -> bytes:
    """Read the shared secret.

    Raises:
        TemporaryDeliveryError: there is none; it can be put right.
    """
    hint = "make one: printf 'whsec_%s\\n' \"$(openssl rand -base64 32)\""
    try:
        text = file.read_text(encoding="ascii").strip()
        secret = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except OSError as error:
        raise TemporaryDeliveryError(f"{file} cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, binascii.Error) as error:
        raise TemporaryDeliveryError(f"{file} holds no secret in base64", hint=hint) from error
    if not text.startswith(PREFIX) or len(secret) < LEAST_SECRET_BYTES:
        raise TemporaryDeliveryError(
            f"{file} does not hold {PREFIX} and {LEAST_SECRET_BYTES} bytes or more", hint=hint
        )
    return secret


def judge(response: HTTPResponse) -> None:
    """Tell by the answer's status whether the receiver has the event.

    Raises:
        TemporaryDeliveryError: not now.
        PermanentDeliveryError: never.
    """
    if response.status in _OK:
        return
    if response.status in _REDIRECTS:
        place = _printable(response.headers.get("Location", "nowhere"))
        raise TemporaryDeliveryError(
            f"answered {response.status}: go to {place}",
            hint="redirects are not followed: set url to the place itself",
        )
    told = f"answered {response.status} {_printable(response.reason)}: {_beginning(response)}"
    if response.status in _NEVER_TAKEN:
        raise PermanentDeliveryError(told)
    after_s = wait_asked(response.headers.get("Retry-After", ""), time.time())
    raise TemporaryDeliveryError(told, after_s=after_s)


def wait_asked(text: str, now_s: float) -> float:
    """Read Retry-After, seconds or a date; 0 where it says nothing that can be understood.

    Source: RFC 9110, 10.2.3.
    """
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now_s)
    except (ValueError, OverflowError):
        return 0.0


def _connection(webhook: WebhookSettings) -> HTTPConnection:
    url = urlsplit(webhook.url)
    host = url.hostname or ""
    if url.scheme == "http":
        return HTTPConnection(host, url.port, timeout=webhook.timeout_s)
    try:
        trust = ssl.create_default_context(cafile=webhook.ca_file or None)
    except (OSError, ssl.SSLError) as error:
        raise TemporaryDeliveryError(f"{webhook.ca_file} holds no CA: {error}") from error
    return HTTPSConnection(host, url.port, timeout=webhook.timeout_s, context=trust)


def _beginning(response: HTTPResponse) -> str:
    """Read what one look gives: a receiver may send for ever, or nothing and never end."""
    try:
        return _printable(response.read1(_READ_BYTES).decode(errors="replace"))
    except (OSError, HTTPException, ValueError):
        return ""


def _printable(text: str) -> str:
    shown = "".join(each if each.isprintable() else " " for each in text)
    return " ".join(shown.split())[:_SHOWN]


if __name__ == "__main__":
    perform(deliver)
