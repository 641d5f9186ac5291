"""Settings -> awscrt's MQTT 5 client, with every option that matters chosen here."""

import re
from typing import Any, Final

from awscrt import http, io, mqtt5
from awscrt.exceptions import AwsCrtError

from devicewarden.config.broker import broker_port, is_aws, protocols
from devicewarden.config.settings import PublishSettings
from devicewarden.model.errors import ConfigError
from devicewarden.publish.credentials import read_secret
from devicewarden.publish.presence import presence
from devicewarden.publish.topics import presence_topic

MAX_PACKET_BYTES: Final = 40_960
"""What we take from the broker: the document of a job has 32 KiB at most."""

NATIVE_ERRORS: Final = (AwsCrtError, OSError, RuntimeError, TypeError, ValueError)
"""What awscrt raises, here and from its futures."""

# This list of ciphers begins at TLS 1.2.
CIPHERS: Final = io.TlsCipherPref.PQ_DEFAULT
NATIVE_TEXT: Final = re.compile(r"\d+ \((AWS_\w+)\): (.*)", re.DOTALL)


def connect_packet(settings: PublishSettings, client_id: str, will: Any | None) -> Any:
    """Make the CONNECT packet; the password is read from its file.

    Raises:
        ConfigError: the password cannot be read.
    """
    password = settings.password_file
    return mqtt5.ConnectPacket(
        client_id=client_id,
        keep_alive_interval_sec=settings.keep_alive_s,
        username=settings.username or None,
        password=read_secret(password, "publish.password_file") if password else None,
        session_expiry_interval_sec=settings.session_expiry_s,
        maximum_packet_size=MAX_PACKET_BYTES,
        will=will,
    )


def presence_packets(settings: PublishSettings, thing: str) -> tuple[Any, Any, Any]:
    """Make last will, birth message and farewell; all None where they have no topic.

    Raises:
        ConfigError: a thing name or topic that no broker would take.
    """
    topic = presence_topic(settings, thing=thing)
    if not topic:
        return None, None, None
    return (
        _retained(topic, presence(thing, "offline", "lost")),
        _retained(topic, presence(thing, "online", "started")),
        _retained(topic, presence(thing, "offline", "stopped")),
    )


def client_options(settings: PublishSettings, connect: Any) -> Any:
    """Make the options of a client: one thread, no queue, full jitter, nothing told to AWS.

    Raises:
        ConfigError: the proxy's password cannot be read, or a proxy without TLS.
    """
    # First what may raise: awscrt's objects forget the error under way when they are destroyed.
    proxy = _proxy(settings) if settings.proxy_host else None
    group = io.EventLoopGroup(1)
    socket_options = io.SocketOptions()
    socket_options.connect_timeout_ms = _ms(settings.connect_timeout_s)
    rejoin = settings.session_expiry_s > 0
    validation = mqtt5.ExtendedValidationAndFlowControlOptions
    sessions = mqtt5.ClientSessionBehaviorType
    return mqtt5.ClientOptions(
        host_name=settings.endpoint,
        port=broker_port(settings),
        bootstrap=io.ClientBootstrap(group, io.DefaultHostResolver(group, max_hosts=2)),
        socket_options=socket_options,
        http_proxy_options=proxy,
        connect_options=connect,
        session_behavior=sessions.REJOIN_POST_SUCCESS if rejoin else sessions.CLEAN,
        # AWS's limits of topics and rates are not those of other brokers.
        extended_validation_and_flow_control_options=(
            validation.AWS_IOT_CORE_DEFAULTS if is_aws(settings.endpoint) else validation.NONE
        ),
        offline_queue_behavior=mqtt5.ClientOperationQueueBehaviorType.FAIL_ALL_ON_DISCONNECT,
        retry_jitter_mode=mqtt5.ExponentialBackoffJitterMode.FULL,
        min_reconnect_delay_ms=_ms(settings.first_wait_s),
        # A connection of 30 s resets the delay, awscrt's default: awscrt 0.36 writes the option
        # min_connected_time_to_reset_reconnect_delay_ms over min_reconnect_delay_ms instead.
        max_reconnect_delay_ms=_ms(max(settings.first_wait_s, settings.max_wait_s)),
        # awscrt wants the answer to a ping before the next one is due.
        ping_timeout_ms=_ms(min(settings.ack_timeout_s, settings.keep_alive_s / 2)),
        connack_timeout_ms=_ms(settings.connect_timeout_s),
        ack_timeout_sec=settings.ack_timeout_s,
        disable_metrics=True,
    )


def make_client(settings: PublishSettings, options: Any) -> Any:
    """Make the client: certificate and key, PKCS#11, TLS without a certificate, or plain text.

    Raises:
        ConfigError: the PIN cannot be read.
        NATIVE_ERRORS: a file, module, PIN or option that awscrt cannot use.
    """
    if settings.tls:
        options.tls_ctx = io.ClientTlsContext(_tls(settings))
    return mqtt5.Client(options)


def name_and_text(error: BaseException) -> tuple[str, str]:
    """Take the name and the explanation out of one of NATIVE_ERRORS."""
    if isinstance(error, AwsCrtError):
        return error.name, error.message
    native = NATIVE_TEXT.fullmatch(str(error))
    return (native[1], native[2]) if native else (type(error).__name__, str(error))


def _retained(topic: str, payload: bytes) -> Any:
    return mqtt5.PublishPacket(
        topic=topic, payload=payload, qos=mqtt5.QoS.AT_LEAST_ONCE, retain=True
    )


def _tls(settings: PublishSettings) -> Any:
    # awsiot's builder would do this too, for half a megabyte of MQTT 3, signing and shadows.
    kinds = io.TlsContextOptions
    if settings.pkcs11_library:
        tls = kinds.create_client_with_mtls_pkcs11(**_pkcs11(settings))
    elif settings.cert_file:
        tls = kinds.create_client_with_mtls_from_path(settings.cert_file, settings.key_file)
    else:
        tls = kinds()
    tls.cipher_pref = CIPHERS
    if settings.ca_file:
        tls.override_default_trust_store_from_path(ca_filepath=settings.ca_file)
    if offered := protocols(settings):
        tls.alpn_list = offered
    return tls


def _pkcs11(settings: PublishSettings) -> dict[str, Any]:
    pin = settings.pkcs11_pin_file
    return {
        "pkcs11_lib": io.Pkcs11Lib(file=settings.pkcs11_library),
        # Tokens without a PIN, or with a keypad of their own, take None.
        "user_pin": read_secret(pin, "publish.pkcs11_pin_file") if pin else None,
        "slot_id": settings.pkcs11_slot if settings.pkcs11_slot >= 0 else None,
        "token_label": settings.pkcs11_token_label or None,
        "private_key_label": settings.pkcs11_key_label or None,
        "cert_file_path": settings.cert_file,
    }


def _proxy(settings: PublishSettings) -> Any:
    if not settings.tls:
        raise ConfigError("publish.proxy_host: awscrt uses a proxy with publish.tls alone")
    password = settings.proxy_password_file
    basic = bool(settings.proxy_username)
    return http.HttpProxyOptions(
        settings.proxy_host,
        settings.proxy_port,
        auth_type=http.HttpProxyAuthenticationType(int(basic)),
        auth_username=settings.proxy_username or None,
        auth_password=read_secret(password, "publish.proxy_password_file") if password else None,
        connection_type=http.HttpProxyConnectionType.Tunneling,
    )


def _ms(seconds: float) -> int:
    # For awscrt 0 means its own default.
    return max(1, round(seconds * 1000))
