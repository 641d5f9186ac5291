"""How much time really passed between observations, whatever was done to the clock."""

from typing import Final

from devicewarden.detect.observe import Observation

_SET_S: Final = 5.0
"""More than this between wall clock and uptime: the clock was set. Less is adjustment."""


class Elapsed:
    """A clock of its own, which nobody can set.

    Attributes:
        total_s: seconds observed so far; never goes back.
        at_s: wall clock of the latest observation, seconds since the epoch; None before the first.
        uptime_s: uptime of the latest observation.
        boot_id: in which the uptime holds.
    """

    __slots__ = ("at_s", "boot_id", "total_s", "uptime_s")

    def __init__(self) -> None:
        self.total_s = 0.0
        self.at_s: float | None = None
        self.uptime_s = 0.0
        self.boot_id = ""

    def advance(self, observation: Observation) -> bool:
        """Move on to an observation; tell whether the clock was set since the last one.

        Between two boots, and where there is no uptime, the wall clock must do, and can only be
        found out where it goes back.
        """
        at_s, up_s = observation.at.timestamp(), observation.uptime_s - self.uptime_s
        wall_s = 0.0 if self.at_s is None else at_s - self.at_s
        same_boot = observation.boot_id != "" and observation.boot_id == self.boot_id
        if same_boot and up_s < 0:
            return False  # it took long to be read, and a later one was faster
        self.at_s = at_s
        self.uptime_s, self.boot_id = observation.uptime_s, observation.boot_id
        passed_s = up_s if same_boot else max(wall_s, 0.0)
        self.total_s += passed_s
        return abs(wall_s - passed_s) > _SET_S
