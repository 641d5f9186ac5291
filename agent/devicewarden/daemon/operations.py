"""What a job may have this device do, so done that it may be done again after a power loss."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import assert_never

from devicewarden.config.settings import Settings
from devicewarden.daemon.action_jobs import ActionJobs
from devicewarden.daemon.children import Children
from devicewarden.daemon.rotation import Rotation
from devicewarden.daemon.way import Way
from devicewarden.model.errors import ConfigError
from devicewarden.model.job import (
    ApplyAction,
    Operation,
    Restart,
    RotateCertificate,
    RunAudit,
    SetReportInterval,
    UndoAction,
)
from devicewarden.publish.job_channel import JobRefusedError
from devicewarden.publish.job_replies import Execution
from devicewarden.state.job_memory import JobEnd
from devicewarden.state.orders import Orders

SUCCEEDED = JobEnd("SUCCEEDED", {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """How operations change the agent.

    Attributes:
        load: reads the configuration again; raises ConfigError.
        put_in_force: has the agent work by what a function makes of the settings in force.
        leave: has the agent begin anew as a process.
        acting: applies and undoes configured actions.
    """

    load: Callable[[], Awaitable[Settings]]
    put_in_force: Callable[[Callable[[Settings], Settings]], Awaitable[None]]
    leave: Callable[[], None]
    acting: ActionJobs


class Operator:
    """Does operations, one at a time.

    Attributes:
        settings: in force.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        hands: Hands,
        orders: Orders,
        rotation: Rotation,
        way: Way,
        children: Children,
    ) -> None:
        self.settings = settings
        self._hands = hands
        self._orders = orders
        self._rotation = rotation
        self._way = way
        self._children = children

    async def do(self, operation: Operation, execution: Execution) -> JobEnd:
        match operation:
            case Restart():
                # Told by the process that comes after this one, which shows that it did come.
                return SUCCEEDED
            case SetReportInterval(interval_s):
                return await self._set_interval(interval_s)
            case RunAudit():
                return _ended(await self._children.audit_now())
            case RotateCertificate(certificate_id):
                return await self._rotation.rotate(
                    job_id=execution.job_id,
                    certificate_id=certificate_id,
                    still_wanted=lambda: self.in_progress(execution.job_id),
                )
            case ApplyAction(name):
                return await self._hands.acting.apply(name, execution.job_id)
            case UndoAction(name):
                return await self._hands.acting.undo(name)
            case _:
                assert_never(operation)

    def ended(self, operation: Operation) -> None:
        match operation:
            case Restart():
                self._hands.leave()
            case RotateCertificate():
                self._rotation.forget()
            case _:
                pass

    async def in_progress(self, job_id: str) -> bool:
        """Ask whether a job is still to be done; yes where nobody can be asked."""
        channel = None if self._way.link is None else self._way.link.jobs
        if channel is None or not job_id:
            return True
        try:
            now = await channel.describe(job_id)
        except JobRefusedError:
            return False
        return now is not None and now.status == "IN_PROGRESS"

    async def _set_interval(self, interval_s: int) -> JobEnd:
        present = self.settings.report.interval_s
        if interval_s == present:
            return SUCCEEDED
        self._orders.set_interval(interval_s, configured=self._orders.configured_interval(present))
        try:
            new = await self._hands.load()
        except ConfigError as error:
            self._orders.withdraw()
            return _ended(f"the configuration is broken: {error}")
        if new.report.interval_s != interval_s:
            self._orders.withdraw()
            return JobEnd("REJECTED", {"reason": "the device's configuration does not allow it"})
        await self._hands.put_in_force(lambda _settings: new)
        return SUCCEEDED


def _ended(trouble: str) -> JobEnd:
    return JobEnd("FAILED", {"reason": trouble}) if trouble else SUCCEEDED
