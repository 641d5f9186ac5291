"""Twelve kinds of simulated device, and six that nothing was tuned on.

The figures are invented, their shapes are the usual ones.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How one kind of device behaves; byte figures are for five minutes.

    Attributes:
        idle: bytes in and out with nothing going on; `jitter` is their log standard deviation.
        session: median bytes in and out of a session; `spread` is their log standard deviation.
        rate: sessions in five minutes at the busiest hour; `night` is the share left at the
            quietest, `weekend` the share on Saturday and Sunday.
        peak: the busiest hour; `width` how many hours around it are busy.
        job: minutes between timed transfers of `job_bytes` out, 0 for none.
        connections: open without sessions; each session adds one while it lasts.
        cpu: percent when idle, and percent that each session adds.
    """

    name: str
    idle: tuple[float, float]
    session: tuple[float, float]
    rate: float
    jitter: float = 0.05
    spread: float = 0.8
    night: float = 0.1
    weekend: float = 1.0
    peak: float = 14.0
    width: float = 6.0
    job: int = 0
    job_bytes: float = 0.0
    tcp_ports: int = 2
    udp_ports: int = 1
    connections: int = 1
    cpu: tuple[float, float] = (5.0, 2.0)
    packet: float = 600.0


KINDS: Final = (
    Kind(
        name="camera", idle=(9e3, 6e4), session=(4e4, 6e6), rate=0.4, spread=1.0, night=0.15,
        peak=18, width=5, tcp_ports=3, udp_ports=2, connections=2, cpu=(12, 15), packet=950,
    ),
    Kind(
        name="doorbell", idle=(3e3, 3e3), session=(2e4, 2.5e6), rate=0.12, spread=0.7, night=0.03,
        peak=17, width=4, weekend=1.3, tcp_ports=1, connections=1, cpu=(3, 20), packet=900,
    ),
    Kind(
        name="thermostat", idle=(2e3, 2.4e3), session=(3e3, 2e3), rate=0.2, night=0.3, peak=7,
        width=3, job=15, job_bytes=4e3, tcp_ports=0, udp_ports=1, connections=1, packet=180,
    ),
    Kind(
        name="plug", idle=(900, 1100), session=(600, 900), rate=0.08, night=0.05, peak=20,
        width=4, tcp_ports=1, udp_ports=1, connections=1, cpu=(2, 1), packet=110, jitter=0.03,
    ),
    Kind(
        name="gateway", idle=(6e4, 9e4), session=(2e4, 5e4), rate=6.0, night=0.5, weekend=0.8,
        job=60, job_bytes=4e5, tcp_ports=6, udp_ports=4, connections=12, cpu=(18, 1), packet=420,
    ),
    Kind(
        name="plc", idle=(2.5e5, 2.6e5), session=(8e3, 8e3), rate=0.5, night=0.6, weekend=0.3,
        jitter=0.01, width=8, tcp_ports=4, udp_ports=1, connections=5, cpu=(30, 0.5), packet=140,
    ),
    Kind(
        name="meter", idle=(700, 900), session=(1e3, 3e3), rate=0.02, night=1.0, jitter=0.02,
        job=60, job_bytes=1.8e4, tcp_ports=1, udp_ports=0, connections=0, cpu=(2, 2), packet=200,
    ),
    Kind(
        name="speaker", idle=(5e3, 4e3), session=(6e6, 1.5e5), rate=0.5, night=0.01, peak=19,
        width=3, weekend=1.6, spread=1.0, tcp_ports=5, udp_ports=3, connections=3, cpu=(6, 9),
        packet=1100,
    ),
    Kind(
        name="signage", idle=(8e3, 5e3), session=(1.5e6, 2e4), rate=0.3, night=0.02, peak=13,
        width=7, job=1440, job_bytes=5e5, tcp_ports=2, connections=2, cpu=(25, 5), packet=1000,
    ),
    Kind(
        name="point-of-sale", idle=(7e3, 8e3), session=(6e3, 9e3), rate=5.0, night=0.0, peak=15,
        width=4.5, weekend=0.5, job=1440, job_bytes=3e6, connections=2, cpu=(8, 2), packet=380,
    ),
    Kind(
        name="sensor-hub", idle=(1.5e4, 4e4), session=(2e3, 6e3), rate=1.5, night=0.9, job=30,
        job_bytes=6e4, tcp_ports=3, udp_ports=3, connections=4, cpu=(10, 0.5), packet=260,
        jitter=0.08,
    ),
    Kind(
        name="router", idle=(4e5, 2e5), session=(3e6, 4e5), rate=9.0, night=0.08, peak=20.5,
        width=5, weekend=1.25, spread=1.3, tcp_ports=5, udp_ports=5, connections=4, cpu=(9, 0.8),
        packet=800,
    ),
)  # fmt: skip

# No figure, level or weight of the detector was chosen by looking at these.
STRANGERS: Final = (
    Kind(
        name="printer", idle=(4e3, 2e3), session=(3e6, 8e4), rate=0.15, spread=1.2, night=0.02,
        weekend=0.1, peak=11, tcp_ports=5, udp_ports=3, cpu=(4, 10), packet=900,
    ),
    Kind(
        name="charger", idle=(1.5e3, 2.5e3), session=(5e3, 1.5e4), rate=0.05, spread=0.5,
        night=0.4, peak=19, width=4, job=15, job_bytes=6e3, tcp_ports=1, udp_ports=0, cpu=(7, 3),
        packet=220,
    ),
    Kind(
        name="storage", idle=(2e4, 2e4), session=(8e6, 2e7), rate=0.8, spread=1.6, peak=21,
        width=4, weekend=1.4, job=1440, job_bytes=5e8, tcp_ports=8, udp_ports=4, connections=3,
        cpu=(10, 6), packet=1200, jitter=0.1,
    ),
    Kind(
        name="lock", idle=(600, 700), session=(900, 1200), rate=0.1, night=0.05, peak=8, width=3,
        tcp_ports=0, cpu=(1, 1), packet=120, jitter=0.02,
    ),
    Kind(
        name="inference-box", idle=(3e5, 1e5), session=(1e5, 3e5), rate=3, night=0.6, peak=12,
        width=8, job=10, job_bytes=2e5, tcp_ports=4, udp_ports=2, connections=8, cpu=(45, 4),
        packet=700, jitter=0.07,
    ),
    Kind(
        name="turbine", idle=(8e4, 3e5), session=(5e3, 1e4), rate=0.3, night=1.0, jitter=0.04,
        job=60, job_bytes=1e6, tcp_ports=3, udp_ports=2, connections=6, cpu=(22, 1), packet=500,
    ),
)  # fmt: skip
