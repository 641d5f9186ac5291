"""The commands that make thing, policy and attachments in AWS: a script for whoever may run it."""

import json
import re
from collections.abc import Iterator
from shlex import quote
from typing import Any

from devicewarden.publish.device_policy import ACCOUNT, REGION, Account


def script(
    policy: dict[str, Any], account: Account, *, name: str, thing: str, certificate_id: str
) -> str:
    """Write a shell script.

    Args:
        policy: the document.
        account: what is not known of it is asked of the AWS CLI.
        name: of the policy, as `policy_name` writes it.
        thing: its name.
        certificate_id: 64 hexadecimal digits; empty: unknown.
    """
    return "\n".join(_lines(policy, account, name, thing, certificate_id)) + "\n"


def policy_name(thing: str, *, literal: bool) -> str:
    """Name a policy: one for all things, or one of this thing."""
    # Things may have a colon in their name, policies may not.
    return f"devicewarden-{re.sub(r':', '.', thing)}" if literal else "devicewarden"


def _lines(
    policy: dict[str, Any], account: Account, name: str, thing: str, certificate_id: str
) -> Iterator[str]:
    where = f" --region {_filled(account.region)}"
    principal = account.arn(f"cert/{certificate_id or 'CERTIFICATE_ID'}")
    yield "# What the device needs in AWS. Run it where the AWS CLI is set up, not on the device."
    if account.region == REGION:
        yield "region=$(aws configure get region)"
    if account.number == ACCOUNT:
        yield "account=$(aws sts get-caller-identity --query Account --output text)"
    yield "# The certificate must be registered and active. What is there already stays as it is."
    yield f"aws iot create-thing{where} --thing-name {quote(thing)}"
    yield f"aws iot create-policy{where} --policy-name {quote(name)} \\"
    yield f"  --policy-document {_filled(json.dumps(policy))}"
    yield f"aws iot attach-policy{where} --policy-name {quote(name)} \\"
    yield f"  --target {_filled(principal)}"
    yield f"aws iot attach-thing-principal{where} --thing-name {quote(thing)} \\"
    yield f"  --principal {_filled(principal)}"


def _filled(text: str) -> str:
    """Quote for the shell, which fills in the account: policies have `${...}` of their own."""
    return "".join(
        f'"${part.lower()}"' if part in {ACCOUNT, REGION} else quote(part)
        for part in re.split(rf"(?<![^:])({ACCOUNT}|{REGION})(?![^:])", text)
        if part
    )
