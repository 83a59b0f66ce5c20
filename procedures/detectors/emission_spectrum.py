"""Detector: emission spectrum, auto-exposed, dark subtracted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from antistokes.instruments.errors import InstrumentError, LimitError
from antistokes.instruments.roles import Spectrometer

from ..channels import Channel, Dimension, Flag, Record
from ..setup import Setup
from .cosmic_rays import Mean, mean_of
from .detector import Declared

Array = npt.NDArray[np.float64]

#: what helps where the shortest exposure is too long
TOO_BRIGHT = "needs a filter or an attenuator before it, a narrower slit, or less excitation"
_MOST_FRAMES = 1000
_LINE = 6.0  # nm; what is no wider is told as one wavelength
_CLIPPED = 0.98  # of saturation: brighter pixels may have been cut off
_LEAST = 1.1  # of the plan's lowest power, within which a power counts as that
_READINGS = 5
_DIM = 0.2  # of saturation: auto-exposure leaves the brightest pixel below only when there is no more light


@dataclass
class EmissionSpectrum:
    """Emission spectrum: auto-exposed, dark frame subtracted, dark and raw kept.

    Counts are divided by the exposure; the power that a spectrum analyser gives stays as it is.

    Bright points with the same exposure share a dark frame. A dim one, where the noise of the dark frame
    counts, gets its own: an error that many points have in common looks like a signal.

    What cosmic rays leave in one of the frames is left out of the spectrum, and stays in the raw signal; the
    point is flagged.

    A saturated point is flagged. Where nothing has fitted so far, the plan has no less light and moves
    nothing else, the run ends: all its points would be saturated.

    :param longest: s, of one exposure
    :param exposure: s, the same at every point, each with a dark frame of its own; None: chosen by looking
    :param frames: exposures averaged at every point, at least 2; their scatter gives the errors. The same
        number is averaged for a dark frame of its own
    :param dark_frames: exposures averaged for a dark frame that is shared, at least 2 and never fewer than
        *frames*
    :param needed: a run with nothing but saturated spectra is worth nothing
    :param dark_expiry: s after which a shared dark frame is taken again
    """

    longest: float = 10.0
    frames: int = 3
    dark_frames: int = 5
    dark_expiry: float = 3600.0
    #: fraction of saturation that the brightest pixel should reach, and may at most reach
    target: float = 0.55
    full: float = 0.85
    exposure: float | None = None
    needed: bool = True

    def bind(self, setup: Setup) -> Declared:
        self._setup, self._spectrometer = setup, setup.station.find(Spectrometer)
        for what, number in (("frames", self.frames), ("dark_frames", self.dark_frames)):
            if not 2 <= number <= _MOST_FRAMES:
                raise LimitError(f"emission spectrum: {what}", number, 2, _MOST_FRAMES)
        low, high = self._spectrometer.exposure_limits
        self._fixed = low == high  # the instrument decides
        longest = self.longest if self.exposure is None else self.exposure
        if not self._fixed and not low <= longest <= high:
            raise LimitError(f"{self._spectrometer.name}: exposure", longest, low, high, "s")
        if self._fixed:
            self._ladder = [low]
        else:
            self._ladder = _ladder(low, longest) if self.exposure is None else [self.exposure]
        counts = self._spectrometer.signal_unit == ""
        self._exposures = self._ladder
        self._unit = "1/s" if counts else self._spectrometer.signal_unit
        self._counts = counts
        self._step = len(self._ladder) // 2
        self._saturation = self._spectrometer.saturation
        self._darks: dict[float, tuple[float, Mean]] = {}
        self._fitted = False  # any point so far
        powers = {setup.mover(f"{one.laser.name}: power") for one in setup.excitations}
        self._power_alone = setup.movers == powers  # nothing else changes how bright it is
        dims = ("wavelength",)
        return (
            Channel("spectrum", self._unit, "emission, dark subtracted", dims),
            Channel("spectrum_errors", self._unit, "standard error of spectrum", dims),
            Channel("spectrum_raw", self._spectrometer.signal_unit, "signal, mean of the frames", dims, "f4"),
            Channel("dark", self._spectrometer.signal_unit, "signal with the light off", dims, "f4"),
            Channel("exposure", "s", "exposure time of one frame"),
            Channel("frames", "", "frames averaged", dtype="i4"),
        ), (Dimension("wavelength", self._spectrometer.wavelengths(), "nm", "emission wavelength"),)

    def read(self, record: Record) -> Flag:
        self._fit_to_pulses()
        frames = self._unclipped()
        exposure = self._ladder[self._step]
        clipped = self._is_clipped(frames)
        if clipped and self.needed and not self._fitted:
            self._end_without_hope(frames)
        self._fitted = self._fitted or not clipped
        seen = mean_of(frames)
        # with a fixed exposure weak light counts, however bright the laser next to it is
        dim = self.exposure is not None or seen.raw.max() < _DIM * self._saturation
        dark = self._take_dark(self.frames) if dim else self._shared_dark(exposure)
        net, variance = seen.value - dark.value, seen.variance + dark.variance
        grown = exposure if self._counts else 1.0
        record["spectrum"] = net / grown
        record["spectrum_errors"] = np.sqrt(variance) / grown
        record["spectrum_raw"], record["dark"] = seen.raw, dark.raw
        record["exposure"], record["frames"] = exposure, len(frames)
        flag = Flag.SATURATED if clipped or self._clips(dark.brightest) else Flag(0)
        if seen.struck or dark.struck:
            flag |= Flag.COSMIC_RAY
        noise = float(np.sqrt(np.median(variance)))
        return flag | (Flag.BELOW_NOISE if net.max() < 5 * noise else Flag(0))

    def recall(self, record: Record) -> None:
        self._fitted = self._fitted or not Flag(record["flags"]) & Flag.SATURATED
        if "exposure" in record:  # the search for the next one begins there
            self._step = int(np.abs(np.array(self._ladder) - record["exposure"]).argmin())

    def _fit_to_pulses(self) -> None:
        """Exposures of whole periods, of which one is like the other wherever it begins."""
        period = self._setup.pulse_period
        if period is None or self._fixed:
            return
        most = self._spectrometer.exposure_limits[1]
        ladder = sorted({max(round(e / period), 1) * period for e in self._exposures})
        fitting = [e for e in ladder if e <= most]
        if not fitting:
            raise LimitError(f"{self._spectrometer.name}: exposure of one period", period, 0, most, "s")
        if fitting != self._ladder:
            self._ladder, self._step = fitting, len(fitting) // 2

    def _unclipped(self) -> Array:
        """All frames of a point, shorter ones where light that still grows has clipped the longer ones."""
        first = self._expose()
        while True:
            frames = np.stack([first, *(self._frame() for _ in range(self.frames - 1))])
            if self._step == 0 or not self._is_clipped(frames):
                return frames
            self._step = self._better_step(frames.max(axis=0))
            self._set_exposure()
            first = self._frame()

    def _is_clipped(self, frames: Array) -> bool:
        return self._clips(float(frames.max()))

    def _clips(self, signal: float) -> bool:
        return signal >= _CLIPPED * self._saturation

    def _end_without_hope(self, frames: Array) -> None:
        """:raises InstrumentError: without light, or with the least of the plan, it is too bright as well"""
        exposure = f"{self._ladder[self._step]:.3g} s, "
        exposure += "its shortest exposure" if self.exposure is None else "the exposure asked for"
        if self._clips(self._take_dark(2).brightest):
            raise InstrumentError(self._spectrometer.name, f"saturated without any light at {exposure}")
        lasers = self._setup.excitations if self._power_alone else []
        powers = [laser.read_power(_READINGS) for laser in lasers]
        least = [power < _LEAST * laser.least for laser, power in zip(lasers, powers, strict=True)]
        if not (self._power_alone and all(least)):
            return
        light = [f"{self._setup.station.beam.mean_irradiance(power):.3g} W/cm²" for power in powers]
        told = f" with {' and '.join(light)}, the least of the plan" if light else ""
        where = self._clipped_at(frames)
        raise InstrumentError(self._spectrometer.name, f"saturated {where} at {exposure}{told}; {TOO_BRIGHT}")

    def _clipped_at(self, frames: Array) -> str:
        """The wavelengths of the clipped pixels, in words; which one is brightest they do not show."""
        nm = self._spectrometer.wavelengths()[frames.max(axis=0) >= _CLIPPED * self._saturation]
        lasers = [one.laser.wavelength for one in self._setup.excitations]
        if near := [laser for laser in lasers if np.abs(nm - laser).max() < _LINE]:
            return f"by the laser line near {near[0]:.0f} nm"
        if np.ptp(nm) < _LINE:
            return f"near {nm.mean():.0f} nm"
        return f"from {nm.min():.0f} to {nm.max():.0f} nm"

    def _expose(self) -> Array:
        """Choose the exposure by looking; returns the first frame taken with it."""
        tried = set()
        while True:
            self._set_exposure()
            frame = self._frame()
            tried.add(self._step)
            wanted = self._better_step(frame)
            if wanted in tried:
                # the last step up went too far: the lower of the two is the one that fits
                if wanted < self._step and frame.max() > self.full * self._saturation:
                    self._step = wanted
                    self._set_exposure()
                    return self._frame()
                return frame
            self._step = wanted

    def _set_exposure(self) -> None:
        if not self._fixed:
            self._spectrometer.exposure = self._ladder[self._step]

    def _better_step(self, frame: Array) -> int:
        """Index of the exposure that should bring the brightest pixel near the target."""
        exposure = self._ladder[self._step]
        peak = float(frame.max())
        if peak > self.full * self._saturation:
            # a clipped frame does not say by how much it is too bright
            share = 0.1 if self._is_clipped(frame) else self.target * self._saturation / peak
            fitting = [i for i, e in enumerate(self._ladder[: self._step]) if e <= exposure * share]
            return fitting[-1] if fitting else max(self._step - 1, 0)
        base = float(np.median(frame))
        signal = max(peak - base, 1e-3 * self._saturation)
        room = max(self.target * self._saturation - base, 0.0)
        wanted = min(exposure * room / signal, exposure * 30)
        return max((i for i, e in enumerate(self._ladder) if e <= wanted), default=0)

    def _frame(self) -> Array:
        self._setup.step()
        return self._spectrometer.frame()

    def _shared_dark(self, exposure: float) -> Mean:
        """The dark frame of all bright points at *exposure*; one that is too bright serves no other point."""
        now = self._setup.clock.now()
        if exposure in self._darks and now - self._darks[exposure][0] <= self.dark_expiry:
            return self._darks[exposure][1]
        dark = self._take_dark(max(self.dark_frames, self.frames))
        if not self._clips(dark.brightest):
            self._darks[exposure] = (now, dark)
        return dark

    def _take_dark(self, number: int) -> Mean:
        """*number* frames with the light off."""
        with self._setup.dark():
            return mean_of(np.stack([self._frame() for _ in range(number)]))


def _ladder(low: float, high: float) -> list[float]:
    """Exposures in steps of 1, 2, 5 per decade from *low* to *high*, both included. Few steps, few darks."""
    decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    steps = [mantissa * 10.0**decade for decade in decades for mantissa in (1, 2, 5)]
    return sorted({low, high} | {round(s, 9) for s in steps if low < s < high})
