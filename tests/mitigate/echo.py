"""Answers on a few ports of some addresses, TCP and UDP, until its standard input ends."""

import selectors
import socket
import sys

PORTS = (23, 53, 123, 1883, 8000)


def main(addresses: list[str]) -> None:
    selector = selectors.DefaultSelector()
    for address in addresses:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        for port in PORTS:
            server = socket.create_server((address, port), family=family)
            selector.register(server, selectors.EVENT_READ, "tcp")
            datagrams = socket.socket(family, socket.SOCK_DGRAM)
            datagrams.bind((address, port))
            selector.register(datagrams, selectors.EVENT_READ, "udp")
    selector.register(sys.stdin, selectors.EVENT_READ, "end")
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        for key, _ in selector.select():
            if key.data == "end":
                return
            answer(key.fileobj, key.data)


def answer(server: object, kind: str) -> None:
    assert isinstance(server, socket.socket)
    if kind == "udp":
        content, peer = server.recvfrom(2000)
        server.sendto(content, peer)
        return
    connection, _ = server.accept()
    with connection:
        connection.sendall(b"hello")


if __name__ == "__main__":
    main(sys.argv[1:])
