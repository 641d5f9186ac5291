"""The step from two samples to the metrics of the interval between them."""

from devicewarden.model.metric import (
    NO_TRAFFIC,
    InterfaceTotals,
    Metrics,
    MetricValue,
    RawValue,
    Sample,
    TcpOpens,
    Traffic,
)


def delta(previous: Sample, current: Sample) -> Metrics:
    """Difference the totals of two samples; other values pass as they are.

    A total is left out, not guessed, where the boot differs, where the earlier sample lacks it, and
    where the counter went back. The interval is a difference of uptimes, so that setting the clock
    does not change it; after another boot it is the time since that boot.

    Raises:
        ValueError: the samples are of one instant, or in the wrong order.

    Source: counters restart at boot, proc(5).
    """
    same_boot = previous.boot_id == current.boot_id
    interval_s = current.uptime_s - (previous.uptime_s if same_boot else 0)
    if interval_s <= 0:
        raise ValueError(f"the later sample is not later: {interval_s} s")
    values: dict[str, MetricValue] = {}
    for metric, after in current.values.items():
        before = previous.values.get(metric) if same_boot else None
        value = _difference(before, after)
        if value is not None:
            values[metric] = value
    return Metrics(taken_at=current.taken_at, interval_s=interval_s, values=values)


def _difference(before: RawValue | None, after: RawValue) -> MetricValue | None:
    match after:
        case InterfaceTotals():
            return _traffic(before, after) if isinstance(before, InterfaceTotals) else None
        case TcpOpens():
            return _opens(before, after) if isinstance(before, TcpOpens) else None
        case _:
            return after


def _traffic(before: InterfaceTotals, after: InterfaceTotals) -> Traffic:
    """Sum what went through the interfaces that are in both.

    An interface that is new, or that has a counter that went back (a reset, a re-created interface,
    a driver with 32-bit counters at 4 GiB), adds nothing for this interval.
    """
    summed = NO_TRAFFIC
    for index, now in after.by_index.items():
        then = before.by_index.get(index, now)
        moved = [new - old for new, old in zip(now, then, strict=True)]
        if min(moved) >= 0:
            summed = Traffic(*map(int.__add__, summed, moved))
    return summed


def _opens(before: TcpOpens, after: TcpOpens) -> TcpOpens | None:
    active, passive = after.active - before.active, after.passive - before.passive
    return TcpOpens(active, passive) if min(active, passive) >= 0 else None
