"""What the section `mitigate` may say."""

from dataclasses import replace

import pytest

from devicewarden.config.mitigate_rules import allowed_addresses
from devicewarden.config.mitigate_settings import MitigateSettings
from devicewarden.config.settings import Settings


def faults(text: str) -> int:
    mitigate = replace(MitigateSettings(), allow_addresses=(text,))
    return len(list(allowed_addresses(Settings(mitigate=mitigate))))


@pytest.mark.parametrize("text", ["192.0.2.7", "192.0.2.0/24", "0.0.0.0/0", "2001:db8::/32"])
def test_addresses_and_networks_are_allowed(text: str) -> None:
    assert faults(text) == 0


@pytest.mark.parametrize(
    "text", ["", "ops.example", "192.0.2.1/24", "fe80::1%eth0", "fe80::%a }\nflush ruleset #/64"]
)
def test_names_host_bits_and_scopes_are_not(text: str) -> None:
    assert faults(text) == 1
