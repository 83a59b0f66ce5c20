"""The figure of a sample: levels, spectrum, dependence on power and temperature, decays. All simulated."""

from __future__ import annotations

import os
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

from antistokes.instruments.errors import Refused
from antistokes.simulated_hw.conditions import Conditions, LaserPulses
from antistokes.simulated_hw.samples.sample import Sample

from .level_diagram import LevelDiagram
from .notation import number_text, split_level
from .panels import DECADES, Band, Panel, decay_panel, find_bands, power_panel, temperature_panel
from .spectrum_panel import spectrum_panel

_SIZE = (13.0, 8.2)  # inches
_HIGHEST = 1e4  # W/cm², where a sample does not say what it stands
#: the laser that what needs several photons is excited by; else it is continuous
_PULSES = {"multiphoton": LaserPulses(100e-15, 80e6)}
_HEADER = 0.72  # inches, for the title
_BOTTOM, _HEIGHT = 0.55, 6.6  # inches, of the level diagram
_SIDE = 0.68  # inches beside the level diagram, for an axis and its label
_DIAGRAM, _WIDEST = 5.5, 7.5  # inches for the level diagram, of two columns and at most
_PANELS = 6.0  # inches for the panels, at least
_CHARACTER = 0.058  # inches, of the key to the curves
_MARK = "#D55E00"
#: metadata that would change from one saving to the next, by the suffix of the file
_NO_DATE: dict[str, dict[str, None]] = {
    ".png": {"Software": None},
    ".svg": {"Date": None},
    ".pdf": {"CreationDate": None},
}


def draw(sample: Sample, path: Path, temperature: float = 300.0, irradiance: float | None = None) -> None:
    """Write the figure of *sample* to *path*: PNG, SVG or PDF by the suffix, the same bytes every time.

    :param temperature: K, of all but the dependence on temperature
    :param irradiance: W/cm², of all but the dependence on power; the middle of its axis unless given
    :raises Refused: the file cannot be written there, or no experiment is like this
    """
    _check_file(path)
    figure = sample_figure(sample, temperature, irradiance)
    suffix = path.suffix.lower()
    with mpl.rc_context({"svg.hashsalt": "antistokes", "svg.fonttype": "path", "pdf.fonttype": 42}):
        try:
            figure.savefig(path, format=suffix[1:], metadata=_NO_DATE[suffix])
        except OSError as error:
            raise Refused(f"figure file {path}: cannot be written: {error}") from None


def sample_figure(sample: Sample, temperature: float = 300.0, irradiance: float | None = None) -> Figure:
    """What :func:`draw` writes. A panel with nothing to show is left out, the others take its room."""
    top = sample.record.max_irradiance or _HIGHEST
    if irradiance is None:
        irradiance = top * 10.0 ** (-DECADES / 2)
    if irradiance == 0:
        raise Refused("irradiance = 0 W/cm²: must be above 0; in the dark there is nothing to draw")
    conditions = Conditions(temperature, sample.excitation, _PULSES.get(sample.kind))
    emission = sample.respond(irradiance, conditions).emission[0]
    bands = find_bands(sample, emission)
    panels: list[Panel] = []
    if bands:
        found = (
            spectrum_panel(sample, bands, irradiance, emission, conditions),
            power_panel(sample, bands, irradiance, conditions, max(top, irradiance)),
            temperature_panel(sample, bands, irradiance, conditions),
            decay_panel(sample, bands, irradiance, conditions),
        )
        panels = [panel for panel in found if panel is not None]
    plan = _plan_levels(sample, conditions)
    left = plan.width + 2 * _SIDE if plan else 0.0
    figure = Figure(figsize=(max(_SIZE[0], left + _PANELS), _SIZE[1]), dpi=130, layout="constrained")
    if plan:
        _draw_levels(figure, plan)
    if panels:
        _draw_panels(figure, panels, bands, left)
    _draw_title(figure, sample, conditions, irradiance)
    return figure


def _plan_levels(sample: Sample, conditions: Conditions) -> LevelDiagram | None:
    """The level diagram, wider where there are more than two columns; None where there are no levels."""
    diagram = sample.mechanism.diagram(conditions)
    if not diagram.levels:
        return None
    columns = len({split_level(level)[0] for level in diagram.levels})
    available = float(np.clip(_DIAGRAM + 0.7 * (columns - 2), _DIAGRAM, _WIDEST))
    windows = sample.record.bands.values()
    return LevelDiagram(diagram, conditions.wavelength, windows, available, _HEIGHT)


