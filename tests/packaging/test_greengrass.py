"""The Greengrass component: its recipe, its artifact, and both under a nucleus."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from tests.e2e.greengrass.nucleus import Nucleus

from devicewarden.cli.control_client import ask
from devicewarden.config.settings import Settings
from devicewarden.model.errors import AgentError
from devicewarden.model.version import VERSION
from devicewarden.publish.topics import report_topics

pytestmark = pytest.mark.e2e
PACKAGING = Path(__file__).parents[2] / "packaging"
DEADLINE_S = 40.0
DEBIANS_PYTHON = "/usr/bin/python3"
# Of the recipe reference and of what nucleus lite takes.
REQUIRED = {"RecipeFormatVersion", "ComponentName", "ComponentVersion", "Manifests"}
KNOWN = REQUIRED | {
    "ComponentDescription",
    "ComponentPublisher",
    "ComponentType",
    "ComponentConfiguration",
    "ComponentDependencies",
    "Lifecycle",
}
LIFECYCLE_OF_BOTH = {"Setenv", "install", "run", "startup", "bootstrap"}
# Numbers as strings: that is how those of a recipe in YAML arrive.
QUICK = {
    "report": {"interval_s": "1", "allow_fast": "true", "max_bytes": "7000"},
    "publish": {
        "reply_timeout_s": "0.5",
        "ack_timeout_s": 1,
        "first_wait_s": "0.05",
        "max_wait_s": 0.2,
        "attempts": "1",
    },
    "custom_metrics": {"built_in": ["cpu_percent"]},
}


def build(folder: Path) -> Path:
    command = [sys.executable, str(PACKAGING / "build_greengrass.py"), "--output", str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return Path(done.stdout.strip())


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("component"))


@pytest.fixture(scope="module")
def recipe(artifact: Path) -> dict[str, Any]:
    file = artifact.parents[3] / "recipes" / "recipe.yaml"
    document: dict[str, Any] = yaml.safe_load(file.read_text())
    return document


class Component:
    """What a nucleus makes of recipe and artifact: a script, an environment and a work folder."""

    def __init__(
        self, recipe: Mapping[str, Any], artifact: Path, nucleus: Nucleus, folder: Path
    ) -> None:
        lifecycle = recipe["Manifests"][0]["Lifecycle"]
        self.work = folder / "work"
        self.work.mkdir()
        with zipfile.ZipFile(artifact) as archive:
            archive.extractall(folder / "unarchived" / "devicewarden")
        values = {
            "{configuration:/agent}": json.dumps(QUICK),
            # Nucleus lite puts a slash behind both.
            "{work:path}": f"{self.work}/",
            "{artifacts:decompressedPath}": f"{folder}/unarchived/",
        }

        def filled(text: str) -> str:
            for variable, value in values.items():
                text = text.replace(variable, value)
            return text

        environ = {name: filled(text) for name, text in lifecycle["Setenv"].items()}
        environ |= {
            "PATH": os.defpath,
            "AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT": str(nucleus.path),
            "SVCUID": nucleus.token,
            "AWS_IOT_THING_NAME": "core-1",
        }
        self.process = subprocess.Popen(
            ["/bin/sh", "-c", filled(lifecycle["run"]["Script"])], env=environ, cwd=self.work
        )

    def until(self, claim: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait for a status of which the claim holds."""
        deadline = time.monotonic() + DEADLINE_S
        status: Any = None
        while time.monotonic() < deadline:
            assert self.process.poll() is None, "the component ended"
            try:
                status = ask(str(self.work / "control.sock"), "status")
                if claim(status):
                    return status  # type: ignore[no-any-return]  # JSON
            except AgentError as error:
                status = error
            threading.Event().wait(0.05)
        raise AssertionError(f"the claim never held; at last: {status}")

    def accepts_more(self) -> None:
        before = self.until(lambda _: True)["report"]["counts"]["accepted"]
        self.until(lambda status: status["report"]["counts"]["accepted"] >= before + 1)


@pytest.fixture
def nucleus() -> Iterator[Nucleus]:
    with TemporaryDirectory() as folder:
        running = Nucleus(Path(folder) / "ipc.socket")
        running.start()
        yield running
        running.stop()


@pytest.fixture
def component(recipe: dict[str, Any], artifact: Path, nucleus: Nucleus) -> Iterator[Component]:
    with TemporaryDirectory() as folder:
        running = Component(recipe, artifact, nucleus, Path(folder))
        yield running
        running.process.kill()
        running.process.wait()


def test_recipe_has_what_the_reference_requires_and_nothing_unknown(
    recipe: dict[str, Any],
) -> None:
    assert set(recipe) >= REQUIRED
    assert set(recipe) <= KNOWN
    assert recipe["RecipeFormatVersion"] == "2020-01-25"
    assert recipe["ComponentVersion"] == VERSION


