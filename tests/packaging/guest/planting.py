"""Scenes of a daemon that somebody has taken over: it asks for all that it must not have."""

from typing import Final

from tests.packaging.guest.asking import (
    FOLDER,
    PATH_UNIT,
    SERVICE,
    as_the_agent,
    asked,
    ended,
    idle,
    plan,
    plant,
    ruleset,
    told_by_root,
)
from tests.packaging.guest.hands import Facts, cursor, run, systemctl, until

# What a shell lays down there in one go, by names that the path unit looks for.
_TRAPS: Final = """
ln -s /etc/shadow link.json
mkfifo pipe.json
head -c 20000000 /dev/zero > huge.json
echo '{' > half.json
printf '%01000d' 0 | tr 0 '[' > deep.json
mkdir -p folder.json/in .folder.json.refused/in
mkdir -p "$(printf 'x%.0s' $(seq 250)).json"
"""


def planted() -> Facts:
    since, before = cursor(), ruleset()
    for name in ("shut", "unknown"):
        plant(name, plan(name, name))
    plant("operator", plan("cut-off", "by-hand", "operator"))
    plant("undo", '{"undo": "00000000000000000000000000000000"}')
    as_the_agent("sh", "-c", _TRAPS)
    until(idle)
    return {
        "records": {name: ended(name) for name in ("shut", "unknown", "by-hand")},
        "journal": told_by_root(since),
        "same": ruleset() == before,
        **_state(),
    }


def led_away() -> Facts:
    """The folder itself is a link to where root would find files for ever."""
    since = cursor()
    as_the_agent(
        "sh", "-c", "cd .. && mv mitigate real && ln -s /etc/devicewarden/actions mitigate"
    )
    # systemd may have seen it by itself before.
    systemctl("start", SERVICE)
    gone = not FOLDER.is_symlink()
    record = asked("cut-off", "afterwards")
    run("devicewarden", "quarantine", "off")
    told = told_by_root(since)
    starts = sum("Starting" in line for line in told)
    return {"gone": gone, "journal": told, "starts": starts, "record": record, **_state()}


def _state() -> Facts:
    return {
        "path": systemctl("is-active", PATH_UNIT).text,
        "result": run("systemctl", "show", "-P", "Result", SERVICE).text,
        "left": sorted(each.name[:80] for each in FOLDER.iterdir()),
    }
