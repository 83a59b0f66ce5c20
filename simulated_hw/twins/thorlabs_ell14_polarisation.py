"""Twin of a Thorlabs ELL14 rotation mount with a half-wave plate that turns the polarisation of the pump."""

from __future__ import annotations

from .thorlabs_ell14 import ELL14Mount, MountSettings


class PolarisationSettings(MountSettings, kw_only=True, frozen=True):
    """``[simulation.twins.NAME]``."""

    #: angle of the mount at which the plate's fast axis is at 0 degrees
    zero_deg: float = 0.0


class ELL14PolarisationTwin(ELL14Mount):
    """Turns a wave plate in the excitation path, with no polariser behind it."""

    model = "Polarisation rotator Thorlabs ELL14"
    Settings = PolarisationSettings
    settings: PolarisationSettings

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.bench.wave_plates[self.name] = self

    def turned(self, polarisation: float) -> float:
        """What becomes of light polarised at *polarisation* degrees: mirrored at the fast axis."""
        return 2 * (self.place() - self.settings.zero_deg) - polarisation
