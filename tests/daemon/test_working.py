"""Jobs against the sandbox's own service, over a wire that loses, repeats and cuts the power."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.daemon.paper_time import PaperLoop, run_on_paper

from devicewarden.config.jobs_settings import JobsSettings
from devicewarden.config.settings import Settings
from devicewarden.daemon.working import AGAIN_S, Working
from devicewarden.model.errors import TemporaryPublishError
from devicewarden.model.job import Operation
from devicewarden.publish.job_channel import JobChannel
from devicewarden.publish.job_replies import Execution
from devicewarden.publish.publisher import MessageHandler, handler_for
from devicewarden.sandbox.jobs import JobService, Message
from devicewarden.state.job_memory import Begun, JobEnd

SETTINGS = Settings(jobs=JobsSettings(("RUN_AUDIT", "RESTART")))
AUDIT = {"operation": "RUN_AUDIT"}
LONG_S = 3600.0


class PowerCutError(BaseException):
    """The process is gone; what it remembered on disk is not."""


class Memory:
    """What is on disk; full or read-only where a test says so."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, int], Begun] = {}
        self.writable = True

    def recall(self, job_id: str, number: int) -> Begun | None:
        return self.rows.get((job_id, number))

    def begin(self, job_id: str, number: int) -> bool:
        if self.writable:
            known = self.rows.get((job_id, number), Begun(0, None))
            self.rows[job_id, number] = Begun(known.times + 1, known.end)
        return self.writable

    def end(self, job_id: str, number: int, end: JobEnd) -> bool:
        self.rows[job_id, number] = Begun(self.rows[job_id, number].times, end)
        return True


class Hand:
    """Does operations on paper, and counts them."""

    def __init__(self, during: Callable[[], None]) -> None:
        self.done: Counter[str] = Counter()
        self.during = during

    async def do(self, operation: Operation, execution: Execution) -> JobEnd:
        del operation
        self.during()
        self.done[execution.job_id] += 1
        return JobEnd("SUCCEEDED", {})

    def ended(self, operation: Operation) -> None: ...


class Scene:
    """One device and the service, with a wire between them that fails as `fate` says."""

    def __init__(self, fate: Callable[[], str] = lambda: "") -> None:
        self.service = JobService()
        self.memory = Memory()
        self.hand = Hand(self._during)
        self.fate = fate
        self.handlers: dict[str, MessageHandler] = {}
        self.begin()

    def begin(self) -> None:
        """Start the process anew: all that is left is on disk."""
        self.handlers = {}
        channel = JobChannel(self, "edge-1", timeout_s=5)  # type: ignore[arg-type]  # as much of a publisher as is needed
        self.working = Working(SETTINGS, lambda: channel, self.memory, self.hand)

    def subscribe(self, topic: str, handler: MessageHandler) -> None:
        self.handlers[topic] = handler

    async def publish(self, topic: str, payload: bytes, *, qos: int) -> None:
        assert qos == 1
        fate = self.fate()
        if fate == "power":
            raise PowerCutError
        if fate == "refused":
            raise TemporaryPublishError("not connected")
        if fate == "lost":
            return
        messages = self.service.answer(topic, payload)
        if fate == "answer lost":
            return
        for message in [*messages, *(messages if fate == "twice" else [])]:
            self.hear(message)

    def hear(self, message: Message) -> None:
        handler = handler_for(self.handlers, message.topic)
        if handler is not None:
            handler(message.topic, message.payload)

    def create(self, document: Any) -> str:
        job_id, notes = self.service.create("edge-1", document)
        for note in notes:
            self.hear(note)
        return job_id

    def status(self, job_id: str) -> str:
        job = self.service.find(job_id)
        return "" if job is None else job.status

    async def live(self, seconds: float = LONG_S) -> None:
        """Connect and work for so long; after a power cut begin anew."""
        self.working.wake()
        try:
            async with asyncio.timeout(seconds):
                while True:
                    await self.working.round()
        except TimeoutError:
            pass
        except PowerCutError:
            self.begin()
            await self.live(seconds)

    def _during(self) -> None:
        if self.fate() == "power":
            raise PowerCutError


def lived(scene: Scene, *documents: Any) -> list[str]:
    """Create jobs, live, and tell how they stand."""

    async def main(_loop: PaperLoop) -> list[str]:
        jobs = [scene.create(document) for document in documents]
        await scene.live()
        return [scene.status(job) for job in jobs]

    return run_on_paper(main)


