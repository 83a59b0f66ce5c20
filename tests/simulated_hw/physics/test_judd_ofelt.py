"""Judd–Ofelt rates against published matrix elements, tabulated rates, and the formulas in other units."""

from __future__ import annotations

import math

import numpy as np
import pint
import pytest

from antistokes.simulated_hw.physics import judd_ofelt as jo

# electric-dipole rates in s⁻¹ and main branchings for n = 1.5 from the line strengths of NanoParticleTools
RATES = {
    ("Yb", "2F5/2"): (586, {}),
    ("Er", "4I13/2"): (83, {}),
    ("Er", "4I11/2"): (116, {"4I15/2": 0.88}),
    ("Er", "4I9/2"): (143, {}),
    ("Er", "4F9/2"): (1094, {"4I15/2": 0.91}),
    ("Er", "4S3/2"): (1368, {"4I15/2": 0.66, "4I13/2": 0.28}),
    ("Er", "2H11/2"): (2932, {"4I15/2": 0.94}),
    ("Er", "4F7/2"): (2873, {"4I15/2": 0.79}),
    ("Tm", "3F4"): (126, {}),
    ("Tm", "3H5"): (183, {}),
    ("Tm", "3H4"): (868, {"3H6": 0.90}),
    ("Tm", "3F3"): (1933, {}),
    ("Tm", "1G4"): (1439, {"3H6": 0.43, "3H5": 0.35}),
    ("Tm", "1D2"): (15930, {"3H6": 0.45, "3F4": 0.41}),
    ("Ho", "5I7"): (50, {}),
    ("Ho", "5I6"): (137, {"5I8": 0.91}),
    ("Ho", "5I5"): (115, {}),
    ("Ho", "5I4"): (71, {}),
    ("Ho", "5F5"): (1509, {"5I8": 0.77}),
    ("Ho", "5S2"): (1787, {"5I8": 0.52, "5I7": 0.39}),
    ("Ho", "5F3"): (2873, {}),
    ("Nd", "4F3/2"): (4527, {"4I9/2": 0.39, "4I11/2": 0.50, "4I13/2": 0.10}),
    ("Nd", "4F5/2"): (5914, {}),
}

# |<U(2, 4, 6)>|² from the ground level as printed by Carnall, Fields, Rajnak, J. Chem. Phys. 49, 4424 (1968)
PRINTED = {
    "Er": {
        "4I13/2": (0.0195, 0.1173, 1.4316),
        "4I11/2": (0.0282, 0.0003, 0.3953),
        "4I9/2": (0, 0.1733, 0.0099),
        "4F9/2": (0, 0.5354, 0.4618),
        "4S3/2": (0, 0, 0.2211),
        "2H11/2": (0.7125, 0.4125, 0.0925),
        "4F7/2": (0, 0.1469, 0.6266),
        "4F5/2": (0, 0, 0.2232),
        "4F3/2": (0, 0, 0.1272),
        "2H9/2": (0, 0.0189, 0.2256),
    },
    "Nd": {
        "4I11/2": (0.0194, 0.1073, 1.1652),
        "4I13/2": (0.0001, 0.0136, 0.4557),
        "4I15/2": (0, 0.0001, 0.0452),
        "4F3/2": (0, 0.2293, 0.0549),
        "4F5/2": (0.0010, 0.2371, 0.3970),
        "2H9/2": (0.0092, 0.0080, 0.1154),
    },
    "Ho": {
        "5I7": (0.0250, 0.1344, 1.5216),
        "5I6": (0.0084, 0.0386, 0.6921),
        "5I5": (0, 0.0100, 0.0936),
        "5I4": (0, 0, 0.0077),
        "5F5": (0, 0.4250, 0.5687),
        "5S2": (0, 0, 0.2268),
        "5F4": (0, 0.2392, 0.7071),
        "5F3": (0, 0, 0.3460),
    },
    "Tm": {
        "3F4": (0.5375, 0.7261, 0.2382),
        "3H5": (0.1074, 0.2314, 0.6383),
        "3H4": (0.2373, 0.1090, 0.5947),
        "3F3": (0, 0.3164, 0.8411),
        "3F2": (0, 0, 0.2581),
        "1G4": (0.0483, 0.0748, 0.0125),
        "1D2": (0, 0.3156, 0.0928),
        "1I6": (0.0106, 0.0388, 0.0134),
        "3P0": (0, 0, 0.0756),
    },
}


@pytest.mark.parametrize(("ion", "level"), RATES)
def test_tabulated_electric_dipole_rates_and_branchings_come_out_within_3_percent(
    ion: str, level: str
) -> None:
    rate, branching = RATES[ion, level]
    found = jo.radiative(ion, level, magnetic=False)
    assert found.rate == pytest.approx(rate, rel=0.03)
    for lower, share in branching.items():
        assert found.branching[lower] == pytest.approx(share, rel=0.03)


