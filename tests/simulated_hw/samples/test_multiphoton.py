"""Multiphoton absorption: orders and their onsets, pulses, saturation, sizes, surfaces, energy."""

import copy
from typing import Any

import numpy as np
import pytest

from antistokes.instruments.errors import FileRefused
from antistokes.simulated_hw.conditions import Conditions, LaserPulses
from antistokes.simulated_hw.physics.constants import EV_NM
from antistokes.simulated_hw.physics.nanocrystal_size import SizeDistribution, emission_energy
from antistokes.simulated_hw.physics.processes import photons
from antistokes.simulated_hw.samples.multiphoton import Multiphoton

SAID = {"source": "made up"}
MODEL: dict[str, Any] = {
    **SAID,
    "density": 1e17,
    "gap": "2.1 eV",
    "emission": {
        **SAID,
        "name": "exciton",
        "wavelength": 600,
        "fwhm": 30,
        "efficiency": 0.5,
        "lifetime": "10 ns",
    },
    "orders": [
        {**SAID, "order": 1, "cross_section": 1e-14},
        {**SAID, "order": 2, "cross_section": 1e-45},
        {**SAID, "order": 3, "cross_section": 1e-75},
    ],
}
SIZES = {**SAID, "mean": 9.4, "reference": 9.4, "relative_width": 0.15, "lifetime_exponent": 2.0}
SURFACE = {**SAID, "layer": 0.1, "thickness": 10, "absorption": 1e5, "lifetime": "1 ns"}
PULSES = LaserPulses(100e-15, 80e6)
ONE, TWO, THREE = (Conditions(wavelength=nm, pulses=PULSES) for nm in (400.0, 800.0, 1300.0))
WEAK = np.array([1.0, 2.0])


def model(**changes: Any) -> dict[str, Any]:
    return copy.deepcopy(MODEL) | changes


def emitter(**changes: Any) -> Multiphoton:
    return Multiphoton.read(model(**changes), "test.toml")


def sized(mean: float = 9.4, width: float = 0.15) -> Multiphoton:
    orders = [entry | {"size_exponent": q} for entry, q in zip(MODEL["orders"], (3.0, 3.6, 4.0), strict=True)]
    return emitter(orders=orders, sizes=SIZES | {"mean": mean, "relative_width": width})


def slope(mechanism: Multiphoton, irradiance: np.ndarray, conditions: Conditions) -> float:
    emission = mechanism.respond(irradiance, conditions).emission[:, 0]
    return float(np.diff(np.log(emission))[0] / np.diff(np.log(irradiance))[0])


@pytest.mark.parametrize(
    ("nm", "exponent"), [(400.0, 1), (590.0, 1), (591.0, 2), (1180.0, 2), (1181.0, 3), (1770.0, 3)]
)
def test_an_order_begins_where_its_photons_reach_the_gap(nm, exponent):
    assert slope(emitter(), 1e-3 * WEAK, Conditions(wavelength=nm)) == pytest.approx(exponent, abs=1e-6)


def test_too_little_energy_gives_no_light():
    found = emitter().respond(WEAK, Conditions(wavelength=1772.0, pulses=PULSES))
    for values in (found.emission, found.absorbed, found.heat):
        np.testing.assert_array_equal(values, 0)


def test_continuous_light_excites_by_sigma_phi_squared_over_two():
    irradiance = np.array([1e3])
    found = emitter().respond(irradiance, Conditions(wavelength=800.0))
    excitations = 1e17 * 0.5 * 1e-45 * photons(irradiance, 800.0) ** 2
    np.testing.assert_allclose(found.emission[:, 0], 0.5 * excitations, rtol=1e-6)
    np.testing.assert_allclose(found.absorbed, 2 * excitations, rtol=1e-6)
    energies = np.array([2 * EV_NM / 800 - 0.5 * EV_NM / 600]) * 1.602176634e-19
    np.testing.assert_allclose(found.heat, excitations * energies, rtol=1e-6)


@pytest.mark.parametrize(("shape", "factor"), [("sech2", 0.5876), ("gaussian", 0.6643)])
def test_pulses_multiply_two_photon_light_by_their_bunching(shape, factor):
    pulses = LaserPulses(100e-15, 80e6, shape)
    bunched = emitter().respond(WEAK, Conditions(wavelength=800.0, pulses=pulses)).emission
    flat = emitter().respond(WEAK, Conditions(wavelength=800.0)).emission
    np.testing.assert_allclose(bunched / flat, factor / 8e-6, rtol=1e-3)


