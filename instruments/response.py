"""Spectral response of the emission path: how much a spectrometer shows per photon, against wavelength.

Measured with a lamp of known spectrum (``calibrate-response`` writes the file), kept beside what is recorded
and never multiplied into it. The file is a table with two columns and a head:

    # tungsten lamp 1234, 2026-11-01
    wavelength_nm,relative_response
    400.0,0.62
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .errors import FileRefused

Array = npt.NDArray[np.float64]

_HEAD = "wavelength_nm,relative_response"


@dataclass(frozen=True, eq=False)
class Response:
    """Counts per photon that a sample emits, any scale.

    :param wavelength: nm, (n,), rising
    :param relative: above 0, (n,)
    """

    wavelength: Array
    relative: Array

    @classmethod
    def read(cls, path: str | Path) -> Response:
        """:raises FileRefused: the file is missing or is no such table"""
        try:
            lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise FileRefused(path, "", f"cannot be read: {error}") from None
        rows = [line.replace(" ", "") for line in lines if line.strip() and not line.startswith("#")]
        if not rows or rows[0] != _HEAD:
            raise FileRefused(path, "", f"has no line '{_HEAD}' above its numbers")
        try:
            table = np.array([[float(cell) for cell in row.split(",")] for row in rows[1:]])
            wavelength, relative = table.T
        except ValueError as error:
            raise FileRefused(path, "", f"must have two numbers in every line ({error})") from None
        if len(table) < 2 or not np.isfinite(table).all() or not (np.diff(wavelength) > 0).all():
            raise FileRefused(path, "wavelength_nm", "must be at least two, rising, and finite")
        if not (relative > 0).all():
            raise FileRefused(path, "relative_response", f"is {relative.min():g}; must be above 0")
        return cls(wavelength, relative)

    def at(self, wavelength: Array) -> Array:
        """The response at wavelengths (...) in nm, linear in between; NaN outside of what was calibrated."""
        return np.interp(wavelength, self.wavelength, self.relative, left=np.nan, right=np.nan)
