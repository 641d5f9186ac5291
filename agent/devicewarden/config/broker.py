"""How a broker is reached: its port, and what AWS IoT Core has to be told in the TLS handshake."""

from typing import Final

from devicewarden.config.settings import PublishSettings

TLS_PORT: Final = 8883
PLAIN_PORT: Final = 1883
HTTPS_PORT: Final = 443
CERTIFICATE_OVER_HTTPS_PORT: Final = "x-amzn-mqtt-ca"
AWS_DOMAINS: Final = (".amazonaws.com", ".amazonaws.com.cn")
GREENGRASS: Final = "greengrass"
"""The endpoint that means the nucleus of the Greengrass component that the agent is."""


def broker_port(publish: PublishSettings) -> int:
    """Tell the broker's port: that of the settings, or the usual one."""
    return publish.port or (TLS_PORT if publish.tls else PLAIN_PORT)


def protocols(publish: PublishSettings) -> list[str]:
    """Tell what is offered by ALPN: on the port of HTTPS, MQTT with a client certificate.

    Source: AWS IoT Core developer guide, "Device communication protocols".
    """
    over_https = publish.port == HTTPS_PORT and publish.cert_file
    return [CERTIFICATE_OVER_HTTPS_PORT] if over_https else []


def is_aws(endpoint: str) -> bool:
    """Tell an endpoint of AWS by its name; one of your own domain does not show it."""
    return endpoint.lower().rstrip(".").endswith(AWS_DOMAINS)
