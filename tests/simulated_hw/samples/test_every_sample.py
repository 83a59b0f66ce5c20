"""What holds for every sample that comes with antistokes, whatever its mechanism."""

from __future__ import annotations

import re

import numpy as np
import pytest
from scipy.constants import c, h

from antistokes.simulated_hw.conditions import Conditions, LaserPulses
from antistokes.simulated_hw.samples.sample import Sample, shipped

#: ids of the systems of Zhang, Du, Liu, Nanoscale 2024, 16, 2747, and those that are rows of its Table 1
REVIEW = [
    "gev",
    "cnt",
    "cds",
    "qd",
    "mapi",
    "phe",
    "pepi",
    "ws2",
    "wse2",
    "wse2c",
    "wse2t",
    "hbn",
    "cspbx3",
    "pepi2p",
    "mapbr",
    "mapbms",
    "qdsize",
    "cspb116",
    "cspb107",
    "core5p",
    "cds165",
    "cds166",
    "cds167",
    "sipc",
    "csio2",
    "tpac",
    "yber",
    "css82",
    "cs81",
    "oi88",
    "ag91",
    "aunr96",
    "tm75",
    "nd139",
    "nd168",
    "nd169",
    "diss77",
    "relay122",
    "retard119",
    "ernd163",
    "deng142",
    "lire135",
    "lqum150",
]
TABLE_1 = [
    "gev",
    "cnt",
    "cds",
    "qd",
    "phe",
    "pepi",
    "ws2",
    "wse2",
    "hbn",
    "pepi2p",
    "mapbms",
    "cspb116",
    "core5p",
    "cspb107",
    "mapbr",
    "cds165",
    "cds166",
    "cds167",
    "aunr96",
    "oi88",
    "css82",
    "deng142",
    "tm75",
    "nd139",
    "nd168",
    "nd169",
]
IRRADIANCE = np.array([0.0, 1e-12, 1e-3, 1.0, 1e3, 1e6, 1e12])
FS = LaserPulses(100e-15, 80e6)


def conditions(sample: Sample) -> list[Conditions]:
    """Usual and far from usual."""
    usual = [Conditions(300.0, nm) for nm in sample.record.excitation or [sample.excitation]]
    odd = [Conditions(t, sample.excitation) for t in (1.0, 77.0, 1000.0)]
    pulsed = [Conditions(300.0, sample.excitation, FS), Conditions(300.0, sample.excitation, None, 90.0)]
    return usual + odd + pulsed + [Conditions(300.0, nm) for nm in (100.0, 400.0, 1550.0, 20000.0)]


@pytest.fixture(scope="module", params=shipped())
def sample(request: pytest.FixtureRequest) -> Sample:
    return Sample.load(request.param)


def test_every_system_of_the_review_is_there() -> None:
    assert set(REVIEW) <= set(shipped())


def test_the_rows_of_table_1_are_marked() -> None:
    assert {name for name in shipped() if Sample.load(name).table1} == set(TABLE_1)


def test_it_says_what_it_is(sample: Sample) -> None:
    record = sample.record
    for text in (record.name, record.formula, record.description):
        assert text.strip()
    assert record.references
    assert record.excitation
    assert record.bands
    if record.id in REVIEW:
        assert sample.facts


def test_light_is_finite_and_never_negative(sample: Sample) -> None:
    for around in conditions(sample):
        response = sample.respond(IRRADIANCE, around)
        assert response.emission.shape == (len(IRRADIANCE), len(sample.lines))
        for values in (response.emission, response.absorbed, response.heat, response.populations):
            assert np.isfinite(values).all(), around
        assert (response.emission >= 0).all(), around
        assert (response.emission[0] == 0).all(), around
        assert (response.populations >= 0).all(), around
        assert (response.populations <= 1 + 1e-9).all(), around


def test_no_more_energy_leaves_than_came_in(sample: Sample) -> None:
    for around in conditions(sample):
        response = sample.respond(IRRADIANCE, around)
        for i, irradiance in enumerate(IRRADIANCE[1:], start=1):
            wavelengths = np.array([line.wavelength for line in sample.lines_at(irradiance, around)])
            emitted = (response.emission[i] * h * c / (wavelengths * 1e-9)).sum()
            absorbed = response.absorbed[i] * h * c / (around.wavelength * 1e-9)
            from_lattice = max(-response.heat[i], 0.0)
            assert emitted <= (absorbed + from_lattice) * (1 + 1e-6), (around, irradiance)
            if sample.kind in ("multiphoton", "shell-migration", "power-law"):
                assert response.heat[i] >= -1e-9 * absorbed, (around, irradiance)  # nothing cools here
            if sample.kind == "phonon-assisted":
                assert response.emission[i].sum() <= response.absorbed[i] * (1 + 1e-9), (around, irradiance)


def test_lines_stay_in_their_order_and_have_a_width(sample: Sample) -> None:
    for around in conditions(sample):
        lines = sample.lines_at(1.0, around)
        assert [line.name for line in lines] == [line.name for line in sample.lines]
        assert all(line.fwhm > 0 and 100 < line.wavelength < 20000 for line in lines)


def test_a_gate_that_stays_open_is_a_steady_pump(sample: Sample) -> None:
    around = Conditions(300.0, sample.excitation)
    irradiance, times = np.array([1.0, 30.0]), np.linspace(0, 1e-3, 5)
    pulsed = sample.pulsed(irradiance, irradiance, 5e-4, times, around)
    steady = sample.respond(irradiance, around).emission[:, None, :]
    scale = steady.max()
    np.testing.assert_allclose(pulsed, np.broadcast_to(steady, pulsed.shape), rtol=1e-4, atol=1e-9 * scale)


def test_the_diagram_names_levels_that_exist(sample: Sample) -> None:
    diagram = sample.mechanism.diagram(Conditions(300.0, sample.excitation))
    assert diagram.transitions
    for arrow in diagram.transitions:
        assert {arrow.start, arrow.end} <= set(diagram.levels)
        if arrow.kind == "nonradiative":
            assert diagram.levels[arrow.start] >= diagram.levels[arrow.end]


def test_samples_that_facts_compare_with_exist(sample: Sample) -> None:
    assert {fact.over for fact in sample.facts} <= {"", *shipped()}


def test_a_doubtful_fact_says_why(sample: Sample) -> None:
    """In its source, as comments of the file are seen by nobody."""
    for fact in sample.facts:
        assert bool(re.search(r"; doubted: (\S+ ){4}", fact.source)) == fact.doubtful, fact
