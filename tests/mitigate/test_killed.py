"""However often it is killed, in the end the rules are what they were, and the broker answers."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.mitigate.network import neighbors

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
FOREIGN = b"table ip mine {\n  chain c { type filter hook input priority 0; policy accept; }\n}\n"


def play(seed: int, sequences: int, folder: Path) -> dict[str, Any]:
    """Have a device killed again and again; a host that it talks to is next door."""
    with neighbors() as (ours, _):
        ours.run("nft", "-f", "-", stdin=FOREIGN)
        told = ours.run(
            *("env", f"PYTHONPATH={ROOT}", sys.executable, "-m", "tests.mitigate.killed"),
            *(str(seed), str(sequences), str(folder)),
            timeout_s=3600,
        )
    facts: dict[str, Any] = json.loads(told)
    return facts


def test_rules_are_as_they_were_after_every_sequence(tmp_path: Path) -> None:
    facts = play(seed=7, sequences=25, folder=tmp_path / "records")

    assert facts["sequences"] == 25
    assert facts["killed"] > 10
    assert facts["failed"] == 0
    assert facts["unanswered"] == 0
    assert facts["different"] == 0
