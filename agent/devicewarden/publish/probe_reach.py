"""The way to the broker before any TLS: name and port, straight or through the proxy.

For `doctor` and `setup`; the daemon never loads it.
"""

import base64
import http.client
import socket
from typing import Final

from devicewarden.config.broker import TLS_PORT, broker_port
from devicewarden.config.settings import PublishSettings
from devicewarden.model.errors import PublishError
from devicewarden.publish.credentials import read_secret
from devicewarden.publish.diagnosis import of_error

_OTHER_PORT: Final = "; AWS IoT Core takes publish.port = 443 too, where 8883 is blocked"


def resolve(settings: PublishSettings) -> tuple[str, ...]:
    """Look up the host that is connected to: the proxy where there is one, else the broker.

    Returns:
        Its addresses, without doubles, in the order in which they are tried.

    Raises:
        PublishError: no name server knows it, or none answers.
    """
    host, port = _first_hop(settings)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    # UnicodeError: a label that no name can have.
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "is no host name"
        hint = hint_of("AWS_IO_DNS_QUERY_FAILED")
        if settings.proxy_host:
            hint = "check publish.proxy_host and this host's name servers"
        raise PublishError(f"{host}: {why}", hint=hint) from error
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))


def reach(settings: PublishSettings) -> socket.socket:
    """Connect to the broker's port, through the proxy where there is one.

    Returns:
        The socket, with `publish.connect_timeout_s` as its time-out; the caller closes it.

    Raises:
        PublishError: nobody answers, nobody listens, or the proxy refuses.
        ConfigError: the proxy's password cannot be read.
    """
    try:
        if settings.proxy_host:
            return _through_proxy(settings)
        return socket.create_connection(_first_hop(settings), settings.connect_timeout_s)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _unreachable(settings, error) from error


def hint_of(name: str) -> str:
    """Tell what the operator can do about an error that awscrt would give this name."""
    return of_error("", name, "").hint


def _first_hop(settings: PublishSettings) -> tuple[str, int]:
    if settings.proxy_host:
        return settings.proxy_host, settings.proxy_port
    return settings.endpoint, broker_port(settings)


def _through_proxy(settings: PublishSettings) -> socket.socket:
    headers = {}
    if settings.proxy_username:
        file = settings.proxy_password_file
        password = read_secret(file, "publish.proxy_password_file") if file else ""
        login = base64.b64encode(f"{settings.proxy_username}:{password}".encode()).decode()
        headers["Proxy-Authorization"] = f"Basic {login}"
    way = http.client.HTTPConnection(*_first_hop(settings), timeout=settings.connect_timeout_s)
    way.set_tunnel(settings.endpoint, broker_port(settings), headers)
    way.connect()
    opened: socket.socket = way.sock
    return opened


def _unreachable(settings: PublishSettings, error: Exception) -> PublishError:
    host, port = _first_hop(settings)
    where = f"{host} port {port}"
    if settings.proxy_host and not isinstance(error, ConnectionRefusedError | TimeoutError):
        return PublishError(
            f"the proxy {where}: {error}", hint=hint_of("AWS_ERROR_HTTP_PROXY_CONNECT_FAILED")
        )
    hint = hint_of("AWS_IO_SOCKET_TIMEOUT")
    why = getattr(error, "strerror", None) or str(error)
    if isinstance(error, ConnectionRefusedError):
        hint = hint_of("AWS_IO_SOCKET_CONNECTION_REFUSED")
        if settings.proxy_host:
            hint = "nothing listens on publish.proxy_port of publish.proxy_host"
    elif isinstance(error, TimeoutError):
        why = f"no answer within {settings.connect_timeout_s:g} s"
    if port == TLS_PORT:
        hint += _OTHER_PORT
    return PublishError(f"{where}: {why}", hint=hint)
