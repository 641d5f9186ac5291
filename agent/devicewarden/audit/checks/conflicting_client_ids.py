"""Clients that throw each other out."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from devicewarden.audit.check import CheckMeta
from devicewarden.audit.subject import ClientIdUse
from devicewarden.model.finding import Finding, Resource

_SPAN: Final = timedelta(days=31)
_MAX_TOLD: Final = 10


class ConflictingClientIds:
    """Finds client ids that several clients use at once."""

    subject = ClientIdUse
    meta = CheckMeta(
        name="conflicting-client-ids",
        title="No two clients use the same MQTT client id",
        severity="HIGH",
        why="A broker keeps one connection of a client id: two devices with the same one throw each"
        " other out, over and over, and neither reports. It may also be a stolen identity.",
        decides="In the last 31 days no connection was ended because another client connected with"
        " its client id. On the device, the agent counts how often its own connection ended with"
        " MQTT 5 reason 0x8E; there, two times are forgiven: `devicewarden once` and `doctor` do"
        " that too. A broker that closes the connection without a word, as Mosquitto 2.0 does, is"
        " not understood.",
        remedy="Give each device its own client id (thing.client_id), and tie client ids to"
        " certificates in the policy: client/${iot:Connection.Thing.ThingName}.",
        needs="what the agent recorded, see state.dir; in the account the connection log",
        source="AWS IoT Device Defender audit, CONFLICTING_CLIENT_IDS_CHECK",
        codes={"DUPLICATE_CLIENT_ID_ACROSS_CONNECTIONS": "another client took over connections"},
    )

    def judge(self, subject: ClientIdUse, at: datetime) -> Iterator[Finding]:
        recent = sorted(when for when in subject.taken_over if at - _SPAN <= when <= at)
        if len(recent) <= subject.forgiven:
            return
        newest = [f"{when:%Y-%m-%dT%H:%M:%SZ}" for when in recent[: -_MAX_TOLD - 1 : -1]]
        info = {"takenOverAt": ", ".join(newest)}
        if subject.principals:
            info["principals"] = ", ".join(subject.principals[:_MAX_TOLD])
        yield self.meta.finding(
            Resource(type="CLIENT_ID", identifier={"clientId": subject.client_id}, info=info),
            "DUPLICATE_CLIENT_ID_ACROSS_CONNECTIONS",
            f"its connection was taken over {len(recent)} times in 31 days, last at {newest[0]}",
        )
