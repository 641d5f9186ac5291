"""The recorded network namespace that `tests/data/sock_diag/README.md` describes."""

from pathlib import Path
from typing import Final

from devicewarden.collect.interfaces import InterfaceNames
from devicewarden.collect.netlink import drain
from devicewarden.model.metric import Connection, Listener

DATA: Final = Path(__file__).parents[1] / "data"
PROC: Final = DATA / "proc"

TCP: Final = frozenset(
    {
        Listener("0.0.0.0", 8080, None),
        Listener("127.0.0.1", 5432, "lo"),
        Listener("127.0.0.53", 53, "lo"),
        Listener("192.0.2.1", 443, "v0"),
        Listener("::", 22, None),
        Listener("::", 8443, None),
        Listener("2001:db8::1", 9000, "v0"),
        Listener("127.0.0.1", 7000, "lo"),
        Listener("0.0.0.0", 5000, None),
    }
)
"""All TCP listeners but the one that is bound to a device."""
ON_DEVICE: Final = Listener("0.0.0.0", 6000, "v0")
ON_UNKNOWN_DEVICE: Final = Listener("0.0.0.0", 6000, None)

UDP: Final = frozenset(
    {
        Listener("0.0.0.0", 123, None),
        Listener("0.0.0.0", 44444, None),
        Listener("127.0.0.53", 53, "lo"),
        Listener("::", 5353, None),
    }
)

ESTABLISHED: Final = frozenset(
    {
        Connection("127.0.0.1", 40001, "127.0.0.1", 8080, "lo"),
        Connection("127.0.0.1", 8080, "127.0.0.1", 40001, "lo"),
        Connection("127.0.0.1", 40002, "127.0.0.1", 22, "lo"),
        Connection("127.0.0.1", 22, "127.0.0.1", 40002, "lo"),
        Connection("2001:db8::1", 40003, "2001:db8::1", 9000, "v0"),
        Connection("2001:db8::1", 9000, "2001:db8::1", 40003, "v0"),
        Connection("192.0.2.1", 40004, "192.0.2.1", 443, "v0"),
        Connection("192.0.2.1", 443, "192.0.2.1", 40004, "v0"),
    }
)


class Replies:
    """Answers each dump request with the next reply, the last one for ever."""

    def __init__(self, *replies: list[bytes] | Exception) -> None:
        self.replies = list(replies)
        self.requests: list[bytes] = []
        self.closed = False

    def dump(self, request: bytes) -> list[bytes]:
        self.requests.append(request)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        return reply

    def close(self) -> None:
        self.closed = True


def received(name: str) -> list[bytes]:
    """What each `recv` gave, end marks included."""
    lines = (DATA / "sock_diag" / f"{name}.hex").read_text("ascii").split()
    return [bytes.fromhex(line) for line in lines]


def dumps(name: str) -> list[list[bytes]]:
    """What each request of one recording is answered with."""
    left = received(name)
    answers = []
    while left:
        answers.append(drain(lambda _most: left.pop(0)))
    return answers


def names() -> InterfaceNames:
    """The interfaces of the recorded namespace."""
    return InterfaceNames(Replies(*dumps("addresses")), {1: "lo", 2: "v1", 3: "v0"}.get)
