"""Mosquitto on loopback with mutual TLS and the access rules of a least-privilege AWS policy."""

import os
import shutil
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Final

from devicewarden.model.errors import AgentError
from devicewarden.sandbox.pki import Authority, write_private

HOST: Final = "127.0.0.1"
# AWS takes payloads of 128 KiB and disconnects who sends more; Mosquitto disconnects by packet
# size alone, so a packet gets room for the longest topic (256 bytes), its length and identifier.
MAX_PAYLOAD_BYTES: Final = 128 * 1024
MAX_PACKET_BYTES: Final = MAX_PAYLOAD_BYTES + 512

CONFIGURATION: Final = """\
listener {port} {host}
cafile {ca_file}
crlfile {refused_file}
certfile {cert_file}
keyfile {key_file}
# The least version: 1.3 is taken too.
tls_version tlsv1.2
require_certificate true
use_identity_as_username true
allow_anonymous false
acl_file access.conf
max_packet_size {max_packet_bytes}
persistence false
log_dest stderr
"""
# What report.md calls a least-privilege device policy: %u is the certificate's common name.
REPORTS: Final = """\
pattern write $aws/things/%u/defender/metrics/json
pattern write $aws/things/%u/defender/metrics/cbor
"""
ACCESS: Final = """\
{reports}pattern read $aws/things/%u/defender/metrics/json/accepted
pattern read $aws/things/%u/defender/metrics/json/rejected
pattern read $aws/things/%u/defender/metrics/cbor/accepted
pattern read $aws/things/%u/defender/metrics/cbor/rejected
pattern write $aws/things/%u/jobs/#
pattern read $aws/things/%u/jobs/#
pattern write $aws/certificates/create-from-csr/json
pattern read $aws/certificates/create-from-csr/json/+
pattern write $aws/provisioning-templates/+/provision/json
pattern read $aws/provisioning-templates/+/provision/json/+
pattern readwrite devicewarden/%u/#

user {observer}
topic readwrite #
topic readwrite $aws/#
"""
# Debian keeps Mosquitto where an ordinary user's PATH does not look.
SYSTEM_FOLDERS: Final = ("/usr/sbin", "/usr/local/sbin")
PORT_ATTEMPTS: Final = 5
START_TIMEOUT_S: Final = 10.0
STOP_TIMEOUT_S: Final = 5.0
POLL_S: Final = 0.02


class Broker:
    """One Mosquitto, in the foreground of this process group, so that Ctrl-C ends it too.

    Args:
        directory: gets configuration, certificate and `mosquitto.log`; must exist.
        authority: whose certificates it takes.
        observer: common name of the one client that may read and write every topic.
    """

    def __init__(self, directory: Path, authority: Authority, observer: str) -> None:
        self.port = 0
        self._directory = directory
        self._authority = authority
        self._credentials = authority.issue_server(directory)
        self._program = find_mosquitto([*os.get_exec_path(), *SYSTEM_FOLDERS])
        self._process: subprocess.Popen[bytes] | None = None
        self._observer = observer
        self.allow_reports(allowed=True)

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def log_file(self) -> Path:
        """What Mosquitto says."""
        return self._directory / "mosquitto.log"

    def allow_reports(self, *, allowed: bool) -> None:
        """Let things publish reports, or none; connections stay, and the rest of their rights."""
        reports = REPORTS if allowed else ""
        access = ACCESS.format(observer=self._observer, reports=reports)
        write_private(self._directory / "access.conf", access.encode())
        if self._process is not None:
            # Mosquitto reads it again.
            self._process.send_signal(signal.SIGHUP)

    def start(self) -> None:
        """Start, on the port of the last start if there was one, and wait until it speaks TLS.

        Raises:
            AgentError: Mosquitto ended, or was not ready within START_TIMEOUT_S.
        """
        # Between finding a free port and using it, somebody else may take it.
        for _ in range(1 if self.port else PORT_ATTEMPTS):
            port = self.port or free_port()
            if self._start_on(port):
                self.port = port
                return
        raise AgentError(
            f"Mosquitto ended at once: {_last_line(self.log_file)}", hint=f"see {self.log_file}"
        )

    def stop(self) -> None:
        """End the process; sessions and retained messages are gone. Harmless when stopped."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _start_on(self, port: int) -> bool:
        write_private(self._directory / "mosquitto.conf", self._configuration(port).encode())
        with self.log_file.open("ab") as log:
            self._process = _spawn(self._program, self._directory, log)
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            if _ended_within(self._process, POLL_S):
                return False
            if _is_ready(port, self._authority.ca_file):
                return True
        self.stop()
        raise AgentError(
            f"Mosquitto is not ready after {START_TIMEOUT_S:g} s", hint=f"see {self.log_file}"
        )

    def _configuration(self, port: int) -> str:
        text = CONFIGURATION.format(
            port=port,
            host=HOST,
            ca_file=self._authority.ca_file,
            refused_file=self._authority.refused_file,
            cert_file=self._credentials.cert_file,
            key_file=self._credentials.key_file,
            max_packet_bytes=MAX_PACKET_BYTES,
        )
        # Root's Mosquitto would become the user `mosquitto`, who cannot read our private files.
        return text + "user root\n" if os.geteuid() == 0 else text


def find_mosquitto(folders: Sequence[str]) -> str:
    """Find the program in the first of these folders that has it.

    Raises:
        AgentError: it is not installed.
    """
    program = shutil.which("mosquitto", path=os.pathsep.join(folders))
    if program is None:
        raise AgentError("Mosquitto is not installed", hint="apt-get install mosquitto")
    return program


def _spawn(program: str, directory: Path, log: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - a program found in PATH, with a constant argument list
        [program, "-c", "mosquitto.conf"],
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
    )


def _ended_within(process: subprocess.Popen[bytes], wait_s: float) -> bool:
    try:
        process.wait(wait_s)
    except subprocess.TimeoutExpired:
        return False
    return True


def free_port() -> int:
    """Find a TCP port of loopback that nobody uses now."""
    with socket.create_server((HOST, 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def _is_ready(port: int, ca_file: Path) -> bool:
    # Mosquitto listens before it has read its certificates, and somebody else may have the port:
    # a handshake tells.
    try:
        context = ssl.create_default_context(cafile=ca_file)
        with (
            socket.create_connection((HOST, port), timeout=1) as plain,
            context.wrap_socket(plain, server_hostname=HOST),
        ):
            return True
    except OSError:
        return False


def _last_line(log_file: Path) -> str:
    lines = log_file.read_text(errors="replace").split("\n")
    return next((line for line in reversed(lines) if line.strip()), "it said nothing")
