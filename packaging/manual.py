"""The manual page devicewarden(1) and the shell completions, made from the commands themselves."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import click
from click.shell_completion import ShellComplete, get_completion_class

NAME: Final = "devicewarden"

COMPLETIONS: Final = {"bash": NAME, "zsh": f"_{NAME}", "fish": f"{NAME}.fish"}
"""Shell -> what the file is called where that shell looks."""

AFTER: Final = r"""
.SH FILES
.TP
.I /etc/devicewarden/config.toml
The configuration; an empty file is valid. Files in
.I conf.d
beside it win over it.
.TP
.I /etc/devicewarden/profiles
Security profiles, as the AWS CLI takes them.
.TP
.I /etc/devicewarden/certs
Certificate and private key; the daemon gets copies from systemd.
.TP
.I /etc/devicewarden/actions
Mitigation actions, as the AWS CLI takes them.
.TP
.I /var/lib/devicewarden/state.db
What survives a restart.
.TP
.I /var/lib/devicewarden\-mitigate
What is in effect; root's.
.SH ENVIRONMENT
.TP
.B DEVICEWARDEN_<SECTION>__<KEY>
A setting that wins over the files, for example
.BR DEVICEWARDEN_LOG__LEVEL=debug .
.SH EXIT STATUS
.TP
.B 0
Done.
.TP
.B 1
Violations or findings exist.
.TP
.B 2
Wrong usage.
.TP
.B 70
Failed.
.TP
.B 78
The configuration is wrong.
.SH SEE ALSO
.BR systemctl (1),
.BR journalctl (1)
"""


def manual_page(root: click.Command, *, version: str, epoch: int) -> str:
    """Write the page in man(7): every command, its arguments and its options."""
    date = datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%d")
    context = click.Context(root, info_name=NAME)
    lines = [
        f'.TH DEVICEWARDEN 1 "{date}" "devicewarden {version}" "DeviceWarden"',
        *(".SH NAME", f"{NAME} \\- AWS IoT Device Defender agent of this device"),
        *(".SH SYNOPSIS", f".B {NAME}", r"[\fIOPTIONS\fR] \fICOMMAND\fR [\fIARGUMENTS\fR]"),
        *(".SH DESCRIPTION", *_prose(root.help or ""), ".SH COMMANDS"),
    ]
    for inner in _commands(context):
        lines += _section(inner)
    return "\n".join(lines) + AFTER


def _commands(context: click.Context) -> Iterator[click.Context]:
    group = context.command
    if not isinstance(group, click.Group):
        yield context
        return
    if group.invoke_without_command:
        yield context
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is not None and not command.hidden:
            yield from _commands(click.Context(command, info_name=name, parent=context))


def _section(context: click.Context) -> Iterator[str]:
    pieces = " ".join(context.command.collect_usage_pieces(context))
    path = context.command_path.removeprefix(f"{NAME} ")
    yield f".SS {_quoted(f'{path} {pieces}')}"
    yield from _prose(context.command.help or "")
    for parameter in context.command.get_params(context):
        record = parameter.get_help_record(context)
        if record and "--help" not in parameter.opts:
            yield from (".TP", rf"\fB{_escaped(record[0])}\fR", _line(record[1] or "\\&"))


def _prose(text: str) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n", text.replace("\b", "").strip()):
        yield from (".PP", *(_line(line.strip()) for line in paragraph.splitlines()))


def _line(text: str) -> str:
    # A dot or a quote that begins a line would be taken for a request.
    return rf"\&{_escaped(text)}" if text[:1] in {".", "'"} else _escaped(text)


def _escaped(text: str) -> str:
    return text.replace("\\", r"\e").replace("-", r"\-").replace("\u2026", "...")


def _quoted(text: str) -> str:
    return f'"{_escaped(text).replace(chr(34), chr(34) * 2)}"'


def completion(root: click.Command, shell: str) -> str:
    """Write the script by which a shell completes; it asks the command itself at each TAB."""
    kind = get_completion_class(shell)
    if kind is None:
        raise ValueError(f"click completes nothing in {shell}")
    # The class for bash would start one, to look at its version.
    return ShellComplete.source(kind(root, {}, NAME, f"_{NAME.upper()}_COMPLETE"))
