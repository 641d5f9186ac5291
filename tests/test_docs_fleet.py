"""What docs/fleet.md has people type: known to AWS, and of what the template makes."""

import re
import shlex
from pathlib import Path

import pytest
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel

from devicewarden.cli.main import COMMANDS

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs" / "fleet.md").read_text()
TEMPLATE = (ROOT / "packaging" / "cloudformation" / "devicewarden.yaml").read_text()
BLOCKS = "".join(re.findall(r"^```sh\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL))
CALLS = re.findall(r"\baws ([^$\n]*)", BLOCKS.replace("\\\n", " "))
IOT = [call for call in CALLS if call.startswith("iot ")]
OF_THE_CLI = {"query", "output"}


@pytest.fixture(scope="module")
def iot() -> ServiceModel:
    return ServiceModel(Loader().load_service_model("iot", "service-2"))


def called(name: str) -> str:
    """Write a name as the AWS CLI does: `ThingName` is `thing-name`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()


@pytest.mark.parametrize("call", IOT)
def test_aws_knows_each_command_and_its_options(iot: ServiceModel, call: str) -> None:
    operations = {called(name): name for name in iot.operation_names}
    name = call.split()[1]
    options = set(re.findall(r"--([a-z-]+)", call)) - OF_THE_CLI

    operation: OperationModel = iot.operation_model(operations[name])

    assert options <= {called(member) for member in operation.input_shape.members}


def test_the_deployment_names_a_template_and_its_parameters() -> None:
    (deploy,) = (shlex.split(call) for call in CALLS if call.startswith("cloudformation "))
    overridden = {word.partition("=")[0] for word in deploy if re.match(r"[A-Z]\w+=", word)}
    taken = set(re.findall(r"(?m)^  (\w+):$", TEMPLATE.partition("\nConditions:")[0]))
    explained = {name for name in taken if f"`{name}" in TEXT}

    assert (ROOT / deploy[deploy.index("--template-file") + 1]).read_text() == TEMPLATE
    assert overridden <= taken == explained


def test_groups_and_policies_are_those_that_the_template_makes() -> None:
    named = set(re.findall(r"--(?:policy-name|thing-group\S*) ([\w-]+)", BLOCKS))

    assert "Default: devicewarden\n" in TEMPLATE
    assert named == {"devicewarden", "devicewarden-quarantine"}


def test_commands_of_the_agent_exist() -> None:
    named = re.findall(r"`devicewarden ([a-z-]+)", TEXT)

    assert named
    assert set(named) <= set(COMMANDS)
