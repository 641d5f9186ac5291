"""What `devicewarden setup` is told: as options, or on a terminal."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import click

from devicewarden.config.broker import is_aws
from devicewarden.config.host_name import host_name, thing_name_of
from devicewarden.config.knobs import Knob, knobs

Values = dict[str, Any]
"""Dotted key -> value; what nobody gave is absent."""

OPTIONS: Final = {
    "--endpoint": "publish.endpoint",
    "--port": "publish.port",
    "--thing": "thing.name",
    "--client-id": "thing.client_id",
    "--cert": "publish.cert_file",
    "--key": "publish.key_file",
    "--ca": "publish.ca_file",
    "--pkcs11-library": "publish.pkcs11_library",
    "--pkcs11-token-label": "publish.pkcs11_token_label",
    "--pkcs11-key-label": "publish.pkcs11_key_label",
    "--pkcs11-pin-file": "publish.pkcs11_pin_file",
    "--username": "publish.username",
    "--password-file": "publish.password_file",
    "--proxy-host": "publish.proxy_host",
    "--proxy-port": "publish.proxy_port",
}
_KNOBS: Final = {knob.key: knob for knob in knobs()}
COPIED: Final = tuple(
    key for key in OPTIONS.values() if _KNOBS[key].path and key != "publish.pkcs11_library"
)
"""Files that the agent reads as they are; a library needs others around it."""


def setting_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add an option for each setting, described as the setting is."""
    for flag, key in reversed(OPTIONS.items()):
        knob = _KNOBS[key]
        kind = click.INT if knob.type is int else click.STRING
        command = click.option(flag, _parameter(key), type=kind, help=_help(knob))(command)
    return command


def given(options: Mapping[str, Any]) -> Values:
    """Collect what stands on the command line; paths become absolute."""
    values = {
        key: _absolute(key, options[_parameter(key)])
        for key in OPTIONS.values()
        if options[_parameter(key)] is not None
    }
    if options["no_tls"]:
        values["publish.tls"] = False
    if values.get("publish.endpoint"):
        _choose_broker(values, options["broker"])
    return values


def ask(values: Values, broker: str | None) -> None:
    """Ask for the rest on the terminal; an empty answer leaves the default in force."""
    _ask(values, "publish.endpoint", "Endpoint, the host name of the broker")
    if broker is None and not is_aws(values["publish.endpoint"]):
        broker = "aws" if click.confirm("Is it AWS IoT Core?", default=False, err=True) else "plain"
    _choose_broker(values, broker)
    _ask(values, "thing.name", "Thing name", default=thing_name_of(host_name()))
    _ask(values, "publish.port", "Port (0: 8883, or 1883 without TLS)", default=0)
    if values.get("publish.tls", True):
        _ask(values, "publish.ca_file", "CA file (empty: the system's)", default="")
        _ask_certificate(values)
    if "publish.cert_file" not in values:
        _ask(values, "publish.username", "User name (empty: none)", default="")
        if "publish.username" in values:
            _ask(values, "publish.password_file", "File with the password", default="")


def _choose_broker(values: Values, broker: str | None) -> None:
    aws = broker == "aws" if broker else is_aws(values["publish.endpoint"])
    if not aws:
        values["publish.expect_reply"] = False


def _ask_certificate(values: Values) -> None:
    _ask(values, "publish.cert_file", "Certificate file", default="")
    if "publish.cert_file" not in values:
        return
    if "publish.pkcs11_library" not in values:
        _ask(values, "publish.key_file", "Private key file (empty: in a PKCS#11 token)", default="")
    if "publish.key_file" in values:
        return
    _ask(values, "publish.pkcs11_library", "PKCS#11 library")
    _ask(values, "publish.pkcs11_token_label", "Label of the token")
    _ask(values, "publish.pkcs11_key_label", "Label of the key (empty: the only one)", default="")
    _ask(values, "publish.pkcs11_pin_file", "File with the PIN (empty: none)", default="")


def _ask(values: Values, key: str, question: str, *, default: Any = None) -> None:
    if key not in values:
        answer = click.prompt(question, default=default, show_default=bool(default), err=True)
        if answer:
            values[key] = _absolute(key, answer)


def _absolute(key: str, value: Any) -> Any:
    """Make a path mean the same wherever the agent is started."""
    if not value or not _KNOBS[key].path:
        return value
    return os.path.abspath(Path(value).expanduser())  # noqa: PTH100  no link is followed


def _parameter(key: str) -> str:
    return key.replace(".", "_")


def _help(knob: Knob) -> str:
    return f"{knob.doc[0].upper()}{knob.doc[1:]}."
