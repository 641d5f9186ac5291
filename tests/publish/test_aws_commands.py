"""The script for AWS, run with a stand-in for the AWS CLI."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from devicewarden.config.settings import Settings, ThingSettings
from devicewarden.publish.aws_commands import policy_name, script
from devicewarden.publish.device_policy import Account, device_policy

pytestmark = pytest.mark.e2e
AWS = r"""#!/bin/sh
case "$1" in
  sts) echo 123456789012;;
  configure) echo eu-central-1;;
  *) printf '%s\0' "$@" '' >> "$CALLS";;
esac
"""
SETTINGS = Settings(thing=ThingSettings("gw:1", "gw:1"))


def calls(text: str, folder: Path) -> list[dict[str, str]]:
    """Run a script; each call as its option -> value, the verb under ''."""
    program = folder / "aws"
    program.write_text(AWS)
    program.chmod(0o755)
    subprocess.run(  # noqa: S603  our own script
        ["/bin/sh", "-eu", "-c", text],
        env={"PATH": f"{folder}:{os.defpath}", "CALLS": str(folder / "calls")},
        check=True,
    )
    made = [each.split("\0") for each in (folder / "calls").read_text().split("\0\0") if each]
    return [{"": verb, **dict(zip(rest[::2], rest[1::2], strict=True))} for _, verb, *rest in made]


@pytest.mark.parametrize("account", [Account(), Account("eu-central-1", "123456789012")])
@pytest.mark.parametrize("literal", [True, False])
def test_the_policy_reaches_aws_as_it_was_meant(
    account: Account, tmp_path: Path, *, literal: bool
) -> None:
    name = policy_name("gw:1", literal=literal)
    policy = device_policy(SETTINGS, account, literal=literal)
    text = script(policy, account, name=name, thing="gw:1", certificate_id="ab" * 32)

    made = calls(text, tmp_path)

    assert [each[""] for each in made] == [
        "create-thing",
        "create-policy",
        "attach-policy",
        "attach-thing-principal",
    ]
    known = Account("eu-central-1", "123456789012")
    assert json.loads(made[1]["--policy-document"]) == device_policy(
        SETTINGS, known, literal=literal
    )
    assert made[2]["--target"] == made[3]["--principal"] == known.arn(f"cert/{'ab' * 32}")
    assert {each["--region"] for each in made} == {"eu-central-1"}


def test_a_policy_of_one_thing_has_a_name_that_aws_takes() -> None:
    assert policy_name("gw:1", literal=True) == "devicewarden-gw.1"
    assert policy_name("gw:1", literal=False) == "devicewarden"
