"""What AWS calls the metrics that behaviors judge, and how their values add up over time.

Source: AWS IoT Device Defender developer guide, device-side and cloud-side metrics.
"""

from typing import Final

ALL_BYTES_IN: Final = "aws:all-bytes-in"
ALL_BYTES_OUT: Final = "aws:all-bytes-out"
ALL_PACKETS_IN: Final = "aws:all-packets-in"
ALL_PACKETS_OUT: Final = "aws:all-packets-out"
NUM_LISTENING_TCP_PORTS: Final = "aws:num-listening-tcp-ports"
NUM_LISTENING_UDP_PORTS: Final = "aws:num-listening-udp-ports"
NUM_ESTABLISHED_TCP_CONNECTIONS: Final = "aws:num-established-tcp-connections"

MESSAGE_BYTE_SIZE: Final = "aws:message-byte-size"
NUM_MESSAGES_SENT: Final = "aws:num-messages-sent"
NUM_MESSAGES_RECEIVED: Final = "aws:num-messages-received"
NUM_CONNECTION_ATTEMPTS: Final = "aws:num-connection-attempts"
NUM_DISCONNECTS: Final = "aws:num-disconnects"
NUM_AUTHORIZATION_FAILURES: Final = "aws:num-authorization-failures"
SOURCE_IP_ADDRESS: Final = "aws:source-ip-address"

COUNTERS: Final = frozenset(
    {
        ALL_BYTES_IN,
        ALL_BYTES_OUT,
        ALL_PACKETS_IN,
        ALL_PACKETS_OUT,
        NUM_MESSAGES_SENT,
        NUM_MESSAGES_RECEIVED,
        NUM_CONNECTION_ATTEMPTS,
        NUM_DISCONNECTS,
        NUM_AUTHORIZATION_FAILURES,
    }
)
"""Observed as increments, and summed over a window."""

PEAKS: Final = frozenset({MESSAGE_BYTE_SIZE})
"""The largest of a window counts: a behavior speaks of every message. All others: the last."""
