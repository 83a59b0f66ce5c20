import math
from functools import cache
from itertools import pairwise

import numpy as np
import pint
import pytest
from scipy.signal import lfilter

from antistokes.simulated_hw.physics.energy_transfer_rates import BETA_NAYF4
from antistokes.simulated_hw.physics.migration import (
    Layer,
    NdSensitisedParticle,
    Sensitised,
    ShellDiffusion,
    diffusion_coefficient,
    diffusion_length,
    diffusion_time,
    spacer_lifetime,
)
from antistokes.simulated_hw.physics.processes import Decay, Ion, Pump
from antistokes.simulated_hw.physics.rate_equations import RateEquations

TIMES = np.linspace(0, 2.4e-3, 1201)
SIMETUC, FORSTER = 4.199e-41, 3.70e5 * 0.39e-7**6  # C₆ of Yb to Yb, cm⁶/s
FAST_ND = {"nd_transfer": 4.55e4, "nd_decay": 4.5e3}  # 20 µs


def rise(signal: np.ndarray) -> float:
    """µs from the flash to 63.2 % of the peak."""
    peak = int(signal.argmax())
    return float(np.interp(-np.expm1(-1) * signal[peak], signal[: peak + 1], 1e6 * TIMES[: peak + 1]))


@cache  # as many tests look at the same particle
def flashed(particle: NdSensitisedParticle, spacer: float) -> Sensitised:
    return particle.after_flash(TIMES, spacer)


def rises(particle: NdSensitisedParticle, spacers: tuple[float, ...] = (0.0, 4.5)) -> list[float]:
    return [rise(flashed(particle, spacer).green) for spacer in spacers]


def three_layers(rng: np.random.Generator) -> ShellDiffusion:
    layers = [
        Layer(rng.uniform(1, 8), 10 ** rng.uniform(-11, -8), 10 ** rng.uniform(1, 4), 10 ** rng.uniform(2, 5))
        for _ in range(3)
    ]
    return ShellDiffusion(layers, quenching_velocity=10 ** rng.uniform(-6, -2), step=0.5)


# --- hopping as diffusion


def test_diffusion_coefficients_of_yb():
    l4 = BETA_NAYF4.sums(4)
    assert diffusion_coefficient(0.2, SIMETUC, l4.mean) == pytest.approx(8.73e-12, rel=1e-3, abs=0)
    assert diffusion_coefficient(0.2, 1.35e-39, l4.mean) == pytest.approx(2.81e-10, rel=2e-3, abs=0)
    assert diffusion_coefficient(0.2, FORSTER, l4.mean) == pytest.approx(2.71e-10, rel=2e-3, abs=0)


def test_distances_and_times_of_diffusion():
    around_full_site = BETA_NAYF4.sums(4).sites[0]
    slow = diffusion_coefficient(0.2, SIMETUC, around_full_site)
    fast = diffusion_coefficient(0.2, 1.35e-39, around_full_site)
    assert diffusion_time(4.5, slow) == pytest.approx(11.9e-3, rel=5e-3)
    assert diffusion_length(fast, 2e-3) == pytest.approx(18.1, abs=0.05)


def test_units_of_diffusion():
    unit: pint.UnitRegistry = pint.UnitRegistry()
    diffusion = 0.2 * 4.199e7 * unit.angstrom**6 / unit.s * 0.0624 / unit.angstrom**4 / 6
    found = diffusion_coefficient(0.2, 4.199e-41, 0.0624)
    assert found == pytest.approx(diffusion.m_as("cm^2/s"), abs=0)
    expected = ((4.5 * unit.nm) ** 2 / (2 * diffusion)).m_as("s")
    assert diffusion_time(4.5, found) == pytest.approx(expected)
    assert diffusion_length(found, 2e-3) == pytest.approx(((6 * diffusion * 2 * unit.ms) ** 0.5).m_as("nm"))


# --- the sphere


