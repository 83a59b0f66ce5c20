"""The axis of the excitation wavelength: power and meter follow the laser, or nothing moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from antistokes.instruments import Station
from antistokes.instruments.errors import DeviceFault, LimitError, Refused
from antistokes.instruments.power_meters.thorlabs_pm100d import PM100D
from antistokes.procedures.axes import Axis, ExcitationPower, ExcitationWavelength
from antistokes.procedures.channels import Flag
from antistokes.procedures.detectors import Detector, PumpPower
from antistokes.procedures.procedure import Procedure
from antistokes.procedures.setup import Setup

DIODE = """\
driver = "thorlabs_cld1015"
resource = "USB0::0x1313::0x804F::M00000001::INSTR"
limits = { current = [0, 0.8] }             # A; refused before anything is sent
settings = { wavelength = 980, threshold = 0.06, slope = 0.6 }   # nm; A and W/A of the diode's data sheet
"""
SUPERK = 'driver = "nkt_superk_select"\nresource = "ASRL7::INSTR"\n'
SOLSTIS = 'driver = "msquared_solstis"\nresource = "TCPIP0::192.168.1.9::39933::SOCKET"\n'
FLUX = 1e16  # 1/s: 3 mW at 660 nm


class Tuning(Procedure, kw_only=True):
    """The pump alone, at one photon flux."""

    NAME = "tuning"
    wavelengths: tuple[float, ...] = (600.0, 650.0, 720.0)
    order: str = "up"

    def axes(self) -> list[Axis]:
        axis = ExcitationWavelength(np.array(self.wavelengths), self.order)
        return [axis, ExcitationPower(np.array([FLUX]), "1/s", "up")]

    def detectors(self, station: Station) -> list[Detector]:
        return [PumpPower()]


@pytest.fixture
def station(station_file: Callable) -> Iterator[Station]:
    path = station_file((DIODE, SUPERK), ("max_power_mW = 360", "max_power_mW = 5"))
    with Station.load(path, sample="ws2") as opened:
        yield opened


def test_the_photon_flux_is_held_at_every_wavelength(station):
    """Also where it is one power, which a mere change of the wavelength must set again."""
    records = list(Tuning().measure(station))
    wavelength = np.array([record["excitation_wavelength_measured"] for record in records])
    energy = np.array([record["pump_power"] for record in records]) * wavelength
    assert energy / energy.mean() == pytest.approx(1, abs=0.015)
    assert wavelength == pytest.approx([600, 650, 720], abs=0.01)


def test_light_and_meter_follow_the_laser(station):
    bench = station.backend.world.bench
    for record in Tuning().measure(station):
        wavelength = record["excitation_wavelength"]
        assert station["power_meter"].wavelength == pytest.approx(wavelength, abs=1)
        ((nm, power),) = bench.on_sample()
        assert nm == pytest.approx(wavelength, abs=0.01)
        # the true one, not what a meter with a wrong wavelength would say
        assert power == pytest.approx(FLUX * 1.98644586e-16 / nm, rel=0.03)


def test_both_directions_are_visited_and_told_apart(station):
    records = list(Tuning(wavelengths=(640.0, 650.0), order="up_down").measure(station))
    assert [record["excitation_wavelength"] for record in records] == [640, 650, 650, 640]
    assert [record["wavelength_direction"] for record in records] == [1, 1, -1, -1]


@pytest.mark.parametrize(("wavelength", "who"), [(450.0, "laser"), (1150.0, "power_meter")])
def test_a_wavelength_out_of_range_is_refused_before_anything_moves(station, wavelength, who):
    before = station["laser"].wavelength
    with pytest.raises(LimitError, match=f"{who}: wavelength = {wavelength:g} nm"):
        Tuning(wavelengths=(650.0, wavelength)).measure(station)
    assert station["laser"].wavelength == before
    assert not station.backend.world.bench.light_is_on()


def test_a_meter_that_does_not_follow_ends_the_run_in_the_dark(station, monkeypatch):
    stuck = property(lambda self: 635.0, lambda self, value: None)
    monkeypatch.setattr(PM100D, "wavelength", stuck)
    with pytest.raises(DeviceFault, match="power_meter.* 635 nm; must follow the laser to 660 nm"):
        list(Tuning(wavelengths=(660.0, 670.0)).measure(station))
    assert not station.backend.world.bench.light_is_on()


@pytest.mark.parametrize(
    ("other", "words"),
    [(SUPERK, r'say laser = "other" under \[roles\]'), (SOLSTIS, "its light cannot be switched")],
    ids=["superk", "solstis"],
)
def test_tuning_a_laser_that_does_not_excite_is_refused_with_a_way_out(station_file, other, words):
    path = station_file(extra=f"[instruments.other]\n{other}[roles]\nlaser = 'laser'\n")
    with (
        Station.load(path) as station,
        pytest.raises(Refused, match=f"^laser: excites .* both must be one laser: {words}"),
    ):
        Tuning().measure(station)


def test_among_several_lasers_the_one_that_excites_is_tuned(station_file):
    path = station_file(extra=f"[instruments.other]\n{SUPERK}[roles]\nlaser = 'other'\n")
    with Station.load(path, sample="ws2") as station:
        setup = Setup(station)
        ExcitationWavelength(np.array([650.0])).bind(setup)
        assert setup.excitation.laser.name == "other"


def test_a_laser_that_ends_elsewhere_is_flagged(station):
    class Strict(Tuning, kw_only=True):
        def axes(self) -> list[Axis]:
            axis = ExcitationWavelength(np.array(self.wavelengths), tolerance=1e-4)
            return [axis, ExcitationPower(np.array([FLUX]), "1/s", "up")]

    # its step is a picometre
    records = list(Strict(wavelengths=(650.0, 660.0004)).measure(station))
    assert [bool(record["flags"] & Flag.OFF_TARGET) for record in records] == [False, True]
