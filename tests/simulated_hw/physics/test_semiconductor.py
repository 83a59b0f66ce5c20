"""Gap, width and emission against temperature, and the steady density of carriers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pint
import pytest

from antistokes.simulated_hw.physics.arguments import checked
from antistokes.simulated_hw.physics.processes import Array
from antistokes.simulated_hw.physics.semiconductor import (
    Recombination,
    linewidth,
    odonnell_chen_gap,
    thermal_quenching,
    varshni_gap,
)

_WSE2 = (1.742, 2.06, 15.0)  # E₀ in eV, S, ħω in meV
_SEEDS = range(5)


def slope(signal: Callable[[float], Array], at: float) -> float:
    """d ln(signal)/d ln x."""
    step = 1e-3
    low, high = (float(np.log(signal(at * np.exp(s)))) for s in (-step, step))
    return (high - low) / (2 * step)


@pytest.mark.parametrize(("kelvin", "expected"), [(300, 1.66342), (250, 1.68058), (200, 1.69747), (0, 1.742)])
def test_gap_of_wse2(kelvin: float, expected: float) -> None:
    assert odonnell_chen_gap(kelvin, *_WSE2) == pytest.approx(expected, abs=5e-6)


@pytest.mark.parametrize(("kelvin", "expected"), [(300, -0.3452), (250, -0.341)])
def test_gap_of_wse2_falls(kelvin: float, expected: float) -> None:
    low, high = odonnell_chen_gap([kelvin - 0.5, kelvin + 0.5], *_WSE2)
    assert 1e3 * (high - low) == pytest.approx(expected, abs=5e-4 if kelvin == 250 else 5e-5)


def test_gap_of_a_lead_halide_perovskite_rises() -> None:
    gaps = odonnell_chen_gap(np.linspace(0, 400, 50), 2.25, -1.45, 10.0)
    assert np.all(np.diff(gaps) >= 0)
    low, high = odonnell_chen_gap([1e3, 1001], 2.25, -1.45, 10.0)
    assert 1e3 * (high - low) == pytest.approx(0.25, rel=1e-2)
    assert varshni_gap(300, 2.25, -0.3, 100) > 2.25


def test_varshni_gap_of_gallium_arsenide() -> None:
    """Parameters of Vurgaftman et al., J. Appl. Phys. 89, 5815 (2001): 1.422 eV at 300 K."""
    assert varshni_gap([0, 300], 1.519, 0.5405, 204) == pytest.approx([1.519, 1.4225], abs=1e-4)


def test_varshni_gap_with_units() -> None:
    unit = pint.get_application_registry()
    kelvin = 300 * unit.kelvin
    gap = 1.519 * unit.eV - 0.5405 * unit.meV / unit.kelvin * kelvin**2 / (kelvin + 204 * unit.kelvin)
    assert varshni_gap(300, 1.519, 0.5405, 204) == pytest.approx(gap.to("eV").magnitude, rel=1e-12)


def test_gap_as_printed_with_the_hyperbolic_cotangent() -> None:
    x = 15.0 / (2 * 0.08617333262 * 300)
    expected = 1.742 - 2.06 * 0.015 * (1 / np.tanh(x) - 1)
    assert odonnell_chen_gap(300, *_WSE2) == pytest.approx(expected, rel=1e-9)


def test_width_broadens_by_acoustic_and_optical_phonons() -> None:
    assert linewidth(0, 20, 0.05, 60, 18) == 20
    assert linewidth(300, 20, 0.05, 60, 18) == pytest.approx(20 + 15 + 60 / np.expm1(18 / 25.852), rel=1e-4)
    assert np.all(np.diff(linewidth(np.linspace(0, 400, 50), 20, 0.05, 60, 18)) > 0)


def test_emission_of_a_bright_exciton_falls_on_heating() -> None:
    signal = thermal_quenching(np.linspace(0, 400, 81), 20, 60)
    assert signal[0] == 1
    assert np.all(np.diff(signal) <= 0)
    assert signal[60] == pytest.approx(1 / (1 + 20 * np.exp(-60 / 25.852)), rel=1e-4)


def test_emission_above_a_dark_exciton_rises_on_heating() -> None:
    signal = thermal_quenching(np.linspace(0, 300, 61), 0, 60, splitting=47)
    assert signal[0] == 0
    assert np.all(np.diff(signal) >= 0)
    assert signal[-1] / signal[50] == pytest.approx(np.exp(-47 / 0.0861733 * (1 / 300 - 1 / 250)), rel=1e-5)


def test_slopes_of_emission_from_traps_to_auger() -> None:
    carriers = Recombination(1e7, 1e-10, 1e-28)
    for generation, expected in ((1e15, 1.0), (1e48, 1 / 3)):
        assert slope(carriers.density, generation) == pytest.approx(expected, abs=1e-3)
        assert slope(lambda g: carriers.density(g) ** 2, generation) == pytest.approx(2 * expected, abs=1e-3)


def test_pairs_alone_give_a_square_root() -> None:
    assert slope(Recombination(1.0, 1e-10).density, 1e40) == pytest.approx(0.5, abs=1e-6)


@pytest.mark.parametrize("seed", _SEEDS)
def test_steady_density_balances_the_generation(seed: int) -> None:
    random = np.random.default_rng(seed)
    generation = 10 ** random.uniform(-10, 60, 300)
    carriers = Recombination(
        *(10 ** random.uniform(low, high) for low, high in ((3, 12), (-14, -7), (-32, -25)))
    )
    found = carriers.density(generation)
    assert carriers.loss(found) == pytest.approx(generation, rel=1e-13)
    order = np.argsort(generation)
    assert np.all(np.diff(found[order]) > 0)


def test_density_where_all_terms_are_equal() -> None:
    carriers = Recombination(1e10, 1e-7, 1e-24)  # each 3e27 at N = 1e17, shares differ elsewhere
    assert carriers.loss(1e17) == pytest.approx(3e27)
    assert carriers.density(3e27) == pytest.approx(1e17, rel=1e-14)


def test_density_without_light_and_without_higher_terms() -> None:
    assert Recombination(1e7, 1e-10, 1e-28).density([0, 0]).tolist() == [0, 0]
    assert Recombination(1e7).density([1e-300, 1e7, 1e100]) == pytest.approx([1e-307, 1, 1e93], rel=1e-12)
    assert Recombination(1e7, 0.0, 1e-28).density(2e14) == pytest.approx(2e7)
    assert Recombination(1e7).density([]).shape == (0,)


def test_loss_with_units() -> None:
    unit = pint.get_application_registry()
    n = 1e17 / unit.cm**3
    terms = 1e7 / unit.s * n, 1e-10 * unit.cm**3 / unit.s * n**2, 1e-28 * unit.cm**6 / unit.s * n**3
    expected = sum(terms).to("cm^-3 s^-1").magnitude
    assert Recombination(1e7, 1e-10, 1e-28).loss(1e17) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: odonnell_chen_gap(300, -1, 2, 15), "gap at 0 K = -1 eV"),
        (lambda: odonnell_chen_gap(300, 1, np.inf, 15), "coupling = inf: must be finite$"),
        (lambda: varshni_gap(300, 1, 0.5, 0), "Varshni's b = 0 K"),
        (lambda: linewidth(300, 20, -1, 60, 18), "acoustic broadening = -1 meV/K"),
        (lambda: thermal_quenching(300, -20, 60), "quenching = -20"),
        (lambda: Recombination(0.0), "single-carrier rate A = 0 s⁻¹: must be finite, above 0"),
        (lambda: Recombination(1.0, -1e-10), "pair coefficient B = -1e-10"),
        (lambda: Recombination(1.0, 0.0, -1.0), "Auger coefficient C = -1"),
        (lambda: Recombination(1.0).density(-1), "generation = -1 cm⁻³ s⁻¹"),
        (lambda: checked("share", 1.5, high=1.0), "share = 1.5: must be finite, at least 0, at most 1"),
    ],
)
def test_what_no_experiment_has_is_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match="^" + message.replace("(", r"\(")):
        call()
