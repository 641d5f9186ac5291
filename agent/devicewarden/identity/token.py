"""Keys that never leave a PKCS#11 token: made, used and removed by OpenSC's pkcs11-tool.

The library that could do without the program, python-pkcs11, is one more native wheel for every
architecture, for something that happens once a year on the few devices that have a token.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
from base64 import encodebytes
from pathlib import Path
from typing import Final

from cryptography import x509

from devicewarden.model.errors import ProvisioningError
from devicewarden.model.identity import KeyRequest

PROGRAM: Final = "pkcs11-tool"
WITHIN_S: Final = 120.0
_PIN: Final = "DEVICEWARDEN_PIN"
_VERSION: Final = bytes.fromhex("020100")
_NO_ATTRIBUTES: Final = bytes.fromhex("a000")
_ECDSA_WITH_SHA256: Final = bytes.fromhex("300a06082a8648ce3d040302")
_SHORT: Final = 0x80


class Token:
    """One key pair on the curve P-256, by its label.

    Args:
        request: names module, token, PIN file and label.
    """

    def __init__(self, request: KeyRequest) -> None:
        self._request = request

    def make(self, subject: x509.Name) -> tuple[str, bytes]:
        """Make the key pair, and a request that it signs: PEM, and the public key, DER.

        Raises:
            ProvisioningError: the program is missing, or the token refuses.
            OSError: the PIN cannot be read.
        """
        self._run("--keypairgen", "--key-type", "EC:prime256v1", "--usage-sign")
        public_key = self._read("--read-object", "--type", "pubkey", given=b"")
        body = _sequence(_VERSION + subject.public_bytes() + public_key + _NO_ATTRIBUTES)
        signature = self._read(
            *("--sign", "--mechanism", "ECDSA", "--signature-format", "openssl"),
            given=hashlib.sha256(body).digest(),
        )
        bits = b"\0" + signature
        der = _sequence(body + _ECDSA_WITH_SHA256 + b"\x03" + _length(len(bits)) + bits)
        pem = encodebytes(der).decode()
        begin, end = (f"-----{word} CERTIFICATE REQUEST-----\n" for word in ("BEGIN", "END"))
        return f"{begin}{pem}{end}", public_key

    def remove(self) -> None:
        """Remove the key pair.

        Raises:
            ProvisioningError: the program is missing, or the token refuses.
        """
        for kind in ("privkey", "pubkey"):
            self._run("--delete-object", "--type", kind)

    def _read(self, *words: str, given: bytes) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder) / "in", Path(folder) / "out"
            source.write_bytes(given)
            files = ("--input-file", str(source), "--output-file", str(target))
            self._run(*words, *(files if given else files[2:]))
            return target.read_bytes()

    def _run(self, *words: str) -> None:
        program = shutil.which(PROGRAM)
        if program is None:
            raise ProvisioningError(
                f"{PROGRAM} is missing, which makes keys in tokens", hint="apt-get install opensc"
            )
        pin, environ = self._request.pkcs11_pin_file, dict(os.environ)
        if pin:
            environ[_PIN] = Path(pin).read_text(encoding="utf-8").strip("\r\n")
        try:
            ended = subprocess.run(  # noqa: S603  a list of arguments, and the PIN is not among them
                [program, *self._where(), *self._which(), *words],
                env=environ,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=WITHIN_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise ProvisioningError(f"the token gave no answer within {WITHIN_S:g} s") from error
        if ended.returncode != 0:
            said = ended.stderr.decode(errors="replace").strip().splitlines() or ["no reason told"]
            raise ProvisioningError(f"the token refuses {words[0]}: {said[-1][:200]}")

    def _which(self) -> list[str]:
        # To sign, the program looks for a key by its id alone.
        label = self._request.key_label
        return ["--label", label, "--id", hashlib.sha256(label.encode()).hexdigest()[:16]]

    def _where(self) -> list[str]:
        request = self._request
        where = ["--module", request.pkcs11_library]
        if request.pkcs11_token_label:
            where += ["--token-label", request.pkcs11_token_label]
        elif request.pkcs11_slot >= 0:
            where += ["--slot", str(request.pkcs11_slot)]
        return [*where, "--login", "--pin", f"env:{_PIN}"] if request.pkcs11_pin_file else where


def _sequence(content: bytes) -> bytes:
    return b"\x30" + _length(len(content)) + content


def _length(size: int) -> bytes:
    if size < _SHORT:
        return bytes([size])
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([_SHORT | len(digits)]) + digits
