"""What a reload changes: which part of the agent has to be made anew, and what takes a restart."""

from pathlib import Path
from typing import Final

from devicewarden.config.settings import Settings

_FILES: Final = (
    "ca_file",
    "cert_file",
    "key_file",
    "password_file",
    "pkcs11_pin_file",
    "proxy_password_file",
)


def way_to_broker(settings: Settings) -> object:
    """Give what a connection is made of; the files too, for a certificate is renewed in place."""
    stamps = tuple(_stamp(getattr(settings.publish, name)) for name in _FILES)
    # Which operations jobs may ask for is asked at each job, but whether to subscribe only here.
    takes_jobs = bool(settings.jobs.operations)
    return (
        *(settings.thing, settings.publish, settings.report.format, stamps),
        *(takes_jobs, settings.provisioning.template, settings.provisioning.timeout_s),
    )


def who_is_told(settings: Settings) -> object:
    """Give what sinks are made of; secrets are read anew for each delivery."""
    return settings.detect.topic, settings.mitigate.topic, settings.audit, settings.notify


def what_is_read(settings: Settings) -> object:
    """Give what samplers are made of."""
    return settings.collect, settings.custom_metrics, settings.publish.cert_file


def needs_restart(new: Settings, old: Settings) -> list[str]:
    """Name what differs and takes effect at the next start alone."""
    both = {
        "thing.name": (new.thing.name, old.thing.name),
        "detect.datapoint_s": (new.detect.datapoint_s, old.detect.datapoint_s),
        "state": (new.state, old.state),
        "control": (new.control, old.control),
    }
    return [name for name, (wanted, present) in both.items() if wanted != present]


def _stamp(path: str) -> tuple[int, int] | None:
    try:
        found = Path(path).stat() if path else None
    except OSError:
        return None
    return None if found is None else (found.st_ino, found.st_mtime_ns)
