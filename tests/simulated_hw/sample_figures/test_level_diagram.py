"""Level diagrams: lanes, labels and names where there is little room, and how it is all written."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

from antistokes.simulated_hw.sample_figures.level_axis import LevelAxis, apart
from antistokes.simulated_hw.sample_figures.level_diagram import LevelDiagram
from antistokes.simulated_hw.sample_figures.notation import (
    ion_text,
    level_text,
    number_text,
    ranges_text,
    rate_text,
)
from antistokes.simulated_hw.samples.mechanism import Diagram, Transition

HEIGHT = 6.6


def drawn(diagram: Diagram, windows=(), available: float = 5.5) -> tuple[Figure, LevelDiagram]:
    plan = LevelDiagram(diagram, 980.0, windows, available, HEIGHT)
    figure = Figure(figsize=(plan.width + 2, HEIGHT + 2))
    width, height = figure.get_size_inches()
    plan.draw(figure.add_axes((1 / width, 1 / height, plan.width / width, HEIGHT / height)))
    figure.draw_without_rendering()
    return figure, plan


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def crowd(ions: int, levels: int) -> Diagram:
    """Every level falls to every lower one, next-neighbours also by phonons, and half of them transfer."""
    energies = {
        f"{ion}:4I{2 * i + 1}/2": 26000 * (i / (levels - 1)) ** 0.7
        for ion in ("Yb", "Er", "Tm", "Ho")[:ions]
        for i in range(levels)
    }
    found = []
    names = list(energies)
    for start in names:
        below = [n for n in names if n[:2] == start[:2] and energies[n] < energies[start]]
        found += [Transition(start, end, "emission", 100.0 / (i + 1)) for i, end in enumerate(below)]
        if below:
            found.append(Transition(start, below[-1], "nonradiative", 1e5))
            found.append(Transition(below[-1], start, "transfer", label=f"process {len(found) // 4}"))
    return Diagram(energies, tuple(found))


@pytest.mark.parametrize(("ions", "levels"), [(1, 2), (2, 12), (3, 9), (4, 12), (5, 9)])
def test_a_crowd_of_levels_stays_readable_and_within_its_room(ions, levels):
    figure, plan = drawn(crowd(ions, levels), available=7.5)
    assert plan.width <= 7.5
    assert bool(plan.key()[-1].get_label().endswith("more are not drawn")) is (levels > 2)
    boxes = [(text.get_text(), text.get_window_extent()) for text in figure.axes[0].texts]
    for (one, a), (other, b) in combinations(boxes, 2):
        width, height = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        assert width < 2 or height < 2, f"{one} and {other}"


def test_arrows_of_a_column_do_not_lie_on_each_other():
    figure, _ = drawn(crowd(2, 8))
    boxes = [a.get_window_extent() for a in figure.axes[0].patches if isinstance(a, FancyArrowPatch)]
    assert len(boxes) > 20
    for a, b in combinations(boxes, 2):
        beside = abs(a.x0 + a.x1 - b.x0 - b.x1) > 10
        assert beside or min(a.y1, b.y1) - max(a.y0, b.y0) < 10


def test_light_of_a_band_is_drawn_though_other_ways_are_likelier():
    levels = {"Er:4I15/2": 0.0, "Er:a": 5000.0, "Er:4S3/2": 18300.0}
    ways = (
        Transition("Er:4S3/2", "Er:a", "emission", 999.0),
        Transition("Er:4S3/2", "Er:4I15/2", "emission", 1.0),
    )
    assert "1.0" not in texts(drawn(Diagram(levels, ways), available=0.1)[0])
    assert "1.0" in texts(drawn(Diagram(levels, ways), [(515.0, 560.0)], available=0.1)[0])


def test_partners_of_a_transfer_bear_one_number_and_arrows_alike_are_one():
    levels = {"Yb:g": 0.0, "Yb:e": 10200.0, "Er:g": 0.0, "Er:i": 10200.0, "Er:u": 20500.0}
    both = [
        ("Yb:e", "Yb:g", "first"),
        ("Er:g", "Er:i", "first"),
        ("Yb:e", "Yb:g", "next"),
        ("Er:i", "Er:u", "next"),
    ]
    figure, _ = drawn(Diagram(levels, tuple(Transition(a, b, "transfer", label=n) for a, b, n in both)))
    assert sorted(text for text in texts(figure) if text[0].isdigit()) == ["1", "1, 2", "2"]


def test_a_transfer_without_partner_bears_its_label():
    levels = {"e:ground": 0.0, "e:photon": 12500.0, "e:excited": 13300.0}
    way = Transition("e:photon", "e:excited", "transfer", label="101 meV of phonons")
    figure, plan = drawn(Diagram(levels, (way,)))
    assert "101 meV of phonons" in texts(figure)
    assert [entry.get_label() for entry in plan.key()] == ["transfer"]


def test_what_goes_from_one_column_to_another_is_drawn_between_them():
    levels = {"donor:excited": 15000.0, "donor:ground": 0.0, "dye:excited": 14000.0, "dye:ground": 0.0}
    figure, plan = drawn(Diagram(levels, (Transition("donor:excited", "dye:excited", "transfer", 2e7),)))
    assert "2.0×10⁷" in texts(figure)
    assert [entry.get_label() for entry in plan.key()] == ["transfer"]


def test_only_kinds_that_are_drawn_are_in_the_key_with_a_unit_if_they_have_rates():
    levels = {"ground": 0.0, "photon": 10200.0, "dye": 16000.0}
    ways = (Transition("ground", "photon", "excitation"), Transition("dye", "ground", "emission"))
    figure, plan = drawn(Diagram(levels, ways))
    assert [entry.get_label() for entry in plan.key()] == ["excitation", "emission"]
    assert "980 nm" in texts(figure)


def test_levels_near_each_other_far_above_the_ground_shorten_the_axis():
    gap, photon, ground = 13500.0, 13000.0, 0.0
    axis = LevelAxis([gap, photon, ground], HEIGHT)
    assert axis(gap) - axis(photon) > 0.4 * HEIGHT
    linear = LevelAxis([gap, 6000.0, ground], HEIGHT)
    assert linear(6000.0) - linear(0.0) == pytest.approx((linear(gap) - linear(0.0)) * 6000 / gap)


def test_names_are_moved_apart_about_where_they_belong():
    moved = apart([1.0, 1.02, 5.0], 0.1, 9.0)
    np.testing.assert_allclose(moved, [0.96, 1.06, 5.0])
    np.testing.assert_allclose(apart([1.0, 1.0], 0.1, 1.0), [0.9, 1.0])
    assert apart([], 0.1, 1.0) == []


@pytest.mark.parametrize(
    ("rate", "text"),
    [(1057.2, "1057"), (3.57, "3.6"), (43450, "4.3×10⁴"), (1e-3, "1.0×10⁻³"), (9999.7, "1.0×10⁴")],
)
def test_rates_are_short(rate, text):
    assert rate_text(rate) == text


def test_numbers_levels_and_ions_are_written_as_in_a_paper():
    assert [number_text(x) for x in (0.25, 1234, 2e5, 1e-7)] == ["0.25", "1234", "2×10⁵", "1×10⁻⁷"]
    assert ranges_text([5, 1, 2, 3, 3, 7, 8]) == "1–3, 5, 7, 8"
    assert level_text("Tm:3H6") == r"$^{3}\mathrm{H}_{6}$"
    assert level_text("Er:2H11/2+4S3/2") == r"$^{2}\mathrm{H}_{11/2}$+$^{4}\mathrm{S}_{3/2}$"
    assert level_text("dark exciton") == "dark exciton"
    assert [ion_text(name) for name in ("Er", "ErB", "Host", "")] == ["Er³⁺", "Er³⁺ (B)", "Host", ""]
