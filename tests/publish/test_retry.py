"""The one retry policy."""

import asyncio

import pytest
from tenacity import AsyncRetrying

from devicewarden.config.settings import PublishSettings
from devicewarden.model.errors import PermanentPublishError, TemporaryPublishError
from devicewarden.publish.retry import retrying

QUICK = PublishSettings(attempts=4, first_wait_s=0.001, max_wait_s=0.002)
SLOW = PublishSettings(attempts=4, first_wait_s=3600, max_wait_s=3600)


class Step:
    """Fails with each of the errors in turn, then succeeds."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0
        self.called = asyncio.Event()

    async def __call__(self) -> str:
        self.calls += 1
        self.called.set()
        if self.errors:
            raise self.errors.pop(0)
        return "done"


async def attempt(policy: AsyncRetrying, step: Step) -> str:
    result: str = await policy(step)
    return result


def test_temporary_errors_are_retried_until_it_works() -> None:
    step = Step(TemporaryPublishError("1"), TemporaryPublishError("2"))

    result = asyncio.run(attempt(retrying(QUICK, asyncio.Event()), step))

    assert (result, step.calls) == ("done", 3)


def test_after_the_last_attempt_the_last_error_is_raised_as_it_is() -> None:
    last = TemporaryPublishError("4", hint="look")
    step = Step(*(TemporaryPublishError(str(n)) for n in range(3)), last)

    with pytest.raises(TemporaryPublishError) as caught:
        asyncio.run(attempt(retrying(QUICK, asyncio.Event()), step))

    assert caught.value is last
    assert step.calls == QUICK.attempts


@pytest.mark.parametrize("error", [PermanentPublishError("no"), KeyError("bug")], ids=repr)
def test_nothing_else_is_retried(error: Exception) -> None:
    step = Step(error)

    with pytest.raises(type(error)):
        asyncio.run(attempt(retrying(QUICK, asyncio.Event()), step))

    assert step.calls == 1


def test_the_stop_event_ends_a_wait_of_an_hour_and_nothing_is_tried_again() -> None:
    stop = asyncio.Event()
    step = Step(TemporaryPublishError("1"))

    async def run() -> None:
        sending = asyncio.ensure_future(attempt(retrying(SLOW, stop), step))
        await step.called.wait()
        stop.set()
        await asyncio.wait_for(sending, 10)

    with pytest.raises(TemporaryPublishError, match="the agent stops"):
        asyncio.run(run())
    assert step.calls == 1


def test_waits_grow_and_stay_within_their_bounds() -> None:
    waits: list[float] = []

    async def note(seconds: float) -> None:
        waits.append(seconds)

    settings = PublishSettings(attempts=9, first_wait_s=1, max_wait_s=8)
    policy = retrying(settings, asyncio.Event()).copy(sleep=note)
    with pytest.raises(TemporaryPublishError):
        asyncio.run(attempt(policy, Step(*(TemporaryPublishError(str(n)) for n in range(9)))))

    assert all(0 <= wait_s <= min(8, 2**n) for n, wait_s in enumerate(waits))
    assert len(set(waits)) == 8


def test_a_cancellation_that_comes_with_the_stop_event_is_not_forgotten() -> None:
    step = Step(TemporaryPublishError("1"))

    async def run() -> bool:
        stop = asyncio.Event()
        sending = asyncio.ensure_future(attempt(retrying(SLOW, stop), step))
        await step.called.wait()
        await asyncio.sleep(0)
        stop.set()
        await asyncio.sleep(0)
        had_ended = not sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        return had_ended or sending.cancelled()

    assert asyncio.run(run())
