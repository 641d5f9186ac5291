"""Settings for an agent, as the TOML that it reads."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final, TypeAlias

from devicewarden.sandbox.pki import Credentials
from devicewarden.sandbox.provisioning import TEMPLATE

# As fast as an agent goes that waits a little less for its reply.
REPORT_INTERVAL_S: Final = 3
REPLY_TIMEOUT_S: Final = 2.5

Section: TypeAlias = Mapping[str, str | bool | int | float | list[str]]


def settings_for(
    thing: str, credentials: Credentials, *, port: int, ca_file: Path
) -> Mapping[str, Section]:
    """Tell what an agent of the sandbox has to be told; everything else lies beside its keys."""
    folder = credentials.cert_file.parent
    return {
        "thing": {"name": thing},
        "report": {"interval_s": REPORT_INTERVAL_S, "allow_fast": True},
        "publish": {
            "endpoint": "localhost",
            "port": port,
            "ca_file": str(ca_file),
            "cert_file": str(credentials.cert_file),
            "key_file": str(credentials.key_file),
            "reply_timeout_s": REPLY_TIMEOUT_S,
        },
        "detect": {"profiles_dir": str(folder / "profiles")},
        "provisioning": {"template": TEMPLATE},
        "state": {"dir": str(folder / "state")},
        "control": {"socket": str(folder / "control.sock")},
        "log": {"format": "console"},
    }


def merge(settings: Mapping[str, Section], changes: Mapping[str, Section]) -> Mapping[str, Section]:
    """Lay changes over settings, section by section."""
    names = dict.fromkeys([*settings, *changes])
    return {name: {**settings.get(name, {}), **changes.get(name, {})} for name in names}


def to_toml(settings: Mapping[str, Section]) -> str:
    """Write sections of plain values."""
    sections = []
    for name, section in settings.items():
        lines = [f"{key} = {_value(value)}" for key, value in section.items()]
        sections.append("\n".join([f"[{name}]", *lines]))
    return "\n\n".join(sections) + "\n"


def _value(value: object) -> str:
    # JSON's spelling is TOML's, but for DEL, which TOML wants escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
