"""One report, one outcome; and every reply finds its report or is counted."""

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devicewarden.config.settings import PublishSettings
from devicewarden.model.errors import PermanentPublishError, TemporaryPublishError
from devicewarden.model.outcome import (
    Accepted,
    Acknowledged,
    Missed,
    NoReply,
    Outcome,
    Rejected,
)
from devicewarden.publish.exchange import OUTSTANDING_AT_MOST, Exchange, ReplyCounts
from devicewarden.publish.topics import report_topics

if TYPE_CHECKING:
    from tests.publish.conftest import PaperPublisher

SETTINGS = PublishSettings(
    attempts=3, first_wait_s=0.001, max_wait_s=0.002, reply_timeout_s=0.01, ack_timeout_s=10
)
TOPIC = "$aws/things/edge-17/defender/metrics/json"
REASON = Rejected("InvalidPayload", "Malformed metrics report")


def accepted(report_id: int | None) -> bytes:
    return json.dumps({"reportId": report_id, "status": "ACCEPTED"}).encode()


def rejected(report_id: int | None) -> bytes:
    details = {"ErrorCode": REASON.code, "ErrorMessage": REASON.reason}
    document = {"reportId": report_id, "status": "REJECTED", "statusDetails": details}
    return json.dumps(document).encode()


class Desk:
    """An exchange over a publisher on paper."""

    def __init__(self, paper: "PaperPublisher", settings: PublishSettings = SETTINGS) -> None:
        self.late: list[tuple[int, Accepted | Rejected]] = []
        self.paper = paper
        self.exchange = Exchange(
            paper,
            report_topics(settings, thing="edge-17", encoding="json"),
            settings,
            encoding="json",
            stop=asyncio.Event(),
            on_late_reply=lambda *reply: self.late.append(reply),
        )

    def replies_at_once(self, *replies: bytes) -> "Desk":
        def answer(_payload: bytes) -> None:
            for reply in replies:
                self.reply(reply)

        self.paper.on_publish = answer
        return self

    def reply(self, payload: bytes) -> None:
        self.paper.deliver(f"{TOPIC}/accepted", payload)

    def send(self, report_id: int = 7) -> Outcome:
        return asyncio.run(self.exchange.send(report_id, b"report"))


def test_accepted_is_the_outcome_of_the_report_with_that_id(paper: "PaperPublisher") -> None:
    desk = Desk(paper).replies_at_once(accepted(7))

    assert desk.send(7) == Accepted()
    assert paper.published == [(TOPIC, b"report", 1)]
    assert desk.exchange.counts == ReplyCounts()


@pytest.mark.parametrize("report_id", [7, None], ids=["by id", "without id"])
def test_rejected_is_the_outcome(paper: "PaperPublisher", report_id: int | None) -> None:
    assert Desk(paper).replies_at_once(rejected(report_id)).send(7) == REASON


def test_accepted_without_an_id_is_no_proof_of_this_report(paper: "PaperPublisher") -> None:
    desk = Desk(paper).replies_at_once(accepted(None))

    assert desk.send(7) == NoReply(SETTINGS.reply_timeout_s)
    assert desk.exchange.counts == ReplyCounts(unknown=1)


def test_no_reply_in_time_is_an_outcome_of_its_own(paper: "PaperPublisher") -> None:
    assert Desk(paper).send() == NoReply(SETTINGS.reply_timeout_s)


def test_without_a_reply_expected_the_acknowledgement_is_the_outcome(
    paper: "PaperPublisher",
) -> None:
    desk = Desk(paper, replace(SETTINGS, expect_reply=False, qos=0))

    assert desk.send() == Acknowledged()
    assert paper.published == [("devicewarden/edge-17/metrics/json", b"report", 0)]
    assert paper.handlers == {}


def test_a_temporary_failure_is_tried_again(paper: "PaperPublisher") -> None:
    paper.errors = [TemporaryPublishError("busy"), TemporaryPublishError("busy")]

    assert Desk(paper).send(7) == NoReply(SETTINGS.reply_timeout_s)
    assert len(paper.published) == 3


def test_a_report_that_never_got_through_is_missed(paper: "PaperPublisher") -> None:
    paper.errors = [TemporaryPublishError("broker away")] * 3

    assert Desk(paper).send() == Missed("broker away")


