"""`docs/actions.md`, made from what actions tell of themselves."""

from collections.abc import Iterable
from typing import Final

from devicewarden.mitigate.action import ActionMeta

_HEAD: Final = """\
# Actions

What DeviceWarden can do about a violation or a finding, on this device and in an AWS account;
[mitigation.md](mitigation.md) tells how to turn it on. Each is configured as a
CreateMitigationAction request of AWS IoT; `durationSeconds` beside the parameters of an action on
the device tells when it ends by itself, else `mitigate.expires_s` does. This file is made from the
code by `make docs`.

"""


def render(metas: Iterable[ActionMeta]) -> str:
    """Write the document: a table of all actions, then a section for each."""
    actions = tuple(metas)
    rows = "".join(f"| {_link(meta)} | {meta.where} | {meta.title} |\n" for meta in actions)
    head = f"{_HEAD}| action | changes | what it does |\n| --- | --- | --- |\n{rows}"
    return head + "".join(map(_section, actions))


def _link(meta: ActionMeta) -> str:
    return f"[{meta.type}](#{meta.type.lower()})"


def _section(meta: ActionMeta) -> str:
    return (
        f"\n## {meta.type}\n\n{meta.title}.\n\n"
        f"- **Parameters:** `{meta.member}` takes {meta.takes}\n"
        f"- **Undo:** {meta.undo}\n"
        f"- **Ends:** {meta.ends}\n"
        f"- **Needs:** {meta.needs}\n\n"
        f'```json\n{{"actionName": "{meta.type.lower().replace("_", "-")}", '
        f'"actionParams": {meta.example}}}\n```\n'
    )
