"""Every labelled policy gets the verdict that its first line expects, for the right statement."""

from pathlib import Path
from typing import get_args

import pytest
from tests.audit.policy.corpus import FOLDER, faults, judge, read_case

from devicewarden.audit.policy.fault import ReasonCode

FILES = sorted(FOLDER.glob("*.jsonc"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_labelled_policy_gets_the_verdict_that_it_is_labelled_with(file: Path) -> None:
    case = read_case(file)

    assert judge(case) == case.expected


def test_the_corpus_has_both_sides_of_every_reason_code() -> None:
    cases = [read_case(file) for file in FILES]

    blamed = {blame.code for case in cases for blame in case.expected}
    compliant = {case.kind for case in cases if not case.expected}

    assert len(cases) >= 150
    assert blamed == set(get_args(ReasonCode))
    assert compliant == {case.kind for case in cases}


def test_every_fault_tells_an_action_a_resource_and_a_compliant_one() -> None:
    found = [fault for file in FILES for fault in faults(read_case(file))]

    assert all(f.action and f.resource and f.detail and f.remedy and f.line >= 1 for f in found)