def test_a_permanent_failure_is_missed_at_the_first_attempt(paper: "PaperPublisher") -> None:
    paper.errors = [PermanentPublishError("too large")]

    assert Desk(paper).send() == Missed("too large")
    assert len(paper.published) == 1


def test_a_reply_counts_although_the_acknowledgement_was_lost(paper: "PaperPublisher") -> None:
    paper.errors = [TemporaryPublishError("no acknowledgement")]
    desk = Desk(paper).replies_at_once(accepted(7))

    assert desk.send(7) == Accepted()
    assert len(paper.published) == 1


def test_nothing_is_published_before_the_subscriptions_are_answered(
    paper: "PaperPublisher",
) -> None:
    paper.online.clear()

    outcome = Desk(paper, replace(SETTINGS, ack_timeout_s=0)).send()

    assert outcome == Missed("not connected: cable out")
    assert paper.published == []


def test_a_late_reply_is_told_and_told_once(paper: "PaperPublisher") -> None:
    desk = Desk(paper)
    desk.send(7)

    desk.reply(accepted(7))
    desk.reply(accepted(7))

    assert desk.late == [(7, Accepted())]
    assert desk.exchange.counts == ReplyCounts(late=1, unknown=1)


def test_a_late_reply_does_not_answer_the_report_that_waits_now(paper: "PaperPublisher") -> None:
    desk = Desk(paper)
    desk.send(7)

    desk.replies_at_once(rejected(7))

    assert desk.send(8) == NoReply(SETTINGS.reply_timeout_s)
    assert desk.late == [(7, REASON)]


def test_reports_that_were_never_answered_are_forgotten(paper: "PaperPublisher") -> None:
    desk = Desk(paper, replace(SETTINGS, reply_timeout_s=0))
    for report_id in range(1, OUTSTANDING_AT_MOST + 2):
        desk.send(report_id)

    desk.reply(accepted(1))
    desk.reply(accepted(2))

    assert desk.late == [(2, Accepted())]
    assert desk.exchange.counts == ReplyCounts(late=1, unknown=1)


def test_one_report_is_under_way_at_a_time(paper: "PaperPublisher") -> None:
    desk = Desk(paper, replace(SETTINGS, reply_timeout_s=10))

    async def both() -> list[Outcome]:
        published = asyncio.Queue[bytes]()
        paper.on_publish = published.put_nowait
        sends = [asyncio.create_task(desk.exchange.send(n, b"%d" % n)) for n in (7, 8)]
        for report_id in (7, 8):
            assert await published.get() == b"%d" % report_id
            assert published.empty()
            desk.reply(accepted(report_id))
        return await asyncio.gather(*sends)

    assert asyncio.run(asyncio.wait_for(both(), 10)) == [Accepted(), Accepted()]
    assert len(paper.published) == 2


@pytest.mark.parametrize(
    ("payload", "counts"),
    [
        (b"x" * 8193, ReplyCounts(oversized=1)),
        (b"not json", ReplyCounts(malformed=1)),
        (accepted(99), ReplyCounts(unknown=1)),
        (rejected(None), ReplyCounts(unknown=1)),
    ],
    ids=["oversized", "malformed", "unknown id", "no id and nothing waits"],
)
def test_replies_that_answer_nothing_are_counted(
    paper: "PaperPublisher", payload: bytes, counts: ReplyCounts
) -> None:
    desk = Desk(paper)

    desk.reply(payload)

    assert desk.exchange.counts == counts
    assert desk.late == []


@given(
    payloads=st.lists(
        st.binary(max_size=100)
        | st.builds(accepted, st.integers(6, 9) | st.none())
        | st.builds(rejected, st.integers(6, 9) | st.none()),
        max_size=8,
    )
)
def test_every_reply_ends_in_exactly_one_place(
    new_paper: "type[PaperPublisher]", payloads: list[bytes]
) -> None:
    desk = Desk(new_paper(), replace(SETTINGS, reply_timeout_s=0))
    desk.send(6)
    desk.replies_at_once(*payloads)

    outcome = desk.send(7)

    counts = desk.exchange.counts
    counted = counts.late + counts.unknown + counts.malformed + counts.oversized
    assert counted + isinstance(outcome, Accepted | Rejected) == len(payloads)
    assert counts.late == len(desk.late)
