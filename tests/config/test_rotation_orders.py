"""Standing orders that name a rotation of the device's certificate."""

import json
from pathlib import Path
from typing import Any

import pytest

from devicewarden.config.action_documents import load_action_documents
from devicewarden.model.errors import ConfigError

RENEW = {"actionName": "renew", "actionParams": {"rotateCertificateParams": {}}}
LOOK = {"actionName": "look", "actionParams": {"collectEvidenceParams": {}}}
EXPIRING = "DEVICE_CERTIFICATE_EXPIRING_CHECK"


def order(check: str, *names: str) -> dict[str, Any]:
    return {"taskId": "t", "target": {}, "auditCheckToActionsMapping": {check: list(names)}}


def write(folder: Path, *documents: Any) -> Path:
    (folder / "a.json").write_text(json.dumps(documents))
    return folder


def test_root_is_never_asked_for_a_rotation(tmp_path: Path) -> None:
    folder = write(tmp_path, RENEW, LOOK, order(EXPIRING, "renew", "look"))

    orders = load_action_documents(folder).orders

    (found,) = orders.for_findings
    assert orders.actions["renew"].type == "ROTATE_CERTIFICATE"
    assert found.actions == {"device-certificate-expiring": ("look",)}
    assert found.rotations == {"device-certificate-expiring": ("renew",)}


def test_an_order_may_name_nothing_but_a_rotation(tmp_path: Path) -> None:
    folder = write(tmp_path, RENEW, order("DEVICE_CERTIFICATE_AGE_CHECK", "renew"))

    (found,) = load_action_documents(folder).orders.for_findings

    assert found.actions == {}
    assert found.rotations == {"device-certificate-age": ("renew",)}


@pytest.mark.parametrize(
    ("documents", "why"),
    [
        pytest.param([RENEW, order("LOGGING_DISABLED_CHECK", "renew")], "can do nothing", id="log"),
        pytest.param(
            [
                RENEW,
                {"taskId": "t", "target": {"securityProfileName": "p"}, "actions": ["renew"]},
            ],
            "can do nothing",
            id="violation",
        ),
        pytest.param(
            [
                {
                    "actionName": "renew",
                    "actionParams": {"rotateCertificateParams": {"durationSeconds": 9}},
                }
            ],
            "durationSeconds",
            id="duration",
        ),
        pytest.param(
            [{"actionName": "renew", "actionParams": {"rotateCertificateParams": []}}],
            "must be",
            id="list",
        ),
    ],
)
def test_a_rotation_that_means_nothing_is_refused(
    tmp_path: Path, documents: list[Any], why: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        load_action_documents(write(tmp_path, *documents))

    assert why in str(refused.value)
