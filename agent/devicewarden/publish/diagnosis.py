"""What went wrong between agent and broker, in words for the operator.

Source: reason codes, MQTT 5.0 section 2.4; error names, aws-c-common, aws-c-io and aws-c-mqtt.
"""

from typing import Final, NamedTuple

from devicewarden.model.errors import PermanentPublishError, PublishError, TemporaryPublishError


class Diagnosis(NamedTuple):
    """What happened, and what the operator can do about it (empty: nothing)."""

    message: str
    hint: str = ""


LEAST_FAILURE: Final = 0x80
"""Reason codes from here on are failures."""

TAKEN_OVER: Final = "another client took over the session"
"""What is told of 0x8E."""

NEVER_AGAIN: Final = frozenset({0x87, 0x90, 0x95, 0x99, 0x9A, 0x9B})
"""Reason codes after which the same message would fail again."""

_POLICY: Final = "allow it in the policy (AWS) or access list of the broker, for this thing"
_NAME: Final = "check publish.endpoint and this host's name servers"
_NETWORK: Final = "check the network, firewalls, publish.endpoint and publish.port"
_LOGIN: Final = "check publish.username and publish.password_file, or the device certificate"
_PROXY: Final = "check publish.proxy_host, proxy_port, proxy_username and proxy_password_file"
_PKCS11: Final = "check publish.pkcs11_token_label, pkcs11_slot and pkcs11_key_label"
_PIN: Final = "check publish.pkcs11_pin_file; tokens lock themselves after a few wrong PINs"
_PEM: Final = "publish.ca_file, cert_file or key_file does not hold PEM text"
_FILE: Final = "check publish.ca_file, cert_file and key_file, and who may read them"
_KEY: Final = "the private key may not belong to the certificate"
_SIZE: Final = "lower report.max_bytes"
_MOVED: Final = "set publish.endpoint to the new broker"
_NO_MQTT: Final = "publish.port must be the port where this broker speaks MQTT 5"
_TRUST: Final = (
    "check publish.ca_file, that publish.endpoint is a name in the broker's certificate, this "
    "host's clock, and that the broker asks for a certificate if publish.cert_file is set"
)
_CERTIFICATE: Final = (
    "the broker may have refused the device certificate: check that it is registered, active, not "
    "expired, and that publish.cert_file is the right one"
)
_CLOSED: Final = (
    "brokers do this when certificate, policy or client id do not fit together: check that the "
    "certificate is active and may connect with thing.client_id, and that publish.port is one for "
    "publish.tls"
)

_REASONS: Final[dict[int, Diagnosis]] = {
    0x80: Diagnosis("unspecified error"),
    0x81: Diagnosis("malformed packet"),
    0x82: Diagnosis("protocol error"),
    0x83: Diagnosis("refused for a reason of this broker", "see the broker's log"),
    0x84: Diagnosis("the broker does not speak MQTT 5", _NO_MQTT),
    0x85: Diagnosis("client id not valid", "check thing.client_id"),
    0x86: Diagnosis("bad user name or password", _LOGIN),
    0x87: Diagnosis("not authorized", _POLICY),
    0x88: Diagnosis("the broker is unavailable"),
    0x89: Diagnosis("the broker is busy"),
    0x8A: Diagnosis("this client is banned", "ask whoever runs the broker"),
    0x8B: Diagnosis("the broker shuts down"),
    0x8C: Diagnosis("bad authentication method", _LOGIN),
    0x8D: Diagnosis("the broker heard nothing in time", "lower publish.keep_alive_s"),
    0x8E: Diagnosis(
        TAKEN_OVER,
        "another client uses this client id: give each device its own thing.client_id",
    ),
    0x8F: Diagnosis("topic filter invalid", "check publish.topic"),
    0x90: Diagnosis("topic name invalid", "check publish.topic"),
    0x93: Diagnosis("too many messages under way"),
    0x95: Diagnosis("packet too large", _SIZE),
    0x96: Diagnosis("message rate too high", "raise report.interval_s"),
    0x97: Diagnosis("quota exceeded", "raise report.interval_s, or the quota of the broker"),
    0x98: Diagnosis("closed by an administrator", "ask whoever runs the broker"),
    0x99: Diagnosis("payload format invalid"),
    0x9A: Diagnosis("retained messages not supported", "leave publish.presence_topic empty"),
    0x9B: Diagnosis("QoS not supported", "set publish.qos = 0"),
    0x9C: Diagnosis("use another server", _MOVED),
    0x9D: Diagnosis("the server moved", _MOVED),
    0x9F: Diagnosis("connection rate exceeded"),
    0xA0: Diagnosis("maximum connect time reached"),
}

