"""Verdicts on reports, ours and others'."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devicewarden.cli.judge import Judge
from devicewarden.report.wire import CUSTOM_KEYS, SHORT

EXAMPLES = Path(__file__).parents[1] / "data" / "reports" / "examples"
MANIFEST = json.loads((EXAMPLES / "manifest.json").read_text())
HEADER = {"report_id": 1, "version": "1.0"}
REMOTE_REASON = (
    "$.metrics.tcp_connections.established_connections.connections[0].remote_addr"
    " must be ip:port, an IPv6 address in brackets"
)
names = st.sampled_from([*SHORT, *CUSTOM_KEYS.values()]) | st.text(max_size=3)
leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
documents = st.recursive(
    leaves, lambda inner: st.lists(inner) | st.dictionaries(names, inner), max_leaves=20
)


def verdict(judge: Judge, **blocks: object) -> list[str]:
    return judge(json.dumps({"header": HEADER} | blocks).encode(), "json")


def connected(remote_addr: object) -> dict[str, object]:
    entries = [{"remote_addr": remote_addr}]
    return {"tcp_connections": {"established_connections": {"connections": entries}}}


def test_every_example_is_listed() -> None:
    on_disk = {str(path.relative_to(EXAMPLES)) for path in EXAMPLES.glob("*/*")}

    assert {entry["file"] for entry in MANIFEST} == on_disk


@pytest.mark.parametrize("entry", MANIFEST, ids=lambda entry: Path(entry["file"]).name)
def test_example_gets_its_verdict(judge: Judge, entry: dict[str, str]) -> None:
    content = (EXAMPLES / entry["file"]).read_bytes()
    is_cbor = entry["file"].endswith(".hex")

    reasons = judge(bytes.fromhex(content.decode()), "cbor") if is_cbor else judge(content, "json")

    assert ("invalid" if reasons else "valid") == entry["expect"], reasons


@pytest.mark.parametrize(
    "remote_addr",
    ["192.0.2.1:1", "192.0.2.1:65535", "[2001:db8::17]:8883", "[::ffff:192.0.2.1]:443"],
)
def test_address_and_port_are_accepted(judge: Judge, remote_addr: str) -> None:
    assert verdict(judge, metrics=connected(remote_addr)) == []


@pytest.mark.parametrize(
    "remote_addr",
    [
        pytest.param("2001:db8::17:8883", id="ipv6-without-brackets"),
        pytest.param("[192.0.2.1]:443", id="ipv4-in-brackets"),
        pytest.param("[fe80::1%eth0]:443", id="zone"),
        pytest.param("example.org:443", id="name"),
        pytest.param("192.0.2.1", id="no-port"),
        pytest.param("192.0.2.1:0", id="port-zero"),
        pytest.param("192.0.2.1:65536", id="port-too-high"),
        pytest.param("192.0.2.1:\u0664\u0662", id="arabic-digits"),
        pytest.param("192.0.2.1:" + "4" * 5000, id="endless-port"),
        pytest.param("192.0.2.999:443", id="no-address"),
        pytest.param("", id="empty"),
    ],
)
def test_anything_else_is_refused_with_its_path(judge: Judge, remote_addr: str) -> None:
    assert verdict(judge, metrics=connected(remote_addr)) == [REMOTE_REASON]


def test_all_reasons_are_told_at_once(judge: Judge) -> None:
    reasons = verdict(
        judge,
        metrics={
            "listening_tcp_ports": {"ports": [{"port": 0}], "total": 0},
            **connected("nobody"),
        },
        custom_metrics={"dns": [{"ip_list": ["192.0.2.53:53", "192.0.2.0/24", "::1"]}]},
    )

    assert reasons == [
        "$.metrics.listening_tcp_ports.ports[0].port must be bigger than or equal to 1",
        "$.metrics.listening_tcp_ports.total must be at least 1, the length of ports",
        REMOTE_REASON,
        "$.custom_metrics.dns[0].ip_list[0] must be an IP address without port or mask",
        "$.custom_metrics.dns[0].ip_list[1] must be an IP address without port or mask",
    ]


def test_short_names_are_judged_by_the_same_schema(judge: Judge) -> None:
    payload = b'{"hed":{"rid":0,"v":"1.0"},"met":{}}'

    assert judge(payload, "json") == ["$.header.report_id must be bigger than or equal to 1"]


@pytest.mark.parametrize(
    "name", ["cpu\n", "", "x" * 129, "aws:x"], ids=["newline", "empty", "long", "reserved"]
)
def test_custom_metric_name_that_no_account_can_have_is_refused(judge: Judge, name: str) -> None:
    assert verdict(judge, custom_metrics={name: [{"number": 1}]}) != []


@pytest.mark.parametrize("block", ["listening_tcp_ports", "listening_udp_ports"])
def test_null_interface_is_refused(judge: Judge, block: str) -> None:
    ports = {"ports": [{"port": 22, "interface": None}], "total": 1}

    assert verdict(judge, metrics={block: ports}) == [
        f"$.metrics.{block}.ports[0].interface must be string"
    ]


def test_report_id_that_json_readers_would_round_is_refused(judge: Judge) -> None:
    header = {"report_id": 2**53, "version": "1.0"}

    assert verdict(judge, header=header, metrics={}) == [
        "$.header.report_id must be smaller than or equal to 9007199254740991"
    ]


def test_true_is_not_a_number(judge: Judge) -> None:
    assert verdict(judge, custom_metrics={"metric": [{"number": True}]}) != []


@given(document=documents)
def test_no_document_makes_the_judge_fail(judge: Judge, document: object) -> None:
    reasons = judge(json.dumps(document).encode(), "json")

    assert all(isinstance(reason, str) for reason in reasons)
