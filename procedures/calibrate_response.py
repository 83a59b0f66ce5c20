"""Relative spectral response of the spectrometer and all that is before it, from a lamp of known spectrum."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from antistokes.instruments.station import Station

from .axes import Axis
from .axes.sample_position import SamplePosition
from .detectors import Detector
from .detectors.lamp_spectrum import LampSpectrum
from .parameters import Frames, LongestExposure
from .procedure import Procedure


class CalibrateResponse(Procedure, kw_only=True):
    """Spectrum of a tungsten-halogen lamp at the sample's place, or inside the integrating sphere.

    The laser stays off. What is between lamp and detector belongs to the response: the same filters must be
    in as later.
    """

    NAME = "calibrate-response"
    SIGNAL = "spectrum"

    temperature: Annotated[
        float,
        Meta(
            ge=1000,
            le=4000,
            title="Temperature",
            description="colour temperature of the lamp; of its filament where the emissivity is stated",
            extra={"units": "K"},
        ),
    ] = 2900.0
    emissivity_slope: Annotated[
        float,
        Meta(
            ge=-1e-3,
            le=1e-3,
            title="Emissivity slope",
            description="relative change of the filament's emissivity from 600 nm on; 0: a grey body",
            extra={"units": "1/nm"},
        ),
    ] = 0.0
    stray_light: Annotated[
        float,
        Meta(
            ge=0,
            lt=1e-2,
            title="Stray light",
            description="fraction of all counts that every pixel gets, as a laser line alone shows it",
        ),
    ] = 0.0
    lamp: Annotated[int | str, Meta(title="Lamp", description="slot of the sample holder")] = "lamp"
    dark: Annotated[int | str, Meta(title="Dark", description="slot without light")] = "empty"
    longest_exposure: LongestExposure = 10.0
    frames: Frames = 100
    smoothing: Annotated[
        float,
        Meta(
            gt=0,
            title="Smoothing",
            description="width over which noise, but nothing else, is averaged",
            extra={"units": "nm"},
        ),
    ] = 10.0

    def axes(self) -> list[Axis]:
        return [SamplePosition([self.lamp])]

    def detectors(self, station: Station) -> list[Detector]:
        return [
            LampSpectrum(
                self.longest_exposure, self.frames, dark_frames=self.frames, lamp=self.lamp, dark=self.dark
            )
        ]