def test_one_photon_light_does_not_mind_how_it_is_bunched():
    only = emitter(orders=MODEL["orders"][:1])
    flat = only.respond(1e-3 * WEAK, Conditions(wavelength=400.0)).emission
    np.testing.assert_allclose(only.respond(1e-3 * WEAK, ONE).emission, flat, rtol=1e-4)


def test_a_pulse_excites_an_emitter_once():
    """The share excited by N is 1 - exp(-N); 80 MHz leave 12.5 ns, more than the lifetime."""
    mechanism = emitter(orders=[MODEL["orders"][1]])
    weak = mechanism.respond(np.array([1e3]), TWO).emission[0, 0] / (0.5 * 1e17 * 80e6)
    ratio = np.array([10.0, 100.0, 1e3, 1e4])
    found = mechanism.respond(1e3 * ratio, TWO).emission[:, 0] / (0.5 * 1e17 * 80e6)
    np.testing.assert_allclose(found, -np.expm1(-weak * ratio**2), rtol=1e-4)


def test_continuous_light_excites_an_emitter_once_in_its_lifetime():
    found = emitter().respond(np.array([1e14]), Conditions(wavelength=800.0))
    assert found.emission[0, 0] == pytest.approx(0.5 * 1e17 / 10e-9)
    np.testing.assert_allclose(found.populations, [[0, 1]], atol=1e-12)


def test_no_emitter_absorbs_more_often_than_the_field_oscillates():
    absorbed = emitter().respond(np.array([1e15]), Conditions(wavelength=1300.0)).absorbed[0]
    assert absorbed == pytest.approx(1e17 * 3 * 299792458 / 1300e-9)


@pytest.mark.parametrize("width", [50e-15, 200e-15])
def test_the_stated_fluence_excites_one_in_a_hundred(width):
    pulse = {"fluence": "0.5 mJ/cm2", "wavelength": 1300, "width": width}
    mechanism = emitter(orders=[{**SAID, "order": 3, "pulse": pulse}])
    conditions = Conditions(wavelength=1300.0, pulses=LaserPulses(width, 1e6))
    found = mechanism.respond(np.array([0.5e-3 * 1e6]), conditions)
    assert found.emission[0, 0] == pytest.approx(0.5 * 1e17 * 1e6 * -np.expm1(-0.01))


def test_a_coefficient_is_the_light_lost_on_the_way():
    """dI/dz = -β·I²."""
    beta = [{**SAID, "order": 2, "coefficient": 8.6, "wavelength": 800}]
    found = emitter(orders=beta).respond(np.array([1e6]), Conditions(wavelength=800.0))
    power = found.absorbed[0] * EV_NM / 800 * 1.602176634e-19
    assert power == pytest.approx(8.6e-9 * 1e12)


def test_an_order_of_its_own_onset_takes_the_photons_it_is_said_to():
    steps = {**SAID, "order": 1, "photons": 2, "onset": "2.8 eV", "cross_section": 1e-20}
    mechanism = emitter(orders=[steps])
    assert slope(mechanism, WEAK, Conditions(wavelength=827.0)) == pytest.approx(1)
    found = mechanism.respond(WEAK, Conditions(wavelength=827.0))
    np.testing.assert_allclose(found.absorbed / found.emission[:, 0], 2 / 0.5)
    assert mechanism.respond(WEAK, Conditions(wavelength=1000.0)).emission.max() == 0


def test_more_photons_choose_larger_crystals_whose_light_is_redder():
    distribution = SizeDistribution(9.4, 0.15)
    (one,), (two,), (three,) = (sized().lines_at(1.0, c) for c in (ONE, TWO, THREE))
    assert one.wavelength < two.wavelength < three.wavelength
    shift = 1e3 * (EV_NM / two.wavelength - EV_NM / one.wavelength)
    assert shift == pytest.approx(distribution.centroid_shift(3.6), rel=1e-6)
    assert shift == pytest.approx(-1.07, abs=0.01)
    energies, weights = emission_energy(distribution.diameters), distribution.excited(3.6)
    variance = weights @ (energies - weights @ energies) ** 2
    alone, all_sizes = (f * EV_NM / nm**2 for f, nm in ((30, 600), (two.fwhm, two.wavelength)))
    assert all_sizes**2 == pytest.approx(alone**2 + 8 * np.log(2) * variance, rel=1e-6)
    assert sized(width=0.0).lines_at(1.0, TWO)[0].fwhm == pytest.approx(30)


