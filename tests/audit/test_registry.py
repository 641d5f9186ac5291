"""The list of checks, and the document made from it."""

import re
from pathlib import Path

import pytest
from tests.audit.example import DoorShut

from devicewarden.audit import reference, registry
from devicewarden.audit.runner import AnyCheck

ROOT = Path(__file__).parents[2]
CHECKS = registry.checks()


def test_the_document_of_checks_is_fresh() -> None:
    text = (ROOT / "docs/checks.md").read_text(encoding="utf-8")

    assert text == reference.render(check.meta for check in CHECKS), "run make docs"


def test_a_check_has_a_section_with_all_that_it_tells() -> None:
    meta = DoorShut().meta

    text = reference.render([meta])

    told = (meta.title, meta.why, meta.decides, meta.remedy, meta.needs, meta.source)
    assert all(part in text for part in told)
    assert "`DOOR_SHUT_CHECK`" in text
    assert "| `DOOR_OPEN` | the door is open |" in text


def test_every_check_has_a_name_of_its_own() -> None:
    names = [check.meta.name for check in CHECKS]

    assert len(set(names)) == len(names)


@pytest.mark.parametrize("check", CHECKS, ids=[check.meta.name for check in CHECKS])
def test_every_check_tells_all_of_itself(check: AnyCheck) -> None:
    meta = check.meta

    assert re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", meta.name)
    told = (meta.title, meta.why, meta.decides, meta.remedy, meta.needs, meta.source)
    assert all(part and part == part.strip() and "|" not in part for part in told)
    assert not meta.title.endswith(".")
    assert meta.codes
