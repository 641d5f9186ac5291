"""The package where no service manager runs, as in a chroot or under another init."""

import signal
import subprocess

from tests.packaging.guest.hands import SCENE, Facts, has_sample, run, status, tell

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}

USER = ("--reuid=devicewarden", "--regid=devicewarden", "--init-groups")


def installed() -> Facts:
    done = run("dpkg", "-i", str(SCENE / "old.deb"))
    user = run("getent", "passwd", "devicewarden").text
    return {"code": done.code, "text": done.text, "user": user}


def ran_in_the_foreground() -> Facts:
    run("install", "-d", "-o", "devicewarden", "/var/lib/devicewarden", "/run/devicewarden")
    agent = subprocess.Popen(
        ["setpriv", *USER, "devicewarden", "run"],
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    answer = status(has_sample)
    agent.send_signal(signal.SIGTERM)
    _, log = agent.communicate(timeout=20)
    return {"status": answer, "log": log.decode(), "code": agent.returncode}


def upgraded_and_purged() -> Facts:
    upgrade = run("dpkg", "-i", str(SCENE / "new.deb"))
    purge = run("dpkg", "--purge", "devicewarden")
    left = run("find", "/etc", "/usr", "/var/lib", "-iname", "*devicewarden*").text
    return {"upgrade": upgrade, "purge": purge, "left": left}


if __name__ == "__main__":
    tell((installed, ran_in_the_foreground, upgraded_and_purged))
