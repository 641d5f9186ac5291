"""ADD_THINGS_TO_THING_GROUP: into a group whose policy denies what a suspect must not do."""

import json
from typing import Final

from devicewarden.aws.calls import AbsentError, CallError, Calls
from devicewarden.mitigate.account.action import Kind
from devicewarden.mitigate.account.case import Case
from devicewarden.mitigate.action import ActionMeta, Memory
from devicewarden.model.action_params import AddThingsToThingGroup, Params
from devicewarden.model.errors import MitigationError

_MOST_THINGS: Final = 1000
"""Of one certificate; more would be a fleet that one finding cuts off."""


class _AddThings:
    """The things are those of the certificate, or the one of the violation."""

    def __init__(self, params: Params, case: Case, calls: Calls) -> None:
        assert isinstance(params, AddThingsToThingGroup)  # noqa: S101  the registry pairs them
        self._params = params
        self._case = case
        self._calls = calls
        self._certificate = "" if case.thing else str(case.identifier("deviceCertificateId"))

    def describe(self) -> str:
        whom = self._case.thing or f"the things of the device certificate {self._certificate}"
        groups = ", ".join(self._params.groups)
        override = "; a dynamic group may have to give way" if self._params.override_dynamic else ""
        return f"add {whom} to the thing groups {groups}{override}"

    def in_effect(self) -> bool:
        return not self._missing()

    def remember(self) -> Memory:
        return {"added": json.dumps(self._missing())}

    def apply(self, memory: Memory) -> None:
        del memory
        added: list[tuple[str, str]] = []
        for thing, group in self._missing():
            try:
                self._calls.call(
                    "iot:AddThingToThingGroup",
                    thingName=thing,
                    thingGroupName=group,
                    overrideDynamicGroups=self._params.override_dynamic,
                )
            except CallError:
                _remove(self._calls, added)
                raise
            added.append((thing, group))

    def _missing(self) -> list[tuple[str, str]]:
        missing = []
        for thing in self._things():
            groups = _groups(self._calls, thing)
            missing += [(thing, group) for group in self._params.groups if group not in groups]
        return missing

    def _things(self) -> list[str]:
        if self._case.thing:
            return [self._case.thing]
        answer = self._calls.call("iot:DescribeCertificate", certificateId=self._certificate)
        arn = answer["certificateDescription"]["certificateArn"]
        things: list[str] = []
        for page in self._calls.pages("iot:ListPrincipalThings", principal=arn):
            things += page["things"]
            if len(things) > _MOST_THINGS:
                raise MitigationError(f"the certificate belongs to more than {_MOST_THINGS} things")
        if not things:
            raise MitigationError("the certificate belongs to no thing")
        return things


def _groups(calls: Calls, thing: str) -> set[str]:
    pages = calls.pages("iot:ListThingGroupsForThing", thingName=thing)
    return {group["groupName"] for page in pages for group in page["thingGroups"]}


def _undo(calls: Calls, memory: Memory) -> None:
    _remove(calls, json.loads(memory["added"]))


def _remove(calls: Calls, pairs: list[tuple[str, str]]) -> None:
    for thing, group in pairs:
        try:
            calls.call("iot:RemoveThingFromThingGroup", thingName=thing, thingGroupName=group)
        except AbsentError:
            # The thing or the group was deleted: nobody is in it any more.
            continue


ADD_THINGS: Final = Kind(
    ActionMeta(
        type="ADD_THINGS_TO_THING_GROUP",
        member="addThingsToThingGroupParams",
        title="Adds the things of a certificate, or of a violation, to static thing groups",
        takes="`thingGroupNames`, 1 to 10; `overrideDynamicGroups`: a thing that is in ten groups"
        " leaves a dynamic one",
        undo="the things leave the groups that they were added to; AWS lets them back into dynamic"
        " groups by itself",
        ends="never by itself",
        needs="credentials of the account; the groups",
        example='{"addThingsToThingGroupParams": {"thingGroupNames": ["quarantine"],'
        ' "overrideDynamicGroups": true}}',
        where="account",
    ),
    _AddThings,
    _undo,
)
