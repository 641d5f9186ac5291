"""`devicewarden provision`: a new device gets its identity by a claim certificate."""

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from devicewarden.cli.options import config_option, load_or_exit
from devicewarden.model.errors import ConfigError

if TYPE_CHECKING:
    from devicewarden.config.settings import Settings

_FILE = click.Path(exists=True, dir_okay=False, resolve_path=True)


@click.command()
@config_option
@click.option("--claim-cert", type=_FILE, help="Claim certificate. [default: publish.cert_file]")
@click.option("--claim-key", type=_FILE, help="Its private key. [default: publish.key_file]")
@click.option("--template", help="Provisioning template. [default: provisioning.template]")
@click.option(
    "--parameter",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE",
    help="What the template is told; may be given again.",
)
def command(
    config: Path | None,
    claim_cert: str | None,
    claim_key: str | None,
    template: str | None,
    parameters: tuple[str, ...],
) -> int:
    """Get key, certificate and thing of this device by AWS IoT fleet provisioning.

    The identity lies in the state folder, and the agent uses it from its next start on.
    """
    from devicewarden.daemon.provision import provision  # noqa: PLC0415  keeps --help fast
    from devicewarden.identity.key_request import make_key  # noqa: PLC0415  keeps --help fast

    settings = load_or_exit(config).settings
    if template:
        chosen = dataclasses.replace(settings.provisioning, template=template)
        settings = dataclasses.replace(settings, provisioning=chosen)
    claim = _claim(settings, claim_cert, claim_key)
    told = dict(_pair(each) for each in parameters)
    registered = provision(settings, claim, make_key, told)
    print(
        json.dumps(
            {"thingName": registered.thing, "deviceConfiguration": dict(registered.configuration)}
        )
    )
    return 0


def _claim(settings: "Settings", cert: str | None, key: str | None) -> "Settings":
    if not settings.publish.endpoint:
        raise ConfigError("nowhere to ask for an identity", hint="set publish.endpoint")
    publish = dataclasses.replace(
        settings.publish,
        cert_file=cert or settings.publish.cert_file,
        key_file=key or settings.publish.key_file,
    )
    if not publish.cert_file or not publish.key_file:
        raise ConfigError("a claim is missing", hint="give --claim-cert and --claim-key")
    return dataclasses.replace(settings, publish=publish)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise click.BadParameter(f"{text!r} is not NAME=VALUE")
    return name, value