def test_smaller_crystals_are_bluer_and_absorb_less():
    small, large = sized(4.6), sized(11.4)
    assert small.lines[0].wavelength < sized().lines[0].wavelength < large.lines[0].wavelength
    ratio = large.respond(WEAK, TWO).emission / small.respond(WEAK, TWO).emission
    np.testing.assert_allclose(ratio, (11.4 / 4.6) ** 3.6, rtol=1e-4)


def test_light_of_no_effect_leaves_the_line_where_it_is():
    mechanism = sized()
    assert mechanism.lines_at(0.0, TWO) == mechanism.lines
    assert mechanism.lines_at(1.0, Conditions(wavelength=2000.0)) == mechanism.lines


def decay(mechanism: Multiphoton, conditions: Conditions, times: np.ndarray) -> np.ndarray:
    """Emission at *times* in s after a pulse of 1 ps every 400 ns."""
    grid = np.concatenate([[0.0, 1e-12], 1e-12 + times, [400e-9]])
    high, low = np.array([1.0]), np.zeros(1)
    return mechanism.pulsed(high, low, 1e-12, grid, conditions)[0, 2:-1, 0]


def test_the_decay_is_exponential():
    emission = decay(emitter(), TWO, np.array([1e-9, 11e-9, 21e-9]))
    np.testing.assert_allclose(emission[1:] / emission[:-1], np.exp(-1), rtol=1e-9)


def test_a_flash_of_continuous_light_excites_an_emitter_once():
    times = np.array([0.0, 1e-12, 1e-6])
    course = emitter().pulsed(np.array([1e14]), np.zeros(1), 1e-12, times, Conditions(wavelength=800.0))
    assert course[0, 1, 0] == pytest.approx(0.5 * 1e17 / 10e-9, rel=1e-3)


def mean_time(mechanism: Multiphoton, conditions: Conditions) -> float:
    times = np.linspace(1e-12, 200e-9, 4001)
    emission = decay(mechanism, conditions, times)
    return float(np.trapezoid(emission * times, times) / np.trapezoid(emission, times))


def test_two_photon_light_of_unequal_crystals_is_slower():
    ratio = mean_time(sized(), TWO) / mean_time(sized(), ONE)
    assert ratio == pytest.approx(SizeDistribution(9.4, 0.15).lifetime_ratio(3.6, scaling=2.0), rel=1e-3)


def test_one_photon_is_absorbed_where_excitations_die_soon():
    mechanism = emitter(surface=SURFACE)
    early = [decay(mechanism, c, np.array([1e-12, 20e-9])) for c in (ONE, TWO)]
    assert early[0][0] / early[0][1] > 1.5 * early[1][0] / early[1][1]
    assert mean_time(mechanism, TWO) == pytest.approx(10e-9, rel=0.02)
    found = [mechanism.respond(1e-3 * WEAK, c) for c in (ONE, TWO)]
    one, two = (float(r.emission[0, 0] / r.absorbed[0]) * n for r, n in zip(found, (1, 2), strict=True))
    near = 1 - np.exp(-1)
    assert one == pytest.approx(0.5 * (1 - 0.9 * near), rel=1e-2)
    assert two == pytest.approx(0.5 * (1 - 0.9 * 0.01), rel=1e-2)


@pytest.mark.parametrize("conditions", [ONE, TWO, Conditions(wavelength=800.0)])
def test_a_pump_that_does_not_change_gives_the_steady_state(conditions):
    mechanism, times = sized(), np.array([0.0, 1e-7, 2e-7, 1e-6])
    irradiance = np.array([1e-3, 1.0, 1e14])
    steady = mechanism.respond(irradiance, conditions).emission
    found = mechanism.pulsed(irradiance, irradiance, 1e-7, times, conditions)
    np.testing.assert_allclose(found, np.broadcast_to(steady[:, None], found.shape), rtol=1e-6)


