"""The quiet watch: what is cheap to see is looked at every second."""

from collections.abc import Mapping
from typing import Protocol

from devicewarden.collect.delta import delta
from devicewarden.daemon.ledger import Ledger
from devicewarden.model.metric import (
    NETWORK_TRAFFIC,
    InterfaceTotals,
    MetricValue,
    Sample,
    TcpOpens,
    Traffic,
)


class TakesSamples(Protocol):
    """What the daemon needs of a sampler."""

    def take(self) -> Sample:
        """Read the host now."""
        ...

    def close(self) -> None:
        """Give back what is held open."""
        ...


class Watch:
    """Holds the latest quiet sample and the traffic counted so far."""

    def __init__(self, sampler: TakesSamples) -> None:
        self._sampler = sampler
        self._counted_at: Sample | None = None
        self.latest: Sample | None = None
        self.ledger = Ledger()

    def replace_sampler(self, sampler: TakesSamples) -> None:
        """Read the host another way from now on; what was counted stays."""
        self._sampler.close()
        self._sampler = sampler

    def tick(self) -> Sample:
        """Take a sample and count the traffic since the last one that could tell it."""
        sample = self._sampler.take()
        if NETWORK_TRAFFIC in sample.values:
            moved = self._moved(sample)
            if moved is not None:
                self.ledger = self.ledger.count(moved)
            self._counted_at = sample
        self.latest = sample
        return sample

    def close(self) -> None:
        """Give back what is held open."""
        self._sampler.close()

    def _moved(self, sample: Sample) -> Traffic | None:
        if self._counted_at is None or sample.uptime_s <= self._counted_at.uptime_s:
            return None
        moved = delta(self._counted_at, sample).values.get(NETWORK_TRAFFIC)
        return moved if isinstance(moved, Traffic) else None


def gauges(sample: Sample) -> Mapping[str, MetricValue]:
    """Keep the values that are metrics as they stand; totals need a second sample."""
    return {
        name: value
        for name, value in sample.values.items()
        if not isinstance(value, InterfaceTotals | TcpOpens)
    }
