"""Scenes of dpkg while something is in effect: it lasts through an upgrade, and ends with us."""

from tests.packaging.guest import moving
from tests.packaging.guest.asking import ROOTS, asked, ruleset
from tests.packaging.guest.cutting import connected
from tests.packaging.guest.hands import SCENE, Done, Facts, ask, run, status, systemctl


def upgraded() -> Facts:
    applied = asked("cut-off", "upgrade")
    stopped = asked("stop-lamp", "dark")
    before = ruleset()
    done = _install("new.deb")
    answer = status(connected)
    return {
        "applied": applied,
        "stopped": stopped,
        "code": done.code,
        "text": done.text,
        "before": before,
        "ruleset": ruleset(),
        "lamp": systemctl("is-active", "lamp").text,
        "status": answer or ask(),
    }


def removed() -> Facts:
    done = run("dpkg", "--remove", "devicewarden")
    return {
        "code": done.code,
        "text": done.text,
        "ruleset": ruleset(),
        "lamp": systemctl("is-active", "lamp").text,
        "units": _units(),
        "evidence": len(list((ROOTS / "evidence").glob("*"))),
    }


def purged() -> Facts:
    """At once, with a quarantine in force."""
    _install("old.deb")
    status(connected)
    applied = asked("cut-off", "purge")
    before = ruleset()
    return {
        **moving.purged(),
        "applied": applied,
        "before": before,
        "ruleset": ruleset(),
        "all_units": _units(),
    }


def _units() -> str:
    return run("systemctl", "list-units", "--all", "--plain", "--no-legend", "devicewarden*").text


def _install(deb: str) -> Done:
    return run("dpkg", "-i", "--force-confdef", "--force-confold", str(SCENE / deb))