def test_volumes_fill_the_sphere_and_layers_without_thickness_are_left_out():
    sphere = ShellDiffusion([Layer(8.0, 1e-10), Layer(0.0, 1e-10), Layer(3.1, 1e-10)])
    volumes, hops = sphere.cells()
    assert volumes.sum() == pytest.approx(4 / 3 * math.pi * 11.1**3)
    assert volumes[sphere.layer == 0].sum() == pytest.approx(4 / 3 * math.pi * 8.0**3)
    assert list(np.bincount(sphere.layer)) == [32, 0, 13]
    assert hops.shape == (45, 45)


def test_hops_are_between_neighbours_and_in_detailed_balance():
    volumes, hops = three_layers(np.random.default_rng(1)).cells()
    apart = np.abs(np.subtract.outer(np.arange(len(volumes)), np.arange(len(volumes))))
    assert np.all((hops > 0) == (apart == 1))
    flow = volumes[:, None] * hops
    np.testing.assert_allclose(flow, flow.T, rtol=1e-12)


def test_cells_make_rate_equations_that_agree():
    layers = [Layer(2.0, 3e-10, 1e3, 1e4), Layer(1.0, 1e-10, 1e3)]
    sphere = ShellDiffusion(layers, quenching_velocity=1e-3, step=0.5)
    _, hops = sphere.cells()
    names = [f"Yb:{i}" for i in range(len(hops))]
    decays = [Decay(names[i], names[j], hops[i, j]) for i, j in zip(*np.nonzero(hops), strict=True)]
    decays += [Decay(name, "Yb:gone", loss) for name, loss in zip(names, sphere.losses, strict=True)]
    light = Pump("Yb:gone", names[-1], 980.0, 1e-20)
    equations = RateEquations([Ion(1.0, ("Yb:gone", *names))], decays, pumps=[light])
    start = np.eye(len(hops))[-1]
    times = np.linspace(0, 3e-4, 11)
    y = equations.evolve(times, 0.0, np.append(0.0, start))
    np.testing.assert_allclose(sphere.evolve(times, start), y[:, 1:], rtol=1e-6, atol=1e-9)


def test_diffusion_into_an_absorbing_surface_follows_fouriers_series():
    radius, diffusion = 5.0, 2e-10
    sphere = ShellDiffusion([Layer(radius, diffusion)], quenching_velocity=1e6, step=0.05)
    times = np.geomspace(1e-5, 1e-3, 20)
    kept = sphere.evolve(times, sphere.volumes / sphere.volumes.sum()).sum(axis=1)
    k = np.arange(1, 200)[:, None]
    decay = np.exp(-((k * math.pi / (radius * 1e-7)) ** 2) * diffusion * times)
    series = 6 / math.pi**2 * np.sum(decay / k**2, axis=0)
    np.testing.assert_allclose(kept, series, rtol=1e-3)


def test_a_weakly_quenching_surface_takes_area_over_volume():
    sphere = ShellDiffusion([Layer(5.0, 1e-6)], quenching_velocity=1e-3)
    kept = sphere.evolve([0.01], sphere.volumes / sphere.volumes.sum()).sum()
    assert -math.log(kept) / 0.01 == pytest.approx(3 * 1e-3 / 5e-7, rel=1e-3)


def test_inert_layers_stop_migration():
    sphere = ShellDiffusion([Layer(4.0, 1e-9), Layer(1.0, 0.0), Layer(2.0, 1e-9)])
    start = np.where(sphere.layer == 2, 1.0, 0.0)
    y = sphere.evolve([0.0, 1.0], start)
    assert y[1, sphere.layer < 2] == pytest.approx(0, abs=1e-12)
    assert y[1].sum() == pytest.approx(start.sum())


