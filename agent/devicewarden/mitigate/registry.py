"""Every type of action there is: a line each."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from devicewarden.mitigate import (
    block_destination,
    block_port,
    collect_evidence,
    limit_egress_rate,
    quarantine,
    run_command,
    stop_unit,
)
from devicewarden.mitigate.action import ActionMeta, MakeAction
from devicewarden.model.action import ActionType


class Kind(NamedTuple):
    """A type of action.

    Attributes:
        meta: what is told of it.
        make: makes one.
    """

    meta: ActionMeta
    make: MakeAction


_KINDS: Final = (
    Kind(quarantine.META, quarantine.Quarantine),
    Kind(block_port.META, block_port.BlockPort),
    Kind(block_destination.META, block_destination.BlockDestination),
    Kind(limit_egress_rate.META, limit_egress_rate.LimitEgressRate),
    Kind(stop_unit.META, stop_unit.StopUnit),
    Kind(run_command.META, run_command.RunCommand),
    Kind(collect_evidence.META, collect_evidence.CollectEvidence),
)

KINDS: Final[Mapping[ActionType, Kind]] = {kind.meta.type: kind for kind in _KINDS}
"""By type. One that is absent needs the account, and is skipped on the device."""
