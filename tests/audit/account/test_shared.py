"""One certificate, or one Cognito identity, used by several devices at once."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.audit.certificates import judged

from devicewarden.audit.account.logging_disabled import LoggingDisabled
from devicewarden.audit.account.shared import DeviceCertificateShared, SharedCognitoIdentity
from devicewarden.audit.subject import Connection, ConnectionLog, LoggingOptions
from devicewarden.model.errors import AuditError

SINCE = datetime(2026, 3, 1, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=1)
CERTIFICATE = "4f" * 32
IDENTITY = "eu-west-1:11111111-2222-3333-4444-555555555555"


def used(
    client: str, begin: int, end: int | None, principal: str = CERTIFICATE, address: str = "1"
) -> Connection:
    return Connection(
        client_id=client,
        principal=principal,
        source=f"10.0.0.{address}:4711",
        connected_at=SINCE + timedelta(minutes=begin),
        disconnected_at=None if end is None else SINCE + timedelta(minutes=end),
    )


def log(*connections: Connection) -> ConnectionLog:
    in_order = tuple(sorted(connections, key=lambda each: each.connected_at))
    return ConnectionLog(since=SINCE, until=UNTIL, connections=in_order)


@pytest.mark.parametrize(
    "connections",
    [
        pytest.param([used("a", 0, 10), used("b", 10, 20)], id="one after the other"),
        pytest.param([used("a", 0, 10), used("a", 5, 20)], id="one client, taken over"),
        pytest.param([used("a", 0, 10), used("b", 5, 20, "5f" * 32)], id="two certificates"),
        pytest.param([used("a", 0, 10, ""), used("b", 5, 20, "")], id="no certificate"),
        pytest.param([], id="nobody connected"),
    ],
)
def test_a_certificate_of_one_device_complies(connections: list[Connection]) -> None:
    assert judged(DeviceCertificateShared(), log(*connections)) == []


@pytest.mark.parametrize(
    "connections",
    [
        pytest.param([used("a", 0, 10), used("b", 9, 20)], id="overlap"),
        pytest.param([used("a", 0, None), used("b", 600, 601)], id="still connected"),
        pytest.param(
            [used("a", 0, 99), used("a", 1, 2), used("b", 50, 51)], id="the longest counts"
        ),
        pytest.param(
            [used("a", 0, 99), used("b", 100, 101), used("c", 100, 102)], id="the later two"
        ),
    ],
)
def test_a_certificate_of_two_clients_at_once_does_not_comply(
    connections: list[Connection],
) -> None:
    (found,) = judged(DeviceCertificateShared(), log(*connections))

    assert found.code == "CERTIFICATE_SHARED_BY_MULTIPLE_DEVICES"
    assert found.resource.identifier == {"deviceCertificateId": CERTIFICATE}


def test_the_finding_names_clients_times_and_addresses_the_newest_first() -> None:
    shared = log(used("a", 0, 10), used("b", 5, None, address="2"))

    (found,) = judged(DeviceCertificateShared(), shared)

    assert found.reason == "used at the same time by the clients a, b, from 2 addresses"
    assert [each.identifier for each in found.related] == [{"clientId": "b"}, {"clientId": "a"}]
    assert found.related[1].info == {
        "connectedAt": "2026-03-01T00:00:00Z",
        "disconnectedAt": "2026-03-01T00:10:00Z",
        "source": "10.0.0.1:4711",
    }


def test_two_clients_at_one_address_are_told_as_such() -> None:
    (found,) = judged(DeviceCertificateShared(), log(used("a", 0, 10), used("b", 5, 9)))

    assert found.reason.endswith("from one address")


def test_a_thousand_clients_are_one_finding_of_bounded_size() -> None:
    connections = [used(f"client{n}", n, 2000) for n in range(1000)]

    (found,) = judged(DeviceCertificateShared(), log(*connections))

    assert len(found.related) == 10


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 30), st.integers(1, 10)), max_size=12)
)
def test_it_is_found_exactly_where_two_clients_overlap(spans: list[tuple[str, int, int]]) -> None:
    connections = [used(client, begin, begin + length) for client, begin, length in spans]
    overlap = any(
        one[0] != other[0] and one[1] < other[1] + other[2] and other[1] < one[1] + one[2]
        for one in spans
        for other in spans
    )

    found = judged(DeviceCertificateShared(), log(*connections))

    assert bool(found) == overlap


def test_an_identity_of_two_clients_at_once_does_not_comply() -> None:
    shared = log(used("a", 0, 10, IDENTITY), used("b", 5, 20, IDENTITY))

    (found,) = judged(SharedCognitoIdentity(), shared)

    assert found.code == "COGNITO_IDENTITY_SHARED_BY_MULTIPLE_DEVICES"
    assert found.resource.identifier == {"cognitoIdentityId": IDENTITY}
    assert judged(DeviceCertificateShared(), shared) == []


def test_an_identity_of_one_client_complies() -> None:
    alone = log(used("a", 0, 10, IDENTITY), used("a", 20, 30, IDENTITY))

    assert judged(SharedCognitoIdentity(), alone) == []


def test_where_the_log_names_a_role_session_it_is_undecided() -> None:
    session = "AROAEXAMPLEEXAMPLE:CognitoIdentityCredentials"

    with pytest.raises(AuditError, match="role's session"):
        judged(SharedCognitoIdentity(), log(used("a", 0, 10, session)))


@pytest.mark.parametrize("enabled", [True, False])
def test_an_account_that_logs_nothing_does_not_comply(*, enabled: bool) -> None:
    options = LoggingOptions(account="123456789012", enabled=enabled, level="INFO")

    found = judged(LoggingDisabled(), options)

    codes = [(each.code, each.resource.identifier) for each in found]
    assert codes == ([] if enabled else [("LOGGING_DISABLED", {"account": "123456789012"})])
