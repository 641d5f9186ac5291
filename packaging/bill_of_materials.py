"""The package's bill of materials, CycloneDX 1.6: what a scanner asks about each library."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from distributions import Distribution


def bill_of_materials(
    carried: Sequence[Distribution], *, version: str, architecture: str, epoch: int
) -> str:
    """Write the document, which is the same for the same wheels.

    Args:
        carried: everything below /usr/lib/devicewarden/vendor.
        version: the package's.
        architecture: Debian's name of it.
        epoch: the time that stands in the document, in seconds.
    """
    names = {library.name for library in carried}
    product = f"pkg:deb/devicewarden@{version}?arch={architecture}"
    edges = [{"ref": product, "dependsOn": sorted(map(_purl, carried))}] + [
        {
            "ref": _purl(library),
            "dependsOn": [_purl(c) for c in carried if c.name in names & {*library.requires}],
        }
        for library in carried
    ]
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {
                "type": "application",
                "bom-ref": product,
                "name": "devicewarden",
                "version": version,
                "purl": product,
                "licenses": [{"expression": "Apache-2.0"}],
            },
        },
        "components": [_component(library) for library in carried],
        "dependencies": edges,
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _purl(library: Distribution) -> str:
    return f"pkg:pypi/{library.name}@{library.version}"


def _component(library: Distribution) -> dict[str, Any]:
    component = {
        "type": "library",
        "bom-ref": _purl(library),
        "name": library.name,
        "version": library.version,
        "purl": _purl(library),
        "licenses": [{"expression": library.licence}],
        "hashes": [{"alg": "SHA-256", "content": digest} for digest in library.sha256],
    }
    return component | ({"components": list(library.parts)} if library.parts else {})
