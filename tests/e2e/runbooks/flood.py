"""Sends packets of one byte to an address, 20,000 a second at most, until its input ends."""

import select
import socket
import sys

DISCARD = 9
AT_ONCE = 500
EVERY_S = 0.025

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
    while not select.select([sys.stdin], [], [], EVERY_S)[0]:
        for _ in range(AT_ONCE):
            try:
                sender.sendto(b"!", (sys.argv[1], DISCARD))
            except OSError:
                # Refused, as it is to be, or the buffer is full.
                break
