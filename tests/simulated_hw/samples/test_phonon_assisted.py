"""The phonon-assisted mechanism: limits, energy, order, pulses, refusals."""

import copy
from typing import Any

import numpy as np
import pytest
from scipy.constants import e

from antistokes.instruments.errors import FileRefused
from antistokes.simulated_hw.conditions import Conditions, LaserPulses
from antistokes.simulated_hw.physics.constants import EV_NM
from antistokes.simulated_hw.physics.phonon_assisted import TailOrTwoPhotons
from antistokes.simulated_hw.physics.semiconductor import odonnell_chen_gap, varshni_gap
from antistokes.simulated_hw.samples.phonon_assisted import PhononAssisted
from antistokes.simulated_hw.waveform import Waveform, pulse_times

SAID = {"source": "made up"}
GOOD: dict[str, Any] = {
    **SAID,
    "gap": {**SAID, "energy": 2000.0},
    "absorption": {**SAID, "density": 1e16, "cross_section": 1e-15},
    "tail": {**SAID, "phonon": 20.0, "steepness": 1.5},
    "emission": {**SAID, "name": "X", "efficiency": 0.8, "lifetime": 1e-8, "width": 30.0},
}
#: every optional table
TABLES: dict[str, dict[str, Any]] = {
    "phonons": {**SAID, "phonon": 30.0, "strength": 0.5},
    "two_photon": {**SAID, "cross_section": 1e5},
    "traps": {**SAID, "saturation": 1e4, "stretch": 0.7},
    "auger": {**SAID, "pair": 1e-10, "triple": 1e-28},
    "quenching": {**SAID, "strength": 20.0, "activation": 60.0},
    "dark_exciton": {**SAID, "splitting": 40.0},
}
FEMTOSECOND = LaserPulses(1e-13, 8e7)
POWERS = np.geomspace(1e-3, 1e12, 61)
BELOW = EV_NM / 1.9  # nm, 100 meV below the gap


def made(**changes: Any) -> PhononAssisted:
    """GOOD with tables added; ``absorption__bleaching`` is a key in one."""
    model = copy.deepcopy(GOOD)
    for key, value in changes.items():
        table, _, inner = key.partition("__")
        if inner:
            model[table][inner] = value
        else:
            model[table] = value
    return PhononAssisted.read(model, "test.toml")


def emitted(mechanism: PhononAssisted, irradiance: Any, conditions: Conditions) -> np.ndarray:
    return mechanism.respond(np.atleast_1d(np.asarray(irradiance, float)), conditions).emission[:, 0]


def exponents(mechanism: PhononAssisted, conditions: Conditions) -> np.ndarray:
    return np.diff(np.log(emitted(mechanism, POWERS, conditions))) / np.diff(np.log(POWERS))


VARIANTS = [
    {},
    TABLES,
    {**TABLES, "absorption__bleaching": True, "absorption__background": 0.1},
    *({name: table} for name, table in TABLES.items()),
]


@pytest.mark.parametrize("changes", VARIANTS)
@pytest.mark.parametrize("pulses", [None, FEMTOSECOND])
@pytest.mark.parametrize("wavelength", [100.0, 600.0, 640.0, 1000.0, 20000.0])
@pytest.mark.parametrize("temperature", [1.0, 300.0, 1000.0])
def test_any_conditions_give_finite_numbers_that_balance(changes, pulses, wavelength, temperature):
    mechanism = made(**changes)
    conditions = Conditions(temperature, wavelength, pulses)
    found = mechanism.respond(np.concatenate([[0.0], POWERS, [1e15]]), conditions)
    for values in (found.emission, found.absorbed, found.populations, found.heat):
        assert np.all(np.isfinite(values))
    assert np.all(found.populations >= 0)
    assert found.populations.sum(axis=1) == pytest.approx(1.0)
    assert found.emission[0] == found.absorbed[0] == found.heat[0] == 0
    assert np.all(found.emission[:, 0] <= 0.8 * found.absorbed * (1 + 1e-9))
    sent = found.emission[:, 0] * e * EV_NM / mechanism.lines_at(1.0, conditions)[0].wavelength
    taken = found.absorbed * e * EV_NM / wavelength
    assert taken == pytest.approx(sent + found.heat, rel=1e-9)


