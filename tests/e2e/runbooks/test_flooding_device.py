"""What docs/runbooks/flooding-device.md promises, with a flood, a kernel that filters, and root."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.e2e.agent_process import AgentProcess
from tests.e2e.runbooks.pages import Page, typed
from tests.mitigate.network import OTHER, Network, neighbors

from devicewarden.config.action_documents import load_action_documents
from devicewarden.sandbox.control import is_running

pytestmark = pytest.mark.e2e
PAGE = Page("flooding-device.md")
PROFILE, ACTIONS, UNDO = PAGE.blocks("json")
(SETTINGS,) = PAGE.blocks("toml")
(DRY, (PENDING,), LOOK, JOB) = PAGE.lines()
FLOOD = Path(__file__).with_name("flood.py")
PATIENCE_S = 60.0
ECHO = 8000


class Scene:
    """A gateway in a network of its own, with the sandbox on its loopback, and a host next door."""

    def __init__(self, network: Network, folder: Path) -> None:
        self.network = network
        self.folder = folder
        self.sandbox = folder / "sandbox"
        self.thing = self.sandbox / "things" / "edge-1"
        self.config = self.thing / "config.toml"

    def configure(self) -> None:
        """Put the blocks of the page where the page says."""
        for name, document in (("profiles", PROFILE), ("actions", ACTIONS)):
            (self.thing / name).mkdir(exist_ok=True)
            (self.thing / name / "flood.json").write_text(document)
        (self.folder / "undo.json").write_text(UNDO)
        places = f'dir = "{self.thing}/actions"\nrecords_dir = "{self.folder}/records"\n'
        settings = SETTINGS.replace("[mitigate]\n", f"[mitigate]\n{places}")
        text = self.config.read_text().replace('format = "console"', 'format = "json"')
        self.config.write_text(f"{text}\n{settings}")

    def type(self, line: str) -> "subprocess.CompletedProcess[str]":
        named = f"--dir {self.sandbox}" if " sandbox " in line else f"--config {self.config}"
        return typed(f"{line} {named}", prefix=self.network.enter, folder=self.folder)

    def root_answers(self) -> None:
        """Do what the path unit does, when a request appears."""
        folder = self.thing / "state" / "mitigate"
        until(lambda: any(folder.glob("*.json")))
        done = self.type(PENDING)
        assert done.returncode == 0, done.stderr

    def reaches(self) -> bool:
        return self.network.reaches(OTHER, ECHO)


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, "it never came"
        threading.Event().wait(0.1)


@contextmanager
def running(network: Network, *words: str) -> Iterator[None]:
    """Run a program of this Python there, until its input ends or it is told to."""
    with subprocess.Popen(  # noqa: S603  fixed words
        [*network.enter, sys.executable, "-P", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    ) as process:
        try:
            yield
        finally:
            process.terminate()


@pytest.fixture
def scene() -> Iterator[Scene]:
    with TemporaryDirectory() as folder, neighbors() as (ours, _):
        made = Scene(ours, Path(folder))
        with running(ours, "-m", "devicewarden", "sandbox", "up", "--dir", str(made.sandbox)):
            until(lambda: is_running(made.sandbox))
            made.configure()
            yield made


def test_a_flood_ends_in_a_quarantine_and_a_job_ends_that(scene: Scene) -> None:
    with (
        AgentProcess(scene.config, prefix=scene.network.enter) as agent,
        running(scene.network, str(FLOOD), OTHER),
    ):
        agent.connected()
        scene.root_answers()
        told = [agent.event("action_told", status="SKIPPED")["action"] for _ in range(2)]
        listed = [scene.type(line) for line in DRY]
        assert told == ["evidence", "cut-off"]
        assert [done.returncode for done in listed] == [1, 0]
        assert "dry run" in listed[1].stdout
        assert scene.reaches()

        agent.reload(scene.config.read_text().replace("dry_run = true", "dry_run = false"))
        scene.root_answers()
        agent.event("action_told", status="SUCCESSFUL", action="cut-off")
        status, done = (scene.type(line) for line in LOOK)
        assert (status.returncode, done.returncode) == (1, 0)
        assert not scene.reaches()
        assert list((scene.folder / "records" / "evidence").iterdir())
        agent.accepts(1)

        created = scene.type(JOB[0])
        scene.root_answers()
        until(lambda: "SUCCEEDED" in scene.type(JOB[1]).stdout)
        assert created.stdout.strip() in scene.type(JOB[1]).stdout
        assert scene.reaches()


def test_the_documents_are_taken_without_a_warning(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(ACTIONS)

    read = load_action_documents(tmp_path)

    assert list(read.orders.actions) == ["evidence", "cut-off"]
    assert read.warnings == ()
    assert json.loads(UNDO)["actionName"] in read.orders.actions
