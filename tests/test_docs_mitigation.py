"""What docs/mitigation.md tells people to type is typed here, and its documents are read."""

import json
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from tests.mitigate.hosts import NOW
from tests.mitigate.network import alone

from devicewarden.config.action_documents import load_action_documents
from devicewarden.config.settings import StateSettings
from devicewarden.config.structure import structure
from devicewarden.mitigate.account.registry import KINDS as ACCOUNT
from devicewarden.mitigate.reference import render
from devicewarden.mitigate.registry import KINDS
from devicewarden.state.own import transact
from devicewarden.state.violation_records import Step
from devicewarden.state.violation_tables import insert

DOCS = Path(__file__).parent.parent / "docs"
TEXT = (DOCS / "mitigation.md").read_text(encoding="utf-8")
VIOLATION = "0f6a2c51d0e94b7f8a3b6f0f6f2b9c11"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def violate(folder: Path) -> None:
    document = {
        "violationId": VIOLATION,
        "securityProfileName": "gateway",
        "behavior": {"name": "expected-ports", "metric": "aws:listening-tcp-ports"},
        "context": {"offending": [23]},
    }
    step = Step(
        violation_id=VIOLATION,
        profile="gateway",
        behavior="expected-ports",
        kind="in-alarm",
        at=NOW,
        suppressed=False,
        simulated=False,
        document=json.dumps(document),
    )
    transact(StateSettings(dir=str(folder)), lambda db: insert(db, step))


@pytest.mark.e2e
def test_every_command_works_in_the_order_of_the_document(tmp_path: Path) -> None:
    (document,) = blocks("json")
    (tmp_path / "actions").mkdir()
    (tmp_path / "actions" / "a.json").write_text(document)
    (tmp_path / "state").mkdir()
    violate(tmp_path / "state")
    config = tmp_path / "config.toml"
    config.write_text(
        blocks("toml")[1].replace(
            "[mitigate]",
            f'[mitigate]\ndir = "{tmp_path}/actions"\nrecords_dir = "{tmp_path}/records"',
        )
        + f'[state]\ndir = "{tmp_path}/state"\n'
    )
    statuses = {}
    with alone() as network:
        for line in "".join(blocks("sh")).splitlines():
            program, *words = shlex.split(line)
            argv = [*network.enter, sys.executable, "-P", "-m", program, *words]
            done = subprocess.run(  # noqa: S603 -- commands of our own document
                [*argv, "--config", str(config)], capture_output=True, check=False, timeout=60
            )
            statuses[line] = done.returncode
        rules = network.ruleset

    ones = {line for line, status in statuses.items() if status == 1}
    assert set(statuses.values()) == {0, 1}
    assert ones == {f"devicewarden mitigate plan {VIOLATION}", "devicewarden quarantine status"}
    assert rules == ""


def test_the_documents_are_taken_without_a_warning(tmp_path: Path) -> None:
    (document,) = blocks("json")
    (tmp_path / "a.json").write_text(document)

    read = load_action_documents(tmp_path)

    assert set(read.orders.actions) == {"cut-off", "shut", "evidence"}
    assert read.warnings == ()


@pytest.mark.parametrize("block", blocks("toml"), ids=["dry-run", "in-earnest"])
def test_the_settings_exist(block: str) -> None:
    _, faults = structure(tomllib.loads(block))

    assert faults == ()


def test_the_list_of_actions_is_fresh() -> None:
    metas = [kind.meta for kind in KINDS.values()]
    metas += [kind.meta for kind in ACCOUNT.values()]

    assert (DOCS / "actions.md").read_text(encoding="utf-8") == render(metas)