@pytest.mark.parametrize("changes", VARIANTS)
@pytest.mark.parametrize("wavelength", [600.0, BELOW, 1000.0])
def test_more_light_never_gives_less(changes, wavelength):
    mechanism = made(**changes)
    emission = emitted(mechanism, POWERS, Conditions(300.0, wavelength))
    assert np.all(np.diff(emission) >= -1e-9 * emission[:-1])


def test_hotter_lattice_gives_more_upconversion_and_stays_out_of_the_way_above_the_gap():
    warm = [emitted(made(), 1.0, Conditions(temperature, BELOW))[0] for temperature in (50.0, 150, 300, 600)]
    assert np.all(np.diff(warm) > 0)
    direct = [emitted(made(), 1.0, Conditions(temperature, 600.0))[0] for temperature in (50.0, 600.0)]
    assert direct[0] == direct[1]


def test_redder_light_is_absorbed_along_the_urbach_tail():
    energies = np.array([1.95, 1.85])
    signal = [emitted(made(), 1.0, Conditions(300.0, EV_NM / x))[0] * x for x in energies]
    slope = 1e3 * np.diff(energies)[0] / np.diff(np.log(signal))[0]
    assert slope == pytest.approx(20 / 3 / np.tanh(10 / (0.0861733 * 300)), rel=1e-6)


def test_phonons_follow_their_number_and_the_larger_path_counts():
    phonons = {**SAID, "phonon": 50.0}
    one = [emitted(made(phonons=phonons), 1.0, Conditions(t, BELOW))[0] for t in (250.0, 300.0)]
    number = [1 / np.expm1(50 / (0.0861733 * t)) for t in (250.0, 300.0)]
    assert one[1] / one[0] == pytest.approx((number[1] / number[0]) ** 2, rel=1e-5)
    assert emitted(
        made(phonons={**SAID, "phonon": 50.0, "strength": 1e-9}), 1.0, Conditions(300.0, BELOW)
    ) == (emitted(made(), 1.0, Conditions(300.0, BELOW)))


@pytest.mark.parametrize(
    ("law", "energy"),
    [
        (
            {"odonnell_chen": {"coupling": 2.0, "phonon": 15.0}},
            lambda t: odonnell_chen_gap(t, 3.0, 2.0, 15.0),
        ),
        ({"varshni": {"slope": 0.4, "offset": 200.0}}, lambda t: varshni_gap(t, 3.0, 0.4, 200.0)),
        ({"linear": {"slope": 0.3}}, lambda t: 3.0 + 3e-4 * t),
        ({}, lambda t: 3.0),
    ],
)
def test_line_follows_the_gap(law, energy):
    mechanism = made(gap={**SAID, "energy": "2 eV", "temperature": 290.0, **law})
    assert mechanism.lines[0].wavelength == pytest.approx(EV_NM / 2.0)
    line = mechanism.lines_at(1.0, Conditions(100.0))[0]
    assert EV_NM / line.wavelength == pytest.approx(2.0 + float(energy(100.0) - energy(290.0)))


def test_line_is_broadened_by_phonons():
    mechanism = made(emission__acoustic=0.05, emission__optical=40.0, emission__phonon=30.0)
    line = mechanism.lines_at(1.0, Conditions(300.0))[0]
    expected = 30 + 15 + 40 / np.expm1(30 / (0.0861733 * 300))
    assert line.fwhm == pytest.approx(EV_NM / 4 * expected * 1e-3, rel=1e-5)


def test_two_photons_compete_as_in_the_bare_formula():
    mechanism = made(two_photon=TABLES["two_photon"])
    urbach = 20 / 3 / np.tanh(10 / (0.0861733 * 300))
    bare = TailOrTwoPhotons(2.0, urbach, 1e-15, 1e5)
    for detuning in (100.0, 300.0, 500.0):
        found = emitted(mechanism, [1e4, 1e6], Conditions(300.0, EV_NM / (2.0 - 1e-3 * detuning)))
        assert found == pytest.approx(0.8 * 1e16 * bare.rate(detuning, [1e4, 1e6]), rel=1e-5)


