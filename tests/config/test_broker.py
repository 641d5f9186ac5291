"""One answer to how a broker is reached, whoever asks."""

import pytest

from devicewarden.config.broker import broker_port, is_aws, protocols
from devicewarden.config.settings import PublishSettings


@pytest.mark.parametrize(
    ("settings", "port"),
    [
        (PublishSettings(), 8883),
        (PublishSettings(tls=False), 1883),
        (PublishSettings(port=443), 443),
        (PublishSettings(port=18830, tls=False), 18830),
    ],
    ids=["tls", "plain", "https", "chosen"],
)
def test_the_port_is_the_usual_one_unless_another_is_set(
    settings: PublishSettings, port: int
) -> None:
    assert broker_port(settings) == port


@pytest.mark.parametrize(
    ("settings", "offered"),
    [
        (PublishSettings(port=443, cert_file="/c"), ["x-amzn-mqtt-ca"]),
        (PublishSettings(port=443), []),
        (PublishSettings(cert_file="/c"), []),
    ],
    ids=["certificate over https", "password", "the usual port"],
)
def test_mqtt_is_told_from_https_where_a_certificate_is_shown(
    settings: PublishSettings, offered: list[str]
) -> None:
    assert protocols(settings) == offered


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ("abc-ats.iot.eu-central-1.amazonaws.com", True),
        ("ABC-ats.iot.cn-north-1.amazonaws.com.cn.", True),
        ("amazonaws.com.example", False),
    ],
)
def test_an_endpoint_of_aws_is_known_by_its_name(endpoint: str, *, expected: bool) -> None:
    assert is_aws(endpoint) == expected
