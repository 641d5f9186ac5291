"""Texts in SARIF mean themselves: no placeholder, no link."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.audits import audit, found, run

from devicewarden.report.findings_sarif import sarif_document
from devicewarden.report.sarif import sarif_text


@pytest.mark.parametrize(
    ("text", "written"),
    [
        pytest.param("${iot:ClientId}", "${{iot:ClientId}}", id="policy variable"),
        pytest.param("{0}", "{{0}}", id="placeholder"),
        pytest.param("[x](http://a)", r"\[x\](http://a)", id="link"),
        pytest.param(r"\[x](1)", r"\\\[x\](1)", id="link with a backslash before it"),
    ],
)
def test_a_text_is_written_so_that_it_means_itself(text: str, written: str) -> None:
    assert sarif_text(text) == {"text": written}


@given(st.text(alphabet="a{}[]()\\"))
def test_no_text_has_a_bracket_or_brace_that_means_something(text: str) -> None:
    written = sarif_text(text)["text"]

    rest = re.sub(r"\\[\[\]\\]|\{\{|\}\}", "", written)
    assert not set(rest) & set("{}[]\\")


def test_findings_and_undecided_checks_are_written_so() -> None:
    told = audit(found(reason="[r](1)"), runs=[run("clock", "FAILED", undecided=("{0}",))])

    (only,) = sarif_document(told, [])["runs"]

    assert only["results"][0]["message"]["text"].startswith(r"\[r\](1)")
    (note,) = only["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"] == "clock is undecided: {{0}}"
