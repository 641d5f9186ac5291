"""The quiet watch: what is cheap to see is looked at every second."""

from collections.abc import Callable, Mapping
from typing import Protocol

from devicewarden.collect.delta import delta
from devicewarden.daemon.ledger import Ledger
from devicewarden.model.metric import (
    NETWORK_TRAFFIC,
    Destinations,
    InterfaceTotals,
    Metrics,
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


class Watches(TakesSamples, Protocol):
    """What the watch needs of a sampler."""

    def pump(self) -> None:
        """Take in what the kernel told since the last call."""
        ...


class Watch:
    """Holds the latest quiet sample and the traffic counted so far.

    Attributes:
        latest: the last sample, None before the first.
        ledger: traffic counted so far.
        on_sample: told of each sample and of what moved since the one before, if that is known.
    """

    def __init__(self, sampler: Watches) -> None:
        self._sampler = sampler
        self._counted_at: Sample | None = None
        self.latest: Sample | None = None
        self.ledger = Ledger()
        self.on_sample: Callable[[Sample, Metrics | None], None] = lambda _sample, _moved: None

    def replace_sampler(self, sampler: Watches) -> None:
        """Read the host another way from now on; what was counted stays."""
        self._sampler.close()
        self._sampler = sampler

    def tick(self) -> Sample:
        """Take a sample and count the traffic since the last one that could tell it."""
        sample = self._sampler.take()
        moved = self._moved(sample) if NETWORK_TRAFFIC in sample.values else None
        if NETWORK_TRAFFIC in sample.values:
            self._counted_at = sample
        if moved is not None and isinstance(traffic := moved.values.get(NETWORK_TRAFFIC), Traffic):
            self.ledger = self.ledger.count(traffic)
        self.latest = sample
        self.on_sample(sample, moved)
        return sample

    def pump(self) -> None:
        """Take in what the kernel tells between two samples, before its buffer is full."""
        self._sampler.pump()

    def close(self) -> None:
        """Give back what is held open."""
        self._sampler.close()

    def _moved(self, sample: Sample) -> Metrics | None:
        if self._counted_at is None or sample.uptime_s <= self._counted_at.uptime_s:
            return None
        return delta(self._counted_at, sample)


def gauges(sample: Sample) -> Mapping[str, MetricValue]:
    """Keep the values that are metrics as they stand; totals need a second sample."""
    return {
        name: value
        for name, value in sample.values.items()
        if not isinstance(value, InterfaceTotals | TcpOpens | Destinations)
    }
