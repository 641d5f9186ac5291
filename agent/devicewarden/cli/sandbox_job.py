"""`devicewarden sandbox job`: AWS IoT Jobs, as an operator of the cloud has them."""

import json
from pathlib import Path
from typing import TextIO

import click

from devicewarden.cli.sandbox_dir import dir_option
from devicewarden.sandbox.control import ask


@click.group()
def job() -> None:
    """Give devices something to do, as AWS IoT Jobs does."""


@job.command()
@dir_option
@click.argument("thing")
@click.argument("document", type=click.File("r", encoding="utf-8"))
def create(directory: Path, thing: str, document: TextIO) -> None:
    """Queue a job with the DOCUMENT in this file (- is standard input), and print its id."""
    click.echo(ask(directory, ["job", "create", thing, document.read()]))


@job.command(name="list")
@dir_option
@click.option("--json", "as_json", is_flag=True, help="Print everything, as JSON.")
def list_(directory: Path, *, as_json: bool) -> None:
    """Show jobs and what became of them."""
    told = ask(directory, ["job", "list"])
    if as_json:
        click.echo(told)
        return
    for each in json.loads(told):
        details = " ".join(f"{name}={text}" for name, text in each["statusDetails"].items())
        click.echo(f"{each['jobId']}  {each['thingName']}  {each['status']}  {details}".rstrip())
