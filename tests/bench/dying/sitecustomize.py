"""Loaded by an interpreter whose PYTHONPATH leads here: the agent dies before its Nth step.

A step is what changes the identity's folder, starts another process, or is said about jobs and
certificates. `DYING_AT` says which one; 0: none. Each is written to the file `DYING_LOG`.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

AT = int(os.environ.get("DYING_AT", "0"))
LOG = os.environ.get("DYING_LOG", "")
CHANGING = {"os.rename", "os.symlink", "os.remove", "os.mkdir", "os.rmdir"}
INSIDE = {"certificate.pem", "private-key.pem", "identity.json"}
"""What a tree is removed of goes by these names alone."""

ABOUT = ("/jobs/", "/certificates/", "/provisioning-templates/")
taken = 0


def step(name: str) -> None:
    global taken  # noqa: PLW0603  one process, one life
    taken += 1
    if LOG:
        handle = os.open(LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(handle, f"{taken} {name}\n".encode())
        os.close(handle)
    if taken == AT:
        os.kill(os.getpid(), signal.SIGKILL)


def heard(event: str, arguments: tuple[Any, ...]) -> None:
    if event in CHANGING:
        path = str(arguments[0])
        if "/identity" in path or path in INSIDE:
            step(f"{event.removeprefix('os.')} {Path(path).name}")
    elif event == "subprocess.Popen" and "devicewarden.cli.key_child" in arguments[1]:
        step("make the key")


def watch_publishing() -> None:
    from devicewarden.publish.job_channel import JobChannel  # noqa: PLC0415  in the agent alone
    from devicewarden.publish.provisioning import ProvisioningChannel  # noqa: PLC0415  as above

    for channel in (JobChannel, ProvisioningChannel):
        make = channel.__init__

        def made(self: Any, publisher: Any, *rest: Any, _make: Any = make, **named: Any) -> None:
            _make(self, publisher, *rest, **named)
            say = publisher.publish
            if getattr(publisher, "watched", False):
                return

            async def publish(topic: str, payload: bytes, *, qos: int) -> None:
                if any(word in topic for word in ABOUT):
                    step(f"say {topic.rpartition('/')[2]}")
                await say(topic, payload, qos=qos)

            publisher.publish, publisher.watched = publish, True

        channel.__init__ = made  # type: ignore[method-assign]  # for this process alone


class WhenTheAgentIsLoaded:
    """Watches once the agent's own modules can be loaded without loading more."""

    def find_spec(self, name: str, *_rest: object) -> None:
        if name == "devicewarden.daemon.start":
            sys.meta_path.remove(self)
            sys.addaudithook(heard)
            watch_publishing()


if "run" in sys.orig_argv:
    sys.meta_path.insert(0, WhenTheAgentIsLoaded())