@pytest.mark.parametrize("pulses", [None, PULSES, LaserPulses(1e-15, 1.0), LaserPulses(1e-9, 1e9)])
@pytest.mark.parametrize("nm", [100.0, 400.0, 800.0, 1300.0, 20000.0])
@pytest.mark.parametrize("mechanism", [emitter(surface=SURFACE), sized(4.6)])
def test_energy_and_emitters_are_conserved_up_to_any_irradiance(mechanism, nm, pulses):
    conditions = Conditions(1.0, nm, pulses)
    irradiance = np.concatenate([[0.0], np.geomspace(1e-9, 1e15, 25)])
    found = mechanism.respond(irradiance, conditions)
    for values in (found.emission, found.absorbed, found.heat, found.populations):
        assert np.all(np.isfinite(values))
        assert np.all(values >= 0)
    assert np.all(np.diff(found.emission[:, 0]) >= -1e-9 * found.emission[:-1, 0])
    assert np.all(found.populations <= 1)
    np.testing.assert_allclose(found.populations.sum(axis=1), 1)
    assert found.emission[0, 0] == 0
    line = mechanism.lines_at(1e12, conditions)[0]
    assert 0 < line.fwhm < line.wavelength
    course = mechanism.pulsed(irradiance, 0 * irradiance, 1e-13, np.array([0.0, 1e-13, 1.0]), conditions)
    assert np.all(np.isfinite(course))


@pytest.mark.parametrize(("nm", "number"), [(400.0, 1), (800.0, 2), (1300.0, 3)])
def test_the_diagram_climbs_by_virtual_levels(nm, number):
    diagram = emitter().diagram(Conditions(wavelength=nm))
    climb = [t for t in diagram.transitions if t.kind == "excitation"]
    assert len(climb) == number
    assert diagram.levels[climb[-1].end] == pytest.approx(number * 1e7 / nm)
    rates = [t.rate for t in diagram.transitions if t.end == "emitter:ground"]
    assert rates == pytest.approx([5e7, 5e7])


def test_the_diagram_of_light_of_no_effect_has_its_photon():
    diagram = emitter().diagram(Conditions(wavelength=2000.0))
    assert [t.end for t in diagram.transitions if t.kind == "excitation"] == ["emitter:1 photon"]


COEFFICIENT = {**SAID, "order": 2, "coefficient": 1.0, "wavelength": 800}


@pytest.mark.parametrize(
    ("changes", "key", "problem"),
    [
        ({"gap": "2 eV"}, "model.gap", "is 2000 meV; must be at least the 2066.4 meV of the emission"),
        ({"orders": []}, "model.orders", "length >= 1"),
        ({"orders": [{**SAID, "order": 2}]}, "model.orders[0]", "has no strength; must have one of"),
        (
            {"orders": [COEFFICIENT | {"cross_section": 1e-45}]},
            "model.orders[0]",
            "has cross_section and coefficient",
        ),
        ({"orders": [COEFFICIENT | {"order": 3}]}, "model.orders[0].coefficient", "is of two-photon"),
        (
            {"orders": [{k: v for k, v in COEFFICIENT.items() if k != "wavelength"}]},
            "model.orders[0].wavelength",
            "both must be given, or none",
        ),
        (
            {"orders": [MODEL["orders"][0] | {"onset": "1 eV"}]},
            "model.orders[0].onset",
            "is 1000 meV; must be at least the gap, 2100 meV",
        ),
        ({"orders": [MODEL["orders"][0] | {"order": 0}]}, "model.orders[0].order", "is 0; expected int >= 1"),
        ({"sizes": SIZES}, "model.orders[0].size_exponent", "is missing; needed where there are sizes"),
        ({"surface": SURFACE | {"layer": 20}}, "model.surface.layer", "must be at most the thickness"),
        ({"surface": SURFACE | {"lifetime": 1.0}}, "model.surface.lifetime", "at most that of the bulk"),
        ({"size": SIZES}, "model.size", "did you mean 'sizes'?"),
    ],
)
def test_a_model_that_cannot_be_is_refused(changes, key, problem):
    with pytest.raises(FileRefused) as refusal:
        emitter(**changes)
    assert str(refusal.value).startswith(f"test.toml: {key}")
    assert problem in str(refusal.value)
