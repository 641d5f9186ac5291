"""Port 443, which firewalls let through: AWS tells MQTT from HTTPS by ALPN there."""

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from devicewarden.config.settings import PublishSettings
    from devicewarden.sandbox.pki import Authority

pytestmark = pytest.mark.e2e


def test_on_port_443_the_agent_asks_for_mqtt_by_alpn(
    authority: "Authority", device_settings: "PublishSettings", tmp_path: Path, library: str
) -> None:
    server = authority.issue_server(tmp_path)
    # Port 443 of a network of its own needs no root, and cannot be taken. Root needs no user
    # namespace, which a chroot would refuse.
    network = ["unshare", "--net", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    script = Path(__file__).with_name("alpn_server_and_agent.py")
    shell = 'ip link set lo up && exec "$@"'
    arguments = [
        library,
        str(server.cert_file),
        str(server.key_file),
        device_settings.ca_file,
        device_settings.cert_file,
        device_settings.key_file,
    ]

    done = subprocess.run(  # noqa: S603  our argv
        [*network, "sh", "-c", shell, "sh", sys.executable, str(script), *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert (done.stdout, done.stderr) == ("x-amzn-mqtt-ca\n", "")
