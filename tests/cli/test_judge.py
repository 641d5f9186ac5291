"""The judge is loaded where it is wanted, and its absence is explained."""

import sys

import pytest

from devicewarden.cli.judge import load_judge
from devicewarden.model.errors import AgentError


def test_without_the_extra_the_operator_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "fastjsonschema", None)

    with pytest.raises(AgentError) as caught:
        load_judge()

    assert caught.value.hint == "pip install 'devicewarden[sandbox]'"


def test_judge_takes_payload_and_format() -> None:
    judge = load_judge()

    assert judge(b'{"header":{"report_id":1,"version":"1.0"},"metrics":{}}', "json") == []
    assert judge(b"", "cbor") == ["the payload is CBOR that ends early"]
