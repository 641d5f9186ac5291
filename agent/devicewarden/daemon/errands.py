"""What the device is told to do from outside: jobs, and rotations of its identity."""

import asyncio
import math
from pathlib import Path

from devicewarden.config.settings import Settings
from devicewarden.daemon.children import Children
from devicewarden.daemon.jobs import Jobs
from devicewarden.daemon.operations import Hands, Operator
from devicewarden.daemon.renewing import Renewing
from devicewarden.daemon.rotation import Rotation
from devicewarden.daemon.way import Way
from devicewarden.daemon.working import Working
from devicewarden.model.errors import ProvisioningError
from devicewarden.publish.job_channel import JobChannel
from devicewarden.state.identity_folder import IdentityFolder
from devicewarden.state.orders import Orders
from devicewarden.state.state import State


class Errands:
    """Runs them beside the agent's other jobs.

    Args:
        settings: in force at first.
        way: to the broker.
        state: remembers jobs.
        children: other processes.
        hands: how the agent is changed.
    """

    def __init__(
        self, settings: Settings, *, way: Way, state: State, children: Children, hands: Hands
    ) -> None:
        folder = Path(settings.state.dir)
        self._settings = settings
        self._way = way
        self._rotation = Rotation(
            settings, IdentityFolder(folder), way, children, hands.put_in_force
        )
        self._operator = Operator(
            settings,
            hands=hands,
            orders=Orders(folder),
            rotation=self._rotation,
            way=way,
            children=children,
        )
        self._renewing = Renewing(state.actions, hands.acting.around, self._rotation)
        self._working = Working(settings, self._channel, state.jobs, self._operator)
        self._wanted = asyncio.Event()
        self._resumed = False
        way.on_connected = self._working.wake

    def start(self, jobs: Jobs) -> None:
        """Begin, with what a power loss interrupted first."""
        jobs.start("rotating", self._rotate_when_asked, deadline_s=lambda: math.inf)
        jobs.start("renewing", self._renewing.round, deadline_s=lambda: math.inf)
        jobs.start("working", self._working.round, deadline_s=lambda: math.inf)

    def reconfigured(self, settings: Settings) -> None:
        """Go by these settings from now on."""
        self._settings = settings
        for part in (self._rotation, self._operator, self._working):
            part.settings = settings
        self._working.wake()

    def rotate(self) -> None:
        """Rotate the identity soon; `status` tells how it goes.

        Raises:
            ProvisioningError: this device cannot.
        """
        link = self._way.link
        if link is None or link.provisioning is None:
            raise ProvisioningError("provisioning.template is not set, or there is no broker")
        self._wanted.set()

    def status(self) -> dict[str, object]:
        """Tell how jobs and rotation stand, for `devicewarden status`."""
        last = self._rotation.last
        channel = self._channel()
        return {
            "jobs": {
                "operations": list(self._settings.jobs.operations),
                "done": dict(self._working.done),
                "malformed": 0 if channel is None else channel.malformed,
            },
            "identity": {
                "certificate": self._settings.publish.cert_file,
                "rotation": "wanted" if self._wanted.is_set() else self._rotation.phase,
                "last": None if last is None else {"status": last.status, **last.details},
            },
        }

    async def _rotate_when_asked(self) -> None:
        if not self._resumed:
            self._resumed = True
            await self._rotation.resume(self._operator.in_progress)
        await self._wanted.wait()
        try:
            await self._rotation.rotate(still_wanted=_always)
        finally:
            self._wanted.clear()

    def _channel(self) -> JobChannel | None:
        return None if self._way.link is None else self._way.link.jobs


async def _always() -> bool:
    return True