def test_manifest_is_one_that_both_nuclei_take(recipe: dict[str, Any], artifact: Path) -> None:
    (manifest,) = recipe["Manifests"]

    assert manifest["Platform"] == {"os": "linux", "runtime": "*"}
    assert set(manifest["Lifecycle"]) <= LIFECYCLE_OF_BOTH
    assert manifest["Lifecycle"]["run"]["RequiresPrivilege"] is False
    assert all(isinstance(text, str) for text in manifest["Lifecycle"]["Setenv"].values())
    (carried,) = manifest["Artifacts"]
    assert carried["URI"].endswith(f"/devicewarden/{VERSION}/{artifact.name}")
    assert carried["Unarchive"] == "ZIP"


def test_access_is_to_the_topics_of_this_thing_and_to_no_others(recipe: dict[str, Any]) -> None:
    settings = Settings()
    thing = "{iot:thingName}"
    policies = recipe["ComponentConfiguration"]["DefaultConfiguration"]["accessControl"]
    # The braces stand for a name that the topics' rules take.
    topics = report_topics(settings.publish, thing="T", encoding=settings.report.format)

    allowed = {
        operation: [resource.replace(thing, "T") for resource in policy["resources"]]
        for policy in policies["aws.greengrass.ipc.mqttproxy"].values()
        for operation in policy["operations"]
    }

    assert list(policies) == ["aws.greengrass.ipc.mqttproxy"]
    assert allowed == {
        "aws.greengrass#PublishToIoTCore": [
            topics.report,
            settings.detect.topic.replace("{thing}", "T"),
        ],
        "aws.greengrass#SubscribeToIoTCore": [topics.accepted, topics.rejected],
    }


def test_gdk_builds_the_same_version(recipe: dict[str, Any]) -> None:
    document = json.loads((PACKAGING / "greengrass" / "gdk-config.json").read_text())

    component = document["component"][recipe["ComponentName"]]
    assert component["version"] == VERSION
    assert component["build"]["custom_build_command"][-1] == "greengrass"


def test_artifact_alone_runs_under_debians_python(artifact: Path, tmp_path: Path) -> None:
    command = [DEBIANS_PYTHON, "-IS", str(artifact), "--version"]

    done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)

    assert done.stdout == f"devicewarden, version {VERSION}\n"


def test_artifact_is_pure_python_with_every_licence(artifact: Path) -> None:
    with zipfile.ZipFile(artifact) as archive:
        names = archive.namelist()

    assert not [name for name in names if name.endswith((".so", ".pyc", ".pth"))]
    libraries = {name.split("/")[0] for name in names if ".dist-info/" in name}
    licensed = {n.split("/")[0] for n in names if "LICENSE" in n and ".dist-info/" in n}
    assert libraries == licensed
    assert "LICENSE" in names


def test_artifact_built_again_is_the_same(artifact: Path, tmp_path: Path) -> None:
    again = build(tmp_path / "again")

    assert again.read_bytes() == artifact.read_bytes()


def test_component_reports_through_restart_and_outage_and_leaves_cleanly(
    component: Component, nucleus: Nucleus
) -> None:
    first = nucleus.published.get(timeout=DEADLINE_S)
    assert first.topic == "$aws/things/core-1/defender/metrics/json"
    assert set(json.loads(first.payload)) >= {"header", "metrics"}
    component.accepts_more()

    nucleus.stop()
    nucleus.start()
    component.accepts_more()

    nucleus.offline = True
    status = component.until(lambda status: status["report"]["counts"]["missed"] >= 3)
    assert status["connection"]["connects"] == 2
    nucleus.offline = False
    component.accepts_more()

    component.process.send_signal(signal.SIGTERM)
    assert component.process.wait(DEADLINE_S) == 0
    assert (component.work / "state" / "state.db").exists()


@pytest.mark.parametrize("configuration", ["[]", '{"report": 1}', "{"])
def test_a_configuration_that_is_no_object_of_sections_is_refused(
    artifact: Path, tmp_path: Path, configuration: str
) -> None:
    environ = {
        "DEVICEWARDEN_COMPONENT_CONFIGURATION": configuration,
        "DEVICEWARDEN_COMPONENT_WORK": str(tmp_path),
        "AWS_IOT_THING_NAME": "core-1",
    }
    command = [DEBIANS_PYTHON, "-IS", str(artifact), "component"]

    done = subprocess.run(command, env=environ, check=False, capture_output=True, text=True)

    assert done.returncode == 78
    assert done.stderr.startswith("the component's configuration: ")