def test_two_photons_are_taken_for_each_one_sent():
    found = made(two_photon=TABLES["two_photon"]).respond(np.array([1e4]), Conditions(300.0, 1200.0))
    assert found.emission[0, 0] / found.absorbed[0] == pytest.approx(0.4)


def test_traps_absorb_no_more_than_the_resonance():
    """At little light, where their sublinear law would."""
    mechanism = made(traps=TABLES["traps"])
    below, above = (
        mechanism.respond(np.array([1e-3]), Conditions(300.0, EV_NM / x)).absorbed[0]
        for x in (1.9999, 2.0001)
    )
    assert below == pytest.approx(above, rel=1e-3)


def test_pulses_help_two_photons_by_their_statistics():
    """g₂/(f·τ), with g₂ = 0.5876 for sech² and 0.664 for Gaussian pulses."""
    mechanism = made(two_photon=TABLES["two_photon"])
    far = Conditions(300.0, 1200.0)
    steady = emitted(mechanism, 1e3, far)[0]
    assert emitted(mechanism, 1e3, Conditions(300.0, 1200.0, FEMTOSECOND))[0] / steady == pytest.approx(
        0.5876 / 8e-6, rel=1e-3
    )
    gaussian = LaserPulses(1e-13, 8e7, "gaussian")
    assert emitted(mechanism, 1e3, Conditions(300.0, 1200.0, gaussian))[0] / steady == pytest.approx(
        0.6643 / 8e-6, rel=1e-3
    )
    assert emitted(mechanism, 1e3, Conditions(300.0, 2000.0))[0] < 1e-20 * steady  # two do not reach the gap


@pytest.mark.parametrize("rate", [1e6, 8e7, 1e13])
def test_bleached_emitters_send_one_photon_per_lifetime_or_pulse(rate):
    mechanism = made(absorption__bleaching=True)
    lit = emitted(mechanism, 1e12, Conditions(300.0, 600.0, LaserPulses(1e-14, rate)))[0]
    assert lit == pytest.approx(0.8 * 1e16 * rate * -np.expm1(-1 / (rate * 1e-8)), rel=1e-3)
    assert emitted(mechanism, 1e12, Conditions(300.0, 600.0))[0] == pytest.approx(0.8e24, rel=1e-3)


def test_traps_are_filled_but_direct_excitation_stays_linear():
    mechanism = made(traps=TABLES["traps"])
    below, above = (exponents(mechanism, Conditions(300.0, w)) for w in (EV_NM / 1.85, 600.0))
    assert below[0] == pytest.approx(0.7, abs=0.01)
    assert below[-1] == pytest.approx(0.0, abs=0.01)
    assert above == pytest.approx(1.0)


@pytest.mark.parametrize(("table", "end"), [({"pair": 1e-8}, 1 / 2), ({"triple": 1e-26}, 1 / 3)])
def test_excitations_that_meet_are_lost(table, end):
    found = exponents(made(auger={**SAID, **table}), Conditions(300.0, 600.0))
    assert found[0] == pytest.approx(1.0, abs=0.01)
    assert found[-1] == pytest.approx(end, abs=0.02)


def test_quenching_takes_light_and_lifetime_together():
    mechanism = made(quenching=TABLES["quenching"])
    light, last = [], []
    for temperature in (200.0, 300.0):
        conditions = Conditions(temperature, 600.0)
        light.append(emitted(mechanism, 1.0, conditions)[0])
        times = pulse_times(1e-9, 1e-6)
        course = mechanism.pulsed(np.ones(1), np.zeros(1), 1e-9, times, conditions)[0, :, 0]
        tail = (times > 1e-8) & (times < 5e-8)
        last.append(-1 / np.polyfit(times[tail], np.log(course[tail]), 1)[0])
    assert last[1] == pytest.approx(1e-8, rel=1e-6)
    assert light[0] / light[1] == pytest.approx(last[0] / last[1], rel=1e-6)
    assert light[0] > light[1]


