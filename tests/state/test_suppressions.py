"""Suppressions that people record by command."""

from datetime import timedelta
from pathlib import Path

from tests.state.scene import START

from devicewarden.config.settings import StateSettings
from devicewarden.model.finding import Suppression
from devicewarden.state.own import transact
from devicewarden.state.suppression_tables import end, recorded, suppress

ONE = Suppression(
    check="iot-policy-overly-permissive",
    identifier={"policyVersionIdentifier": {"policyName": "edge", "policyVersionId": "3"}},
    expires_at=START + timedelta(days=7),
    description="replaced next week",
)
OTHER = Suppression(check="logging-disabled", identifier={"host": "a"}, expires_at=None)


def test_suppressions_come_back_as_they_were_recorded(tmp_path: Path) -> None:
    settings = StateSettings(dir=str(tmp_path))

    for each in (ONE, OTHER):
        transact(settings, lambda db, each=each: suppress(db, each, START))  # type: ignore[misc]  # the loop's own

    assert transact(settings, recorded) == (ONE, OTHER)


def test_a_newer_one_replaces_that_of_the_same_resource_and_expired_ones_are_forgotten(
    tmp_path: Path,
) -> None:
    settings, later = StateSettings(dir=str(tmp_path)), START + timedelta(days=7)
    transact(settings, lambda db: suppress(db, OTHER, START))
    transact(settings, lambda db: suppress(db, ONE, START))

    transact(settings, lambda db: suppress(db, OTHER, later))

    assert transact(settings, recorded) == (OTHER,)


def test_a_suppression_can_be_taken_back(tmp_path: Path) -> None:
    settings = StateSettings(dir=str(tmp_path))
    transact(settings, lambda db: suppress(db, ONE, START))

    assert transact(settings, lambda db: end(db, ONE))
    assert not transact(settings, lambda db: end(db, ONE))
    assert transact(settings, recorded) == ()
