"""One pass: counts add up, nothing that could not be judged is taken for compliance."""

import tracemalloc
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.audit.example import AT, Door, DoorShut, House, Window, door

from devicewarden.audit.check import MAX_RELATED
from devicewarden.audit.inventory import Unreadable
from devicewarden.audit.runner import run_checks
from devicewarden.audit.suppress import Suppressions
from devicewarden.model.errors import AuditError
from devicewarden.model.finding import Finding, Resource, Suppression

NOTHING_SUPPRESSED = Suppressions((), AT)


def suppression(name: str, expires_at: datetime | None = None) -> Suppression:
    return Suppression(check="door-shut", identifier={"host": name}, expires_at=expires_at)


def test_a_door_that_is_shut_complies_and_one_that_is_open_does_not() -> None:
    house = House((Door("front"), Door("back", open=True), Window("west")))

    findings, (run,) = run_checks(house, [DoorShut()], NOTHING_SUPPRESSED, AT)

    assert [each.finding.reason for each in findings] == ["door back is open"]
    assert (run.status, run.resources, run.non_compliant) == ("COMPLETED_NON_COMPLIANT", 2, 1)


def test_nothing_to_look_at_complies() -> None:
    findings, (run,) = run_checks(House(()), [DoorShut()], NOTHING_SUPPRESSED, AT)

    assert (findings, run.status, run.resources) == ((), "COMPLETED_COMPLIANT", 0)


def test_a_check_of_what_the_inventory_never_has_is_not_run() -> None:
    house = House((Window("west"),), classes=frozenset({Window}))

    _, runs = run_checks(house, [DoorShut()], NOTHING_SUPPRESSED, AT)

    assert runs == ()


@pytest.mark.parametrize(
    ("house", "reason"),
    [
        pytest.param(
            House((Door("dark", open=None), Door("back", open=True))),
            "door dark cannot be seen (switch on the light)",
            id="check cannot tell",
        ),
        pytest.param(
            House((Unreadable((Door,), "no key"), Door("back", open=True))),
            "no key",
            id="inventory cannot read one",
        ),
        pytest.param(
            House((Door("back", open=True),), ends_with=AuditError("time-out")),
            "time-out",
            id="inventory ends half-way",
        ),
    ],
)
def test_what_cannot_be_judged_is_undecided_and_the_audit_goes_on(
    house: House, reason: str
) -> None:
    findings, (run,) = run_checks(house, [DoorShut()], NOTHING_SUPPRESSED, AT)

    assert run.status == "FAILED"
    assert run.undecided == (reason,)
    assert [each.finding.code for each in findings] == ["DOOR_OPEN"]


def test_one_check_that_cannot_tell_does_not_touch_the_others() -> None:
    class Counted(DoorShut):
        def judge(self, subject: Door, at: datetime) -> Iterator[Finding]:
            del subject, at
            yield from ()

    house = House((Door("dark", open=None),))

    _, runs = run_checks(house, [DoorShut(), Counted("counted")], NOTHING_SUPPRESSED, AT)

    assert [run.status for run in runs] == ["FAILED", "COMPLETED_COMPLIANT"]


def test_reasons_do_not_grow_with_the_number_of_subjects() -> None:
    house = House(tuple(Door(str(n), open=None) for n in range(1000)))

    _, (run,) = run_checks(house, [DoorShut()], NOTHING_SUPPRESSED, AT)

    assert len(run.undecided) == 21
    assert run.undecided[-1] == "and more"


def test_the_gravest_finding_comes_first() -> None:
    house = House((Door("a", open=True), Door("b", open=True)))
    checks = [DoorShut("low", "LOW"), DoorShut("worst", "CRITICAL")]

    findings, _ = run_checks(house, checks, NOTHING_SUPPRESSED, AT)

    assert [each.finding.check for each in findings] == ["worst", "worst", "low", "low"]


