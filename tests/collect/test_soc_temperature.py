from pathlib import Path

import pytest

from devicewarden.collect.soc_temperature import read_soc_temperature


def zone(thermal: Path, number: int, zone_type: str, temp: str) -> None:
    folder = thermal / f"thermal_zone{number}"
    folder.mkdir()
    (folder / "type").write_text(f"{zone_type}\n")
    (folder / "temp").write_text(f"{temp}\n")


@pytest.mark.parametrize(
    "zone_type",
    ["cpu-thermal", "cpu_thermal", "CPU-therm", "soc-thermal", "x86_pkg_temp", "bcm2835_thermal"],
)
def test_the_processor_is_found_among_other_zones(tmp_path: Path, zone_type: str) -> None:
    zone(tmp_path, 0, "acpitz", "27800")
    zone(tmp_path, 1, "iwlwifi_1", "61000")
    zone(tmp_path, 2, zone_type, "48312")

    assert read_soc_temperature(tmp_path) == 48.312


def test_of_several_zones_the_better_type_then_the_lower_number_wins(tmp_path: Path) -> None:
    zone(tmp_path, 0, "soc-thermal", "40000")
    zone(tmp_path, 10, "cpu1-thermal", "50000")
    zone(tmp_path, 2, "cpu0-thermal", "-1500")

    assert read_soc_temperature(tmp_path) == -1.5


@pytest.mark.parametrize("temp", ["", "warm", "-274000", "2147483647", "48.3", "9" * 100])
def test_a_sensor_that_answers_nonsense_is_passed_over(tmp_path: Path, temp: str) -> None:
    zone(tmp_path, 0, "cpu-thermal", temp)
    zone(tmp_path, 1, "soc-thermal", "33000")

    assert read_soc_temperature(tmp_path) == 33.0


def test_a_sensor_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    zone(tmp_path, 0, "cpu-thermal", "1")
    (tmp_path / "thermal_zone0" / "temp").unlink()
    (tmp_path / "thermal_zone0" / "temp").mkdir()

    assert read_soc_temperature(tmp_path) is None


def test_no_other_part_is_taken_for_the_processor(tmp_path: Path) -> None:
    zone(tmp_path, 0, "acpitz", "27800")
    zone(tmp_path, 1, "battery", "30000")

    assert read_soc_temperature(tmp_path) is None


def test_a_host_without_sensors_has_no_temperature(tmp_path: Path) -> None:
    assert read_soc_temperature(tmp_path / "absent") is None
