"""A finding's way from an audit to the broker, by the outbox that violations go by."""

import asyncio
import json
from contextlib import closing
from pathlib import Path

from tests.audits import audit, found
from tests.state.scene import opened

from devicewarden.config.settings import PublishSettings, Settings, StateSettings, ThingSettings
from devicewarden.notify.delivery import Delivery
from devicewarden.notify.registry import open_sinks, sink_names
from devicewarden.report.findings import completed_document, finding_document, finding_event
from devicewarden.state.finding_records import Writers
from devicewarden.state.finding_tables import record
from devicewarden.state.own import transact

WRITERS = Writers(
    finding=lambda done, each: json.dumps(finding_document(done, each)),
    event=lambda document, kind, at: finding_event(document, kind, at, "pump"),
    completed=lambda done: json.dumps(completed_document(done, "pump")),
)


def test_findings_and_the_end_of_audits_reach_their_topics_in_order(tmp_path: Path) -> None:
    settings = Settings(
        thing=ThingSettings(name="pump"), publish=PublishSettings(endpoint="broker.example")
    )
    published: list[tuple[str, str]] = []

    async def publish(topic: str, payload: bytes) -> None:
        document = json.loads(payload)
        published.append((topic, document.get("findingEventType", document.get("taskStatus"))))

    nights = [audit(found()), audit(found(), night=1), audit(night=2)]
    for each in nights:
        transact(
            StateSettings(dir=str(tmp_path)),
            lambda db, each=each: record(db, each, sink_names(settings), WRITERS),  # type: ignore[misc]  # the loop's own
        )

    async def deliver() -> None:
        _, mqtt = open_sinks(settings, publish)
        while state.outbox.next(mqtt.name):
            await Delivery(mqtt, state.outbox).round()

    with closing(opened(tmp_path)) as state:
        asyncio.run(deliver())

    findings, audits = "devicewarden/pump/findings", "devicewarden/pump/audits"
    assert published == [
        (findings, "finding-opened"),
        (audits, "COMPLETED"),
        (audits, "COMPLETED"),
        (findings, "finding-resolved"),
        (audits, "COMPLETED"),
    ]
