"""A check, its subjects and an inventory of them, as the tests of audits need them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from devicewarden.audit.check import CheckMeta
from devicewarden.model.audit import DEVICE
from devicewarden.model.errors import AuditError
from devicewarden.model.finding import Finding, Resource, Severity

AT = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Door:
    """A subject: open doors do not comply; nobody can tell of one whose state is None."""

    name: str
    open: bool | None = False


@dataclass(frozen=True, slots=True)
class Window:
    """A subject of another class."""

    name: str


class DoorShut:
    """Finds open doors."""

    subject = Door

    def __init__(self, name: str = "door-shut", severity: Severity = "HIGH") -> None:
        self.meta = CheckMeta(
            name=name,
            title="Doors are shut",
            severity=severity,
            why="Who finds an open door comes in.",
            decides="A door that is open does not comply.",
            remedy="Shut the door.",
            needs="the doors",
            source="common sense",
            codes={"DOOR_OPEN": "the door is open"},
        )

    def judge(self, subject: Door, at: datetime) -> Iterator[Finding]:
        del at
        if subject.open is None:
            raise AuditError(f"door {subject.name} cannot be seen", hint="switch on the light")
        if subject.open:
            yield self.meta.finding(door(subject.name), "DOOR_OPEN", f"door {subject.name} is open")


@dataclass(frozen=True, slots=True)
class House:
    """An inventory."""

    things: tuple[object, ...]
    ends_with: AuditError | None = None
    scope: str = DEVICE
    classes: frozenset[type] = field(default=frozenset({Door, Window}))

    def subjects(self, wanted: frozenset[type]) -> Iterator[object]:
        for thing in self.things:
            if type(thing) in wanted or type(thing) not in self.classes:
                yield thing
        if self.ends_with:
            raise self.ends_with


def door(name: str) -> Resource:
    return Resource(type="HOST", identifier={"host": name})
