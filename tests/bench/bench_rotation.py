"""`make bench-rotation`: kill -9 before each step of a rotation, and see what identity is left."""

import argparse
import json
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.bench.power_cuts import Cut, Device

from devicewarden.sandbox.sandbox import Sandbox

THINGS = ("edge-1", "edge-2")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        Sandbox(Path(folder), lambda _payload, _format: [], THINGS) as sandbox,
        ThreadPoolExecutor(len(THINGS)) as threads,
    ):
        found = threads.map(
            lambda thing: cuts_of(Device(sandbox, thing), asked.times // len(THINGS)), THINGS
        )
        cuts = [cut for each in found for cut in each]
    print(table(cuts))
    if asked.json:
        asked.json.write_text(json.dumps([cut._asdict() for cut in cuts], indent=1))
    if any((c.working_before, c.working_after, c.status) != (1, 1, "SUCCEEDED") for c in cuts):
        raise SystemExit(1)


def cuts_of(device: Device, times: int) -> list[Cut]:
    steps = device.steps()
    return [device.cut(step) for _ in range(times) for step in steps]


def table(cuts: list[Cut]) -> str:
    lines = ["| dies before | times | one identity then | one identity after | rotated |"]
    lines.append("| --- | --- | --- | --- | --- |")
    for step in sorted({cut.step for cut in cuts}):
        mine = [cut for cut in cuts if cut.step == step]
        counts = (
            sum(cut.working_before == 1 for cut in mine),
            sum(cut.working_after == 1 for cut in mine),
            sum(cut.status == "SUCCEEDED" for cut in mine),
        )
        lines.append(
            f"| {step.number} {step.name} | {len(mine)} | {' | '.join(map(str, counts))} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
