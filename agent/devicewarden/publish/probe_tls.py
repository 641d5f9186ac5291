"""The TLS handshake, told more exactly than awscrt tells it. The daemon never loads this: no `ssl`.

awscrt's own TLS waits up to 30 s before it says how it failed, and then not why.

Source: verification codes, openssl-verification-options(1); alerts, RFC 8446 section 6.
"""

import contextlib
import socket
import ssl
from datetime import UTC, datetime
from typing import Final, NamedTuple

from devicewarden.config.broker import protocols
from devicewarden.config.settings import PublishSettings
from devicewarden.model.errors import PublishError
from devicewarden.publish.probe_reach import hint_of

ALERT_WITHIN_S: Final = 0.5
"""With TLS 1.3 a refusal of our certificate comes after the handshake; later, CONNECT tells it."""

_OTHER_NAME: Final = frozenset({62, 64})
_NO_TLS: Final = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL"})
_VERSIONS: Final = frozenset(
    {"UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "WRONG_SSL_VERSION"}
)


class Handshake(NamedTuple):
    """What both ends agreed on; None: the broker first wants the certificate of the token."""

    protocol: str
    server_expires: datetime | None


def shake_hands(opened: socket.socket, settings: PublishSettings) -> Handshake:
    """Speak TLS as the agent would, with its certificate where the key is in a file.

    Args:
        opened: a connection to the broker; closed in the end.
        settings: name the broker, its CA, and the device certificate.

    Raises:
        PublishError: no TLS there, the broker is not trusted, or it refuses the certificate.
    """
    with opened:
        try:
            context = _context(settings)
            with context.wrap_socket(opened, server_hostname=settings.endpoint) as wrapped:
                _hear_refusal(wrapped)
                return _agreed(wrapped)
        except (OSError, ValueError) as error:
            if settings.pkcs11_library and "ALERT" in _openssl_reason(error):
                return Handshake("TLS", None)
            raise _failed(error, settings) from error


def why_no_pair(cert_file: str, key_file: str) -> str:
    """Tell why certificate and private key cannot be used together; empty where they can."""
    asked = False

    def no_password() -> bytes:
        # Without this, OpenSSL would ask on the terminal.
        nonlocal asked
        asked = True
        return b""

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(cert_file, key_file, no_password)
    except OSError as error:
        if asked:
            return "the private key is encrypted, and nobody is there to type a password"
        if isinstance(error, ssl.SSLError) and error.reason == "KEY_VALUES_MISMATCH":
            return "the private key does not belong to the certificate"
        return f"not a certificate and its private key in PEM form: {_reason(error)}"
    return ""


def _context(settings: PublishSettings) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=settings.ca_file or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Python 3.13 is stricter with private CAs than the agent's own TLS.
    context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
    if settings.cert_file and settings.key_file:
        context.load_cert_chain(settings.cert_file, settings.key_file, lambda: b"")
    if offered := protocols(settings):
        context.set_alpn_protocols(offered)
    return context


def _hear_refusal(wrapped: ssl.SSLSocket) -> None:
    """Wait a moment for an alert; a broker that says nothing waits for CONNECT, which is well."""
    wrapped.settimeout(ALERT_WITHIN_S)
    with contextlib.suppress(TimeoutError):
        if not wrapped.recv(1):
            raise ConnectionResetError("the broker closed the connection")


def _agreed(wrapped: ssl.SSLSocket) -> Handshake:
    # A certificate that was verified is never None, nor without an end.
    certificate = wrapped.getpeercert() or {}
    expires_s = ssl.cert_time_to_seconds(str(certificate["notAfter"]))
    return Handshake(wrapped.version() or "TLS", datetime.fromtimestamp(expires_s, UTC))


def _failed(error: Exception, settings: PublishSettings) -> PublishError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _not_trusted(error, settings)
    if isinstance(error, TimeoutError):
        return PublishError(
            f"no TLS answer within {settings.connect_timeout_s:g} s",
            hint=hint_of("AWS_IO_TLS_NEGOTIATION_TIMEOUT"),
        )
    reason = _openssl_reason(error)
    if reason in _NO_TLS:
        hint = "publish.port must be one where the broker speaks TLS, or set publish.tls = false"
        return PublishError("whoever listens there does not speak TLS", hint=hint)
    if reason in _VERSIONS:
        return PublishError(
            "the broker does not speak TLS 1.2 or later", hint="allow TLS 1.2 on the broker"
        )
    if "ALERT" in reason:
        return PublishError(
            f"the broker refused the handshake: {_reason(error)}",
            hint=hint_of("AWS_IO_TLS_ERROR_ALERT_RECEIVED"),
        )
    return PublishError(f"the handshake failed: {_reason(error)}", hint=_closed_hint(error))


def _not_trusted(error: ssl.SSLCertVerificationError, settings: PublishSettings) -> PublishError:
    clock = f"this host's clock says {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    ca_file = settings.ca_file or "the system's trust store"
    match error.verify_code:
        case 9:
            hint = f"{clock}: set it, see timedatectl"
        case 10:
            hint = f"renew the broker's certificate, or set the clock: {clock}"
        case code if code in _OTHER_NAME:
            hint = "publish.endpoint must be a name that stands in the broker's certificate"
        case _:
            hint = f"publish.ca_file must hold the CA of this broker; now it is {ca_file}"
    return PublishError(f"the broker is not trusted: {error.verify_message}", hint=hint)


def _openssl_reason(error: Exception) -> str:
    return getattr(error, "reason", None) or ""


def _closed_hint(error: Exception) -> str:
    if isinstance(error, ConnectionError | ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return hint_of("AWS_IO_SOCKET_CLOSED")
    return hint_of("AWS_IO_TLS_ERROR_NEGOTIATION_FAILURE")


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
    return str(reason).replace("_", " ").lower() if str(reason).isupper() else str(reason)
