"""Does what AWS IoT Jobs asks for: one job at a time, each once, and each ends in a status.

At every connection, and whenever the service says so, the next job is asked for. A job that was
begun before a power loss comes back then: what is remembered of it tells whether it is to be done
again, or only to be told again.
"""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

import structlog

from devicewarden.config.settings import Settings
from devicewarden.model.errors import AgentError, PublishError
from devicewarden.model.job import (
    NAME_OF,
    JobDocumentError,
    JobStatus,
    Operation,
    parse_operation,
    told,
)
from devicewarden.publish.job_channel import JobChannel, JobRefusedError, UnreadableJobError
from devicewarden.publish.job_replies import Execution
from devicewarden.state.job_memory import Begun, JobEnd

log = structlog.get_logger()

BEGUN_AT_MOST: Final = 3
"""A job that the agent did not survive so often is not tried again."""

AGAIN_S: Final = 60.0
"""What could not be told is told again after this time, or at the next connection."""

_IN_PROGRESS: Final = "IN_PROGRESS"
_OVER: Final = ("InvalidStateTransition", "TerminalStateReached", "ResourceNotFound")
"""Refusals that mean that nobody waits for this job any longer."""

_OTHER_VERSION: Final = "VersionMismatch"


class KeepsJobs(Protocol):
    """What is remembered of jobs; False: not durably."""

    def recall(self, job_id: str, number: int) -> Begun | None: ...

    def begin(self, job_id: str, number: int) -> bool: ...

    def end(self, job_id: str, number: int, end: JobEnd) -> bool: ...


class Operates(Protocol):
    """Does operations."""

    async def do(self, operation: Operation, execution: Execution) -> JobEnd:
        """Do one; done again after a power loss it goes on, or does the same once more."""
        ...

    def ended(self, operation: Operation) -> None:
        """Be told that the end is on disk: what waited for that may happen now."""
        ...


class Working:
    """Takes jobs and does them.

    Attributes:
        settings: in force; they tell what is allowed.
        done: jobs that ended here since the start, by status.

    Args:
        settings: in force at first.
        channel: gives the way to the Jobs service; None: there is none now.
        memory: what is remembered of jobs.
        operator: does what they ask for.
    """

    def __init__(
        self,
        settings: Settings,
        channel: Callable[[], JobChannel | None],
        memory: KeepsJobs,
        operator: Operates,
    ) -> None:
        self.settings = settings
        self.done: dict[JobStatus, int] = {"SUCCEEDED": 0, "FAILED": 0, "REJECTED": 0}
        self._channel = channel
        self._memory = memory
        self._operator = operator
        self._wake = asyncio.Event()
        self._again_s: float | None = None

    def wake(self) -> None:
        """Ask for the next job soon: a connection was made, or the service says there is one."""
        self._wake.set()

    async def round(self) -> None:
        """Wait until there may be jobs, and do them all."""
        try:
            async with asyncio.timeout(self._again_s):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()
        self._again_s = None
        try:
            while await self._one():
                pass
        except (PublishError, JobRefusedError, UnreadableJobError) as error:
            log.debug("jobs_not_asked", error=str(error))
            self._again_s = AGAIN_S

    async def _one(self) -> bool:
        """Do the next job, and tell whether there may be another."""
        channel = self._channel()
        if channel is None or not self.settings.jobs.operations:
            return False
        channel.on_notified = self.wake
        try:
            execution = await channel.start_next()
        except UnreadableJobError as error:
            return await self._reject_unread(channel, str(error))
        if execution is None:
            return False
        end = await self._ended(execution)
        return end is not None and await self._tell(execution, end)

    async def _reject_unread(self, channel: JobChannel, why: str) -> bool:
        """Reject a job whose document nobody can read: without it the service can be understood."""
        execution = await channel.describe()
        if execution is None:
            return False
        return await self._tell(execution, _rejected(f"the document cannot be read: it {why}"))

    async def _ended(self, execution: Execution) -> JobEnd | None:
        """Do a job, or remember how it ended; None: not now."""
        begun = self._memory.recall(execution.job_id, execution.number)
        if begun is not None and begun.end is not None:
            return begun.end
        try:
            operation = parse_operation(execution.document)
        except JobDocumentError as error:
            return _rejected(str(error))
        if NAME_OF[type(operation)] not in self.settings.jobs.operations:
            return _rejected(f"jobs.operations does not name {NAME_OF[type(operation)]}")
        if begun is not None and begun.times >= BEGUN_AT_MOST:
            return _failed(f"the agent did not survive it {begun.times} times")
        if not self._memory.begin(execution.job_id, execution.number):
            return _failed("the state file cannot be written, so the job might be done twice")
        return await self._done(operation, execution)

    async def _done(self, operation: Operation, execution: Execution) -> JobEnd:
        name = NAME_OF[type(operation)]
        log.info("job_began", job=execution.job_id, operation=name)
        try:
            end = await self._operator.do(operation, execution)
        except (AgentError, OSError) as error:
            end = _failed(str(error))
        self._memory.end(execution.job_id, execution.number, end)
        self.done[end.status] += 1
        log.info("job_ended", job=execution.job_id, operation=name, status=end.status)
        self._operator.ended(operation)
        return end

    async def _tell(self, execution: Execution, end: JobEnd) -> bool:
        """Tell the service how a job ended, and whether it may ask for more."""
        channel = self._channel()
        if channel is None:
            return False
        details = {name: told(text) for name, text in end.details.items()}
        try:
            await channel.update(execution, end.status, details)
        except JobRefusedError as error:
            return await self._refused(channel, execution, end, error)
        return True

    async def _refused(
        self, channel: JobChannel, execution: Execution, end: JobEnd, error: JobRefusedError
    ) -> bool:
        refusal = error.refusal
        log.info("job_update_refused", job=execution.job_id, error=str(error))
        if refusal.code in _OVER:
            # Cancelled meanwhile, or told before, and the answer got lost.
            return True
        if refusal.code == _OTHER_VERSION and refusal.status == _IN_PROGRESS:
            now = await channel.describe(execution.job_id)
            if now is not None and now.number == execution.number:
                await channel.update(now, end.status, end.details)
                return True
        raise error


def _rejected(why: str) -> JobEnd:
    return JobEnd("REJECTED", {"reason": told(why)})


def _failed(why: str) -> JobEnd:
    return JobEnd("FAILED", {"reason": told(why)})
