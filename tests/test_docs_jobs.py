"""What docs/jobs.md and docs/rotation.md promise, tried out."""

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from click.testing import CliRunner

from devicewarden.cli.main import devicewarden
from devicewarden.config.action_documents import load_action_documents
from devicewarden.config.load import load_given
from devicewarden.model.job import OPERATIONS, parse_operation
from devicewarden.sandbox.control import serve_control
from devicewarden.sandbox.sandbox import Sandbox

DOCS = Path(__file__).parent.parent / "docs"
JOBS, ROTATION = ((DOCS / name).read_text(encoding="utf-8") for name in ("jobs.md", "rotation.md"))
Run = Callable[[str], "subprocess.CompletedProcess[str]"]


def blocks(text: str, kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def given(text: str) -> dict[str, dict[str, object]]:
    return tomllib.loads(blocks(text, "toml")[0])


def test_the_configurations_are_valid() -> None:
    settings = load_given({**given(JOBS), **given(ROTATION)}, {}).settings

    assert settings.jobs.operations == OPERATIONS
    assert settings.provisioning.template == "EdgeTemplate"


def test_every_operation_has_its_row() -> None:
    table = JOBS.partition("## Documents")[0]

    assert tuple(re.findall(r"^\| `([A-Z_]+)` \|", table, re.MULTILINE)) == OPERATIONS


def test_the_document_is_understood() -> None:
    (document,) = blocks(JOBS, "json")

    parse_operation(json.loads(document))


def test_the_order_for_a_rotation_is_taken_without_a_warning(tmp_path: Path) -> None:
    (document,) = blocks(ROTATION, "json")
    (tmp_path / "a.json").write_text(document)

    read = load_action_documents(tmp_path)

    (order,) = read.orders.for_findings
    assert set(order.rotations) == {"device-certificate-expiring", "device-certificate-age"}
    assert (order.actions, read.warnings) == ({}, ())


def test_the_policy_grants_the_topics_that_it_names(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("\n".join([*blocks(JOBS, "toml"), *blocks(ROTATION, "toml")]))
    words = shlex.split(blocks(JOBS, "sh")[0].replace("\\\n", " "))

    printed = CliRunner().invoke(devicewarden, [*words[1:], "--literal", "--config", str(config)])

    assert printed.exit_code == 0, printed.output
    for level in ("start-next/+", "+/get/+", "+/update/+", "notify-next"):
        assert f"topicfilter/$aws/things/gw-1/jobs/{level}" in printed.stdout
    for topic in ("certificates/create-from-csr", "provisioning-templates/EdgeTemplate/provision"):
        assert f":topic/$aws/{topic}/json" in printed.stdout


@pytest.mark.e2e
def test_jobs_are_created_and_listed_as_the_page_says() -> None:
    with (
        TemporaryDirectory() as folder,
        Sandbox(Path(folder), lambda _payload, _format: [], ("edge-1",)) as sandbox,
        serve_control(sandbox.directory, sandbox.do),
    ):
        lines = blocks(JOBS, "sh")[1].replace("edge-1 -", f"--dir {folder} edge-1 -")
        lines = lines.replace("job list", f"job list --dir {folder}")
        done = subprocess.run(  # noqa: S602  the page's own lines, which have a pipe
            lines.replace("devicewarden", f"{sys.executable} -m devicewarden"),
            shell=True,
            env={"PATH": os.defpath},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )

    assert done.stdout.splitlines() == ["job-1", "job-1  edge-1  QUEUED"]
