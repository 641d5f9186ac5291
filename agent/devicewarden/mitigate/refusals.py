"""What is not done, and why: root's settings and documents decide, whoever asks."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from devicewarden.config.mitigate_settings import MitigateSettings
from devicewarden.mitigate.registry import KINDS
from devicewarden.model.action import ActionType, MitigationAction, PlannedAction
from devicewarden.model.action_mapping import Orders


class Refusal(NamedTuple):
    """Why an action is not done.

    Attributes:
        status: FAILED: it should not have been asked for.
        reason: in words.
    """

    status: Literal["FAILED", "SKIPPED"]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusals:
    """Decides what is allowed.

    Attributes:
        settings: root's.
        orders: root's.
        operator: whether a person asks, who is root and needs no leave.
        broken: what is wrong with settings or documents; then nothing is done.
    """

    settings: MitigateSettings
    orders: Orders
    operator: bool = False
    broken: str = ""

    def action(self, planned: PlannedAction) -> MitigationAction:
        """Give the configured action of a plan that is not refused."""
        return self.orders.actions[planned.name]

    def type_of(self, planned: PlannedAction) -> ActionType | None:
        """Tell the type of a planned action; None: there is no such action."""
        found = self.orders.actions.get(planned.name)
        return None if found is None else found.type

    def find(self, planned: PlannedAction) -> Refusal | None:
        """Tell why an action is not done; None: it may be."""
        kind = self.type_of(planned)
        if self.broken:
            return Refusal("FAILED", self.broken)
        if kind is None:
            return Refusal("FAILED", f"no action {planned.name} is configured")
        if kind not in KINDS:
            return Refusal("SKIPPED", "it changes the AWS account, not this device")
        return None if self.operator else self._for_machines(planned, kind)

    def dry_run(self, planned: PlannedAction) -> bool:
        """Tell whether an action is only told of."""
        return planned.dry_run or (self.settings.dry_run and not self.operator)

    def _for_machines(self, planned: PlannedAction, kind: ActionType) -> Refusal | None:
        if planned.cause.kind == "operator":
            return Refusal("FAILED", "no operator asks through the agent")
        if not self.settings.enabled:
            return Refusal("SKIPPED", "mitigate.enabled is false")
        if kind not in self.settings.allow and not self.dry_run(planned):
            return Refusal("FAILED", f"{kind} is not in mitigate.allow")
        return None
