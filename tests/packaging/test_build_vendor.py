"""The libraries that the package carries are the pinned ones, and are the only ones it sees."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from tests.packaging.built import ROOT, VENDOR, bill

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

PYTHON = "/usr/bin/python3"
MODULES = (
    *("attr", "awscrt.mqtt5", "awsiot.mqtt5_client_builder", "awsiot.greengrasscoreipc.clientv2"),
    *("cattrs", "cbor2", "click", "cryptography.x509", "psutil", "structlog", "tenacity"),
    *("typing_extensions", "cryptography.hazmat.primitives.serialization"),
)
IMPORTING = """
import importlib, json, sys, sysconfig
sys.path.insert(0, sys.argv[1])
for name in sys.argv[2:]:
    importlib.import_module(name)
files = {m.__file__ for m in list(sys.modules.values()) if getattr(m, "__file__", None)}
paths = sysconfig.get_paths()
homes = (sys.argv[1], paths["stdlib"], paths["platstdlib"])
print(json.dumps(sorted(f for f in files if not f.startswith(homes) or "-packages" in f)))
"""


def pinned() -> dict[str, str]:
    files = ("requirements.txt", "requirements-native.txt", "requirements-cffi.txt")
    text = "".join((ROOT / "packaging" / name).read_text() for name in files)
    return {canonical(name): v for name, v in re.findall(r"(?m)^(\S+)==(\S+)", text)}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_library_imports_on_the_systems_python_without_any_other(tree: Path) -> None:
    done = subprocess.run(
        [PYTHON, "-IS", "-W", "error", "-c", IMPORTING, tree / VENDOR, *MODULES],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []


def test_the_bill_of_materials_lists_what_is_pinned_and_nothing_else(tree: Path) -> None:
    listed = {c["name"]: c["version"] for c in bill(tree)["components"]}

    assert listed == pinned()


def test_the_bill_of_materials_tells_the_versions_that_are_installed(tree: Path) -> None:
    listed = {c["name"]: c["version"] for c in bill(tree)["components"]}
    heads = [p.read_text() for p in (tree / VENDOR).glob("*.dist-info/METADATA")]
    installed = {
        canonical(re.findall(r"(?m)^Name: (.*)$", head)[0]): re.findall(
            r"(?m)^Version: (.*)$", head
        )[0]
        for head in heads
    }

    # Of cffi only its extension is needed, and that says nothing about itself.
    assert installed == {k: v for k, v in listed.items() if k != "cffi"}


def test_the_bill_of_materials_holds_each_file_to_its_pinned_hash(tree: Path) -> None:
    allowed = set(
        re.findall(
            r"sha256:([0-9a-f]{64})",
            "".join(f.read_text() for f in (ROOT / "packaging").glob("requirements*.txt")),
        )
    )
    components = bill(tree)["components"]

    assert all(c["hashes"] for c in components)
    assert {h["content"] for c in components for h in c["hashes"]} <= allowed


def test_the_bill_of_materials_tells_what_is_compiled_into_cryptography(tree: Path) -> None:
    (component,) = [c for c in bill(tree)["components"] if c["name"] == "cryptography"]

    assert "openssl" in {part["name"] for part in component["components"]}


def test_every_library_has_its_licence_in_the_copyright_file(tree: Path) -> None:
    text = (tree / "usr/share/doc/devicewarden/copyright").read_text()

    for component in bill(tree)["components"]:
        expression = component["licenses"][0]["expression"]
        assert f"\nLicense: {component['name']}-licence\n {expression}\n" in text


def test_versions_are_those_that_developers_use() -> None:
    constraints = dict(re.findall(r"(?m)^(\S+)==(\S+)$", (ROOT / "constraints.txt").read_text()))
    developers = {canonical(name): version for name, version in constraints.items()}

    assert {name: developers[name] for name in pinned()} == pinned()


def test_compiled_libraries_serve_every_python_that_is_promised(tree: Path) -> None:
    compiled = {p.name for p in (tree / VENDOR).rglob("*.so")}
    backends = {n for n in compiled if n.startswith("_cffi_backend")}

    assert {re.findall(r"cpython-(\d+)", n)[0] for n in backends} == {"311", "312", "313", "314"}
    assert all(name.endswith(".abi3.so") for name in compiled - backends)


def test_compiled_libraries_need_nothing_that_the_package_does_not_ask_for(tree: Path) -> None:
    theirs = re.compile(r"^(lib(c|m|dl|rt|pthread)\.so\.\d|ld-linux-.*|libgcc_s\.so\.1)$")
    needed = subprocess.run(
        ["readelf", "--dynamic", *(tree / VENDOR).rglob("*.so")],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )

    libraries = set(re.findall(r"\(NEEDED\).*\[(.*)\]", needed.stdout))
    assert libraries
    assert [name for name in libraries if not theirs.match(name)] == []
