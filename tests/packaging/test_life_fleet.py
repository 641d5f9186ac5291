"""A device that installs itself at its first boot, by the snippet of packaging/fleet."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.packaging.machine import Machine

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
SNIPPET = Path(__file__).parents[2] / "packaging" / "fleet" / "cloud-init.yaml"


@pytest.fixture(scope="module")
def provisioned(files: Mapping[str, Path]) -> Mapping[str, Any]:
    """What was told of the device after cloud-init."""
    machine = Machine("bookworm", {**files, SNIPPET.name: SNIPPET}, ("cloud-init",))
    told = machine.boot("fleet")["provisioned"]
    assert "went_wrong" not in told, told["went_wrong"]
    found: Mapping[str, Any] = told
    return found


def test_cloud_init_takes_the_snippet_and_ends_well(provisioned: Mapping[str, Any]) -> None:
    code, text, _ = provisioned["schema"]

    assert (code, "Valid" in text) == (0, True), text
    assert [stage[0] for stage in provisioned["stages"]] == [0, 0, 0, 0], provisioned["stages"]


def test_the_agent_is_that_thing_with_this_fleets_settings(
    provisioned: Mapping[str, Any],
) -> None:
    status = provisioned["status"]

    assert status is not None, provisioned["journal"]
    assert (status["thing"], status["problems"]) == ("edge-7", {})
    assert status["connection"]["endpoint"] in SNIPPET.read_text()
    assert status["detection"]["profiles"] == ["fleet"]
    assert provisioned["check"][0] == 0, provisioned["check"]


def test_it_started_once_and_its_keys_are_roots(provisioned: Mapping[str, Any]) -> None:
    assert sum("agent_started" in line for line in provisioned["journal"]) == 1
    assert provisioned["modes"].split("\n") == ["root 700", "root 600", "root 600"]
