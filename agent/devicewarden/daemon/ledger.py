"""Traffic counted since the agent's start, and how much of it the service already has."""

from dataclasses import dataclass, replace

from devicewarden.model.metric import NO_TRAFFIC, Traffic


@dataclass(frozen=True, slots=True)
class Ledger:
    """Traffic is counted as it is seen and reported once: no byte twice, none lost in an outage.

    Attributes:
        counted: all traffic seen since the agent's start.
        reported: the part of it that the service has; None before the first report, which opens
            the books and carries no traffic.
    """

    counted: Traffic = NO_TRAFFIC
    reported: Traffic | None = None

    def count(self, moved: Traffic) -> "Ledger":
        """Add what moved since the last call."""
        return replace(self, counted=_plus(self.counted, moved))

    def due(self) -> Traffic | None:
        """Tell the traffic that a report built now carries, None if it is the first."""
        return None if self.reported is None else _minus(self.counted, self.reported)

    def opened(self) -> "Ledger":
        """Open the books at what is counted now, if they are not open yet."""
        return replace(self, reported=self.counted) if self.reported is None else self

    def settled(self, up_to: Traffic) -> "Ledger":
        """Note that the service has everything up to here; an older settlement changes nothing."""
        if self.reported is not None and up_to < self.reported:
            return self
        return replace(self, reported=up_to)


def _plus(a: Traffic, b: Traffic) -> Traffic:
    return Traffic(*(x + y for x, y in zip(a, b, strict=True)))


def _minus(a: Traffic, b: Traffic) -> Traffic:
    return Traffic(*(x - y for x, y in zip(a, b, strict=True)))
