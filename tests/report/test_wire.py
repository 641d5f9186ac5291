"""Wire names: one table, and schema and specification agree with it."""

import json
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from devicewarden.model.errors import ReportError
from devicewarden.report.wire import CUSTOM_KEYS, LONG, SHORT, lengthen, shorten

CUSTOM = {"total": [{"number": 1}], "if": [{"string_list": ["port"]}]}
LONG_NAMED = {
    "header": {"report_id": 1, "version": "1.0"},
    "metrics": {"listening_tcp_ports": {"ports": [{"port": 22, "interface": "if"}], "total": 1}},
    "custom_metrics": CUSTOM,
}
SHORT_NAMED = {
    "hed": {"rid": 1, "v": "1.0"},
    "met": {"tp": {"pts": [{"pt": 22, "if": "if"}], "t": 1}},
    "cmet": CUSTOM,
}


def schema() -> dict[str, Any]:
    path = resources.files("devicewarden.report") / "report.schema.json"
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def properties(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        yield from node.get("properties", {})
        for member in node.values():
            yield from properties(member)
    elif isinstance(node, list):
        for item in node:
            yield from properties(item)


def test_table_is_that_of_the_specification(data: Path) -> None:
    lines = (data / "names.tsv").read_text().splitlines()

    assert dict(line.split("\t") for line in lines) == SHORT


def test_schema_names_exactly_what_the_table_names() -> None:
    assert set(properties(schema())) == set(SHORT) | set(CUSTOM_KEYS.values())


def test_no_name_has_two_meanings() -> None:
    assert len(LONG) == len(SHORT)
    assert not set(SHORT) & set(LONG)


def test_short_names_are_used_everywhere_but_in_custom_metrics() -> None:
    assert shorten(LONG_NAMED) == SHORT_NAMED


@pytest.mark.parametrize("document", [LONG_NAMED, SHORT_NAMED], ids=["long", "short"])
def test_received_document_ends_up_with_long_names(document: dict[str, Any]) -> None:
    assert lengthen(document) == LONG_NAMED


def test_mixed_names_are_refused_with_a_path_of_each() -> None:
    mixed = {"hed": {"rid": 1}, "met": {"tp": {"pts": [{"pt": 22}, {"port": 23}]}}}

    with pytest.raises(ReportError, match=r"\$\.met\.tp\.pts\[1\]\.port and \$\.hed"):
        lengthen(mixed)


def test_unknown_name_is_left_for_the_schema_to_refuse() -> None:
    assert lengthen({"hed": {"rid": 1, "s": 2}}) == {"header": {"report_id": 1, "s": 2}}
