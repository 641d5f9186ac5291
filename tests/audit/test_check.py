"""What a check says of a resource, however much others wrote."""

import json

from hypothesis import given
from hypothesis import strategies as st
from tests.audit.example import AT, DoorShut

from devicewarden.audit.check import MAX_RELATED, MAX_TEXT
from devicewarden.model.audit import Audit, AuditFinding
from devicewarden.model.finding import Resource
from devicewarden.report.findings import finding_document, finding_event

LIMIT_BYTES = 128 << 10
META = DoorShut().meta


def certificate(number: int, subject: str = "") -> Resource:
    identifier = {"deviceCertificateId": f"{number:064x}"}
    return Resource(type="DEVICE_CERTIFICATE", identifier=identifier, info={"subject": subject})


@given(st.sampled_from("a\x00\xe9\ud800\U0001f6aa"))
def test_an_event_fits_into_a_message_whatever_others_wrote(letter: str) -> None:
    text = letter * 1_000_000
    finding = META.finding(
        certificate(0, letter * 1000),
        "DOOR_OPEN",
        text,
        remedy=text,
        related=tuple(certificate(n, text) for n in range(1000)),
    )

    told = AuditFinding(finding_id="f" * 32, suppressed=False, finding=finding)
    audit = Audit(
        task_id="t" * 32,
        scope="device",
        schedule="",
        started_at=AT,
        ended_at=AT,
        findings=(told,),
        runs=(),
    )
    document = json.dumps(finding_document(audit, told))
    event = finding_event(document, "finding-opened", AT, "gateway")

    assert len(event.encode()) < LIMIT_BYTES * 3 // 4
    assert len(finding.related) == MAX_RELATED


def test_a_text_that_is_cut_shows_it_and_another_stays() -> None:
    short, long = "x" * MAX_TEXT, "x" * (MAX_TEXT + 1)

    found = META.finding(certificate(0), "DOOR_OPEN", short, remedy=long)

    assert found.reason == short
    assert (len(found.remedy), found.remedy[-4:]) == (MAX_TEXT, "x...")
