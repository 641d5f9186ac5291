"""How things stand, as one JSON document: `devicewarden status --json` prints it unchanged."""

import resource
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from devicewarden.collect.proc_figures import own_rss_bytes
from devicewarden.config.settings import Settings
from devicewarden.daemon.detection import Detection
from devicewarden.daemon.link import Link
from devicewarden.daemon.reporting import Reporting, Sent
from devicewarden.daemon.watch import Watch
from devicewarden.detect.shape import active_violation
from devicewarden.model.metric import (
    LISTENING_TCP_PORTS,
    LISTENING_UDP_PORTS,
    Listeners,
    Sample,
)
from devicewarden.model.outcome import describe
from devicewarden.model.version import VERSION
from devicewarden.state.state import State

Document = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the status document is made of."""

    settings: Settings
    started_at: datetime
    up_s: float
    now: datetime
    watch: Watch
    reporting: Reporting
    link: Link | None
    state: State
    detection: Detection
    trouble: Mapping[str, str]
    errands: Mapping[str, object]
    next_report_s: float | None


def describe_agent(facts: Facts) -> Document:
    """Make the status document; times are ISO 8601 in UTC, absent things are null.

    Returns:
        version, thing, started_at, up_s, now, sample, report, connection, detection, problems,
        own_cost. What is told of reports reaches back to before a restart.
    """
    return {
        "version": VERSION,
        "thing": facts.settings.thing.name,
        "started_at": facts.started_at.isoformat(),
        # The two times cannot tell: a Pi's clock begins in 1970 and is set later.
        "up_s": round(facts.up_s, 1),
        "now": facts.now.isoformat(),
        "sample": _sample(facts),
        "report": {
            "last": _last_report(facts),
            "next_s": None if facts.link is None else facts.next_report_s,
            "counts": asdict(facts.state.reports.counts()),
        },
        "connection": _connection(facts),
        "detection": _detection(facts),
        **facts.errands,
        "problems": _problems(facts),
        "own_cost": _own_cost(),
    }


def _sample(facts: Facts) -> Document | None:
    sample = facts.watch.latest
    if sample is None:
        return None
    return {
        "taken_at": sample.taken_at.isoformat(),
        "tcp_listeners": _ports(sample, LISTENING_TCP_PORTS),
        "udp_listeners": _ports(sample, LISTENING_UDP_PORTS),
        "traffic_since_start": facts.watch.ledger.counted._asdict(),
    }


def _ports(sample: Sample, metric: str) -> list[Document] | None:
    value = sample.values.get(metric)
    if not isinstance(value, Listeners):
        return None
    return [
        listener._asdict() for listener in sorted(value.items, key=lambda x: (x.port, x.address))
    ]


def _last_report(facts: Facts) -> Document | None:
    last = facts.reporting.last or facts.state.reports.last_report()
    if last is None:
        return None
    return {
        "id": last.report_id,
        "ended_at": last.ended_at.isoformat(),
        "outcome": describe(last.outcome),
        "size_bytes": last.size_bytes,
        # A restart forgets this.
        "left_out": asdict(last.left_out) if isinstance(last, Sent) else None,
    }


def _connection(facts: Facts) -> Document | None:
    if facts.link is None:
        return None
    connection = facts.link.publisher.connection
    return {
        **asdict(connection),
        "since": connection.since.isoformat(),
        "endpoint": facts.settings.publish.endpoint,
        "topic": facts.link.topic,
        "replies": asdict(facts.link.exchange.counts),
    }


def _detection(facts: Facts) -> Document:
    evaluator = facts.detection.evaluator
    return {
        "profiles": [profile.name for profile in facts.detection.loaded.profiles],
        "active": [active_violation(active) for active in evaluator.active()],
        "learning": [
            {"profile": t.profile, "behavior": t.behavior, "progress": round(t.progress, 3)}
            for t in evaluator.training()
        ],
        "doubts": [each._asdict() for each in evaluator.doubts()],
        "no_data": [each._asdict() for each in evaluator.no_data()],
        "sockets_missed": facts.detection.sockets_missed,
        "sinks": {name: told._asdict() for name, told in facts.state.outbox.counts().items()},
    }


def _problems(facts: Facts) -> Mapping[str, str]:
    """Everything that is not as it should be, by subject; empty when all is well."""
    found: dict[str, str] = {}
    for sample in (facts.watch.latest, facts.reporting.last_sample):
        found.update({} if sample is None else sample.failed)
    if facts.state.problem:
        found["state"] = facts.state.problem
    for file, told in facts.detection.loaded.problems.items():
        errors = [f"{p.path}: {p.reason}" for p in told if p.severity == "error"]
        if errors:
            found[f"profile {file}"] = "; ".join(errors)
    return {**found, **facts.trouble}


def _own_cost() -> Document:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "rss_bytes": own_rss_bytes(Path("/proc")),
        "cpu_s": round(used.ru_utime + used.ru_stime, 3),
    }