def _draw_levels(figure: Figure, plan: LevelDiagram) -> None:
    """At the left, with its key below."""
    width, height = figure.get_size_inches()
    axes = figure.add_axes((_SIDE / width, _BOTTOM / height, plan.width / width, _HEIGHT / height))
    plan.draw(axes)
    if key := plan.key():
        axes.legend(
            handles=key, loc="upper center", bbox_to_anchor=(0.5, 0.0),
            ncol=max(2, int((plan.width + 0.6) / 1.5)), fontsize=7.5, frameon=False, columnspacing=1.2,
            handlelength=2.2,
        )  # fmt: skip


def _draw_panels(figure: Figure, panels: list[Panel], bands: list[Band], left: float) -> None:
    """From *left* (inches) on, under a key to their curves with the numbers found in them."""
    width, height = figure.get_size_inches()
    labels = []
    for band in bands:
        numbers = [panel.notes[band.name] for panel in panels if band.name in panel.notes]
        labels.append(f"{band.name}: {', '.join(numbers)}" if numbers else band.name)
    columns = int(np.clip((width - left) / (max(map(len, labels)) * _CHARACTER + 0.7), 1, 3))
    key = figure.legend(
        handles=[Line2D([], [], color=band.colour, linestyle=band.dashes) for band in bands], labels=labels,
        title="bands: " + "; ".join(panel.noted for panel in panels if panel.noted),
        loc="upper left", bbox_to_anchor=(left / width, 1 - _HEADER / height), ncol=columns, fontsize=7.5,
        title_fontsize=7.5, alignment="left", frameon=False, handlelength=3.0, borderaxespad=0,
        columnspacing=1.5,
    )  # fmt: skip
    key.set_in_layout(False)
    rows = 1 - (-len(bands) // columns)
    top = 1 - (_HEADER + 0.16 * rows + 0.1) / height
    engine = figure.get_layout_engine()
    assert isinstance(engine, ConstrainedLayoutEngine)
    engine.set(rect=(left / width, 0, 1 - left / width, top))
    across = 2 if len(panels) > 2 else 1
    grid = figure.add_gridspec(-(-len(panels) // across), across)
    spare = -len(panels) % across
    for i, panel in enumerate(panels):
        # the spectrum comes first, and takes what room the others spare
        row, column = divmod(i + spare, across)
        axes = figure.add_subplot(grid[0, :] if i == 0 and spare else grid[row, column])
        panel.draw(axes)
        axes.tick_params(labelsize=8)
        axes.title.set_fontsize(9)
        for text in (axes.xaxis.label, axes.yaxis.label, axes.yaxis.get_offset_text()):
            text.set_fontsize(8)


def _draw_title(figure: Figure, sample: Sample, conditions: Conditions, irradiance: float) -> None:
    record = sample.record
    name = f"{record.id}  ·  {record.name}" if record.name else record.id
    top = 1 - 0.1 / _SIZE[1]
    figure.text(
        0.01, top, name, ha="left", va="top", weight="bold", fontsize=min(12.0, 12.0 * 90 / len(name))
    )  # fmt: skip
    about = (
        sample.kind,
        f"excitation {conditions.wavelength:g} nm{_pulses_text(conditions.pulses)}",
        f"{conditions.temperature:g} K",
        f"{number_text(irradiance)} W/cm²",
    )
    figure.text(0.01, top - 0.24 / _SIZE[1], "  ·  ".join(about), ha="left", va="top")
    figure.text(
        0.99, 0.985, "SIMULATED DATA", ha="right", va="top", color="white", weight="bold",
        bbox={"facecolor": _MARK, "edgecolor": "none", "boxstyle": "round,pad=0.3"},
    )  # fmt: skip


def _pulses_text(pulses: LaserPulses | None) -> str:
    if pulses is None:
        return ""
    return f", pulses of {pulses.width * 1e15:g} fs at {pulses.repetition * 1e-6:g} MHz"


def _check_file(path: Path) -> None:
    """Refuse a file that cannot be written, before anything is computed."""
    if path.suffix.lower() not in _NO_DATE:
        raise Refused(f"figure file {path}: suffix '{path.suffix}' must be one of {', '.join(_NO_DATE)}")
    if not path.parent.is_dir():
        raise Refused(f"figure file {path}: there is no folder {path.parent}; make it, or choose another")
    if path.is_dir():
        raise Refused(f"figure file {path}: is a folder; must be the name of a file")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise Refused(f"figure file {path}: may not be written; choose a folder that is yours")
