"""Shared by the tests of procedures: variants of the virtual station, and an eye on the sample."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from antistokes.instruments import Station
from antistokes.simulated_hw.stations import find_station

#: keyword values of :func:`make_station`, and where they go in the station file
_TABLES = {
    "optics": "simulation.optics",
    "diode": "simulation.twins.laser.diode",
    "laser": "simulation.twins.laser",
    "plate": "simulation.twins.attenuator.plate",
    "attenuator": "simulation.twins.attenuator",
    "meter": "simulation.twins.power_meter",
    "cryostat": "simulation.twins.cryostat",
    "spectrometer": "simulation.twins.spectrometer",
    "detector": "simulation.twins.spectrometer.detector",
}
StationFactory = Callable[..., Station]

POWER_LAW = """\
format = "antistokes-sample"
version = 1
[sample]
id = "power-law"
{limit}
[sample.bands]
band = [575, 625]
[model]
mechanism = "power-law"
reference_irradiance = 100
source = "assumed"
[[model.lines]]
name = "line"
wavelength = 600
fwhm = 20
exponent = {exponent}
photon_rate = {rate}
source = "assumed"
"""


@pytest.fixture
def power_law_sample(tmp_path: Path) -> Callable[..., Path]:
    """Writes a sample with one line at 600 nm that follows a power law."""

    def write(exponent: float = 2.0, rate: float = 1e19, max_irradiance: float | None = None) -> Path:
        limit = f"max_irradiance = {max_irradiance}" if max_irradiance else ""
        path = tmp_path / f"sample-{exponent}-{rate}.toml"
        path.write_text(POWER_LAW.format(exponent=float(exponent), rate=float(rate), limit=limit))
        return path

    return write


@pytest.fixture
def make_station(tmp_path: Path) -> StationFactory:
    """Makes a variant of the virtual station, not open: ``make_station(plate={"zero_deg": 5.0})``."""

    def make(
        radius: float = 100,
        max_power: float = 360,
        current: tuple[float, float] = (0, 0.8),
        without: tuple[str, ...] = (),
        sample: Path | None = None,
        seed: int | None = None,
        **tables: dict[str, object],
    ) -> Station:
        text = find_station("virtual").read_text(encoding="utf-8")
        pickoff = tables.get("optics", {}).get("pickoff", 0.1)
        for old, new in (
            ("w_x_um = 100", f"w_x_um = {radius}"),
            ("w_y_um = 100", f"w_y_um = {radius}"),
            ("max_power_mW = 360", f"max_power_mW = {max_power}"),
            ("[0, 0.8]", str(list(current))),
            (", threshold = 0.06, slope = 0.6", ""),  # what the laser can do is to be measured
            ("sample_to_pickoff = 9.0", f"sample_to_pickoff = {(1 - pickoff) / pickoff}"),
        ):
            assert old in text
            text = text.replace(old, new)
        for name in without:
            text = re.sub(rf"^\[instruments\.{name}\]\n(?:.+\n)*", "", text, flags=re.MULTILINE)
            assert f"instruments.{name}" not in text
        for name, values in tables.items():
            rows = "\n".join(f"{key} = {_toml(value)}" for key, value in values.items())
            text += f"\n[{_TABLES[name]}]\n{rows}\n"
        path = tmp_path / f"station{len(list(tmp_path.iterdir()))}.toml"
        path.write_text(text, encoding="utf-8")
        return Station.load(path, sample=sample, seed=seed)

    return make


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }"
    return str(value).lower() if isinstance(value, bool) else repr(value)


class Eye:
    """Sees what reaches the sample at every moment somebody waits."""

    def __init__(self, station: Station) -> None:
        self.bench = station.backend.world.bench
        self.most = 0.0
        clock = station.clock
        sleep = clock.sleep

        def watched(seconds, should_stop=None):
            parts = max(1, min(40, int(seconds / 0.01)))
            for _ in range(parts):
                sleep(seconds / parts, should_stop)
                self.most = max(self.most, self.power())

        clock.sleep = watched

    def power(self) -> float:
        """W on the sample now."""
        return sum(power for _, power in self.bench.on_sample())


@pytest.fixture
def watch() -> Callable[[Station], Eye]:
    """``watch(station)`` gives an :class:`Eye`."""
    return Eye