FATES = ["", "", "", "lost", "answer lost", "refused", "twice", "power"]


@given(st.integers(0, 2**32), st.integers(0, 12))
def test_every_job_ends_whatever_the_wire_loses_and_none_is_done_again_once_it_ended(
    seed: int, troubles: int
) -> None:
    chance = Random(seed)
    left = iter(range(troubles))
    scene = Scene(lambda: chance.choice(FATES) if next(left, None) is not None else "")

    statuses = lived(scene, AUDIT, AUDIT, {"operation": "RESTART"})

    assert set(statuses) <= {"SUCCEEDED", "FAILED"}
    # More than once only where the power went before the end was on disk.
    assert all(times <= scene.memory.rows[key].times for key, times in by_key(scene).items())


def by_key(scene: Scene) -> dict[tuple[str, int], int]:
    return {key: scene.hand.done[key[0]] for key in scene.memory.rows}


def test_jobs_are_done_in_order_and_once() -> None:
    scene = Scene()

    statuses = lived(scene, AUDIT, AUDIT)

    assert statuses == ["SUCCEEDED", "SUCCEEDED"]
    assert list(scene.hand.done.items()) == [("job-1", 1), ("job-2", 1)]


@pytest.mark.parametrize(
    ("document", "why"),
    [
        pytest.param({"operation": "ERASE"}, "operation must be one of", id="unknown"),
        pytest.param({"operation": "ROTATE_CERTIFICATE"}, "does not name", id="not allowed"),
        pytest.param({"operation": "RESTART", "path": "/"}, "path is not known", id="a path"),
        pytest.param([[[[[[[[[[[[[[[1]]]]]]]]]]]]]]], "cannot be read", id="deep"),
        pytest.param({"operation": "x" * 37_000}, "cannot be read", id="oversized"),
    ],
)
def test_a_document_that_is_none_of_ours_is_rejected_and_the_next_job_done(
    document: Any, why: str
) -> None:
    scene = Scene()

    statuses = lived(scene, document, AUDIT)

    assert statuses == ["REJECTED", "SUCCEEDED"]
    rejected = scene.service.find("job-1")
    assert rejected is not None
    assert why in rejected.details["reason"]


def test_a_job_that_the_agent_does_not_survive_is_given_up() -> None:
    scene = Scene()

    def cut() -> None:
        raise PowerCutError

    scene.hand.during = cut

    (status,) = lived(scene, AUDIT)

    assert status == "FAILED"
    assert scene.memory.rows["job-1", 1].times == 3


def test_a_job_is_not_begun_where_that_cannot_be_remembered() -> None:
    scene = Scene()
    scene.memory.writable = False

    (status,) = lived(scene, AUDIT)

    assert status == "FAILED"
    assert not scene.hand.done


def test_a_job_that_was_cancelled_meanwhile_holds_nothing_up() -> None:
    scene = Scene()

    def cancel() -> None:
        scene.service.cancel("edge-1", "job-1")

    scene.hand.during = cancel

    statuses = lived(scene, AUDIT)

    assert statuses == ["CANCELED"]


def test_a_version_that_went_on_meanwhile_is_asked_for_again() -> None:
    scene = Scene()

    def meanwhile() -> None:
        job = scene.service.find("job-1")
        assert job is not None
        job.version += 5

    scene.hand.during = meanwhile

    assert lived(scene, AUDIT) == ["SUCCEEDED"]


def test_the_end_of_a_job_is_told_again_where_nobody_heard_it() -> None:
    scene = Scene()
    silent = iter(["", "", "lost"])
    scene.fate = lambda: next(silent, "")

    async def main(_loop: PaperLoop) -> tuple[str, str]:
        job = scene.create(AUDIT)
        await scene.live(AGAIN_S / 2)
        early = scene.status(job)
        await scene.live()
        return early, scene.status(job)

    assert run_on_paper(main) == ("IN_PROGRESS", "SUCCEEDED")
    assert scene.hand.done == {"job-1": 1}


def test_replayed_note_does_nothing_again() -> None:
    scene = Scene()

    async def main(_loop: PaperLoop) -> None:
        _, (note,) = scene.service.create("edge-1", AUDIT)
        await scene.live()
        for _ in range(5):
            scene.hear(note)
            scene.hear(
                Message(f"{note.topic.rpartition('/')[0]}/start-next/accepted", note.payload)
            )
            await scene.live()

    run_on_paper(main)

    assert scene.hand.done == {"job-1": 1}
    assert json.dumps(scene.working.done)
