"""The section `mitigate` of the settings."""

from dataclasses import dataclass
from typing import Final

from devicewarden.config.knob import knob

LEDGER: Final = "ledger.json"
"""The file in `records_dir`: what root did; there once it did anything."""


@dataclass(frozen=True, slots=True)
class MitigateSettings:
    """What is done about violations and findings, without a person. Nothing, unless asked to."""

    enabled: bool = knob(False, "choose actions for violations and findings")
    dry_run: bool = knob(True, "tell what would be done, and do nothing")
    dir: str = knob(
        "/etc/devicewarden/actions",
        "folder of mitigation actions, and of what each is for, *.json",
        path="place",
    )
    allow: tuple[str, ...] = knob(
        (), 'types of actions that may be applied on this device, such as "QUARANTINE"'
    )
    allow_commands: tuple[str, ...] = knob(
        (), "programs, by absolute path, that a RUN_COMMAND may start"
    )
    allow_addresses: tuple[str, ...] = knob(
        (), "addresses and networks (CIDR) that stay reachable whatever is blocked"
    )
    deadman_s: int = knob(
        900,
        "a quarantine ends when the agent has had no connection to its broker for so long",
        minimum=10,
        maximum=86_400,
    )
    expires_s: int = knob(
        3600,
        "an action whose document has no duration ends by itself after this time",
        minimum=1,
        maximum=2_592_000,
    )
    evidence_max_bytes: int = knob(
        5_000_000, "an archive of evidence is no larger", minimum=10_000, maximum=1_000_000_000
    )
    evidence_keep: int = knob(5, "archives of evidence that are kept", minimum=1, maximum=100)
    records_dir: str = knob(
        "/var/lib/devicewarden-mitigate",
        "folder of root's own records of what was done, and of evidence",
        path="place",
    )
    topic: str = knob(
        "devicewarden/{thing}/actions", "topic of what became of actions; {thing} is filled in"
    )
