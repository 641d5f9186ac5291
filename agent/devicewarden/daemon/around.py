"""What mitigation is told by the rest of the agent."""

import time
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from datetime import datetime

from devicewarden.config.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What mitigation is told by the rest of the agent.

    Attributes:
        settings: in force.
        sinks: names of those who are told.
        connected: whether the broker is there.
        woken: called after something was put in the outbox.
        trouble: what `devicewarden status` tells, by subject.
        now: aware UTC time.
        monotonic: seconds that never go back.
    """

    settings: Callable[[], Settings]
    sinks: Callable[[], tuple[str, ...]]
    connected: Callable[[], bool]
    woken: Callable[[], None]
    trouble: MutableMapping[str, str]
    now: Callable[[], datetime]
    monotonic: Callable[[], float] = time.monotonic
