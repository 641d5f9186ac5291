"""Rules for the sections `jobs` and `provisioning`."""

import re
from collections.abc import Iterator
from typing import Final

from devicewarden.config.fault import Fault, did_you_mean, shown
from devicewarden.config.settings import Settings
from devicewarden.model.job import OPERATIONS

_TEMPLATE: Final = re.compile(r"[0-9A-Za-z_-]{1,36}")
_PARAMETER: Final = re.compile(r"[^=\s]{1,128}=[^\x00-\x1f]{0,1024}")


def known_operations(settings: Settings) -> Iterator[Fault]:
    """Only operations that exist can be allowed."""
    for index, name in enumerate(settings.jobs.operations):
        if name not in OPERATIONS:
            yield Fault(
                (("jobs", "operations", index),),
                f"{shown(name)} is no operation",
                did_you_mean(name, list(OPERATIONS)) or f"one of {', '.join(OPERATIONS)}",
            )


def template(settings: Settings) -> Iterator[Fault]:
    """A template has a name as AWS writes it, and parameters have one too.

    Source: AWS IoT CreateProvisioningTemplate: `[0-9A-Za-z_-]`, 1 to 36 characters.
    """
    provisioning = settings.provisioning
    if provisioning.template and not _TEMPLATE.fullmatch(provisioning.template):
        yield Fault.at(
            "provisioning.template",
            message=f"{shown(provisioning.template)} is no name of a template",
            hint="1 to 36 of a-z A-Z 0-9 _ -",
        )
    for index, parameter in enumerate(provisioning.parameters):
        if not _PARAMETER.fullmatch(parameter):
            yield Fault(
                (("provisioning", "parameters", index),),
                f"must be NAME=VALUE, not {shown(parameter)}",
            )


def rotation(settings: Settings) -> Iterator[Fault]:
    """A job that rotates the certificate needs to know how to get one."""
    if "ROTATE_CERTIFICATE" in settings.jobs.operations and not settings.provisioning.template:
        yield Fault.at(
            "provisioning.template",
            "jobs.operations",
            message="is missing, although jobs.operations names ROTATE_CERTIFICATE",
        )
