"""The sections `jobs` and `provisioning` of the settings."""

from dataclasses import dataclass

from devicewarden.config.knob import knob


@dataclass(frozen=True, slots=True)
class JobsSettings:
    """What AWS IoT Jobs may have this device do. Nothing, unless it is named."""

    operations: tuple[str, ...] = knob(
        (),
        "operations that a job may ask for: RESTART, SET_REPORT_INTERVAL, RUN_AUDIT,"
        " ROTATE_CERTIFICATE, APPLY_ACTION, UNDO_ACTION; empty: no jobs are taken",
    )


@dataclass(frozen=True, slots=True)
class ProvisioningSettings:
    """How the device gets another certificate: AWS IoT fleet provisioning."""

    template: str = knob("", "provisioning template; empty: the certificate is not rotated")
    parameters: tuple[str, ...] = knob(
        ("ThingName={thing}",), "what the template is told, NAME=VALUE each; {thing} is filled in"
    )
    timeout_s: int = knob(30, "wait for each answer of the service", minimum=1, maximum=600)
    try_s: int = knob(
        60, "a new certificate has to connect within this time", minimum=1, maximum=3600
    )
