"""Security profiles on disk: which files count, and what a broken one leaves behind."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from tests.config.profiles import example, static

from devicewarden.config.loaded_profiles import LoadedProfiles
from devicewarden.config.profile_files import MAX_BYTES, BadFileError, decode, read_profile
from devicewarden.config.profile_folder import (
    MAX_FILES,
    known_types,
    load_profiles,
)
from devicewarden.config.profile_write import write_profile
from devicewarden.config.settings import CommandMetric, CustomMetricsSettings
from devicewarden.model.errors import AgentError

GATEWAYS = "arn:aws:iot:eu-central-1:123456789012:thinggroup/gateways"


def write(folder: Path, name: str, document: Any) -> None:
    (folder / name).write_text(json.dumps(document), encoding="utf-8")


def names(loaded: LoadedProfiles) -> list[str]:
    return [profile.name for profile in loaded.profiles]


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is not JSON: Expecting value"),
        (b'{"a": 1, "a": 2}', "has a member twice in one object"),
        (b'{"a": NaN}', "is not JSON: NaN"),
        (b'{"a": -Infinity}', "is not JSON: -Infinity"),
        (b'{"a": 1e999}', "has a number that is not finite"),
        (b"[" + b"9" * 5000 + b"]", "has a number that is not finite"),
        (b'["\xff"]', "is not UTF-8 text"),
        (b'["\\ud800"]', "has text with half a surrogate pair"),
        (nested(33), "is nested more than 32 levels deep"),
        (nested(100_000), "is nested more than 32 levels deep"),
        (b" " * (MAX_BYTES + 1), f"is larger than {MAX_BYTES} bytes"),
    ],
    ids=range(11),
)
def test_what_is_no_strict_json_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(BadFileError) as caught:
        decode(content)

    assert str(caught.value).startswith(reason)


def test_a_byte_order_mark_and_deep_but_sane_nesting_are_taken() -> None:
    assert decode(b"\xef\xbb\xbf" + nested(32)) == json.loads(nested(32))


def test_a_list_of_behaviors_is_named_after_its_file(tmp_path: Path) -> None:
    write(tmp_path, "site-7.json", [static()])

    parsed = read_profile(tmp_path / "site-7.json")

    assert parsed.profile is not None
    assert parsed.profile.name == "site-7"


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe", "huge"])
def test_what_is_no_readable_file_is_an_error_at_its_root(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    match kind:
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "huge":
            path.write_bytes(b" " * (MAX_BYTES + 1))

    parsed = read_profile(path)

    assert parsed.profile is None
    assert [(p.severity, p.path) for p in parsed.problems] == [("error", "$")]


def test_files_are_read_in_the_order_of_their_names(tmp_path: Path) -> None:
    write(tmp_path, "b.json", [static()])
    write(tmp_path, "a.json", {"securityProfileName": "z", "behaviors": [static()]})
    write(tmp_path, ".hidden.json", [static()])
    write(tmp_path, "notes.txt", [static()])
    (tmp_path / "folder.json").mkdir()
    os.mkfifo(tmp_path / "pipe.json")

    loaded = load_profiles(tmp_path)

    assert names(loaded) == ["z", "b"]
    assert loaded.problems == {}


def test_a_folder_that_is_not_there_has_no_profiles(tmp_path: Path) -> None:
    assert load_profiles(tmp_path / "none") == LoadedProfiles()


def test_a_broken_file_is_named_and_left_out(tmp_path: Path) -> None:
    write(tmp_path, "good.json", [static()])
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "gone.json").symlink_to("nowhere")

    loaded = load_profiles(tmp_path)

    assert names(loaded) == ["good"]
    assert list(loaded.problems) == ["broken.json", "gone.json"]


def test_a_file_that_breaks_leaves_its_last_profile_in_force(tmp_path: Path) -> None:
    write(tmp_path, "a.json", [static()])
    write(tmp_path, "b.json", [static()])
    first = load_profiles(tmp_path)
    (tmp_path / "a.json").write_text("{")
    (tmp_path / "b.json").unlink()

    second = load_profiles(tmp_path, last=first)

    assert second.by_file == {"a.json": first.by_file["a.json"]}
    assert list(second.problems) == ["a.json"]


def test_a_folder_that_cannot_be_listed_leaves_everything_in_force(tmp_path: Path) -> None:
    write(tmp_path, "a.json", [static()])
    first = load_profiles(tmp_path)

    second = load_profiles(tmp_path / "a.json", last=first)

    assert second.by_file == first.by_file
    assert list(second.problems) == [str(tmp_path / "a.json")]


def test_two_files_may_not_hold_profiles_of_one_name(tmp_path: Path) -> None:
    write(tmp_path, "a.json", {"securityProfileName": "same", "behaviors": [static()]})
    write(tmp_path, "b.json", {"securityProfileName": "same", "behaviors": []})

    loaded = load_profiles(tmp_path)

    assert list(loaded.by_file) == ["a.json"]
    assert [p.path for p in loaded.problems["b.json"]] == ["$.securityProfileName"]


def test_files_beyond_a_bound_are_not_read(tmp_path: Path) -> None:
    for index in range(MAX_FILES + 1):
        write(tmp_path, f"p{index:03}.json", [])

    loaded = load_profiles(tmp_path)

    assert len(loaded.profiles) == MAX_FILES
    assert list(loaded.problems) == [str(tmp_path)]


@pytest.mark.parametrize(
    ("targets", "groups", "applies"),
    [
        (None, (), True),
        ([], ("gateways",), False),
        ([GATEWAYS], ("gateways",), True),
        ([GATEWAYS], ("gateway", "pumps"), False),
        ([GATEWAYS.replace("thinggroup/gateways", "all/things")], (), True),
        ([GATEWAYS.replace("thinggroup/gateways", "all/registered-things")], (), True),
        ([GATEWAYS.replace("thinggroup/gateways", "all/unregistered-things")], (), False),
        (example("d11-attach-targets"), (), True),
    ],
)
def test_a_profile_with_targets_is_in_force_on_those_alone(
    targets: list[str] | None, groups: tuple[str, ...], tmp_path: Path, *, applies: bool
) -> None:
    document = {"securityProfileName": "p"} | ({} if targets is None else {"targets": targets})
    write(tmp_path, "p.json", document)

    loaded = load_profiles(tmp_path, thing_groups=groups)

    assert names(loaded) == (["p"] if applies else [])
    assert loaded.elsewhere == (() if applies else ("p.json",))


def test_types_of_custom_metrics_come_from_the_settings(tmp_path: Path) -> None:
    command = CommandMetric(name="modules", type="string-list", argv=("lsmod",))
    types = known_types(CustomMetricsSettings(commands=(command,)))
    behavior = static("modules", value={"number": 1}, durationSeconds=None)
    write(tmp_path, "p.json", [behavior])

    loaded = load_profiles(tmp_path, custom_types=types)

    assert types["cpu_percent"] == "number"
    assert [p.path for p in loaded.problems["p.json"]] == ["$[0].criteria.comparisonOperator"]


def test_a_profile_is_written_whole_and_readable_by_the_agent(tmp_path: Path) -> None:
    document = example("d01-profile-rules")

    path = write_profile(document, tmp_path, "edge-baseline", replace=False)

    assert json.loads(path.read_text()) == document
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [path]


def test_a_profile_that_is_there_is_replaced_only_on_demand(tmp_path: Path) -> None:
    write_profile({"a": 1}, tmp_path, "p", replace=False)

    with pytest.raises(AgentError, match="exists"):
        write_profile({"a": 2}, tmp_path, "p", replace=False)
    path = write_profile({"a": 3}, tmp_path, "p", replace=True)

    assert json.loads(path.read_text()) == {"a": 3}


def test_a_profile_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "p.json").mkdir()

    with pytest.raises(AgentError, match="cannot be written"):
        write_profile({}, tmp_path, "p", replace=True)

    assert [path.name for path in tmp_path.iterdir()] == ["p.json"]