def test_dark_exciton_makes_emission_go_out_in_the_cold():
    mechanism = made(dark_exciton=TABLES["dark_exciton"])
    cold, warm = (emitted(mechanism, 1.0, Conditions(t, 600.0))[0] for t in (150.0, 300.0))
    assert cold / warm == pytest.approx(np.exp(-40 / 0.0861733 * (1 / 150 - 1 / 300)), rel=1e-5)


def test_lattice_cools_under_light_below_the_line_and_warms_above_it():
    mechanism = made(emission__efficiency=0.98, absorption__background=1e-6)
    heat = [
        mechanism.respond(np.ones(1), Conditions(300.0, EV_NM / x)).heat[0] for x in (2.1, 1.99, 1.9, 1.5)
    ]
    assert np.sign(heat).tolist() == [1, 1, -1, 1]  # in the far tail the background wins


@pytest.mark.parametrize("pulses", [None, FEMTOSECOND])
@pytest.mark.parametrize("changes", [{}, TABLES])
def test_mean_over_a_gated_period_is_that_of_the_steady_states(changes, pulses):
    mechanism, conditions = made(**changes), Conditions(300.0, BELOW, pulses)
    times = pulse_times(1e-7, 1e-6)
    high, low = np.array([1e3, 1e6]), np.array([0.0, 1e2])
    course = mechanism.pulsed(high, low, 1e-7, times, conditions)
    assert course.shape == (2, len(times), 1)
    lit, dark = (emitted(mechanism, x, conditions) for x in (high, low))
    for i in range(2):
        mean = Waveform(times, course[i, :, 0]).mean
        assert mean == pytest.approx(0.1 * lit[i] + 0.9 * dark[i], rel=1e-3)


def test_diagram_shows_the_way_up():
    mechanism = made(**TABLES)
    diagram = mechanism.diagram(Conditions(300.0, BELOW))
    assert diagram.levels["emitter:excited"] == pytest.approx(2 / 1.23984198e-4, rel=1e-6)
    assert diagram.levels["emitter:trap"] == pytest.approx(1e7 / BELOW, rel=1e-6)
    assert {t.label for t in diagram.transitions} >= {"100 meV of phonons"}
    ends = {(t.start, t.end, t.kind) for t in diagram.transitions}
    assert ("emitter:trap", "emitter:two photons", "excitation") in ends
    assert all(t.start in diagram.levels and t.end in diagram.levels for t in diagram.transitions)
    direct = made().diagram(Conditions(300.0, 600.0))
    assert [t.label for t in direct.transitions if t.end == "emitter:excited"] == ["relaxation"]
    assert sum(t.rate for t in direct.transitions if t.rate) == pytest.approx(1e8)


TWO_LAWS = {**SAID, "energy": 2000.0, "linear": {"slope": 0.1}, "varshni": {"slope": 0.4, "offset": 200.0}}
BAD = [
    ({"gap": TWO_LAWS}, "model.gap: has varshni and linear; at most one law"),
    ({"gap": {**SAID, "energy": 300.0, "linear": {"slope": -1.0}}}, "model.gap: is -400 meV at 1000 K"),
    ({"gap": {**SAID, "energy": "2 K"}}, "model.gap.energy: is '2 K', which is"),
    ({"emission__efficiency": 1.1}, "model.emission.efficiency"),
    ({"emission__lifetime": "4 meV"}, "model.emission.lifetime"),
    ({"emission__lifetim": 1e-9}, "did you mean 'lifetime'?"),
    ({"absorption__density": -1.0}, "model.absorption.density"),
    ({"traps": {**SAID, "saturation": 1.0, "stretch": 2.0}}, "model.traps.stretch"),
    ({"auger": {"pair": 1e-9}}, "model.auger"),
    ({"tail": None}, "model: has no tail, phonons or two_photon; at least one must"),
    ({"tail": None, "traps": TABLES["traps"], "two_photon": TABLES["two_photon"]}, "model.traps: needs"),
]


@pytest.mark.parametrize(("changes", "said"), BAD)
def test_a_table_that_cannot_be_used_is_refused(changes, said):
    with pytest.raises(FileRefused) as refused:
        made(**changes)
    assert said in str(refused.value)
