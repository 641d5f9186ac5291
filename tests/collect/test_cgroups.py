"""Cgroups by id, who is in them, and what their paths say."""

from pathlib import Path

import pytest
from tests.collect.small_host import add_cgroup

from devicewarden.collect.cgroups import Cgroups, container_of, mount_point, unit_of

ID = "0123456789ab" + "cdef" * 13


def test_an_id_is_found_however_deep_it_lies(tmp_path: Path) -> None:
    deep = add_cgroup(tmp_path, "/system.slice/docker.service/nested")

    assert Cgroups(tmp_path).path_of(deep) == "/system.slice/docker.service/nested"
    assert Cgroups(tmp_path).path_of(tmp_path.stat().st_ino) == "/"


def test_an_id_with_a_generation_above_32_bits_is_found_by_its_inode(tmp_path: Path) -> None:
    identity = add_cgroup(tmp_path, "/a.service") & 0xFFFFFFFF

    assert Cgroups(tmp_path).path_of(identity | 7 << 32) == "/a.service"


def test_a_cgroup_that_came_later_is_found_and_one_that_went_is_not(tmp_path: Path) -> None:
    first = add_cgroup(tmp_path, "/first.service")
    cgroups = Cgroups(tmp_path)
    assert cgroups.path_of(first) == "/first.service"

    second = add_cgroup(tmp_path, "/second.service")
    (tmp_path / "first.service" / "cgroup.procs").unlink()
    (tmp_path / "first.service").rmdir()

    assert cgroups.path_of(second) == "/second.service"
    assert cgroups.path_of(first) is None


def test_where_no_cgroups_are_mounted_nothing_is_found(tmp_path: Path) -> None:
    cgroups = Cgroups(tmp_path / "nowhere")

    assert cgroups.path_of(1) is None
    assert cgroups.processes("/") == ()


def test_processes_come_newest_first_without_those_of_other_pid_namespaces(tmp_path: Path) -> None:
    add_cgroup(tmp_path, "/a.service", 12, 0, 7, 0, 4711)

    assert Cgroups(tmp_path).processes("/a.service") == [4711, 12, 7]


@pytest.mark.parametrize(
    ("path", "unit"),
    [
        ("/system.slice/mosquitto.service", "mosquitto.service"),
        ("/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service"),
        ("/user.slice/user-1000.slice/user@1000.service/app.slice/a\\x2db.service",
         "a\\x2db.service"),
        ("/system.slice/docker.service/nested", "docker.service"),
        (f"/system.slice/docker-{ID}.scope", f"docker-{ID}.scope"),
        ("/init.scope", "init.scope"),
        ("/system.slice", None),
        ("/", None),
        ("", None),
        ("/my.services/x", None),
    ],
    ids=str,
)  # fmt: skip
def test_the_innermost_unit_counts(path: str, unit: str | None) -> None:
    assert unit_of(path) == unit


@pytest.mark.parametrize(
    ("path", "container"),
    [
        (f"/system.slice/docker-{ID}.scope", "0123456789ab"),
        (f"/docker/{ID}", "0123456789ab"),
        (f"/docker/{ID}/init", "0123456789ab"),
        (f"/machine.slice/libpod-{ID}.scope/container", "0123456789ab"),
        (f"/machine.slice/libpod-conmon-{ID}.scope", None),
        (f"/system.slice/containerd.service/kubepods-pod1.slice:cri-containerd:{ID}",
         "0123456789ab"),
        (f"/kubepods.slice/kubepods-pod1.slice/cri-containerd-{ID}.scope", "0123456789ab"),
        (f"/kubepods/burstable/pod1/{ID}", "0123456789ab"),
        ("/lxc.payload.web/init.scope", "web"),
        ("/machine.slice/machine-debian.scope", "debian"),
        ("/machine.slice/systemd-nspawn@build.service/payload", "build"),
        ("/system.slice/mosquitto.service", None),
        (f"/docker/{ID[:-1]}", None),
        ("/", None),
    ],
    ids=str,
)  # fmt: skip
def test_containers_are_known_by_the_scopes_of_their_engines(
    path: str, container: str | None
) -> None:
    assert container_of(path) == container


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw", "/sys/fs/cgroup"),
        ("30 23 0:26 / /sys/fs/my\\040cgroup rw shared:4 - cgroup2 none rw", "/sys/fs/my cgroup"),
        ("30 23 0:26 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu", None),
        ("- cgroup2 ", None),
    ],
    ids=["unified", "with a space", "version 1", "malformed"],
)
def test_the_mount_point_is_where_version_2_is_mounted(
    tmp_path: Path, line: str, found: str | None
) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"22 28 0:20 / /proc rw shared:5 - proc proc rw\n{line}\n")

    assert mount_point(mounts) == (None if found is None else Path(found))


def test_without_a_list_of_mounts_there_is_no_mount_point(tmp_path: Path) -> None:
    assert mount_point(tmp_path / "mountinfo") is None