def test_a_source_without_migration_is_a_chain_of_two_decays():
    sphere = ShellDiffusion([Layer(1.0, 0.0, 2e3)], step=1.0)
    times = np.array([0.0, 1e-5, 1e-3, 0.1])
    found = sphere.evolve(times, 0.0, source=7.0, source_decay=5e4)[:, 0]
    expected = 7 * (np.exp(-2e3 * times) - np.exp(-5e4 * times)) / (5e4 - 2e3)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    equal = sphere.evolve(times, 0.0, source=7.0, source_decay=2e3)[:, 0]
    np.testing.assert_allclose(equal, 7 * times * np.exp(-2e3 * times), rtol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_what_is_lost_and_what_is_left_is_what_there_was(seed):
    rng = np.random.default_rng(seed)
    sphere = three_layers(rng)
    start = rng.random(len(sphere.volumes))
    nodes, weights = np.polynomial.legendre.leggauss(40)
    edges = np.append(0.0, np.geomspace(1e-7, 3e-4, 30))
    left, lost = sphere.evolve(edges, start), 0.0
    for begin, end in pairwise(edges):
        y = sphere.evolve(begin + (end - begin) * (nodes + 1) / 2, start)
        lost += (end - begin) / 2 * weights @ (y @ sphere.losses)
    assert left.min() >= -1e-12
    assert np.all(np.diff(left.sum(axis=1)) <= 0)
    assert lost + left[-1].sum() == pytest.approx(start.sum(), rel=1e-9)


def test_excitation_left_alone_spreads_evenly():
    layers = [Layer(4.0, 1e-9), Layer(2.0, 1e-10), Layer(2.0, 1e-8)]
    sphere = ShellDiffusion(layers)
    y = sphere.evolve([1.0], np.eye(len(sphere.volumes))[0])[0]
    np.testing.assert_allclose(y / sphere.volumes, 1 / sphere.volumes.sum(), rtol=1e-6)


def test_limits_are_finite():
    sphere = ShellDiffusion([Layer(5.0, 1.0, 1e12, 1e12)], quenching_velocity=1e10)
    assert np.all(np.isfinite(sphere.evolve([0.0, 1e-12, 1e6], 1.0, 1e30, 1e15)))
    assert sphere.evolve([], 1.0).shape == (0, 20)
    assert np.all(sphere.evolve([0.0, 1.0], 0.0) == 0)


# --- Nd outside, Er inside


@pytest.mark.parametrize(
    ("particle", "expected"),
    [
        (NdSensitisedParticle(), (193, 387)),
        (NdSensitisedParticle(diffusion=3e-10), (196, 407)),
        (NdSensitisedParticle(diffusion=4e-10, **FAST_ND), (168, 349)),
        (NdSensitisedParticle(diffusion=3e-10, **FAST_ND), (174, 386)),
        (NdSensitisedParticle(diffusion=2e-10, **FAST_ND), (180, 446)),
    ],
)
def test_rise_of_green_behind_a_spacer(particle, expected):
    assert rises(particle) == pytest.approx(expected, abs=0.8)


@pytest.mark.parametrize(("diffusion", "expected"), [(4e-10, (209, 374)), (2e-10, (219, 461))])
def test_rise_of_what_one_photon_feeds(diffusion, expected):
    particle = NdSensitisedParticle(diffusion=diffusion, **FAST_ND)
    found = []
    for spacer in (0.0, 4.5):
        fed = flashed(particle, spacer).intermediate
        kept = math.exp(-(TIMES[1] - TIMES[0]) / 120e-6)
        found.append(rise(lfilter([0.5, 0.5 * kept], [1.0, -kept], fed)))  # by trapezoids
    assert found == pytest.approx(expected, abs=0.8)


def test_rise_grows_with_every_spacer():
    found = rises(NdSensitisedParticle(), (0.0, 0.4, 1.0, 2.0, 3.0, 4.5, 6.0))
    assert np.all(np.diff(found) > 0)


def test_rise_does_not_hang_on_the_cells():
    particle = NdSensitisedParticle()
    coarse, fine = (particle.migration(4.5, step) for step in (0.25, 0.1))
    arrived = []
    for sphere in (coarse, fine):
        shell = np.where(sphere.layer == 2, sphere.volumes, 0.0)
        numbers = sphere.evolve(TIMES, 0.0, 2e4 * shell / shell.sum(), 2.45e4)
        arrived.append(numbers[:, sphere.layer == 0].sum(axis=1))
    np.testing.assert_allclose(arrived[0], arrived[1], atol=3e-3 * arrived[1].max())


def test_how_much_is_left_behind_4_5_nm():
    for diffusion in (3.5e-10, 4e-10):
        particle = NdSensitisedParticle(diffusion=diffusion, **FAST_ND)
        near, far = (flashed(particle, spacer) for spacer in (0.0, 4.5))
        energy = np.trapezoid(far.green, TIMES) / np.trapezoid(near.green, TIMES)
        assert 0.04 < energy < 0.056
        shells = (15.5**3 - 12.5**3) / (11**3 - 8**3)
        assert 0.19 < energy * shells**2 < 0.26
        assert 0.25 < np.trapezoid(far.core, TIMES) / np.trapezoid(near.core, TIMES) < 0.30


def test_what_is_sent_arrives_is_passed_on_and_gone():
    rng = np.random.default_rng(77)
    times = np.linspace(0, 0.01, 2001)
    for _ in range(3):
        particle = NdSensitisedParticle(
            diffusion=10 ** rng.uniform(-11, -8), yb_decay=10 ** rng.uniform(3, 5)
        )
        found = particle.after_flash(times, rng.uniform(0, 6))
        assert min(found.core.min(), found.intermediate.min(), found.green.min()) > -1e-9
        sunk = 1e4 * np.trapezoid(found.core, times)
        assert 0 < sunk < 2e4 / 2.45e4
        assert np.trapezoid(found.intermediate, times) / 150e-6 == pytest.approx(sunk, rel=2e-3)
        upconverted = np.trapezoid(found.core * found.intermediate, times)
        assert np.trapezoid(found.green, times) / 120e-6 == pytest.approx(upconverted, rel=2e-3, abs=0)


def test_kinetics_at_their_limits():
    nothing = NdSensitisedParticle(diffusion=0.0).after_flash([0.0, 1e-3], 2.0)
    assert not np.any([nothing.core, nothing.intermediate, nothing.green])
    assert NdSensitisedParticle().after_flash([], 2.0).green.shape == (0,)
    assert NdSensitisedParticle().after_flash([0.0], 2.0).green == [0.0]
    late = NdSensitisedParticle().after_flash([1e-3, 10.0], 20.0)
    assert np.all(np.isfinite([late.core, late.intermediate, late.green]))


# --- lifetimes behind relays


def test_relay_and_retarding_layers():
    assert spacer_lifetime([0.0, 5.23], 1.25, 7.4) == pytest.approx([1.25, 7.21], abs=5e-3)
    assert spacer_lifetime([0.0, 5.0], 3.0, 10.2) == pytest.approx([3.0, 10.04], abs=5e-3)
    longer = spacer_lifetime(np.linspace(0, 10, 50), 1.25, 7.4)
    assert np.all(np.diff(longer) > 0)
    assert spacer_lifetime(1e6, 1.25, 7.4) == pytest.approx(7.4)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: diffusion_coefficient(1.2, 1e-39, 0.06), "fraction of the cations = 1.2"),
        (lambda: diffusion_length(-1e-10, 1e-3), "diffusion = -1e-10"),
        (lambda: diffusion_time(1.0, 0.0), "diffusion = 0"),
        (lambda: spacer_lifetime(-1.0, 1.0, 2.0), "layer thickness = -1 nm"),
        (lambda: spacer_lifetime(1.0, 0.0, 2.0), "bare lifetime = 0"),
        (lambda: Layer(1.0, -1e-10), "diffusion = -1e-10"),
        (lambda: Layer(math.nan, 1e-10), "thickness = nan"),
        (lambda: ShellDiffusion([Layer(0.0, 1e-10)]), "thickness of all layers = 0 nm"),
        (lambda: ShellDiffusion([]), "thickness of all layers = 0 nm"),
        (lambda: ShellDiffusion([Layer(1.0, 1e-10)], step=0.0), "step = 0 nm"),
        (lambda: ShellDiffusion([Layer(1.0, 1e-10)]).evolve([-1.0], 1.0), "time = -1 s"),
        (lambda: NdSensitisedParticle(core_radius=0.0), "core radius = 0 nm"),
        (lambda: NdSensitisedParticle(green_decay=0.0), "green decay = 0"),
        (lambda: NdSensitisedParticle().after_flash([1e-3, 0.0], 1.0), "times must increase"),
    ],
)
def test_what_no_experiment_has_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
