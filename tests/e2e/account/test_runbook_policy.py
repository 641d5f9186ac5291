"""What docs/runbooks/over-permissive-policy.md tells people to type, in an account on loopback."""

import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.e2e.account.filled import add_policies, client, document
from tests.e2e.account.server import AwsServer

from devicewarden.cli.main import devicewarden
from devicewarden.config.knobs import knobs

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs/runbooks/over-permissive-policy.md").read_text(encoding="utf-8")
OWN = "arn:aws:iot:eu-west-1:123456789012:topic/dt/${iot:Connection.Thing.ThingName}/*"
FOUND, BLANKED = "1", "2"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


STEPS = [block.splitlines() for block in blocks("sh")]


@pytest.fixture
def _operator(tmp_path: Path, aws: AwsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for knob in knobs():
        monkeypatch.delenv(knob.variable, raising=False)
    monkeypatch.setenv("DEVICEWARDEN_ACCOUNT__ENDPOINT_URL", aws.url)
    monkeypatch.setenv("DEVICEWARDEN_AUDIT__DIR", str(tmp_path / "audit"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "actions").mkdir()
    (actions,), (settings,) = blocks("json"), blocks("toml")
    (tmp_path / "actions" / "over-permissive.json").write_text(actions)
    (tmp_path / "account.toml").write_text(settings.replace("/srv/devicewarden", str(tmp_path)))
    (tmp_path / "narrower.json").write_text(document(("Allow", "iot:Publish", OWN)))
    add_policies(aws)


def typed(line: str, action: str = "") -> Result:
    program, *arguments = shlex.split(line.replace("ACTION", action))
    assert program == "devicewarden"
    return CliRunner().invoke(devicewarden, arguments, standalone_mode=False)


def default_version(aws: AwsServer, policy: str = "broad") -> str:
    answer = client(aws, "iot").get_policy(policyName=policy)
    return str(answer["defaultVersionId"])


@pytest.mark.usefixtures("_operator")
def test_the_policy_is_found_replaced_and_given_back(aws: AwsServer) -> None:
    permissions, find, foresee, act, undo, judge = STEPS

    for line in permissions:
        assert json.loads(typed(line).stdout)["Statement"]
    assert [typed(line).return_value for line in find] == [1, 1]
    dry = typed(foresee[0])
    assert (dry.return_value, default_version(aws)) == (0, FOUND)
    assert "dry run" in dry.stdout
    acted, listed, clean = map(typed, act)
    assert [acted.return_value, clean.return_value] == [0, 0]
    assert default_version(aws) == BLANKED
    assert default_version(aws, "misconfigured") == FOUND
    again = typed(act[0])
    assert (again.stdout, again.return_value) == ("", 0)
    action = re.findall(r"^[0-9a-f]{32}", listed.stdout, re.MULTILINE)
    assert typed(undo[0], *action).return_value == 0
    assert default_version(aws) == FOUND
    assert typed(judge[0]).return_value == 0


@pytest.mark.usefixtures("_operator")
def test_the_record_is_in_the_shape_of_aws(aws: AwsServer) -> None:
    for line in (STEPS[1][0], STEPS[3][0]):
        typed(line)

    shown = json.loads(typed(f"{STEPS[3][1]} --json").stdout)

    (task,), (execution,) = shown["tasks"], shown["executions"]
    assert task["taskStatus"] == execution["status"] == "COMPLETED"
    assert execution["actionName"] == "blank-policy"
    assert default_version(aws) == BLANKED


@pytest.mark.usefixtures("_operator")
def test_a_suppressed_finding_is_left_alone(aws: AwsServer) -> None:
    typed(STEPS[1][0])
    version = {"policyVersionIdentifier": {"policyName": "broad", "policyVersionId": FOUND}}
    resource = shlex.quote(json.dumps(version))
    suppress = "devicewarden audit suppress --config account.toml iot-policy-overly-permissive"
    typed(f"{suppress} {resource} --until 7d --reason known")
    typed(STEPS[1][0])

    acted = typed(STEPS[3][0])

    assert (acted.stdout, default_version(aws)) == ("", FOUND)


@pytest.mark.usefixtures("_operator")
def test_one_finding_can_be_named(aws: AwsServer) -> None:
    typed(STEPS[1][0])

    typed(f"{STEPS[3][0]} 00000000000000000000000000000000")

    assert default_version(aws) == FOUND


@pytest.mark.usefixtures("_operator")
def test_a_missing_permission_shows_before_anything_is_done(aws: AwsServer) -> None:
    typed(STEPS[1][0])
    aws.refused["iot:ListPolicyVersions"] = "AccessDeniedException"

    dry = typed(STEPS[2][0])

    assert dry.return_value == 70
    assert "iot:ListPolicyVersions is not allowed" in dry.stdout
