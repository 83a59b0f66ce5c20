"""Figures for the screen, the report and the paper, one file per procedure."""

from .style import band_colours, save_figure

__all__ = ["band_colours", "save_figure"]
