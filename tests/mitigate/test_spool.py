"""Whatever lies in the daemon's folder, root reads small files of the daemon's own alone."""

import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.mitigate.hosts import planned

from devicewarden.mitigate import spool
from devicewarden.mitigate.plan_form import (
    MAX_ACTIONS,
    MAX_BYTES,
    Apply,
    Renew,
    Request,
    Undo,
    facts_of,
    read_request,
    write_request,
)
from devicewarden.model.action import Cause, Facts, PlannedAction, action_id
from devicewarden.model.action_params import Port
from devicewarden.model.errors import DocumentError, MitigationError

NAMES = st.text("abcXYZ019_-", min_size=1, max_size=20)
PORTS = st.builds(Port, st.sampled_from(["TCP", "UDP"]), st.integers(1, 65535))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@st.composite
def plans(draw: st.DrawFn) -> PlannedAction:
    cause = Cause(draw(st.sampled_from(["violation", "finding", "job"])), draw(NAMES))
    name, dry_run = draw(NAMES), draw(st.booleans())
    addresses = st.ip_addresses().map(str)
    return PlannedAction(
        action_id=action_id(cause, name, dry_run=dry_run),
        cause=cause,
        name=name,
        task_id=draw(NAMES),
        dry_run=dry_run,
        planned_at=datetime(2026, 11, 22, 12, tzinfo=UTC),
        facts=Facts(
            ports=tuple(draw(st.lists(PORTS, max_size=3))),
            addresses=tuple(draw(st.lists(addresses, max_size=3))),
        ),
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / spool.FOLDER
    found.mkdir()
    return found


def taken(state_dir: Path) -> list[spool.Found]:
    return list(spool.take(state_dir))


@given(actions=st.lists(plans(), min_size=1, max_size=5))
def test_a_plan_is_read_as_it_was_written(actions: list[PlannedAction]) -> None:
    request = Apply(tuple(actions))

    assert read_request(write_request(request)) == request


@given(document=JSON, member=st.sampled_from(["apply", "undo", "renew"]))
def test_whatever_is_written_is_a_request_or_is_refused(document: object, member: str) -> None:
    try:
        found: object = read_request(json.dumps({member: document}).encode())
    except DocumentError as error:
        found = error

    assert isinstance(found, Renew | DocumentError)


@pytest.mark.parametrize(
    "request_", [Undo("0" * 32), Renew(connected=True), Apply((planned("a"),))]
)
def test_what_is_put_is_taken_once(tmp_path: Path, request_: Request) -> None:
    spool.put(tmp_path, "x", request_)
    waits = spool.pending(tmp_path)

    found = taken(tmp_path)

    assert waits
    assert [each.request for each in found] == [request_]
    assert not spool.pending(tmp_path)


@pytest.mark.parametrize(
    "address", ["192.0.2.1; flush ruleset", "192.0.2.0/24", "fe80::1%eth0 }", "example.org", 7]
)
def test_text_that_nft_would_read_is_no_address(address: object) -> None:
    document = json.loads(write_request(Apply((planned("a"),))))
    document["apply"][0]["addresses"] = [address]

    try:
        found: object = read_request(json.dumps(document).encode())
    except DocumentError:
        return

    assert isinstance(found, Apply)
    assert found.actions[0].facts.addresses == ("fe80::1",)


def test_true_is_no_port() -> None:
    document = json.loads(write_request(Apply((planned("a"),))))
    document["apply"][0]["ports"] = [["TCP", True]]

    with pytest.raises(DocumentError, match="port that is none"):
        read_request(json.dumps(document).encode())


def test_an_address_of_ipv4_is_blocked_as_such_however_it_is_written() -> None:
    facts = facts_of(ports={}, addresses=["::ffff:192.0.2.1", "2001:db8::1"], resource={})

    assert facts.addresses == ("192.0.2.1", "2001:db8::1")


def test_the_largest_plan_that_is_chosen_can_be_read() -> None:
    addresses = tuple(f"2001:db8:1111:2222:3333:4444:5555:{n:x}" for n in range(0x1000, 0x1040))
    largest = replace(
        planned("n" * 128, cause=Cause("violation", "c" * 128)),
        task_id="t" * 128,
        facts=Facts(addresses=addresses, resource={"policyVersionIdentifier": "p" * 512}),
    )

    content = write_request(Apply((largest,) * MAX_ACTIONS))

    assert isinstance(read_request(content), Apply)


def test_the_agents_word_for_an_id_does_not_count() -> None:
    document = json.loads(write_request(Apply((planned("a"),))))
    document["apply"][0]["action_id"] = "f" * 32

    found = read_request(json.dumps(document).encode())

    assert isinstance(found, Apply)
    assert found.actions[0].action_id == planned("a").action_id


def test_no_link_is_followed(tmp_path: Path, folder: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(write_request(Renew(connected=True)))
    (folder / "soft.json").symlink_to(secret)
    os.link(secret, folder / "hard.json")

    found = taken(tmp_path)

    assert [each.request for each in found] == [None, None]
    assert secret.exists()
    assert not spool.pending(tmp_path)


def test_a_folder_that_is_a_link_is_removed_and_not_entered(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a.json").write_text("{}")
    (tmp_path / spool.FOLDER).symlink_to(elsewhere)

    with pytest.raises(MitigationError, match="was no folder: it was removed"):
        taken(tmp_path)

    assert not spool.pending(tmp_path)
    assert (elsewhere / "a.json").exists()


def test_pipes_folders_and_large_files_are_refused_and_go_away(
    tmp_path: Path, folder: Path
) -> None:
    os.mkfifo(folder / "pipe.json")
    (folder / "folder.json").mkdir()
    (folder / "large.json").write_bytes(b" " * (MAX_BYTES + 1))
    (folder / "text.json").write_bytes(b"\xff")

    found = taken(tmp_path)

    assert [each.request for each in found] == [None] * 4
    assert all(each.refused for each in found)
    assert not spool.pending(tmp_path)


def test_a_folder_with_the_longest_of_names_stands_in_nobodys_way(
    tmp_path: Path, folder: Path
) -> None:
    (folder / f"{'a' * 250}.json" / "full").mkdir(parents=True)
    spool.put(tmp_path, "b", Renew(connected=True))

    found = taken(tmp_path)

    assert [each.request for each in found] == [None, Renew(connected=True)]
    assert not spool.pending(tmp_path)


def test_what_cannot_be_removed_is_told_and_the_rest_is_read(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Such as in a sticky folder, for a root without CAP_FOWNER.
    spool.put(tmp_path, "a", Renew(connected=True))
    spool.put(tmp_path, "b", Renew(connected=False))
    monkeypatch.setattr(os, "unlink", _refuse)

    found = taken(tmp_path)

    requests = [each.request for each in found]
    assert requests == [Renew(connected=True), None, Renew(connected=False), None]
    assert found[1].refused == "cannot be removed: Operation not permitted"
    assert len(list(folder.iterdir())) == len(["a", "b"])


def _refuse(_name: str, *, dir_fd: int) -> None:
    raise PermissionError(1, "Operation not permitted", dir_fd)


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a file to another user")
def test_a_file_of_another_owner_is_refused(tmp_path: Path, folder: Path) -> None:
    spool.put(tmp_path, "a", Renew(connected=True))
    os.chown(folder / "a.json", 12345, -1)

    (found,) = taken(tmp_path)

    assert found.refused == "is no file of the agent's own"


def test_where_there_is_no_folder_nothing_was_asked(tmp_path: Path) -> None:
    assert taken(tmp_path) == []
    assert taken(tmp_path / "nowhere") == []
    assert not spool.pending(tmp_path)
