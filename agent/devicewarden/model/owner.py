"""Who owns a socket, as far as this host can tell."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Program behind a socket. What could not be told is absent.

    All text is printable: control characters and bytes that are not UTF-8 are escaped.

    Attributes:
        uid: user id of whoever made the socket.
        user: that user's name.
        unit: systemd unit, of the process if `exact`, else of whoever made the socket: one that
            systemd hands over (socket activation) then shows systemd's own `init.scope`.
        container: name of the container, or the first twelve digits of its id.
        pid: the process; if not `exact`, the only one that it may be.
        programs: name of that process's program; if not `exact`, of all that it may be, sorted.
        command_line: of that process, redacted and cut.
        exact: the process holds the socket; otherwise it is inferred from cgroup and user.
    """

    uid: int | None = None
    user: str | None = None
    unit: str | None = None
    container: str | None = None
    pid: int | None = None
    programs: tuple[str, ...] = ()
    command_line: str | None = None
    exact: bool = False
