"""`devicewarden sandbox`: a stand-in for AWS IoT Core on this machine."""

import json
import os
import queue
import signal
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from devicewarden.cli import sandbox_job
from devicewarden.cli.failure import EXIT_FAILED
from devicewarden.cli.judge import load_judge
from devicewarden.cli.sandbox_dir import default_dir, dir_option
from devicewarden.model.errors import AgentError
from devicewarden.sandbox.control import ask, is_running, serve_control
from devicewarden.sandbox.faults import FAULTS
from devicewarden.sandbox.narrate_alarms import by_behavior

if TYPE_CHECKING:
    from devicewarden.sandbox.sandbox import Sandbox

LOOK_EVERY_S: Final = 1.0


@click.group()
def command() -> None:
    """Run a stand-in for AWS IoT Core: broker, mutual TLS, Device Defender."""


@command.command()
@dir_option
@click.option(
    "--thing",
    "things",
    multiple=True,
    default=("edge-1",),
    show_default=True,
    help="Name of a device; may be given again.",
)
def up(directory: Path, things: Sequence[str]) -> None:
    """Run the sandbox until Ctrl-C, and show each report that arrives."""
    if is_running(directory):
        raise AgentError(f"a sandbox already runs in {directory}", hint="end it, or choose --dir")
    _end_like_ctrl_c()
    say = _say()
    try:
        with (
            _make(directory, things) as sandbox,
            serve_control(sandbox.directory, sandbox.do),
        ):
            _tell_next(sandbox, say)
            _show(sandbox, say)
    except KeyboardInterrupt:
        say("The sandbox has ended.")


@command.command(epilog="\b\n" + "\n".join(f"{f.usage:<24}{f.summary}" for f in FAULTS))
@dir_option
@click.argument("name")
@click.argument("arguments", nargs=-1)
def fault(directory: Path, name: str, arguments: Sequence[str]) -> None:
    """Make something go wrong in the running sandbox."""
    _say()(ask(directory, [name, *arguments]))


command.add_command(sandbox_job.job)


@command.command()
@dir_option
@click.option("--json", "as_json", is_flag=True, help="Print everything, as JSON.")
def violations(directory: Path, *, as_json: bool) -> int:
    """Show what is in alarm, by behavior, and on how many things at once; then the status is 1."""
    told = ask(directory, ["violations"])
    documents = json.loads(told)
    for line in [told] if as_json else by_behavior(documents):
        click.echo(line)
    return int(bool(documents))


@command.command()
def demo() -> int:
    """Show the agent at work: reports that are accepted, and a forbidden port that is told."""
    _end_like_ctrl_c()
    with (
        tempfile.TemporaryDirectory(prefix="devicewarden-") as folder,
        _make(Path(folder), ("edge-1",)) as sandbox,
    ):
        from devicewarden.sandbox.demo import run_demo  # noqa: PLC0415  after the extra is found

        return 0 if run_demo(sandbox, _say()) else EXIT_FAILED


def _make(directory: Path, things: Sequence[str]) -> "Sandbox":
    try:
        from devicewarden.sandbox.sandbox import Sandbox  # noqa: PLC0415  its libraries are an extra
    except ImportError as error:
        raise AgentError(
            f"the sandbox needs {error.name}", hint="pip install 'devicewarden[sandbox]'"
        ) from error
    return Sandbox(directory, load_judge(), things)


def _say() -> Callable[[Any], None]:
    # click takes colours away by itself where standard output is no terminal.
    return partial(click.echo, color=False if os.environ.get("NO_COLOR") else None)


def _end_like_ctrl_c() -> None:
    # SIGINT too: a shell starts what runs in the background with it ignored.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)


def _tell_next(sandbox: "Sandbox", say: Callable[[str], None]) -> None:
    say(f"The sandbox is up: mutual TLS on localhost:{sandbox.port}, all of it in")
    say(f"  {sandbox.directory}")
    say("Next, in another terminal:")
    for thing in sandbox.things:
        config = sandbox.credentials(thing).cert_file.with_name("config.toml")
        say(f"  devicewarden run --config {config}")
    where = "" if sandbox.directory == default_dir() else f" --dir {sandbox.directory}"
    say(f"  devicewarden sandbox fault{where} reject 2")
    say(f"  devicewarden sandbox fault --help{'':8}lists the other faults")
    say("Ctrl-C ends it. Reports:")


def _show(sandbox: "Sandbox", say: Callable[[str], None]) -> None:
    from devicewarden.sandbox.narrate import tell_verdict  # noqa: PLC0415  after the extra is found

    reports = sandbox.watch()
    while sandbox.broker.running:
        try:
            report = reports.get(timeout=LOOK_EVERY_S)
        except queue.Empty:
            continue
        size = f"{len(report.payload):,} bytes"
        say(f"  {report.thing}  {report.format}  {size}  {tell_verdict(report)}")
    raise AgentError("Mosquitto ended by itself", hint=f"see {sandbox.broker.log_file}")
