"""`devicewarden audit`: is the configuration safe? Of this device, or of the account."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from devicewarden.cli.audit_account import account_options, account_settings, permissions
from devicewarden.cli.audit_list import list_
from devicewarden.cli.audit_names import checks_option, severity_option
from devicewarden.cli.audit_policy import policy
from devicewarden.cli.audit_suppress import suppress, suppressions, unsuppress
from devicewarden.cli.failure import EXIT_FAILED
from devicewarden.cli.options import config_option, load_or_exit
from devicewarden.model.audit import at_least
from devicewarden.model.errors import AgentError
from devicewarden.model.finding import Severity

if TYPE_CHECKING:
    from devicewarden.cli.audit_print import Format
    from devicewarden.model.audit import Audit
    from devicewarden.state.finding_records import Recorded


@click.group("audit", invoke_without_command=True)
@config_option
@checks_option
@severity_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "sarif", "junit", "html"]),
    default="table",
    show_default=True,
    help="How to print it.",
)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write it there.")
@click.option("--account", is_flag=True, help="Audit the AWS account, not this device.")
@account_options
@click.option("--no-record", is_flag=True, help="Keep nothing, and tell no sink.")
@click.option("--if-due", is_flag=True, help="Run the scheduled audits that are due, if any.")
@click.pass_context
def command(  # noqa: PLR0913  an option each
    ctx: click.Context,
    config: Path | None,
    names: tuple[str, ...],
    least: Severity | None,
    form: "Format",
    output: Path | None,
    *,
    account: bool,
    no_record: bool,
    if_due: bool,
) -> int | None:
    """Run checks and print what does not comply.

    The status is 1 where there are findings, 70 where a check is undecided or nothing could be
    kept, else 0.
    """
    if ctx.invoked_subcommand is not None:
        return None
    from devicewarden.cli.audit_run import Auditor, Request  # noqa: PLC0415  --help must be fast

    if if_due and (names or no_record or output or form != "table"):
        raise click.UsageError("--if-due goes with --config, --account and --severity alone")
    settings = account_settings(
        ctx, load_or_exit(config, judge_files=False).settings, account=account
    )
    if if_due and settings.audit.run_by == "never":
        print("audit.run_by is never", file=sys.stderr)
        return 0
    auditor = Auditor(settings, Request(names=names, account=account, kept=not no_record))
    shown = _Shown(form, output, least or settings.audit.severity, settings.thing.name)
    if if_due:
        statuses = [shown.show(auditor.run(each)) for each in auditor.due()]
        return 1 if 1 in statuses else max(statuses, default=0)
    return shown.show(auditor.run())


for subcommand in (list_, permissions, policy, suppress, suppressions, unsuppress):
    command.add_command(subcommand)


class _Shown:
    """Shows audits, and tells their exit status."""

    def __init__(self, form: "Format", output: Path | None, least: Severity, thing: str) -> None:
        self._form = form
        self._output = output
        self._least = least
        self._thing = thing

    def show(self, recorded: "Recorded") -> int:
        from devicewarden.cli.audit_print import rendered, summary  # noqa: PLC0415  see above
        from devicewarden.cli.audit_run import rules  # noqa: PLC0415  see above

        found = recorded.audit.findings
        grave = tuple(each for each in found if at_least(each.finding.severity, self._least))
        audit = replace(recorded.audit, findings=grave)
        text = rendered(audit, self._form, rules(), self._thing)
        if self._output:
            _write(self._output, text)
        elif text:
            # What others wrote into a certificate need not be text that a terminal can show.
            print(text.encode(errors="replace").decode())
        print(summary(audit), file=sys.stderr)
        _tell_kept(recorded)
        return _status(audit)


def _status(audit: "Audit") -> int:
    if not all(each.suppressed for each in audit.findings):
        return 1
    return EXIT_FAILED if any(run.undecided for run in audit.runs) else 0


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(f"{text}\n", encoding="utf-8", errors="replace")
    except OSError as error:
        raise AgentError(f"{file} cannot be written: {error.strerror}") from error


def _tell_kept(recorded: "Recorded") -> None:
    if recorded.opened or recorded.changed or recorded.resolved:
        print(
            f"since the audit before: {recorded.opened} new, {recorded.changed} changed,"
            f" {recorded.resolved} resolved",
            file=sys.stderr,
        )
    if recorded.untold or recorded.unkept:
        print(
            f"too many: {recorded.untold} changes are told to no sink,"
            f" {recorded.unkept} findings are not kept",
            file=sys.stderr,
        )
