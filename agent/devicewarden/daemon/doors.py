"""How the agent reaches the outside: the real doors are opened in `start`, tests open others."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from devicewarden.config.settings import Settings
from devicewarden.daemon.blame import FindsOwners
from devicewarden.daemon.children import Children
from devicewarden.daemon.link import OpenLink
from devicewarden.daemon.refusal import Refusal
from devicewarden.daemon.systemd import Supervisor
from devicewarden.daemon.watch import TakesSamples, Watches
from devicewarden.state.state import State


class MakesWatcher(Protocol):
    """Makes the sampler of every second."""

    def __call__(self, settings: Settings, *, watchful: bool) -> Watches:
        """Make it; watchful: it also tells of sockets that live shorter than a second."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """What the agent is given at its start.

    Attributes:
        now: aware UTC time.
        load: reads the configuration again.
        proved: told that what was loaded last works.
        refusal: why the settings stand in for what is configured; None: they do not.
        quiet_sampler: reads what is cheap enough for every second.
        slow_sampler: reads what a report needs besides.
        open_link: connects to the broker.
        open_state: opens the state file.
        open_owners: prepares to look for owners of sockets.
        supervisor: systemd, or nobody.
        children: other processes.
    """

    now: Callable[[], datetime]
    load: Callable[[], Awaitable[Settings]]
    proved: Callable[[], None] = lambda: None
    quiet_sampler: MakesWatcher
    slow_sampler: Callable[[Settings], TakesSamples]
    open_link: OpenLink
    open_state: Callable[[Settings], State]
    open_owners: Callable[[Settings], FindsOwners]
    supervisor: Supervisor
    refusal: Refusal | None = None
    children: Children = field(default_factory=Children)
