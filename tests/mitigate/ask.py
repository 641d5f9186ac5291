"""Asks an echo for an answer, and ends with 0 where there is one within a moment."""

import socket
import sys

PATIENCE_S = 0.4


def main(address: str, port: str, kind: str, source: str = "") -> int:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sort = socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM
    with socket.socket(family, sort) as asking:
        asking.settimeout(PATIENCE_S)
        if source:
            # As a resolver's answer would come.
            asking.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            asking.bind((source, 53))
        if kind == "flood":
            return flood(asking, (address, int(port)))
        try:
            asking.connect((address, int(port)))
            if kind == "udp":
                asking.send(b"hello")
            return 0 if asking.recv(100) else 1
        except OSError:
            return 1


def flood(asking: socket.socket, target: tuple[str, int]) -> int:
    """Send 100 kB, and tell whether the kernel refused any of it."""
    refused = 0
    for _ in range(100):
        try:
            asking.sendto(bytes(1000), target)
        except PermissionError:
            refused += 1
    return 0 if refused else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
