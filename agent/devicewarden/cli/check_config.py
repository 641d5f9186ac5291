"""`devicewarden check-config`: everything that is wrong, at once."""

import json
import sys
from pathlib import Path

import click

from devicewarden.cli.failure import EXIT_CONFIG, tell
from devicewarden.cli.options import config_option, format_option, load_config
from devicewarden.model.errors import ConfigError, Problem


@click.command("check-config")
@config_option
@format_option
def command(config: Path | None, form: str) -> None:
    """Tell everything that is wrong with the configuration.

    It says what a start would say; run it as the agent's user, whose files it must be able to read.
    """
    from devicewarden.daemon.start import rehearse  # noqa: PLC0415  keeps --help fast

    where = ""
    try:
        loaded = load_config(config)
        where = loaded.origins["publish.endpoint"]
        rehearse(loaded.settings)
    except ConfigError as error:
        if form == "json":
            _print_json(error.problems or (Problem(where, str(error), error.hint),), ())
            sys.exit(EXIT_CONFIG)
        sys.exit(tell(error))
    if form == "json":
        _print_json((), loaded.files)
    else:
        print("configuration is valid", file=sys.stderr)
        for file in loaded.files:
            print(f"  read {file}", file=sys.stderr)


def _print_json(problems: tuple[Problem, ...], files: tuple[Path, ...]) -> None:
    document = {
        "valid": not problems,
        "problems": [problem._asdict() for problem in problems],
        "files": [str(file) for file in files],
    }
    print(json.dumps(document, indent=2))
