"""What the packet filter really does to packets, of both families, between two namespaces."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.mitigate.hosts import ask_for, host_of, settings_of
from tests.mitigate.network import (
    ELSEWHERE,
    ELSEWHERE6,
    OTHER,
    OTHER6,
    OURS,
    OURS6,
    Network,
    neighbors,
)

from devicewarden.mitigate.block_destination import BlockDestination
from devicewarden.mitigate.block_port import BlockPort
from devicewarden.mitigate.limit_egress_rate import LimitEgressRate
from devicewarden.mitigate.quarantine import Quarantine
from devicewarden.mitigate.ways import Ways
from devicewarden.model import action_params as params
from devicewarden.model.action_params import Port

pytestmark = pytest.mark.e2e

WAYS = Ways(host="broker", port=1883, brokers=(OTHER, OTHER6), resolvers=(OTHER, OTHER6))
"""The broker and the resolver are next door; elsewhere is an address of the same host."""


@pytest.fixture(scope="module")
def _door() -> Iterator[tuple[Network, Network]]:
    with neighbors() as both:
        yield both


@pytest.fixture
def ours(_door: tuple[Network, Network]) -> Iterator[Network]:
    yield _door[0]
    _door[0].run("nft", "flush", "ruleset")


@pytest.fixture
def other(_door: tuple[Network, Network]) -> Network:
    return _door[1]


@pytest.mark.parametrize(("near", "far"), [(OTHER, ELSEWHERE), (OTHER6, ELSEWHERE6)])
def test_a_quarantined_device_reaches_its_broker_and_nobody_else(
    ours: Network, tmp_path: Path, near: str, far: str
) -> None:
    host = host_of(ours.nft, tmp_path, ways=lambda: WAYS)
    before = ours.reaches(far, 8000)

    Quarantine(ask_for(params.Quarantine()), host).apply()

    assert before
    assert ours.reaches(near, 1883)
    assert ours.reaches(near, 53, udp=True)
    assert ours.reaches(far, 123, udp=True)
    assert not ours.reaches(near, 8000)
    assert not ours.reaches(far, 1883)
    assert not ours.reaches(far, 53, udp=True)


@pytest.mark.parametrize("address", [OURS, OURS6])
def test_nobody_reaches_a_quarantined_device(
    ours: Network, other: Network, tmp_path: Path, address: str
) -> None:
    before = other.reaches(address, 23), other.reaches(address, 123, udp=True)

    Quarantine(ask_for(params.Quarantine()), host_of(ours.nft, tmp_path, ways=lambda: WAYS)).apply()

    assert before == (True, True)
    assert not other.reaches(address, 23)
    assert not other.reaches(address, 123, udp=True)
    assert ours.reaches("127.0.0.1", 23)
    assert ours.reaches("::1", 23)


@pytest.mark.parametrize("address", [OURS, OURS6])
def test_a_blocked_port_is_reached_from_inside_alone(
    ours: Network, other: Network, tmp_path: Path, address: str
) -> None:
    wanted = params.BlockPort((Port("TCP", 23), Port("UDP", 53)))
    block = BlockPort(ask_for(wanted), host_of(ours.nft, tmp_path, ways=lambda: WAYS))

    block.apply()

    assert not other.reaches(address, 23)
    assert other.reaches(address, 23, udp=True)
    assert not other.reaches(address, 53, udp=True)
    assert other.reaches(address, 8000)
    assert ours.reaches("127.0.0.1", 23)


@pytest.mark.parametrize("udp", [False, True], ids=["tcp", "udp"])
@pytest.mark.parametrize(
    "addresses",
    [(OURS, "192.0.2.4", OTHER), (OURS6, "2001:db8::4", OTHER6)],
    ids=["4", "6"],
)
def test_nobody_comes_in_as_an_answer_of_a_resolver(
    ours: Network, other: Network, tmp_path: Path, addresses: tuple[str, str, str], *, udp: bool
) -> None:
    address, source, resolver = addresses
    nodad = ["nodad"] if ":" in source else []
    prefix = 64 if nodad else 24
    other.run("ip", "address", "replace", f"{source}/{prefix}", "dev", "door", *nodad)
    anybody = Ways(host="broker", port=1883, brokers=(OTHER, OTHER6))
    wanted = params.BlockPort((Port("TCP", 23), Port("UDP", 23)))

    BlockPort(ask_for(wanted), host_of(ours.nft, tmp_path, ways=lambda: anybody)).apply()

    assert other.reaches(address, 8000, udp=udp, source=source)
    assert not other.reaches(address, 23, udp=udp, source=source)
    assert ours.reaches(resolver, 53, udp=udp)


@pytest.mark.parametrize(("near", "far"), [(OTHER, ELSEWHERE), (OTHER6, ELSEWHERE6)])
def test_a_blocked_network_leaves_the_broker_reachable(
    ours: Network, tmp_path: Path, near: str, far: str
) -> None:
    wanted = params.BlockDestination(("192.0.2.0/24", "192.0.2.3", "2001:db8::/64"))
    host = host_of(ours.nft, tmp_path, ways=lambda: WAYS)

    BlockDestination(ask_for(wanted), host).apply()

    assert not ours.reaches(far, 8000)
    assert not ours.reaches(near, 8000)
    assert ours.reaches(near, 1883)


def test_what_settings_allow_stays_reachable_in_a_quarantine(ours: Network, tmp_path: Path) -> None:
    ways = Ways(host="broker", port=1883, brokers=(OTHER,), allowed=(f"{ELSEWHERE}/32",))
    host = host_of(ours.nft, tmp_path, ways=lambda: ways)

    Quarantine(ask_for(params.Quarantine()), host).apply()

    assert ours.reaches(ELSEWHERE, 8000)
    assert not ours.reaches(OTHER, 8000)


def test_a_limit_drops_what_leaves_too_fast_and_spares_the_broker(
    ours: Network, tmp_path: Path
) -> None:
    limit = LimitEgressRate(
        ask_for(params.LimitEgressRate(1_000)), host_of(ours.nft, tmp_path, ways=lambda: WAYS)
    )

    before = ours.may_flood(ELSEWHERE, 8000)
    limit.apply()

    assert before
    assert not ours.may_flood(ELSEWHERE, 8000)
    assert ours.reaches(OTHER, 1883)


def test_an_action_ends_in_the_kernel_with_nobody_there(ours: Network, tmp_path: Path) -> None:
    host = host_of(ours.nft, tmp_path, ways=lambda: WAYS, settings=settings_of())
    quarantine = Quarantine(ask_for(params.Quarantine(), timeout_s=1), host)

    quarantine.apply()

    # Each question waits for an answer that does not come: eight of them outlast a second.
    assert any(ours.reaches(ELSEWHERE, 8000) for _ in range(8))
    assert not quarantine.in_effect()
