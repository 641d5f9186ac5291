"""`python packaging/fleet/rotation_jobs.py`: which certificate of a fleet is rotated when.

`simulate` plays a fleet on paper time and prints the load; `plan` reads a real fleet and prints its
jobs. A hash of the certificate's id decides, so that the load is even, each run says the same, and
a device that joins or leaves moves no other.
"""

import argparse
import csv
import hashlib
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

DAY_S: Final = 86_400
SOME_DAY: Final = datetime(2026, 1, 1, tzinfo=UTC)
MARGIN: Final = timedelta(days=7)
"""Nothing is left to the last days of a certificate, unless it is in them already."""

AWAY_ONE_IN: Final = 10
"""Simulated devices that are off when their job is created, and take it within a day."""

FAILS_ONE_IN: Final = 100
"""Simulated rotations that fail, and are given a second job a day later."""

_BAR: Final = 40
_MOST: Final = 10_000_000
_ID: Final = re.compile(r"[0-9a-f]{64}")
_ID_DIGITS: Final = 52
"""A job's id has 64 characters at most."""


class Certificate(NamedTuple):
    """A thing's certificate: its id has 64 hexadecimal digits; `not_after` is aware UTC time."""

    thing: str
    certificate_id: str
    not_after: datetime


@dataclass(frozen=True, slots=True)
class Load:
    """How many of something there were in each second, counted from the begin."""

    seconds: Counter[int]

    def per(self, period_s: int) -> Counter[int]:
        """Count by longer periods."""
        counted: Counter[int] = Counter()
        for second, number in self.seconds.items():
            counted[second // period_s] += number
        return counted

    def peak(self, period_s: int) -> int:
        """Count the busiest period."""
        return max(self.per(period_s).values(), default=0)


def share(text: str, whole: int) -> int:
    """Choose a number from 0 to whole - 1 by a hash: the same for the same text, else even."""
    digest = hashlib.sha256(text.encode()).digest()
    return int.from_bytes(digest[:8]) * whole >> 64


def slot_s(certificate: Certificate, begin: datetime, span_s: int) -> int:
    """Tell when a certificate is rotated: seconds after the begin, 0 where it is late already."""
    left_s = int((certificate.not_after - MARGIN - begin).total_seconds())
    return share(certificate.certificate_id, max(1, min(span_s, left_s)))


def job_of(certificate: Certificate) -> tuple[str, dict[str, str]]:
    """Write the job: its id, always the same for a certificate, and its document."""
    name = f"cert-rotate-{certificate.certificate_id[:_ID_DIGITS]}"
    document = {
        "schemaVersion": "1.0",
        "operation": "ROTATE_CERTIFICATE",
        "certificateId": certificate.certificate_id,
    }
    return name, document


def plan(fleet: Iterable[Certificate], begin: datetime, span_s: int) -> list[dict[str, object]]:
    """Give all jobs, the earliest first."""
    jobs: list[dict[str, object]] = []
    for slot, each in sorted((slot_s(each, begin, span_s), each) for each in fleet):
        name, document = job_of(each)
        at = (begin + timedelta(seconds=slot)).isoformat()
        jobs.append({"at": at, "jobId": name, "thingName": each.thing, "document": document})
    return jobs


def read_fleet(file: Iterable[str]) -> Iterator[Certificate]:
    """Read `thing,certificate id,end of validity`, a line each; the end is an ISO 8601 time.

    Raises:
        ValueError: a line is none; the message has its number.
    """
    for number, row in enumerate(csv.reader(file), start=1):
        try:
            thing, certificate_id, not_after = row
            end = _time(not_after)
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from error
        certificate_id = certificate_id.removeprefix("0x").lower()
        if not _ID.fullmatch(certificate_id):
            raise ValueError(f"line {number}: a certificate's id has 64 hexadecimal digits")
        yield Certificate(thing, certificate_id, end)


def made_in_one_week(devices: int, begin: datetime) -> Iterator[Certificate]:
    """Make a fleet whose certificates end 30 to 37 days after the begin."""
    for number in range(devices):
        thing = f"gw-{number}"
        ends = begin + timedelta(days=30, seconds=share(f"made {thing}", 7 * DAY_S))
        yield Certificate(thing, hashlib.sha256(thing.encode()).hexdigest(), ends)


def simulate(fleet: Iterable[Certificate], begin: datetime, span_s: int) -> tuple[Load, Load, int]:
    """Play a fleet: jobs that were created, certificates that were issued, and those that ended."""
    jobs, issued, ended = Load(Counter()), Load(Counter()), 0
    for each in fleet:
        at = slot_s(each, begin, span_s)
        jobs.seconds[at] += 1
        if not share(f"fails {each.thing}", FAILS_ONE_IN):
            at += DAY_S
            jobs.seconds[at] += 1
        if not share(f"away {each.thing}", AWAY_ONE_IN):
            at += share(f"back {each.thing}", DAY_S)
        issued.seconds[at] += 1
        ended += begin + timedelta(seconds=at) >= each.not_after
    return jobs, issued, ended


def table(jobs: Load, issued: Load, devices: int) -> Iterator[str]:
    """Tell of each day: jobs, certificates, how many are still to come, and a bar."""
    days, by_day, left = jobs.per(DAY_S), issued.per(DAY_S), devices
    yield "day     jobs   issued     left"
    for day in range(max([*days, *by_day]) + 1):
        left -= by_day[day]
        bar = "#" * round(_BAR * by_day[day] / max(by_day.values()))
        yield f"{day + 1:3}  {days[day]:7,}  {by_day[day]:7,}  {left:7,}  {bar}".rstrip()


def main(words: Sequence[str] | None = None) -> int:
    """Do what the command line says; 1: the load would be too high, or a certificate would end."""
    given = _arguments(words)
    span_s = given.days * DAY_S
    if given.command == "plan":
        with given.things.open(newline="", encoding="utf-8") as file:
            for job in plan(read_fleet(file), given.begin, span_s):
                if given.until is None or datetime.fromisoformat(str(job["at"])) < given.until:
                    print(json.dumps(job))
        return 0
    jobs, issued, ended = simulate(
        made_in_one_week(given.devices, given.begin), given.begin, span_s
    )
    print(*table(jobs, issued, given.devices), sep="\n")
    print(f"busiest hour: {jobs.peak(3600):,} jobs, {issued.peak(3600):,} certificates")
    busiest = max(jobs.peak(1), issued.peak(1))
    print(f"busiest second: {busiest}, allowed: {given.most_per_second}")
    print(f"certificates that ended before: {ended}")
    return int(busiest > given.most_per_second or ended > 0)


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="rotation_jobs.py", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    simulated = commands.add_parser("simulate", help="play a fleet, and print its load")
    simulated.add_argument("--devices", type=_count, default=100_000)
    simulated.add_argument(
        "--most-per-second", type=_count, default=5, help="that may be asked for"
    )
    planned = commands.add_parser("plan", help="print the jobs of a fleet, a line of JSON each")
    planned.add_argument("--things", type=Path, required=True, help="thing,certificate id,end")
    planned.add_argument("--until", type=_time, help="only jobs that are due before")
    for each in (simulated, planned):
        each.add_argument("--days", type=_count, default=14, help="over which they are spread")
        each.add_argument("--begin", type=_time, required=each is planned, default=SOME_DAY)
    return parser.parse_args(words)


def _count(text: str) -> int:
    if not 0 < (number := int(text)) <= _MOST:
        raise ValueError(text)
    return number


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, ValueError) as error:
        sys.exit(f"rotation_jobs.py: {error}")
