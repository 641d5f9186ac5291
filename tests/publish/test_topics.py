"""Topic names, and the ones that no broker would take."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devicewarden.config.settings import PublishSettings
from devicewarden.model.errors import ConfigError
from devicewarden.publish.topics import Topics, check_thing, presence_topic, report_topics


def test_default_topics_are_those_of_aws() -> None:
    assert report_topics(PublishSettings(), thing="edge-17", encoding="cbor") == Topics(
        report="$aws/things/edge-17/defender/metrics/cbor",
        accepted="$aws/things/edge-17/defender/metrics/cbor/accepted",
        rejected="$aws/things/edge-17/defender/metrics/cbor/rejected",
    )


def test_without_a_reply_the_default_topic_is_a_plain_one() -> None:
    settings = PublishSettings(expect_reply=False)

    assert report_topics(settings, thing="edge-17", encoding="json") == Topics(
        report="devicewarden/edge-17/metrics/json"
    )


def test_thing_and_format_are_filled_into_a_topic_of_the_operator() -> None:
    settings = PublishSettings(topic="{format}/from/{thing}", expect_reply=False)

    assert report_topics(settings, thing="{format}", encoding="json").report == "json/from/{format}"


def test_presence_topic_is_empty_unless_it_is_set() -> None:
    assert presence_topic(PublishSettings(), thing="edge-17") == ""
    assert presence_topic(PublishSettings(presence_topic="p/{thing}"), thing="edge-17") == (
        "p/edge-17"
    )


@pytest.mark.parametrize(
    "topic",
    [
        pytest.param("a/+/b", id="plus"),
        pytest.param("a/#", id="hash"),
        pytest.param("a\nb", id="control character"),
        pytest.param("a/{thnig}", id="misspelt placeholder"),
        pytest.param("é" * 124, id="over 256 bytes with the reply's suffix"),
        pytest.param("$aws/1/2/3/4/5/6/7", id="eight slashes with the reply's suffix"),
        pytest.param("a/\ud800", id="lone surrogate"),
    ],
)
def test_a_topic_that_no_broker_takes_is_a_config_error(topic: str) -> None:
    with pytest.raises(ConfigError, match=r"publish\.topic"):
        report_topics(PublishSettings(topic=topic), thing="edge-17", encoding="json")


def test_slashes_are_counted_on_aws_topics_alone() -> None:
    settings = PublishSettings(topic="1/2/3/4/5/6/7/8/9/10", expect_reply=False)

    assert report_topics(settings, thing="t", encoding="json").report == settings.topic


@pytest.mark.parametrize(
    "thing",
    ["", "a/b", "a+b", "a#b", "a\0b", "\x1b[31m", "é" * 65, "\ud800"],
    ids=["empty", "slash", "plus", "hash", "nul", "escape", "130 bytes", "surrogate"],
)
def test_a_thing_name_that_cannot_be_in_a_topic_is_a_config_error(thing: str) -> None:
    with pytest.raises(ConfigError, match=r"thing\.name"):
        check_thing(thing)


@given(thing=st.text(max_size=130))
def test_a_thing_name_either_is_refused_or_gives_topics_that_fit(thing: str) -> None:
    try:
        topics = report_topics(PublishSettings(), thing=thing, encoding="json")
    except ConfigError:
        return

    assert len(topics.accepted.encode()) <= 256
    assert topics.accepted.count("/") == 6
