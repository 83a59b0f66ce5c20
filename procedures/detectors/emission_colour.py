"""Detector: colour of the emission spectrum, while the run goes on."""

from __future__ import annotations

from dataclasses import dataclass

from antistokes.analysis.colour import Array, pixel_weights
from antistokes.instruments.errors import Refused
from antistokes.instruments.roles import Spectrometer

from ..channels import Channel, Flag, Record
from ..setup import Setup
from .detector import Declared

#: (X, Y, Z), any scale; (x, y)
TRISTIMULUS = ("tristimulus_x", "tristimulus_y", "tristimulus_z")
CHROMATICITY = ("chromaticity_x", "chromaticity_y")


@dataclass
class EmissionColour:
    """CIE 1931 colour of the spectrum that was just taken; put it behind the emission spectrum.

    It is what an axis may steer by, and is not analysed: the spectrum is.

    :param uncorrected: go on although the response of the emission path is not calibrated
    """

    uncorrected: bool = False

    def bind(self, setup: Setup) -> Declared:
        spectrometer, station = setup.station.find(Spectrometer), setup.station
        counts = spectrometer.signal_unit == ""
        if counts and station.response is None and not self.uncorrected:
            raise Refused(
                f"station '{station.name}' has no [response]: colours need one; "
                "run calibrate-response, or set uncorrected = true"
            )
        wavelength = spectrometer.wavelengths()
        self._weights: Array = pixel_weights(
            wavelength,
            "photons" if counts else "power",
            None if station.response is None else station.response.at(wavelength),
            [excitation.laser.wavelength for excitation in setup.excitations],
            None if station.sample is None else station.sample.bands,
        )
        names = [Channel(name, "", f"CIE 1931 {name[-1].upper()}, any scale") for name in TRISTIMULUS]
        names += [Channel(name, "", f"CIE 1931 {name[-1]}") for name in CHROMATICITY]
        return tuple(names), ()

    def read(self, record: Record) -> Flag:
        if "spectrum" in record:
            tristimulus = record["spectrum"] @ self._weights
            record.update(zip(TRISTIMULUS, tristimulus.tolist(), strict=True))
            if (total := tristimulus.sum()) > 0:
                record.update(zip(CHROMATICITY, (tristimulus[:2] / total).tolist(), strict=True))
        return Flag(0)
