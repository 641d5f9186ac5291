"""Jobs, rotations and mitigation: nothing of them is loaded before one of them is wanted.

Together they are a megabyte, which most devices never use.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from devicewarden.config.identity_files import FOLDER, PLAN
from devicewarden.config.mitigate_settings import LEDGER
from devicewarden.config.settings import Settings
from devicewarden.daemon.deadlines import SLOW_S
from devicewarden.daemon.jobs import Jobs

if TYPE_CHECKING:
    from devicewarden.daemon.errands import Errands
    from devicewarden.daemon.mitigating import Mitigation

Opened: TypeAlias = "tuple[Errands, Mitigation]"

LOOK_EVERY_S: Final = 5.0
"""At what root wrote: people can cut a device off that mitigates nothing by itself."""


class OnCall:
    """Stands in for them while nobody wants them, then has them opened and hands on to them.

    Args:
        settings: tells those in force.
        open_them: loads and makes them.
        jobs: runs them beside the others.
    """

    def __init__(
        self,
        settings: Callable[[], Settings],
        open_them: Callable[[], Opened],
        jobs: Jobs,
    ) -> None:
        self._settings = settings
        self._open_them = open_them
        self._jobs = jobs
        self._opened: Opened | None = None

    def start(self) -> None:
        """Open them if they are wanted, now or later."""
        self._open_if_wanted()
        self._jobs.start("on call", self._round, deadline_s=lambda: LOOK_EVERY_S + SLOW_S)

    def reconfigured(self, settings: Settings) -> None:
        """Go by these settings, which are in force, from now on."""
        if self._opened is None:
            self._open_if_wanted()
        else:
            self._opened[0].reconfigured(settings)

    def rotate(self) -> None:
        """Rotate the identity soon; `status` tells how it goes.

        Raises:
            ProvisioningError: this device cannot.
        """
        self._open()[0].rotate()

    def status(self) -> dict[str, object]:
        """Tell how they stand, for `devicewarden status`."""
        if self._opened is None:
            return _at_rest(self._settings())
        errands, mitigation = self._opened
        return errands.status() | mitigation.status()

    async def _round(self) -> None:
        await asyncio.sleep(LOOK_EVERY_S)
        self._open_if_wanted()

    def _open_if_wanted(self) -> None:
        if self._opened is None and _wanted(self._settings()):
            self._open()

    def _open(self) -> Opened:
        if self._opened is None:
            self._opened = errands, mitigation = self._open_them()
            errands.start(self._jobs)
            mitigation.start(self._jobs)
            # The connection may be older than they are.
            errands.reconfigured(self._settings())
        return self._opened


def _wanted(settings: Settings) -> bool:
    return bool(
        settings.jobs.operations
        or settings.mitigate.enabled
        or (Path(settings.mitigate.records_dir) / LEDGER).exists()
        or (Path(settings.state.dir) / FOLDER / PLAN).exists()
    )


def _at_rest(settings: Settings) -> dict[str, object]:
    mitigate = settings.mitigate
    return {
        "jobs": {
            "operations": list(settings.jobs.operations),
            "done": {"SUCCEEDED": 0, "FAILED": 0, "REJECTED": 0},
            "malformed": 0,
        },
        "identity": {"certificate": settings.publish.cert_file, "rotation": "", "last": None},
        "mitigation": {
            "enabled": mitigate.enabled,
            "dry_run": mitigate.dry_run,
            "in_effect": [],
            "waits_for_root": False,
        },
    }