def test_two_faults_of_one_resource_are_one_finding_that_tells_both() -> None:
    class Hinges(DoorShut):
        def judge(self, subject: Door, at: datetime) -> Iterator[Finding]:
            del at
            shared = door("frame")
            for fault in ("no hinge", "no lock", "no hinge"):
                yield self.meta.finding(shared, "DOOR_OPEN", fault, related=(door(subject.name),))

    house = House(tuple(Door(str(n)) for n in range(150)))

    (found,), (run,) = run_checks(house, [Hinges()], NOTHING_SUPPRESSED, AT)

    assert found.finding.reason == "no hinge; no lock"
    assert len(found.finding.related) == MAX_RELATED
    assert found.finding.related[:2] == (door("0"), door("1"))
    assert (run.resources, run.non_compliant) == (150, 1)


@given(
    doors=st.lists(st.tuples(st.integers(0, 30), st.sampled_from((True, False, None)))),
    quiet=st.sets(st.integers(0, 30)),
)
def test_counts_add_up(doors: list[tuple[int, bool | None]], quiet: set[int]) -> None:
    house = House(tuple(Door(str(name), open=is_open) for name, is_open in doors))
    suppressions = Suppressions([suppression(str(name)) for name in quiet], AT)

    findings, (run,) = run_checks(house, [DoorShut()], suppressions, AT)

    open_doors = {name for name, is_open in doors if is_open}
    assert run.resources == len(doors)
    assert run.suppressed == len(open_doors & quiet)
    assert run.non_compliant == len(open_doors - quiet)
    assert sum(each.suppressed for each in findings) == run.suppressed
    assert len(findings) == run.suppressed + run.non_compliant
    assert (run.status == "FAILED") == any(is_open is None for _, is_open in doors)


@pytest.mark.parametrize(
    ("expires_at", "suppressed"),
    [
        pytest.param(None, True, id="never"),
        pytest.param(AT + timedelta(seconds=1), True, id="later"),
        pytest.param(AT, False, id="now"),
        pytest.param(AT - timedelta(days=1), False, id="before"),
    ],
)
def test_a_suppression_ends_when_it_expires(
    expires_at: datetime | None, *, suppressed: bool
) -> None:
    suppressions = Suppressions([suppression("back", expires_at)], AT)

    (found,), (run,) = run_checks(House((Door("back", open=True),)), [DoorShut()], suppressions, AT)

    assert found.suppressed is suppressed
    assert run.status == ("COMPLETED_COMPLIANT" if suppressed else "COMPLETED_NON_COMPLIANT")


def test_a_suppression_is_of_one_check_and_one_resource() -> None:
    house = House((Door("back", open=True), Door("front", open=True)))
    suppressions = Suppressions([suppression("back")], AT)

    findings, _ = run_checks(house, [DoorShut(), DoorShut("other")], suppressions, AT)

    quiet = [each.finding for each in findings if each.suppressed]
    assert [(each.check, each.resource) for each in quiet] == [("door-shut", door("back"))]


def test_subjects_are_not_kept() -> None:
    class Street(House):
        def subjects(self, wanted: frozenset[type]) -> Iterator[object]:
            del wanted
            return (Door("x" * 1000 + str(n)) for n in range(20_000))

    told: list[int] = []

    tracemalloc.start()
    run_checks(Street(()), [DoorShut()], NOTHING_SUPPRESSED, AT, told.append)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak_bytes < 1_000_000
    assert told[:2] == [20, 40]
    assert told[-1] == 20_000


@pytest.mark.parametrize("other", ["device", "123456789012"])
def test_an_id_lasts_over_nights_and_is_of_one_scope(other: str) -> None:
    def ids(scope: str, at: datetime) -> list[str]:
        house = House((Door("back", open=True),), scope=scope)
        return [
            each.finding_id for each in run_checks(house, [DoorShut()], NOTHING_SUPPRESSED, at)[0]
        ]

    tonight, next_night = ids("device", AT), ids(other, AT + timedelta(days=1))

    assert (tonight == next_night) == (other == "device")


def test_a_resource_of_a_subject_with_many_is_counted() -> None:
    class Log(DoorShut):
        def judge(self, subject: Door, at: datetime) -> Iterator[Finding]:
            del subject, at
            for name in "abc":
                resource = Resource(type="CLIENT_ID", identifier={"clientId": name})
                yield self.meta.finding(resource, "DOOR_OPEN", "it is")

    _, (run,) = run_checks(House((Door("log"),)), [Log()], NOTHING_SUPPRESSED, AT)

    assert (run.resources, run.non_compliant) == (3, 3)
