"""`devicewarden setup`: from certificate and key to a device that reports."""

import dataclasses
import hashlib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from devicewarden.cli.failure import EXIT_FAILED
from devicewarden.cli.options import config_option, load_or_exit
from devicewarden.cli.setup_answers import Values, ask, given, setting_options
from devicewarden.config.drop_in import place

if TYPE_CHECKING:
    from devicewarden.config.settings import Settings
    from devicewarden.publish.device_policy import Account


@click.command()
@config_option
@setting_options
@click.option("--no-tls", is_flag=True, help="Speak plain text.")
@click.option(
    "--broker",
    type=click.Choice(["aws", "plain"]),
    help="What the endpoint is. [default: aws for a name of AWS, else plain]",
)
@click.option(
    "--copy/--no-copy",
    default=None,
    help="Copy certificate, key and the like into certs/ beside the configuration."
    " [default: only as root and for /etc/devicewarden]",
)
@click.option("--force", is_flag=True, help="Replace an earlier setup, which is kept as .bak.")
@click.option("--no-connect", is_flag=True, help="Write the configuration, and try nothing.")
@click.option("--print-policy", is_flag=True, help="Print the AWS IoT policy, and do nothing else.")
@click.option("--literal", is_flag=True, help="Name this thing in the policy, without variables.")
@click.option("--region", help="AWS region, where the endpoint does not tell it.")
@click.option("--account", help="AWS account number, for the policy.")
def command(config: Path | None, **options: Any) -> int:
    """Connect this device: write conf.d/10-setup.toml, try it, and tell what AWS must know.

    Without --endpoint it asks on the terminal for what is not given. Certificates, keys and
    passwords are files; none is ever overwritten or shown. For AWS it ends with a shell script on
    standard output that makes thing and policy; nothing here talks to AWS but the connection to
    the broker.
    """
    values = given(options)
    if options["print_policy"]:
        return _print_policy(_with(load_or_exit(config).settings, values), options)
    if "publish.endpoint" not in values:
        if not sys.stdin.isatty():
            raise click.UsageError("there is no terminal to ask on: give --endpoint and the rest")
        ask(values, options["broker"])
    settings = _install(config, values, options)
    failed = False if options["no_connect"] else _try(settings)
    if settings.publish.expect_reply:
        _print_script(settings, options)
    return EXIT_FAILED if failed else 0


def _install(config: Path | None, values: Values, options: dict[str, Any]) -> "Settings":
    from devicewarden.cli.setup_install import Installation  # noqa: PLC0415  keeps --help fast

    copy = options["copy"]
    if copy is None:
        copy = os.geteuid() == 0 and config is None
    installation = Installation(config=config, copy=copy, force=options["force"])
    settings, kept = installation.install(values)
    earlier = f"; the earlier one is {kept}" if kept else ""
    _say(f"valid, and written: {place(installation.file)}{earlier}")
    _say("the service takes it with: systemctl restart devicewarden")
    return settings


def _try(settings: "Settings") -> bool:
    """Go the way to the broker; tell whether anything failed."""
    from devicewarden.cli.doctor import tell_verdict  # noqa: PLC0415  keeps --help fast
    from devicewarden.collect.sampler import utc_now  # noqa: PLC0415  keeps --help fast
    from devicewarden.doctor.certificate import judge_certificate  # noqa: PLC0415  keeps --help fast
    from devicewarden.doctor.way import way_to_broker  # noqa: PLC0415  keeps --help fast

    now, failed = utc_now(), False
    certificate = judge_certificate(settings.publish, now)
    for verdict in (certificate, *way_to_broker(settings, now)):
        tell_verdict(verdict, err=True)
        failed = failed or verdict.status == "failed"
    if failed:
        _say("it does not work yet; try again with: devicewarden doctor")
    return failed


def _print_policy(settings: "Settings", options: dict[str, Any]) -> int:
    from devicewarden.publish.device_policy import device_policy  # noqa: PLC0415  keeps --help fast

    account = _account(settings, options)
    policy = device_policy(settings, account, literal=_literal(settings, options))
    print(json.dumps(policy, indent=2))
    unknown = [word for word in account if word.isupper()]
    if unknown:
        _say(f"put the right words for {' and '.join(unknown)}, or give --region and --account")
    return 0


def _print_script(settings: "Settings", options: dict[str, Any]) -> None:
    from devicewarden.publish.aws_commands import policy_name, script  # noqa: PLC0415  see above
    from devicewarden.publish.device_policy import device_policy  # noqa: PLC0415  see above

    account, literal = _account(settings, options), _literal(settings, options)
    thing = settings.thing.name
    print(
        script(
            device_policy(settings, account, literal=literal),
            account,
            name=policy_name(thing, literal=literal),
            thing=thing,
            certificate_id=_certificate_id(settings.publish.cert_file),
        ),
        end="",
    )


def _account(settings: "Settings", options: dict[str, Any]) -> "Account":
    from devicewarden.publish.device_policy import ACCOUNT, Account, region_of  # noqa: PLC0415

    region = options["region"] or region_of(settings.publish.endpoint)
    return Account(region, options["account"] or ACCOUNT)


def _literal(settings: "Settings", options: dict[str, Any]) -> bool:
    from devicewarden.publish.device_policy import has_variables  # noqa: PLC0415  see above

    return options["literal"] or not has_variables(settings)


def _with(settings: "Settings", values: Values) -> "Settings":
    """Lay what was given over the settings in force; the files need not be there yet."""
    old = settings.thing
    name: str = values.get("thing.name", old.name)
    client_id: str = name if old.client_id == old.name else old.client_id
    client_id = values.get("thing.client_id", client_id)
    thing = dataclasses.replace(old, name=name, client_id=client_id)
    endpoint = values.get("publish.endpoint", settings.publish.endpoint)
    publish = dataclasses.replace(settings.publish, endpoint=endpoint)
    return dataclasses.replace(settings, thing=thing, publish=publish)


def _certificate_id(cert_file: str) -> str:
    """Name a certificate as AWS IoT does: the SHA-256 of its DER encoding; empty without one."""
    from devicewarden.collect.certificate import first_certificate  # noqa: PLC0415  see above

    if not cert_file:
        return ""
    try:
        return hashlib.sha256(first_certificate(Path(cert_file).read_bytes())).hexdigest()
    except ValueError:
        return ""


def _say(text: str) -> None:
    click.echo(text, err=True)
