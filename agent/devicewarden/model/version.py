"""The version, in one place: package, MQTT user property, `status` and `--version` show it."""

from typing import Final

VERSION: Final = "0.1.0"
