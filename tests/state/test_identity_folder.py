"""The device's own identities on disk, and which one a configuration takes."""

import dataclasses
import os
from pathlib import Path

import pytest

from devicewarden.config.identity import Facts, digest_of, with_identity
from devicewarden.config.settings import PublishSettings, Settings, StateSettings, ThingSettings
from devicewarden.state.identity_folder import IdentityFolder

ID = "ab" * 32


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A configured certificate, and an empty state folder."""
    (tmp_path / "configured.pem").write_text("configured")
    files = {"cert_file": str(tmp_path / "configured.pem"), "key_file": "/k"}
    return Settings(
        thing=ThingSettings(name="edge-1"),
        publish=PublishSettings(endpoint="localhost", **files),  # type: ignore[arg-type]  # texts
        state=StateSettings(dir=str(tmp_path)),
    )


def put_in_force(settings: Settings, *, key_label: str = "", thing: str = "edge-1") -> Path:
    folder = IdentityFolder(Path(settings.state.dir))
    plan = folder.begin("", in_token=False)
    replaces = digest_of(settings.publish.cert_file)
    facts = Facts(certificate_id=ID, thing=thing, replaces=replaces, key_label=key_label)
    folder.complete(plan, "certificate", facts)
    folder.switch(plan)
    folder.forget()
    return folder.path(plan.new)


def test_what_is_configured_is_in_force_where_there_is_nothing_else(settings: Settings) -> None:
    assert with_identity(settings) == settings


def test_own_identity_takes_the_place_of_the_configured_one(settings: Settings) -> None:
    generation = put_in_force(settings)

    publish = with_identity(settings).publish

    assert publish.cert_file == str(generation / "certificate.pem")
    assert publish.key_file == str(generation / "private-key.pem")


def test_another_configured_certificate_wins(settings: Settings) -> None:
    put_in_force(settings)
    Path(settings.publish.cert_file).write_text("renewed by hand")

    assert with_identity(settings) == settings


def test_a_key_in_a_token_is_named_by_its_label(settings: Settings) -> None:
    publish = dataclasses.replace(settings.publish, key_file="", pkcs11_library="/lib.so")
    settings = dataclasses.replace(settings, publish=publish)
    put_in_force(settings, key_label="devicewarden-1")

    found = with_identity(settings).publish

    assert (found.pkcs11_key_label, found.pkcs11_library) == ("devicewarden-1", "/lib.so")
    assert found.key_file == ""


def test_a_device_without_a_name_takes_that_of_its_certificate(settings: Settings) -> None:
    put_in_force(settings, thing="gw-7")
    nameless = dataclasses.replace(settings, thing=ThingSettings())

    assert with_identity(nameless).thing.name == "gw-7"
    assert with_identity(settings).thing.name == "edge-1"


@pytest.mark.parametrize(
    "facts", ["", "[]", '{"more": 1}', '{"thing": 1}', "[" * 9000], ids=lambda text: text[:20]
)
def test_facts_that_cannot_be_read_leave_what_is_configured(settings: Settings, facts: str) -> None:
    (put_in_force(settings) / "identity.json").write_text(facts)

    assert with_identity(settings) == settings


def test_another_generation_replaces_the_one_before_and_leaves_nothing(settings: Settings) -> None:
    put_in_force(settings)
    second = put_in_force(settings)

    left = sorted(path.name for path in second.parent.iterdir())
    assert left == ["current", second.name]


def test_beginning_discards_what_an_earlier_rotation_left(settings: Settings) -> None:
    folder = IdentityFolder(Path(settings.state.dir))
    first = folder.begin("job", in_token=False)
    (folder.path(first.new) / "private-key.pem").write_text("half made")

    second = folder.begin("job", in_token=False)

    assert folder.plan() == second
    assert not any(folder.path(second.new).iterdir())


@pytest.mark.parametrize("text", ["", "[]", '{"phase": 1}'], ids=str)
def test_a_plan_that_cannot_be_read_is_none(settings: Settings, text: str) -> None:
    folder = IdentityFolder(Path(settings.state.dir))
    folder.begin("job", in_token=False)
    (Path(settings.state.dir) / "identity" / "rotation.json").write_text(text)

    assert folder.plan() is None


@pytest.mark.skipif(os.geteuid() != 0, reason="gives files to another user")
def test_only_what_is_in_the_folder_is_given_to_its_owner(settings: Settings) -> None:
    generation = put_in_force(settings)
    state = Path(settings.state.dir)
    (state / "elsewhere").mkdir()
    (state / "elsewhere" / "secret").write_text("root's")
    (generation / "soft").symlink_to(state / "elsewhere")
    os.link(state / "elsewhere" / "secret", generation / "hard")
    os.chown(state, 12345, 12345)

    IdentityFolder(state).give_to_owner()

    ours = [generation.parent, generation.parent / "current", generation / "certificate.pem"]
    assert [path.lstat().st_uid for path in ours] == [12345] * 3
    theirs = [state / "elsewhere", state / "elsewhere" / "secret"]
    assert [path.lstat().st_uid for path in theirs] == [0, 0]
