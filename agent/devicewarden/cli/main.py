"""The `devicewarden` command: a table of commands, each imported only when it is called."""

import importlib
from typing import Final

import click

from devicewarden.cli.failure import tell
from devicewarden.model.errors import AgentError
from devicewarden.model.version import VERSION

COMMANDS: Final = {
    "run": "Run the agent until it is told to stop.",
    "once": "Print the report of this host, or send it.",
    "status": "Tell how the running agent is doing.",
    "check-config": "Tell everything that is wrong with the configuration.",
    "config": "Show the configuration in force.",
    "doctor": "Tell what keeps this device from reporting, and what to do about it.",
    "profile": "Check security profiles, bring them over from AWS, try and suggest them.",
    "baseline": "Show what the device has learnt, and let one device teach another.",
    "violations": "Show behaviors that did not hold, and verify them.",
    "audit": "Check whether this device, or the AWS account, is configured safely.",
    "findings": "Show what audits found, and what became of it.",
    "outbox": "Show which events wait for which sink, and why.",
    "mitigate": "Show, apply and undo what is done about violations and findings.",
    "quarantine": "Cut this device off from everything but its broker, and let it back.",
    "setup": "Connect this device to AWS IoT Core or another broker.",
    "provision": "Get the identity of a new device by a claim certificate.",
    "rotate": "Get another key and certificate for this device.",
    "sandbox": "A stand-in for AWS IoT Core on this machine.",
}


class CommandTable(click.Group):
    """Commands by name; a command's module has a click command named `command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"devicewarden.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=CommandTable, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="devicewarden")
def devicewarden() -> None:
    """Watch this device and report to AWS IoT Device Defender, or to any MQTT broker."""


def main() -> int:
    """Run a command and return its exit status.

    0 done, 1 violations or findings exist, 2 usage, 70 failed, 78 configuration.
    """
    try:
        return int(devicewarden.main(standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return 130
    except AgentError as error:
        return tell(error)