def test_tm_1i6_has_the_tabulated_rate_at_the_energy_where_it_was_tabulated() -> None:
    """13140 s⁻¹ belongs to ¹I₆ at 35621 cm⁻¹; there is ³P₀, and ¹I₆ at 34886 cm⁻¹ emits less."""
    tm = jo.ions()["Tm"]
    lower = [name for name in tm.levels if name not in ("1I6", "3P0")]
    strengths = np.array([np.dot(tm.omegas, tm.elements["1I6", name]) for name in lower])
    energies = np.array([tm.levels[name] for name in lower])
    assert jo.electric_rate(35621 - energies, strengths, 6).sum() == pytest.approx(13140, rel=1e-3)
    assert jo.radiative("Tm", "1I6").rate == pytest.approx(11976, rel=1e-3)


def test_ho_5f4_has_the_tabulated_rate_only_with_a_line_strength_that_its_elements_exclude() -> None:
    """1361 s⁻¹ and 63 % follow from S(5F4 → 5I8) = 0.5608e-20 cm²; the printed elements give 1.519e-20."""
    ho = jo.ions()["Ho"]
    strength = np.dot(ho.omegas, PRINTED["Ho"]["5F4"])
    assert strength == pytest.approx(1.519, rel=1e-3)
    ground, *others = jo.emissions("Ho", "5F4")
    assert ground.electric == pytest.approx(jo.electric_rate(18529, strength, 4), rel=0.003)
    tabulated = float(jo.electric_rate(18529, 0.5608, 4))
    total = tabulated + sum(line.electric for line in others)
    assert total == pytest.approx(1361, rel=0.003)
    assert tabulated / total == pytest.approx(0.63, abs=0.005)


@pytest.mark.parametrize(("ion", "rel", "digits"), [("Er", 0, 1e-4), ("Nd", 0, 2e-4), ("Ho", 0.05, 2e-4)])
def test_elements_are_those_printed_for_the_ground_level(ion: str, rel: float, digits: float) -> None:
    ground = next(iter(jo.levels(ion)))
    for upper, printed in PRINTED[ion].items():
        stored = jo.ions()[ion].elements[upper, ground]
        assert stored == pytest.approx(printed, rel=rel, abs=1.001 * digits)


def test_line_strengths_of_tm_agree_with_printed_elements() -> None:
    tm = jo.ions()["Tm"]
    for upper, printed in PRINTED["Tm"].items():
        expected = np.dot(tm.omegas, printed)
        assert np.dot(tm.omegas, tm.elements[upper, "3H6"]) == pytest.approx(expected, rel=0.05)


def test_elements_of_yb_are_those_of_one_hole() -> None:
    assert jo.ions()["Yb"].elements["2F5/2", "2F7/2"] == pytest.approx((6 / 49, 20 / 49, 6 / 7), abs=1e-5)


def test_every_pair_of_levels_has_elements_that_obey_the_triangle_rule() -> None:
    for ion in jo.ions().values():
        names = sorted(ion.levels, key=lambda name: ion.levels[name])
        assert list(ion.levels) == names
        pairs = {(upper, lower) for i, upper in enumerate(names) for lower in names[:i]}
        assert set(ion.elements) == pairs
        for (upper, lower), elements in ion.elements.items():
            a, b = jo._quantum_numbers(upper)[2], jo._quantum_numbers(lower)[2]
            for t, value in zip((2, 4, 6), elements, strict=True):
                assert value >= 0
                assert value < 1e-3 or abs(a - b) <= t <= a + b


def test_electric_rate_is_the_formula_in_gaussian_units() -> None:
    unit = pint.UnitRegistry()
    n, j, nu, strength = 1.61, 3.5, 17300 / unit.cm, 2.3e-20 * unit.cm**2
    charge = 4.80320471e-10 * unit("cm^1.5 g^0.5 / s")
    local = n * (n**2 + 2) ** 2 / 9
    rate = 64 * math.pi**4 * charge**2 * nu**3 / (3 * unit.planck_constant * (2 * j + 1)) * local * strength
    assert jo.electric_rate(17300, 2.3, j, n) == pytest.approx(rate.to("1/s").magnitude, rel=1e-8)


def test_magnetic_rate_is_the_formula_in_gaussian_units() -> None:
    unit = pint.UnitRegistry()
    n, j, nu, strength = 1.5, 6.5, 6495 / unit.cm, 19.2
    magneton = 9.2740100783e-21 * unit("cm^2.5 g^0.5 / s")
    factor = 64 * math.pi**4 * magneton**2 * nu**3 / (3 * unit.planck_constant * (2 * j + 1))
    rate = factor * n**3 * strength
    assert jo.magnetic_rate(6495, 19.2, j, n) == pytest.approx(rate.to("1/s").magnitude, rel=1e-8)


