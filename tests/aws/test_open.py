"""Without boto3, and outside of the table, nothing is called."""

import sys

import pytest

from devicewarden.aws.calls import CallError
from devicewarden.aws.open import open_client
from devicewarden.config.account_settings import AccountSettings


def test_a_missing_boto3_is_told_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "devicewarden.aws.client", raising=False)
    monkeypatch.setitem(sys.modules, "boto3", None)

    with pytest.raises(CallError, match="boto3") as told:
        open_client(AccountSettings(), (), "")

    assert told.value.hint == "pip install devicewarden[aws]"


def test_a_profile_that_is_not_there_is_told() -> None:
    with pytest.raises(CallError, match="nobody"):
        open_client(AccountSettings(profile="nobody"), (), "")


def test_a_call_that_is_not_in_the_table_is_not_made() -> None:
    client = open_client(AccountSettings(region="eu-west-1"), ("iot:GetPolicy",), "")

    with pytest.raises(ValueError, match="iot:DeleteThing"):
        client.call("iot:DeleteThing", thingName="gw1")
