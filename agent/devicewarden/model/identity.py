"""Who the device is to its broker, and what it takes to become it anew."""

from dataclasses import dataclass
from typing import Final

CERTIFICATE: Final = "certificate.pem"
KEY: Final = "private-key.pem"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRequest:
    """What another process is asked for: a key, and a request for a certificate of it.

    Attributes:
        folder: where the key is to lie; it exists.
        thing: common name of the request.
        old_certificate: file of the certificate in force; empty: there is none. The new key is of
            the old one's kind.
        pkcs11_library: makes the key in a token; empty: in a file.
        pkcs11_pin_file: holds the PIN; empty: none.
        pkcs11_token_label: names the token; empty: by slot.
        pkcs11_slot: id of the token's slot; -1: by label.
        key_label: of the key in the token.
    """

    folder: str
    thing: str
    old_certificate: str = ""
    pkcs11_library: str = ""
    pkcs11_pin_file: str = ""
    pkcs11_token_label: str = ""
    pkcs11_slot: int = -1
    key_label: str = ""


@dataclass(frozen=True, slots=True)
class MadeKey:
    """What another process made.

    Attributes:
        request: the certificate signing request, PEM.
        public_key: DER, as it stands in the certificate too.
        old_id: of the certificate in force, as AWS names it: 64 hexadecimal digits; empty: none.
        old_file: SHA-256 of that certificate's file; empty: none.
    """

    request: str
    public_key: bytes
    old_id: str
    old_file: str