def test_magnetic_dipole_part_of_er_1_5_um_is_34_per_second() -> None:
    assert jo.magnetic_strength("4I13/2", "4I15/2") == pytest.approx(19.2)
    (line,) = jo.emissions("Er", "4I13/2")
    assert line.magnetic == pytest.approx(34, rel=0.01)
    assert line.wavelength == pytest.approx(1539.6, abs=0.1)
    assert jo.radiative("Er", "4I13/2").rate == line.electric + line.magnetic
    assert jo.radiative("Er", "4I13/2", magnetic=False).rate == line.electric


@pytest.mark.parametrize(
    ("upper", "lower"),
    [("4I11/2", "4I15/2"), ("4F9/2", "4I11/2"), ("2H11/2", "4I13/2"), ("4F5/2", "4F5/2"), ("2F5/2", "4F7/2")],
)
def test_magnetic_dipole_needs_one_term_and_j_apart_by_one(upper: str, lower: str) -> None:
    assert jo.magnetic_strength(upper, lower) == 0


def test_magnetic_strength_is_that_of_a_single_spin_orbit_doublet() -> None:
    """<l+2s> = <j> + <s>; for f, |<5/2||s||7/2>|² = 2l(l+1)/(2l+1) = 24/7."""
    assert jo.magnetic_strength("2F5/2", "2F7/2") == pytest.approx(24 / 7)
    assert jo.magnetic_strength("2F7/2", "2F5/2") == pytest.approx(24 / 7)


def test_branchings_are_shares_and_the_lifetime_is_the_inverse_rate() -> None:
    for symbol in jo.ions():
        ground, *excited = jo.levels(symbol)
        for level in excited:
            found = jo.radiative(symbol, level)
            shares = np.array(list(found.branching.values()))
            assert np.all((shares >= 0) & (shares <= 1))
            assert shares.sum() == pytest.approx(1)
            assert found.rate * found.lifetime == pytest.approx(1)
            emitted = sum(
                share * (jo.levels(symbol)[level] - jo.levels(symbol)[lower])
                for lower, share in found.branching.items()
            )
            assert 0 < emitted <= jo.levels(symbol)[level] - jo.levels(symbol)[ground]


def test_a_ground_level_does_not_emit() -> None:
    assert jo.radiative("Er", "4I15/2") == jo.Radiative(0, math.inf, {})


def test_rates_grow_with_index_and_scale_with_omega() -> None:
    rng = np.random.default_rng(7)
    for _ in range(20):
        n, omegas, scale = rng.uniform(1, 2.5), tuple(rng.uniform(0.1, 10, 3)), rng.uniform(1.1, 5)
        low = jo.radiative("Er", "4F9/2", n, omegas).rate
        assert jo.radiative("Er", "4F9/2", 1.01 * n, omegas).rate > low
        scaled = jo.radiative("Er", "4F9/2", n, tuple(scale * omega for omega in omegas)).rate
        assert scaled == pytest.approx(scale * low)  # no magnetic part


def test_without_intensity_only_the_magnetic_part_is_left() -> None:
    dark = jo.radiative("Er", "4I13/2", omegas=(0, 0, 0))
    assert dark.rate == pytest.approx(34, rel=0.01)
    assert jo.radiative("Er", "4F9/2", omegas=(0, 0, 0)) == jo.Radiative(0, math.inf, {})


def test_rates_broadcast_over_arrays_also_empty_ones() -> None:
    assert jo.electric_rate(np.array([[1e4], [2e4]]), np.array([1.0, 2.0, 3.0]), 2).shape == (2, 3)
    assert jo.electric_rate([], [], 2).shape == (0,)
    assert jo.electric_rate(0, 1, 2) == 0


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no ion 'Pr': there are Yb, Er, Tm, Ho, Nd"):
        jo.levels("Pr")
    with pytest.raises(ValueError, match=r"no level of Yb '2F3/2': there are 2F7/2, 2F5/2"):
        jo.radiative("Yb", "2F3/2")
    with pytest.raises(ValueError, match=r"refractive index = 0.9.*at least 1"):
        jo.radiative("Yb", "2F5/2", 0.9)
    for rate in (jo.electric_rate, jo.magnetic_rate):
        with pytest.raises(ValueError, match="refractive index = 0.99"):
            rate(1e4, 1, 2, 0.99)
        with pytest.raises(ValueError, match="line strength = -1"):
            rate(1e4, -1, 2)
    with pytest.raises(ValueError, match="Ω = -1"):
        jo.radiative("Yb", "2F5/2", omegas=(1, -1, 1))
    with pytest.raises(ValueError, match=r"three numbers"):
        jo.radiative("Yb", "2F5/2", omegas=(1, 1))
    with pytest.raises(ValueError, match="wavenumber = nan"):
        jo.electric_rate(math.nan, 1, 2)
    with pytest.raises(ValueError, match="named like 4I15/2"):
        jo.magnetic_strength("I15", "4I13/2")


def test_levels_are_a_copy() -> None:
    jo.levels("Er")["4I15/2"] = 1e9
    assert jo.levels("Er")["4I15/2"] == 0
