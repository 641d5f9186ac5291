"""What the probe says of a broker that refuses one thing after the other."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from devicewarden.config.settings import PublishSettings, Settings, ThingSettings
from devicewarden.publish.probe_mqtt import Tried, tried

if TYPE_CHECKING:
    from tests.e2e.publish.faulty.conftest import Case

pytestmark = pytest.mark.e2e
Run = Callable[[Any], Any]
CONNECT, PUBLISH, SUBSCRIBE = 1, 3, 8
NOT_AUTHORIZED = 0x87


@pytest.fixture
def attempt(run: Run, case: "Case", plain_settings: PublishSettings) -> Callable[[], Tried]:
    async def main() -> Tried:
        async with case.broker.listening():
            publish = replace(
                plain_settings,
                port=case.broker.port,
                reply_timeout_s=0.1,
                ack_timeout_s=1,
                presence_topic="presence",
            )
            return await tried(Settings(thing=ThingSettings("a", "a"), publish=publish))

    return lambda: run(main())


@pytest.mark.parametrize(
    ("reason", "words"),
    [(NOT_AUTHORIZED, "not authorized"), (0x85, "client id"), (0x86, "bad user name")],
)
def test_a_refused_connection_is_the_end(
    case: "Case", attempt: Callable[[], Tried], reason: int, words: str
) -> None:
    case.broker.reasons[CONNECT] = reason

    found = attempt()

    assert found.connect is not None
    assert words in found.connect.message
    assert found.connect.hint
    assert (found.subscribe, found.publish, found.reply) == (None, None, None)


def test_a_refused_subscription_does_not_hide_a_refused_report(
    case: "Case", attempt: Callable[[], Tried]
) -> None:
    case.broker.reasons = {SUBSCRIBE: NOT_AUTHORIZED, PUBLISH: NOT_AUTHORIZED}

    found = attempt()

    assert found.connect is None
    assert found.subscribe is not None
    assert "subscribe to" in found.subscribe.message
    assert found.publish is not None
    assert all("policy" in each.hint for each in (found.subscribe, found.publish))


@pytest.mark.parametrize("step", [SUBSCRIBE, PUBLISH], ids=["subscribe", "publish"])
def test_a_broker_that_hangs_up_instead_of_answering_points_at_the_policy(
    case: "Case", attempt: Callable[[], Tried], step: int
) -> None:
    # As AWS IoT Core does.
    case.broker.reasons[step] = None
    case.broker.close_after = step

    found = attempt()

    why = found.subscribe if step == SUBSCRIBE else found.publish
    assert why is not None
    assert "certificate" in why.hint or "policy" in why.hint


def test_silence_is_told_from_a_refusal(case: "Case", attempt: Callable[[], Tried]) -> None:
    found = attempt()

    assert (found.connect, found.subscribe, found.publish) == (None, None, None)
    assert found.reply is not None
    seen = [case.broker.seen.get_nowait() for _ in range(case.broker.seen.qsize())]
    assert [body[-2:] for kind, body in seen if kind == PUBLISH] == [b"{}"]
