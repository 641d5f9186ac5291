"""Layers of the configuration, and where each value comes from."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from devicewarden.config.knobs import knobs
from devicewarden.config.load import Loaded, load
from devicewarden.config.settings import CommandMetric, Settings
from devicewarden.model.errors import ConfigError

LoadText = Callable[..., Loaded]


def drop_in(folder: Path, name: str, text: str) -> Path:
    file = folder / "conf.d" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def test_nothing_configured_means_defaults(tmp_path: Path) -> None:
    loaded = load(None, {}, default=tmp_path / "absent.toml")

    host = os.uname().nodename
    assert loaded.files == ()
    assert (loaded.settings.thing.name, loaded.settings.thing.client_id) == (host, host)
    assert loaded.settings.publish == Settings().publish
    assert loaded.origins["publish.port"] == "default"
    assert loaded.origins["thing.name"] == "default (host name)"
    assert loaded.origins["thing.client_id"] == "default (thing name)"


def test_every_setting_has_an_origin(load_text: LoadText) -> None:
    loaded = load_text("")

    assert list(loaded.origins) == [knob.key for knob in knobs()]


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "absent.toml", {})

    assert str(caught.value) == f"{tmp_path}/absent.toml: cannot be read: No such file or directory"


def test_a_relative_file_name_is_made_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my.toml").write_text("[state]\nkeep_days = 1")
    monkeypatch.chdir(tmp_path)

    loaded = load(Path("my.toml"), {})

    assert loaded.origins["state.keep_days"] == f"{tmp_path}/my.toml:2"


def test_later_files_win_key_by_key(tmp_path: Path, load_text: LoadText) -> None:
    second = drop_in(tmp_path, "20.toml", "[report]\nformat = 'json'")
    first = drop_in(tmp_path, "10.toml", "[report]\nformat = 'cbor'\nnames = 'short'")
    drop_in(tmp_path, ".hidden.toml", "nonsense")
    drop_in(tmp_path, "20.toml.dpkg-dist", "nonsense")

    loaded = load_text("[report]\ninterval_s = 600\nnames = 'long'")

    report = loaded.settings.report
    assert (report.interval_s, report.format, report.names) == (600, "json", "short")
    assert loaded.files == (tmp_path / "config.toml", first, second)
    assert loaded.origins["report.format"] == f"{second}:2"
    assert loaded.origins["report.names"] == f"{first}:3"
    assert loaded.origins["report.interval_s"] == f"{tmp_path}/config.toml:2"


def test_drop_ins_count_without_a_main_file(tmp_path: Path) -> None:
    file = drop_in(tmp_path, "a.toml", "[state]\nkeep_days = 1")

    loaded = load(None, {}, default=tmp_path / "config.toml")

    assert loaded.settings.state.keep_days == 1
    assert loaded.files == (file,)


def test_arrays_replace(tmp_path: Path, load_text: LoadText) -> None:
    drop_in(tmp_path, "a.toml", '[custom_metrics]\nbuilt_in = ["load_1m"]')

    loaded = load_text('[custom_metrics]\nbuilt_in = ["cpu_percent", "disk_percent"]')

    assert loaded.settings.custom_metrics.built_in == ("load_1m",)


def test_faults_in_an_array_are_told_where_the_winning_one_stands(
    tmp_path: Path, load_text: LoadText
) -> None:
    file = drop_in(tmp_path, "a.toml", '[custom_metrics]\nbuilt_in = [\n"nonsense"]')

    with pytest.raises(ConfigError) as caught:
        load_text('[custom_metrics]\nbuilt_in = ["cpu_percent"]')

    assert [problem.where for problem in caught.value.problems] == [f"{file}:3"]


def test_the_environment_wins(load_text: LoadText) -> None:
    loaded = load_text("[state]\nkeep_days = 3", {"DEVICEWARDEN_STATE__KEEP_DAYS": "4"})

    assert loaded.settings.state.keep_days == 4
    assert loaded.origins["state.keep_days"] == "environment DEVICEWARDEN_STATE__KEEP_DAYS"


@pytest.mark.parametrize(
    ("variable", "text", "key", "value"),
    [
        ("PUBLISH__TLS", "false", "publish.tls", False),
        ("PUBLISH__TLS", "1", "publish.tls", True),
        ("PUBLISH__QOS", "0", "publish.qos", 0),
        ("PUBLISH__PORT", "443", "publish.port", 443),
        ("COLLECT__INTERVAL_S", "2", "collect.interval_s", 2.0),
        ("LOG__LEVEL", "debug", "log.level", "debug"),
        ("THING__NAME", "", "thing.name", os.uname().nodename),
        ("CUSTOM_METRICS__BUILT_IN", '["load_1m"]', "custom_metrics.built_in", ("load_1m",)),
        (
            "CUSTOM_METRICS__COMMANDS",
            '[{"name": "n", "type": "number", "argv": ["x", "y"], "timeout_s": 1}]',
            "custom_metrics.commands",
            (CommandMetric("n", "number", ("x", "y"), 1.0),),
        ),
    ],
)
def test_variables_are_typed_by_their_setting(
    variable: str, text: str, key: str, value: object, load_text: LoadText
) -> None:
    loaded = load_text("", {f"DEVICEWARDEN_{variable}": text})

    section, name = key.split(".")
    assert getattr(getattr(loaded.settings, section), name) == value


def test_variables_that_a_container_runtime_sets_are_left_alone(load_text: LoadText) -> None:
    loaded = load_text("", {"DEVICEWARDEN_PORT": "tcp://10.0.0.1:1", "DEVICEWARDEN_VERSION": "1"})

    assert loaded.settings.log == Settings().log


def test_an_integer_will_do_for_a_number(load_text: LoadText) -> None:
    loaded = load_text("[collect]\ninterval_s = 2")

    assert isinstance(loaded.settings.collect.interval_s, float)


def test_an_explicit_empty_thing_name_keeps_its_origin(tmp_path: Path, load_text: LoadText) -> None:
    loaded = load_text('[thing]\nname = ""')

    assert loaded.origins["thing.name"] == f"{tmp_path}/config.toml:2 (host name)"


def test_the_client_id_follows_the_thing_name(load_text: LoadText) -> None:
    loaded = load_text('[thing]\nname = "pump"')

    assert loaded.settings.thing.client_id == "pump"


def test_a_byte_order_mark_does_not_matter(load_text: LoadText) -> None:
    loaded = load_text("\ufeff[state]\nkeep_days = 3")

    assert loaded.settings.state.keep_days == 3


def test_what_is_no_text_is_told_with_its_line(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_bytes(b'[thing]\nname = "\xff"\n')

    with pytest.raises(ConfigError) as caught:
        load(config, {})

    assert [str(problem) for problem in caught.value.problems] == [
        f"{config}:2: is not UTF-8 text (save the file as UTF-8)"
    ]


def test_a_named_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    os.mkfifo(config)

    with pytest.raises(ConfigError, match="is not a file"):
        load(config, {})


@pytest.mark.usefixtures("as_nobody")
def test_a_default_file_that_may_not_be_looked_at_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"config\.toml: cannot be read: Permission denied"):
        load(None, {}, default=tmp_path / "private" / "config.toml")


def test_each_broken_file_is_told(tmp_path: Path, load_text: LoadText) -> None:
    drop_in(tmp_path, "a.toml", "=")
    drop_in(tmp_path, "b.toml", "[log]\nlevel = 1")

    with pytest.raises(ConfigError) as caught:
        load_text("[[[")

    assert [problem.where for problem in caught.value.problems] == [
        f"{tmp_path}/config.toml:1",
        f"{tmp_path}/conf.d/a.toml:1",
        f"{tmp_path}/conf.d/b.toml:2",
    ]


def test_a_drop_in_folder_that_is_none_is_told(tmp_path: Path, load_text: LoadText) -> None:
    (tmp_path / "conf.d").write_text("")

    with pytest.raises(ConfigError, match=r"conf\.d: cannot be read: Not a directory"):
        load_text("")


def test_the_error_in_short_tells_the_first_problem_and_how_many_more(load_text: LoadText) -> None:
    with pytest.raises(ConfigError) as caught:
        load_text("[log]\nlevel = 1\nformat = 2")

    assert str(caught.value).endswith(", and 1 more; see devicewarden check-config")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.9", "::1", "LOCALHOST"])
def test_plain_text_is_good_for_loopback(host: str, load_text: LoadText) -> None:
    loaded = load_text(f'[publish]\nendpoint = "{host}"\ntls = false')

    assert loaded.settings.publish.endpoint == host


@pytest.mark.parametrize(
    "text",
    [
        '[publish]\nendpoint = "broker"\ntls = false\ninsecure = true',
        "[report]\ninterval_s = 60\nallow_fast = true",
        "[report]\ninterval_s = 5\n[publish]\nexpect_reply = false",
        '[publish]\ntopic = "{thing}/{format}"\npresence_topic = "{thing}"',
        '[control]\nsocket = ""',
    ],
    ids=["insecure", "fast", "fast elsewhere", "topics", "no socket"],
)
def test_what_is_allowed_loads(text: str, load_text: LoadText) -> None:
    loaded = load_text(text)

    assert loaded.settings != Settings()
