"""Laser cooling: signs, zero crossings and conductances that published temperature changes imply."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pint
import pytest
from scipy.optimize import minimize_scalar

from antistokes.simulated_hw.physics.constants import EV_NM
from antistokes.simulated_hw.physics.laser_cooling import (
    LaserCooler,
    carrier_density,
    conductance,
    cooling_efficiency,
    external_efficiency,
    highest_efficiency,
)
from antistokes.simulated_hw.physics.semiconductor import Recombination

_CDS = LaserCooler(
    emission=507.0,
    external=0.98914,
    gap=2.4503,
    urbach=25.0,
    reference=514.0,
    absorbance=1e-3,
    background=1e-7,
    conductance=6.74e-8,
)
_WATT = 1e3  # incident, in mW: 1 mW absorbed at 514 nm
_LINES = [514, 532, 502, 488]
_DOTS = EV_NM / (EV_NM / 671 + 0.110)  # nm, mean emission of CdSe/CdS: 110 meV above a laser at 671 nm


# External efficiency


def test_highest_external_efficiency() -> None:
    density, efficiency = highest_efficiency(Recombination(1e5, 5e-10, 1e-30), 0.9)
    assert density == pytest.approx(3.16e17, rel=1e-3)
    assert efficiency == pytest.approx(0.99860, abs=5e-6)
    _, poor = highest_efficiency(Recombination(1e6, 1e-10, 1e-28), 0.9)
    assert poor == pytest.approx(0.8182, abs=5e-5)
    assert 1 - 2 * np.sqrt(1e6 * 1e-28) / (0.9 * 1e-10) == pytest.approx(0.7778, abs=5e-5)  # first order


@pytest.mark.parametrize("seed", range(5))
def test_efficiency_is_highest_where_it_is_said_to_be(seed: int) -> None:
    random = np.random.default_rng(seed)
    carriers = Recombination(
        10 ** random.uniform(4, 9), 10 ** random.uniform(-12, -9), 10 ** random.uniform(-31, -28)
    )
    extraction = random.uniform(0.1, 1)
    density, best = highest_efficiency(carriers, extraction)
    around = external_efficiency(carriers, density * np.geomspace(1e-4, 1e4, 101), extraction)
    assert np.argmax(around) == 50
    assert np.all((around >= 0) & (around <= best))
    escaping = extraction * carriers.pair
    assert best == pytest.approx(
        1 / (1 + 2 * np.sqrt(carriers.single * carriers.auger) / escaping), rel=1e-12
    )


def test_nothing_is_emitted_without_carriers() -> None:
    assert external_efficiency(Recombination(1e5, 5e-10, 1e-30), [0.0]).tolist() == [0]
    assert external_efficiency(Recombination(1e5), 1e17) == 0


def test_carrier_density_balances_absorption() -> None:
    carriers = Recombination(1e5, 5e-10, 1e-30)
    density = carrier_density(carriers, 0.9, 10.0, [0, 1.0, 1e3, 1e12], 514.0)
    unit = pint.get_application_registry()
    photon = unit.planck_constant * unit.speed_of_light / (514 * unit.nm)
    absorbed = (10 / unit.cm * np.array([0, 1, 1e3, 1e12]) * unit.W / unit.cm**2 / photon).to("cm^-3 s^-1")
    lost = 1e5 * density + 0.9 * 5e-10 * density**2 + 1e-30 * density**3
    assert lost == pytest.approx(absorbed.magnitude, rel=1e-9)


# CdS


@pytest.mark.parametrize(("emission", "external"), [(507.0, 0.98914), (506.0, 0.98719)])
def test_cooling_efficiency_of_cds(emission: float, external: float) -> None:
    found = replace(_CDS, emission=emission, external=external).efficiency(_LINES)
    assert found == pytest.approx([0.0027, 0.0352, -0.0206, -0.0479], abs=5.1e-5)


def test_cds_cools_between_two_wavelengths() -> None:
    assert _CDS.zero_crossings() == pytest.approx((512.61, 552.0), abs=0.05)
    assert _CDS.best_wavelength() == pytest.approx(540, abs=0.5)


def test_published_temperatures_of_cds() -> None:
    assert _CDS.change(_WATT, 514) == pytest.approx(-40, rel=1e-3)
    assert _CDS.change(_WATT, 532) / _CDS.change(_WATT, 514) == pytest.approx(0.5, abs=1e-3)
    heated = _CDS.change(_WATT / 1000, [502, 488])
    assert np.all((heated > 0) & (heated < 10))


def test_conductance_of_the_cds_supports() -> None:
    found = conductance(-40, float(_CDS.efficiency(514)), 1.0)
    assert found == pytest.approx(6.74e-8, abs=5e-11)


def test_absorption_of_cds_rises_no_more_above_the_gap() -> None:
    edge, line_502, line_488 = _CDS.absorbed(1.0, [EV_NM / 2.4503, 502, 488])
    assert line_502 == line_488 == pytest.approx(edge, rel=1e-12)
    assert edge / _CDS.absorbed(1.0, 514) == pytest.approx(np.exp((2.4503 - EV_NM / 514) / 0.025), rel=3e-3)


def test_absorption_saturates_in_a_thick_sample() -> None:
    thick = replace(_CDS, absorbance=1e3)
    assert thick.absorbed(5.0, [514, 488]) == pytest.approx([5, 5], rel=1e-12)


def test_ratio_of_published_coolings_needs_the_fifth_digit_of_the_efficiency() -> None:
    ratios = [
        float(cooler.change(_WATT, 532) / cooler.change(_WATT, 514))
        for cooler in (replace(_CDS, external=x) for x in (0.9896, 0.9891, 0.9886))
    ]
    assert ratios == pytest.approx([0.43, 0.507, 0.62], abs=0.005)


# Quantum dots and perovskites


def test_cooling_efficiency_of_quantum_dots() -> None:
    found = cooling_efficiency([450, 532, 671], _DOTS, 0.985)
    assert found == pytest.approx([-0.3001, -0.1726, 0.0436], abs=5e-5)
    assert pytest.approx(633.3, abs=0.05) == _DOTS
    least = _DOTS / 671
    assert least == pytest.approx(0.9438, abs=5e-5)
    assert cooling_efficiency(671, _DOTS, least) == pytest.approx(0, abs=1e-12)


def test_quantum_dots_cool_by_0_18_k() -> None:
    support = conductance(-0.18, float(cooling_efficiency(671, _DOTS, 0.985)), 3.0)
    assert support == pytest.approx(7.27e-4, abs=5e-7)
    dots = LaserCooler(_DOTS, 0.985, 1.9578, 25.0, 671.0, -np.log(0.99), 0.0, support, 10.0, 300.0)
    assert dots.absorbed(300, 671) == pytest.approx(3, rel=1e-12)
    assert dots.change([0, 150, 300], 671) == pytest.approx([0, -0.09, -0.18], rel=1e-9)
    assert dots.zero_crossings() == pytest.approx((642.9, np.inf), abs=0.05)
    assert np.all(dots.change(300, [450, 532]) > 0)


@pytest.mark.parametrize(
    ("emission", "pump", "efficiency", "change", "support"),
    [(762, 785, 0.01988, -23.0, 8.64e-7), (526, 565, 0.06340, -58.7, 1.080e-6)],
)
def test_perovskites(emission: float, pump: float, efficiency: float, change: float, support: float) -> None:
    found = float(cooling_efficiency(pump, emission, 0.99))
    assert found == pytest.approx(efficiency, abs=5e-6)
    assert conductance(change, found, 1.0) == pytest.approx(support, abs=5e-10)


# The model


def test_energy_is_balanced() -> None:
    """Emitted is absorbed plus the heat that flows in through the supports when steady."""
    for wavelength in (*_LINES, 560):
        inflow = -1e3 * _CDS.conductance * _CDS.change(1.0, wavelength)
        assert _CDS.emitted(1.0, wavelength) == pytest.approx(
            _CDS.absorbed(1.0, wavelength) + inflow, rel=1e-12
        )


@pytest.mark.parametrize("seed", range(5))
def test_efficiency_is_zero_at_both_crossings_and_highest_between(seed: int) -> None:
    random = np.random.default_rng(seed)
    cooler = replace(
        _CDS,
        external=random.uniform(0.985, 1),
        urbach=random.uniform(15, 35),
        background=10 ** random.uniform(-9, -7),
    )
    crossings = cooler.zero_crossings()
    assert crossings is not None
    assert cooler.efficiency(crossings) == pytest.approx(0, abs=1e-11)
    best = cooler.best_wavelength()
    assert crossings[0] < best < crossings[1]
    peak = minimize_scalar(
        lambda x: -cooler.efficiency(x), bounds=crossings, method="bounded", options={"xatol": 1e-6}
    )
    assert best == pytest.approx(peak.x, abs=1e-3)
    outside = [crossings[0] - 1, crossings[1] + 1]
    assert np.all(cooler.efficiency(outside) < 0)
    assert np.all(cooler.efficiency(np.linspace(crossings[0], crossings[1], 50)[1:-1]) > 0)


def test_a_poor_emitter_cools_nowhere() -> None:
    assert replace(_CDS, external=0.9).zero_crossings() is None
    assert replace(_CDS, background=1e-3).zero_crossings() is None


def test_background_that_rules_everywhere_leaves_the_gap_the_best_wavelength() -> None:
    assert replace(_CDS, background=1.0).best_wavelength() == pytest.approx(EV_NM / 2.4503)


def test_without_background_it_cools_ever_better() -> None:
    clean = replace(_CDS, background=0.0)
    assert clean.best_wavelength() == np.inf
    assert clean.zero_crossings() == pytest.approx((507 / 0.98914, np.inf), rel=1e-12)
    assert clean.efficiency(1000) > clean.efficiency(600) > 0
    assert replace(_CDS, background=1e-60).zero_crossings() == pytest.approx(
        (507 / 0.98914, np.inf), rel=1e-9
    )


def test_course_of_the_temperature() -> None:
    steady = float(_CDS.change(_WATT, 514))
    course = _CDS.course([0, 1.0, 1e6], _WATT, 514)
    assert course == pytest.approx([0, steady * (1 - np.exp(-1)), steady], rel=1e-12)
    halfway = _CDS.course(0.4, _WATT, 514)
    assert _CDS.course(0.6, _WATT, 514, start=halfway) == pytest.approx(course[1], rel=1e-12)
    assert _CDS.course(2.0, 0.0, 514, start=-40.0) == pytest.approx(-40 * np.exp(-2), rel=1e-12)


def test_change_with_units() -> None:
    unit = pint.get_application_registry()
    heat = -_CDS.efficiency(532) * (_CDS.absorbed(250, 532) * unit.mW)
    assert _CDS.change(250, 532) == pytest.approx(
        (heat / (6.74e-8 * unit.W / unit.K)).to("K").magnitude, rel=1e-12
    )


def test_no_light_changes_nothing() -> None:
    assert _CDS.change([0, 0], _LINES[:2]).tolist() == [0, 0]
    assert _CDS.change([], 514).shape == (0,)


def test_cooling_below_zero_kelvin_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^temperature of the cooled sample \(linear model\) = -\d+"):
        _CDS.change(10 * _WATT, 514)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: _CDS.change(-1, 514), "power = -1 mW"),
        (lambda: _CDS.efficiency(0), "laser wavelength = 0 nm"),
        (lambda: _CDS.course(-1, 1, 514), "time = -1 s"),
        (lambda: _CDS.course(1, 1, 514, start=-291), "start = -291 K: must be finite, at least -290"),
        (
            lambda: replace(_CDS, external=1.01),
            "external efficiency = 1.01: must be finite, above 0, at most 1",
        ),
        (lambda: replace(_CDS, reference=2000, urbach=1), "tail absorption at the reference wavelength"),
        (lambda: replace(_CDS, background=-1), "background absorbance = -1"),
        (lambda: replace(_CDS, conductance=0), "thermal conductance = 0 W/K"),
        (lambda: replace(_CDS, time_constant=np.nan), "time constant = nan s"),
        (lambda: cooling_efficiency(514, 507, 0.99, 1.1), "absorption efficiency = 1.1"),
        (lambda: conductance(40, 0.01, 1.0), "temperature change = 40 K: must have the sign of the heat"),
        (lambda: conductance(0, 0.01, 1.0), "temperature change = 0 K"),
        (lambda: highest_efficiency(Recombination(1e5, 1e-10)), "Auger coefficient C = 0 cm⁶/s"),
        (lambda: external_efficiency(Recombination(1e5), -1), "carrier density = -1 cm⁻³"),
        (lambda: external_efficiency(Recombination(1e5), 1, 0), "extraction efficiency = 0"),
        (lambda: carrier_density(Recombination(1e5), 1, 1, -1, 514), "irradiance = -1 W/cm²"),
    ],
)
def test_what_no_experiment_has_is_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match="^" + message):
        call()
