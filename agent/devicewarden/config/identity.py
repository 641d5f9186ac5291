"""The identity that the device got for itself, in the place of the configured one."""

import dataclasses
from pathlib import Path
from typing import Final

from devicewarden.config.identity_files import CURRENT, FACTS, FOLDER
from devicewarden.config.own_file import read_own
from devicewarden.config.settings import Settings
from devicewarden.model.identity import CERTIFICATE, KEY

_MAX_BYTES: Final = 65_536


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a generation beside its files.

    Attributes:
        certificate_id: as AWS names it, 64 hexadecimal digits.
        thing: the name that the certificate is for.
        replaces: SHA-256 of the configured certificate's file; empty: none was configured.
        key_label: of the key in a token; empty: it lies in a file.
    """

    certificate_id: str
    thing: str
    replaces: str
    key_label: str = ""


def with_identity(settings: Settings) -> Settings:
    """Put the device's own identity in force, unless another certificate was configured since."""
    link = Path(settings.state.dir) / FOLDER / CURRENT
    try:
        generation = link.resolve(strict=True)
        facts = read_facts(generation)
    except (OSError, RuntimeError, ValueError):
        # RuntimeError is Python 3.11's word for a link that leads to itself.
        return settings
    if facts.replaces != digest_of(settings.publish.cert_file):
        return settings
    thing = settings.thing
    if not thing.name:
        thing = dataclasses.replace(thing, name=facts.thing)
    return dataclasses.replace(with_generation(settings, generation, facts), thing=thing)


def with_generation(settings: Settings, generation: Path, facts: Facts) -> Settings:
    """Name the files of one generation, or its key in the token, whatever is configured."""
    certificate = str(generation / CERTIFICATE)
    if facts.key_label:
        key = {"pkcs11_key_label": facts.key_label}
    else:
        key = {"key_file": str(generation / KEY), "pkcs11_library": ""}
    publish = dataclasses.replace(settings.publish, cert_file=certificate, **key)  # type: ignore[arg-type]  # texts
    return dataclasses.replace(settings, publish=publish)


def read_facts(generation: Path) -> Facts:
    """Read what is known of a generation.

    Raises:
        OSError: it cannot be read.
        ValueError: it holds something else.
    """
    document = read_own(generation / FACTS, most_bytes=_MAX_BYTES)
    try:
        facts = Facts(**document)  # type: ignore[arg-type]  # judged below
    except TypeError as error:
        raise ValueError(f"{generation} has other facts") from error
    if not all(isinstance(value, str) for value in dataclasses.asdict(facts).values()):
        raise ValueError(f"{generation} has other facts")
    return facts


def digest_of(path: str) -> str:
    """Tell a file's SHA-256, in hexadecimal digits; empty where there is no file."""
    import hashlib  # noqa: PLC0415  the daemon, which does not ask, keeps it out

    if not path:
        return ""
    try:
        with Path(path).open("rb") as file:
            return hashlib.sha256(file.read(_MAX_BYTES)).hexdigest()
    except OSError:
        return ""