_HINTS: Final[dict[str, str]] = {
    "AWS_IO_DNS_INVALID_NAME": _NAME,
    "AWS_IO_DNS_QUERY_FAILED": _NAME,
    "AWS_IO_DNS_NO_ADDRESS_FOR_HOST": _NAME,
    "AWS_IO_DNS_QUERY_AGAIN": _NAME,
    "AWS_IO_SOCKET_CONNECTION_REFUSED": "nothing listens on publish.port of publish.endpoint",
    "AWS_IO_SOCKET_TIMEOUT": _NETWORK,
    "AWS_IO_SOCKET_NO_ROUTE_TO_HOST": _NETWORK,
    "AWS_IO_SOCKET_NETWORK_DOWN": _NETWORK,
    "AWS_IO_SOCKET_CLOSED": _CLOSED,
    "AWS_IO_TLS_ERROR_NEGOTIATION_FAILURE": _TRUST,
    "AWS_IO_TLS_NEGOTIATION_TIMEOUT": _NO_MQTT,
    "AWS_IO_TLS_ERROR_READ_FAILURE": _CERTIFICATE,
    "AWS_IO_TLS_ERROR_ALERT_RECEIVED": _CERTIFICATE,
    "AWS_IO_TLS_ERROR_DEFAULT_TRUST_STORE_NOT_FOUND": "set publish.ca_file",
    "AWS_IO_TLS_CTX_ERROR": _KEY,
    "AWS_ERROR_MQTT_UNEXPECTED_HANGUP": _CLOSED,
    "AWS_ERROR_MQTT5_CONNACK_TIMEOUT": _NO_MQTT,
    "AWS_ERROR_MQTT5_DECODE_PROTOCOL_ERROR": _NO_MQTT,
    "AWS_ERROR_MQTT5_PING_RESPONSE_TIMEOUT": _NETWORK,
    "AWS_ERROR_HTTP_PROXY_CONNECT_FAILED": _PROXY,
    "AWS_ERROR_HTTP_PROXY_CONNECT_FAILED_RETRYABLE": _PROXY,
    "AWS_IO_SHARED_LIBRARY_LOAD_FAILURE": "check publish.pkcs11_library",
    "AWS_ERROR_PKCS11_TOKEN_NOT_FOUND": _PKCS11,
    "AWS_ERROR_PKCS11_KEY_NOT_FOUND": _PKCS11,
    "AWS_ERROR_PKCS11_CKR_SLOT_ID_INVALID": _PKCS11,
    "AWS_ERROR_PKCS11_CKR_PIN_INCORRECT": _PIN,
    "AWS_ERROR_PKCS11_CKR_PIN_INVALID": _PIN,
    "AWS_ERROR_PKCS11_CKR_PIN_LEN_RANGE": _PIN,
    "AWS_ERROR_PKCS11_CKR_PIN_LOCKED": _PIN,
    "AWS_ERROR_INVALID_ARGUMENT": _PEM,
    "AWS_ERROR_PEM_MALFORMED": _PEM,
    # From here on those of Python's sockets and TLS, and of paho's adapter.
    "gaierror": _NAME,
    "UnicodeError": _NAME,
    "ConnectionRefusedError": "nothing listens on publish.port of publish.endpoint",
    "TimeoutError": _NETWORK,
    "OSError": _NETWORK,
    "ConnectionResetError": _CLOSED,
    "BrokenPipeError": _CLOSED,
    "SSLCertVerificationError": _TRUST,
    "SSL_ALERT": _CERTIFICATE,
    "SSL_MISMATCH": _KEY,
    "SSL_PEM": _PEM,
    "SSL_ERROR": _CLOSED,
    "CONNACK_TIMEOUT": _NO_MQTT,
    "PING_RESPONSE_TIMEOUT": _NETWORK,
    "PROTOCOL": _NO_MQTT,
    "HANGUP": _CLOSED,
    "FileNotFoundError": _FILE,
    "PermissionError": _FILE,
    "IsADirectoryError": _FILE,
}


def of_reason(what: str, code: int | None) -> Diagnosis:
    """Explain a reason code; None stands for one that MQTT does not define.

    Args:
        what: what was refused, e.g. `connection`.
        code: 0x80 to 0xFF.
    """
    if code is None:
        return Diagnosis(f"{what}: the broker gave an unknown reason code")
    message, hint = _REASONS.get(code, Diagnosis("reason unknown"))
    return Diagnosis(f"{what}: {message} (0x{code:02X})", hint)


def of_error(what: str, name: str, text: str) -> Diagnosis:
    """Explain an error of the MQTT library by its name, e.g. `AWS_IO_SOCKET_TIMEOUT`."""
    return Diagnosis(f"{what}: {text} ({name})", _HINTS.get(name, ""))


def refusal(reason: int | None) -> PublishError:
    """Make the error of a message that the broker refused."""
    why = of_reason("publish", reason)
    kind = PermanentPublishError if reason in NEVER_AGAIN else TemporaryPublishError
    return kind(why.message, hint=why.hint)


def failure(name: str, text: str) -> PublishError:
    """Make the error of a message that the MQTT library could not get through."""
    why = of_error("publish", name, text)
    # A message that breaks the limits of MQTT or of this broker breaks them every time.
    kind = PermanentPublishError if "VALIDATION" in name else TemporaryPublishError
    return kind(why.message, hint=why.hint)
