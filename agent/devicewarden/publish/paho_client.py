"""Settings -> paho's MQTT 5 client, and what that client may not take from a broker."""

import socket
import ssl
import struct
from typing import Final, NamedTuple, NoReturn, Protocol

from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.exception import MalformedPacket, MQTTException
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from devicewarden.config.broker import broker_port, protocols
from devicewarden.config.settings import PublishSettings
from devicewarden.model.errors import ConfigError
from devicewarden.publish.credentials import read_secret
from devicewarden.publish.presence import presence
from devicewarden.publish.topics import presence_topic

MAX_PACKET_BYTES: Final = 40_960
"""What we take from the broker: the document of a job has 32 KiB at most."""

MAX_UNREAD_PACKETS: Final = 1000
"""Who leaves so many unread is acknowledged nothing more: paho would queue without end."""

PAHO_ERRORS: Final = (OSError, ValueError, TypeError, LookupError, struct.error, MQTTException)
"""What paho raises while it dials, and over what a broker sends."""


class OneConnection(Client):
    """Paho's client, made anew for each connection, so that no message outlives its connection.

    Attributes:
        trouble: the error of the socket that ended the connection, if one did.
    """

    def __init__(self, client_id: str, tls: ssl.SSLContext | None) -> None:
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=MQTTv5,
            reconnect_on_failure=False,
        )
        self.trouble: OSError | None = None
        self._tls = tls
        # Without a limit nothing is queued, to be sent when somebody waits for it no longer.
        self.max_inflight_messages_set(0)

    def _create_socket(self) -> socket.socket:
        # Paho's own leaves the socket open where TLS fails.
        address = (self.host, self.port)
        plain = socket.create_connection(address, timeout=self.connect_timeout)
        if self._tls is None:
            return plain
        wrapped = self._tls.wrap_socket(
            plain, server_hostname=self.host, do_handshake_on_connect=False
        )
        try:
            wrapped.do_handshake()
        except OSError:
            wrapped.close()
            raise
        return wrapped

    def _sock_recv(self, bufsize: int) -> bytes:
        try:
            # Paho asks for the rest of the packet, which a broker may announce to have 256 MB.
            if bufsize > MAX_PACKET_BYTES:
                raise ConnectionError(f"the broker sends a packet of {bufsize} bytes")
            return super()._sock_recv(bufsize)
        except BlockingIOError:
            raise
        except OSError as error:
            self.trouble = error
            raise

    def _sock_send(self, buf: bytes | bytearray) -> int:
        try:
            return super()._sock_send(buf)
        except BlockingIOError:
            raise
        except OSError as error:
            self.trouble = error
            raise

    def _send_puback(self, mid: int) -> MQTTErrorCode:
        self._refuse_a_flood()
        return super()._send_puback(mid)

    def _send_pingresp(self) -> MQTTErrorCode:
        self._refuse_a_flood()
        return super()._send_pingresp()

    def _refuse_a_flood(self) -> None:
        if len(self._out_packet) >= MAX_UNREAD_PACKETS:
            raise ConnectionError("the broker sends, and reads no answer")

    def _send_pubrec(self, mid: int) -> NoReturn:
        # Paho would keep every message of QoS 2 until the broker releases it.
        raise MalformedPacket(f"message {mid} has QoS 2, and we subscribe with QoS 1")


class MakesClient(Protocol):
    """Makes the client of one connection."""

    def __call__(self, *, clean_start: bool) -> OneConnection:
        """Make it; with a clean start the broker forgets the session."""
        ...


class Presence(NamedTuple):
    """What is said, retained, about the connection."""

    topic: str
    will: bytes
    birth: bytes
    farewell: bytes


def presence_messages(settings: PublishSettings, thing: str) -> Presence | None:
    """Write the presence messages; None where they have no topic.

    Raises:
        ConfigError: a thing name or topic that no broker would take.
    """
    topic = presence_topic(settings, thing=thing)
    if not topic:
        return None
    return Presence(
        topic,
        presence(thing, "offline", "lost"),
        presence(thing, "online", "started"),
        presence(thing, "offline", "stopped"),
    )


def client_maker(settings: PublishSettings, client_id: str, said: Presence | None) -> MakesClient:
    """Read certificate, key and password once, and give what makes clients with them.

    Raises:
        ConfigError: a password that cannot be read, or what paho cannot do.
        PAHO_ERRORS: a certificate or key that cannot be used.
    """
    _refuse_what_paho_cannot(settings)
    tls = _tls(settings) if settings.tls else None
    password_file = settings.password_file
    password = read_secret(password_file, "publish.password_file") if password_file else None

    def make(*, clean_start: bool) -> OneConnection:
        client = OneConnection(client_id, tls)
        client.connect_timeout = settings.connect_timeout_s
        client.username_pw_set(settings.username or None, password)
        if said is not None:
            client.will_set(said.topic, said.will, qos=1, retain=True)
        client.connect_async(
            settings.endpoint,
            broker_port(settings),
            settings.keep_alive_s,
            clean_start=clean_start,
            properties=_connect_properties(settings),
        )
        return client

    return make


def disconnect_properties() -> Properties:
    """Say with DISCONNECT that the broker need not keep the session."""
    properties = Properties(PacketTypes.DISCONNECT)  # type: ignore[no-untyped-call]  # paho's own
    properties.SessionExpiryInterval = 0
    return properties


def name_and_text(error: Exception) -> tuple[str, str]:
    """Take the name and the explanation out of an error of the socket, of TLS or of paho."""
    if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLCertVerificationError):
        reason = error.reason or str(error)
        known = next((word for word in ("ALERT", "MISMATCH", "PEM") if word in reason), "ERROR")
        return f"SSL_{known}", reason.replace("_", " ").lower()
    text = error.strerror if isinstance(error, OSError) else None
    return type(error).__name__, text or str(error) or "no details"


def _refuse_what_paho_cannot(settings: PublishSettings) -> None:
    hint = "install awsiotsdk, which can, or leave it empty"
    if settings.pkcs11_library:
        raise ConfigError(
            "publish.pkcs11_library: paho-mqtt takes keys from files alone", hint=hint
        )
    if settings.proxy_host:
        raise ConfigError("publish.proxy_host: paho-mqtt is used without a proxy", hint=hint)


def _tls(settings: PublishSettings) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.ca_file:
        context.load_verify_locations(settings.ca_file)
    else:
        context.load_default_certs()
    if settings.cert_file:
        # Without this function OpenSSL would ask the terminal.
        context.load_cert_chain(settings.cert_file, settings.key_file, password=_no_password)
    if offered := protocols(settings):
        context.set_alpn_protocols(offered)
    return context


def _no_password() -> str:
    raise ValueError("publish.key_file: is encrypted")


def _connect_properties(settings: PublishSettings) -> Properties:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's own
    properties.SessionExpiryInterval = settings.session_expiry_s
    properties.MaximumPacketSize = MAX_PACKET_BYTES
    return properties
