"""Which MQTT library connects."""

import sys

import pytest

from devicewarden.config.settings import PublishSettings, Settings, ThingSettings
from devicewarden.model.errors import ConfigError
from devicewarden.publish.connect import open_publisher
from devicewarden.publish.greengrass import SOCKET, TOKEN, GreengrassPublisher


def opened(library: str) -> str:
    publish = PublishSettings(endpoint="localhost", tls=False, library=library)  # type: ignore[arg-type]  # one of three
    return type(open_publisher(Settings(thing=ThingSettings("edge-1"), publish=publish))).__name__


def test_greengrass_outside_a_component_is_a_config_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SVCUID", raising=False)
    settings = Settings(
        thing=ThingSettings("edge-1"), publish=PublishSettings(endpoint="greengrass")
    )

    with pytest.raises(ConfigError, match="SVCUID"):
        open_publisher(settings)


def test_greengrass_has_no_last_will() -> None:
    environ = {SOCKET: "/some/socket", TOKEN: "0123456789ABCDEF"}

    with pytest.raises(ConfigError, match=r"publish\.presence_topic"):
        GreengrassPublisher(PublishSettings(presence_topic="presence"), environ)


@pytest.fixture
def no_awscrt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "devicewarden.publish.awscrt_mqtt", raising=False)
    monkeypatch.setitem(sys.modules, "awscrt", None)


def test_awscrt_connects_where_it_is_there() -> None:
    assert opened("auto") == "AwsCrtPublisher"


@pytest.mark.usefixtures("no_awscrt")
def test_paho_connects_where_awscrt_cannot_be_imported() -> None:
    assert opened("auto") == "PahoPublisher"


def test_paho_connects_where_it_is_asked_for() -> None:
    assert opened("paho") == "PahoPublisher"


@pytest.mark.usefixtures("no_awscrt")
def test_awscrt_that_is_asked_for_and_missing_is_a_config_error() -> None:
    with pytest.raises(ConfigError, match="no MQTT library") as caught:
        opened("awscrt")

    assert "awsiotsdk" in caught.value.hint


@pytest.mark.usefixtures("no_awscrt")
def test_paho_may_load_ssl_although_the_daemon_keeps_it_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("devicewarden.publish.paho_mqtt", "devicewarden.publish.paho_client"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "ssl", None)

    assert opened("auto") == "PahoPublisher"
    assert sys.modules["ssl"] is not None
