"""Reference points on any axis: where they are, what the analyses of the procedures make of them."""

import numpy as np
import pytest

from antistokes.analysis import analyse, load
from antistokes.instruments import Station
from antistokes.instruments.errors import Refused
from antistokes.procedures import run
from antistokes.procedures.axes import ExcitationPower, Referenced, SampleTemperature, referenced
from antistokes.procedures.axes.named import make_axis
from antistokes.procedures.ple_scan import PleScan
from antistokes.procedures.polarisation_scan import PolarisationScan
from antistokes.procedures.sequence import Sequence
from antistokes.procedures.setup import Setup
from antistokes.procedures.spectrum import Spectrum
from antistokes.procedures.temperature_sweep import TemperatureSweep

BLEACHING = "[simulation.effects]\nbleaching_dose = {}\n"


def visits(plan) -> list[float]:
    """Set-points of the slowest axis at its reference points."""
    axis = plan.axes()[0]
    return axis.setpoints[axis.references].tolist()


def test_the_reference_is_one_of_the_set_points():
    assert visits(TemperatureSweep(start=280, stop=320, order="up", reference_every=3)) == [300, 300, 300]
    assert visits(PleScan(start=970, stop=976, order="up", reference_every=2)) == [970, 970, 970]
    assert visits(PolarisationScan(start=10, stop=90, points=5, order="up", reference_every=5)) == [10, 10]
    assert not isinstance(referenced(SampleTemperature([300]), 0), Referenced)


def carried_out(plan, path, folder, dose, sample=None):
    """What *plan* finds when the sample bleaches after *dose* J/cm²."""
    file = folder / f"{dose}.h5"
    text = path.read_text(encoding="utf-8") + BLEACHING.format(dose)
    path.with_name("bleaching.toml").write_text(text, encoding="utf-8")
    with Station.load(path.with_name("bleaching.toml"), sample=sample) as station:
        assert run(plan, station, file).status == "completed"
    (found,) = analyse(load(file))
    return found


def test_a_temperature_sweep_of_a_sample_that_bleaches(station_file, tmp_path):
    plan = TemperatureSweep(
        start=280, stop=320, order="up", irradiance=[20], longest_exposure=0.1, reference_every=2
    )
    steady, bleached = (carried_out(plan, station_file(), tmp_path, dose) for dose in (1e9, 1e3))
    assert abs(steady.find("drift").value) < 3 * steady.find("drift").stderr
    assert bleached.find("drift").value < -10 * bleached.find("drift").stderr
    ratios = [one.find("band ratio", "red", temperature=280.0) for one in (steady, bleached)]
    doubt = np.hypot(*(ratio.stderr for ratio in ratios))
    assert ratios[1].value == pytest.approx(ratios[0].value, abs=3 * doubt)


def test_a_ple_scan_of_a_sample_that_bleaches_with_the_laser_in_its_band(station_file, tmp_path):
    place = station_file(
        ('driver = "thorlabs_cld1015"', 'driver = "nkt_superk_select"'),
        ('"USB0::0x1313::0x804F::M00000001::INSTR"', '"ASRL7::INSTR"'),
        ("limits = { current = [0, 0.8] }", ""),
        ("settings = { wavelength = 980, threshold = 0.06, slope = 0.6 }", ""),
        ("max_power_mW = 360", "max_power_mW = 5"),
        extra="[simulation.optics]\nfilter = { edge_nm = 645 }\n",
    )
    plan = PleScan(wavelengths=[654, 660, 666, 672], photon_flux=2e15, order="up", reference_every=2)
    bleached = carried_out(plan, place, tmp_path, 300.0, "qd")
    assert bleached.find("drift").value < -10 * bleached.find("drift").stderr
    # 24.6 with the drift in it
    assert bleached.find("Urbach energy", "exciton").value == pytest.approx(25.8, abs=0.5)


def test_each_visit_of_an_axis_around_procedures_is_a_block_of_its_own(virtual_station, tmp_path):
    temperature = make_axis("temperature", [295, 300, 305], reference_every=2)
    assert run(Sequence([temperature], [Spectrum(longest_exposure=0.1)]), virtual_station, tmp_path / "r.h5")
    assert [(one.at["temperature"], one.at.get("reference")) for one in analyse(load(tmp_path / "r.h5"))] == [
        (300, 1), (295, None), (300, None), (300, 2), (305, None), (300, 3)
    ]  # fmt: skip


def test_only_one_axis_has_reference_points(virtual_station):
    setup = Setup(virtual_station)
    Referenced(SampleTemperature([300.0]), 1).bind(setup)
    with pytest.raises(Refused, match="reference point is moved by two axes: temperature and irradiance"):
        Referenced(ExcitationPower(np.array([10.0])), 1).bind(setup)


@pytest.mark.parametrize(
    ("name", "every", "words"),
    [("elapsed", 2, "nothing returns to a time"), ("temperature", -1, "reference_every: is -1")],
)
def test_what_cannot_have_reference_points_is_refused(name, every, words):
    with pytest.raises(Refused, match=words):
        make_axis(name, [1.0, 2.0], reference_every=every)
