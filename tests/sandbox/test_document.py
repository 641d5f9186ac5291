"""Reports read as the cloud reads them."""

from typing import Any

import pytest

from devicewarden.sandbox.document import LONG_NAMES, lengthen, report_id


def test_every_short_name_has_its_own_long_name() -> None:
    assert len(set(LONG_NAMES.values())) == len(LONG_NAMES) == 22
    assert not set(LONG_NAMES) & set(LONG_NAMES.values())


def test_long_document_stays_as_it_is() -> None:
    document = {"header": {"report_id": 1}, "metrics": {"network_stats": {"bytes_in": 5}}}

    assert lengthen(document) == document


def test_name_of_a_custom_metric_is_never_lengthened() -> None:
    document = {"cmet": {"t": [{"number": 1}], "pts": [{"number": 2}]}}

    assert lengthen(document) == {"custom_metrics": {"t": [{"number": 1}], "pts": [{"number": 2}]}}


@pytest.mark.parametrize(
    "document",
    [None, [], 3, "header", {}, {"header": None}, {"header": []}, {"header": {"report_id": 2.0}}],
    ids=repr,
)
def test_document_of_another_shape_has_no_report_id(document: Any) -> None:
    assert report_id(document) is None
