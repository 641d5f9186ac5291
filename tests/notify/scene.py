"""Sinks that tests steer, and waits that take no time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from devicewarden.notify.sink import Event


@dataclass(slots=True)
class PaperSink:
    """Takes events, or raises what the test says, by the number of the attempt."""

    name: str = "mqtt"
    verdict: Callable[[int, Event], Exception | None] = lambda _attempt, _event: None
    attempts: list[str] = field(default_factory=list)
    had: list[str] = field(default_factory=list)

    async def deliver(self, event: Event) -> None:
        self.attempts.append(event.event_id)
        if error := self.verdict(len(self.attempts), event):
            raise error
        self.had.append(event.event_id)


@dataclass(slots=True)
class Waits:
    """Waits that end at once, and are remembered."""

    asked_s: list[float] = field(default_factory=list)
    meanwhile: Sequence[Callable[[], None]] = ()

    async def __call__(self, seconds: float) -> None:
        self.asked_s.append(seconds)
        for act in self.meanwhile:
            act()
