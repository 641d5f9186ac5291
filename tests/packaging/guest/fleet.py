"""A device of a fleet at its first boot: cloud-init, and a folder that the factory filled."""

import shutil
from pathlib import Path

from tests.packaging.guest.hands import (
    CONFIG,
    SCENE,
    Facts,
    has_sample,
    journal,
    run,
    status,
    tell,
)

SEED = Path("/var/lib/cloud/seed/nocloud")
FACTORY = Path("/opt/devicewarden")
IMAGE = Path("/etc/cloud/cloud.cfg.d/99-image.cfg")
# As its units call it, one after the other; a boot would wait for a network between the first two.
STAGES = (("init", "--local"), ("init",), ("modules", "--mode=config"), ("modules", "--mode=final"))


def provisioned() -> Facts:
    FACTORY.mkdir()
    for name, file in (
        ("devicewarden.deb", "old.deb"),
        ("certificate.pem", "certificate.pem"),
        ("private.key", "private.key"),
    ):
        shutil.copy(SCENE / file, FACTORY / name)
    SEED.mkdir(parents=True)
    IMAGE.write_text("datasource_list: [NoCloud]\nlocale: C.UTF-8\n")
    shutil.copy(SCENE / "cloud-init.yaml", SEED / "user-data")
    (SEED / "meta-data").write_text("instance-id: edge-7\nlocal-hostname: edge-7\n")
    schema = run("cloud-init", "schema", "--config-file", str(SEED / "user-data"))
    stages = [run("cloud-init", *stage) for stage in STAGES]
    answer = status(has_sample)
    return {
        "schema": schema,
        "stages": stages,
        "status": answer,
        "modes": run("stat", "-c", "%U %a", *map(str, _keys())).text,
        "check": run("devicewarden", "check-config"),
        "journal": journal(),
    }


def _keys() -> list[Path]:
    certs = CONFIG.parent / "certs"
    return [certs, *sorted(certs.iterdir())]


if __name__ == "__main__":
    tell((provisioned,))
