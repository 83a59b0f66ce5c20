"""Our driver for Ocean spectrometers on seatease, a simulator of python-seabreeze that others wrote.

seatease 0.4 has one fixed device. It lacks ``trigger_mode`` and the name of the exception, which are supplied
here; its lines, noise and limits are no device's.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from antistokes.instruments.clock import RealClock
from antistokes.instruments.errors import ConnectionFailed
from antistokes.instruments.spectrometers.ocean_seabreeze import OceanSpectrometer

pytestmark = pytest.mark.thirdparty
seatease = pytest.importorskip("seatease.spectrometers")
cseatease = pytest.importorskip("seatease.cseatease")


class Spectrometer(seatease.Spectrometer):  # type: ignore[misc, name-defined]
    """With the call that is missing."""

    def trigger_mode(self, mode: int) -> None:
        assert mode == 0


@pytest.fixture
def sdk() -> Any:
    return SimpleNamespace(
        list_devices=seatease.list_devices, Spectrometer=Spectrometer, SeaBreezeError=cseatease.SeaBreezeError
    )


def test_a_frame_of_its_one_device(sdk: Any) -> None:
    serial = seatease.list_devices()[0].serial_number
    spectrometer = OceanSpectrometer(sdk, serial, "ocean", clock=RealClock(), exposure=0.005)
    frame, wavelengths = spectrometer.frame(), spectrometer.wavelengths()
    assert frame.shape == wavelengths.shape == (spectrometer.pixels,)
    assert wavelengths[np.argmax(frame)] == pytest.approx(500, abs=20)
    assert spectrometer.exposure_limits[0] == pytest.approx(3e-3)
    spectrometer.close()


def test_another_serial_number_is_refused(sdk: Any) -> None:
    with pytest.raises(ConnectionFailed, match="no spectrometer with serial number 'X1'"):
        OceanSpectrometer(sdk, "X1", "ocean", clock=RealClock())
