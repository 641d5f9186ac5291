"""How often another client took over the agent's connection, as the agent wrote it down."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from devicewarden.audit.device.host import Host
from devicewarden.audit.subject import ClientIdUse
from devicewarden.model.errors import AuditError, StateError
from devicewarden.state.look import look
from devicewarden.state.takeovers import read_takeovers

FORGIVEN: Final = 2
"""`devicewarden once` and `doctor` connect with the daemon's client id, and take over from it."""


def read_takeovers_of(host: Host) -> Iterator[object]:
    """Give the agent's client id, where there is a broker and the agent has run."""
    settings = host.settings
    state = replace(settings.state, dir=str(host.at(settings.state.dir)))
    if not settings.publish.endpoint or not host.there(f"{settings.state.dir}/state.db"):
        return
    try:
        times = look(state, read_takeovers)
    except StateError as error:
        raise AuditError(str(error), hint=error.hint) from error
    yield ClientIdUse(client_id=settings.thing.client_id, taken_over=times, forgiven=FORGIVEN)
