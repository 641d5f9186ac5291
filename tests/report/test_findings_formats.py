"""Audits as SARIF, JUnit and a page: well formed whatever a resource is called."""

import json
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.audits import EXPIRING, audit, found, run

from devicewarden.model.audit import Audit
from devicewarden.model.finding import Resource
from devicewarden.report.findings_html import html_document
from devicewarden.report.findings_junit import junit_document
from devicewarden.report.findings_sarif import sarif_document
from devicewarden.report.remarks import Remark, remarks_sarif
from devicewarden.report.rule import Rule

RULES = [
    Rule(name=name, title="All is well", severity="MEDIUM", why="It may be worse", remedy="Mend it")
    for name in (EXPIRING, "logging-disabled", "clock")
]
HOSTILE = "<script>alert(1)</script>\"'&]]>\x1b[2J\x00\ud800\ufffe"
KEY = Resource(type="FILE", identifier={"path": "/etc/my keys/<b>.pem"})


def mixed(text: str = "it is so") -> Audit:
    return audit(
        found(reason=text, remedy=text),
        found(resource=KEY, code=text, suppressed=True),
        runs=[
            run(non_compliant=1, suppressed=1),
            run("logging-disabled"),
            run("clock", "FAILED", undecided=(text,)),
        ],
    )


def sarif_run() -> dict[str, Any]:
    document = json.loads(json.dumps(sarif_document(mixed(), RULES)))
    assert document["version"] == "2.1.0"
    assert document["$schema"].endswith("sarif-schema-2.1.0.json")
    (only,) = document["runs"]
    assert isinstance(only, dict)
    return only


def test_sarif_has_a_rule_for_each_result() -> None:
    only = sarif_run()

    rules = only["tool"]["driver"]["rules"]
    assert all(rules[each["ruleIndex"]]["id"] == each["ruleId"] for each in only["results"])
    assert {rule["defaultConfiguration"]["level"] for rule in rules} == {"warning"}
    assert all(rule["shortDescription"]["text"] and rule["help"]["text"] for rule in rules)


def test_sarif_results_have_message_place_and_fingerprint() -> None:
    certificate, key = sarif_run()["results"]

    assert certificate["message"]["text"] == "it is so. it is so"
    assert certificate["partialFingerprints"] == {"findingId/v1": found().finding_id}
    assert "suppressions" not in certificate
    assert certificate["locations"][0]["logicalLocations"][0]["kind"] == "device_certificate"
    assert key["suppressions"] == [{"kind": "external"}]
    assert key["locations"][0]["physicalLocation"]["artifactLocation"] == {
        "uri": "file:///etc/my%20keys/%3Cb%3E.pem"
    }


def test_sarif_names_the_file_and_not_what_in_it_is_meant() -> None:
    account = Resource(type="FILE", identifier={"path": "/etc/shadow#pi"})

    document = sarif_document(audit(found(resource=account)), RULES)

    (location,) = document["runs"][0]["results"][0]["locations"]
    assert location["physicalLocation"]["artifactLocation"] == {"uri": "file:///etc/shadow"}
    assert "/etc/shadow#pi" in location["logicalLocations"][0]["fullyQualifiedName"]


def test_sarif_tells_what_is_undecided() -> None:
    (invocation,) = sarif_run()["invocations"]

    (notification,) = invocation["toolExecutionNotifications"]
    assert invocation["executionSuccessful"] is False
    assert invocation["startTimeUtc"] == "2026-03-01T02:00:00.157Z"
    assert notification["associatedRule"] == {"id": "clock"}


def test_sarif_of_remarks_has_lines_and_what_could_not_be_judged() -> None:
    def remark(check: str) -> Remark:
        return Remark(
            file="policies/my policy.json",
            line=7,
            column=3,
            check=check,
            severity="MEDIUM",
            code="X",
            text="too broad",
        )

    document = remarks_sarif([remark(EXPIRING), remark("")], RULES)

    (only,) = document["runs"]
    (result,) = only["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place["region"] == {"startLine": 7, "startColumn": 3}
    assert place["artifactLocation"]["uri"] == "policies/my%20policy.json"
    assert only["invocations"][0]["executionSuccessful"] is False


def parsed(audited: Audit) -> ET.Element:
    return ET.fromstring(junit_document(audited))  # noqa: S314  our own document


def test_junit_counts_what_it_holds() -> None:
    root = parsed(mixed())

    assert root.attrib == {
        "name": "devicewarden audit",
        "tests": "4",
        "failures": "1",
        "errors": "1",
    }
    for suite in root:
        assert int(suite.attrib["tests"]) == len(suite)
        for outcome, count in (("failure", "failures"), ("error", "errors"), ("skipped",) * 2):
            assert len(suite.findall(f"*/{outcome}")) == int(suite.attrib[count])
    assert [suite.attrib["name"] for suite in root] == [EXPIRING, "logging-disabled", "clock"]


@given(st.text())
def test_junit_is_well_formed_whatever_a_reason_says(text: str) -> None:
    assert len(parsed(mixed(text))) == 3


def test_junit_holds_no_markup_of_others() -> None:
    root = parsed(mixed(HOSTILE))

    failure = root.find(".//failure")
    assert failure is not None
    assert "<script>alert(1)</script>\"'&]]>\ufffd[2J" in failure.attrib["message"]
    assert root.find(".//script") is None


class Page(HTMLParser):
    """Notes the elements of a page, and what its texts say."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("text", ["it is so", HOSTILE], ids=["usual", "hostile"])
def test_the_page_loads_and_runs_nothing(text: str) -> None:
    page = Page(html_document(mixed(text), RULES, thing=text))

    tags = {tag for tag, _ in page.tags}
    attributes = {name for _, attributes in page.tags for name in attributes}
    assert not tags & {"script", "img", "link", "iframe", "object", "a", "b", "form"}
    assert not attributes & {"src", "href", "style"}
    assert not any(name.startswith("on") for name in attributes)
    assert ("meta", "default-src 'none'; style-src 'unsafe-inline'") in [
        (tag, attributes.get("content")) for tag, attributes in page.tags
    ]
    assert text in page.text


def test_the_page_tells_findings_and_checks() -> None:
    page = Page(html_document(mixed(), RULES, thing="pump"))

    assert "Audit of pump" in page.text
    assert "3 checks, 1 undecided; 1 findings, 1 suppressed" in page.text
    assert f"{EXPIRING}FILE /etc/my keys/<b>.pem" in page.text
    assert [tag for tag, _ in page.tags].count("table") == 2


def test_a_page_without_findings_says_so() -> None:
    page = Page(html_document(audit(runs=[run()]), RULES, thing="pump"))

    assert "None." in page.text
    assert [tag for tag, _ in page.tags].count("table") == 1
