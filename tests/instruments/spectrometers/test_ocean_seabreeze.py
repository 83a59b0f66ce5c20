"""The Ocean driver against an SDK that does what each test says, and its Protocol against the real one."""

from __future__ import annotations

import inspect
from types import SimpleNamespace

import numpy as np
import pytest

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import BadAnswer, ConnectionFailed, DeviceFault, LimitError
from antistokes.instruments.spectrometers import ocean_seabreeze
from antistokes.instruments.spectrometers.ocean_seabreeze import OceanSpectrometer


class SdkError(Exception):
    pass


class FakeSpectrometer:
    serial_number, model, max_intensity = "A1", "TEST", 4000.0
    integration_time_micros_limits = (1000, 1_000_000)

    def __init__(self):
        self.calls = []
        self.answer = np.arange(4.0)

    def integration_time_micros(self, micros):
        self.calls.append(("time", micros))

    def trigger_mode(self, mode):
        self.calls.append(("trigger", mode))

    def wavelengths(self):
        return np.array([400.0, 500.0, 600.0, 700.0])

    def intensities(self):
        self.calls.append("frame")
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def close(self):
        self.calls.append("close")


@pytest.fixture
def device():
    return FakeSpectrometer()


@pytest.fixture
def sdk(device):
    return SimpleNamespace(
        list_devices=lambda: [device, SimpleNamespace(serial_number="B2")],
        Spectrometer=SimpleNamespace(from_serial_number=lambda serial: device),
        SeaBreezeError=SdkError,
    )


@pytest.fixture
def driver(sdk):
    return OceanSpectrometer(sdk, "A1", "spectrometer", clock=VirtualClock(), exposure=0.01)


def test_opening_sets_a_known_exposure_and_free_running_frames(device, driver):
    assert device.calls == [("trigger", 0), ("time", 10_000)]
    assert driver.exposure == 0.01
    assert driver.exposure_limits == (0.001, 0.999999)
    assert driver.saturation == 4000
    assert driver.snapshot() == {"model": "TEST", "serial_number": "A1", "pixels": 4, "exposure": 0.01}


def test_a_serial_number_that_is_not_there_names_those_that_are(sdk):
    with pytest.raises(ConnectionFailed, match="serial number 'C3'; attached: A1, B2"):
        OceanSpectrometer(sdk, "C3", clock=VirtualClock())


def test_an_sdk_that_does_not_open_the_device_is_a_failed_connection(sdk):
    def refuse(serial):
        raise SdkError("Device already opened.")

    sdk.Spectrometer.from_serial_number = refuse
    with pytest.raises(ConnectionFailed, match=r"cannot open 'A1': Device already opened\."):
        OceanSpectrometer(sdk, "A1", clock=VirtualClock())


def test_a_device_that_fails_while_it_is_opened_is_closed(sdk, device):
    device.wavelengths = lambda: np.array([np.nan])
    with pytest.raises(BadAnswer, match="wavelengths"):
        OceanSpectrometer(sdk, "A1", clock=VirtualClock())
    assert device.calls == ["close"]


@pytest.mark.parametrize("value", [0.0009, 1.0, float("nan")])
def test_an_exposure_beyond_the_devices_limits_is_not_sent(device, driver, value):
    device.calls.clear()
    with pytest.raises(LimitError, match="exposure"):
        driver.exposure = value
    assert device.calls == []
    assert driver.exposure == 0.01


def test_an_exposure_becomes_whole_microseconds(device, driver):
    driver.exposure = 0.0123456789
    assert device.calls[-1] == ("time", 12346)
    assert driver.exposure == 0.012346


def test_the_first_frame_after_a_change_is_thrown_away(device, driver):
    device.calls.clear()
    driver.frame()
    driver.frame()
    driver.exposure = 0.02
    driver.frame()
    assert device.calls == ["frame"] * 3 + [("time", 20_000)] + ["frame"] * 2


def test_how_many_frames_are_thrown_away_can_be_set(sdk, device):
    driver = OceanSpectrometer(sdk, "A1", clock=VirtualClock(), discard=0)
    device.calls.clear()
    driver.frame()
    assert device.calls == ["frame"]


@pytest.mark.parametrize("answer", [np.arange(3.0), np.zeros((2, 2)), np.array([]), np.float64(1)])
def test_a_frame_of_another_size_is_a_bad_answer(device, driver, answer):
    device.answer = answer
    with pytest.raises(
        BadAnswer, match=r"spectrometer: 'intensities' gave an array of shape .*expected \(4,\)"
    ):
        driver.frame()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_frame_with_values_that_are_not_finite_is_a_bad_answer(device, driver, value):
    device.answer = np.array([1.0, value, 3.0, value])
    with pytest.raises(BadAnswer, match="2 values that are not finite"):
        driver.frame()


@pytest.mark.parametrize(
    ("raised", "error"),
    [
        (SdkError("no"), DeviceFault),
        (OSError("pulled"), ConnectionFailed),
        (RuntimeError("closed"), ConnectionFailed),
    ],
)
def test_what_the_sdk_raises_gets_the_devices_name(device, driver, raised, error):
    device.answer = raised
    with pytest.raises(error, match=r"spectrometer: .*intensities") as caught:
        driver.frame()
    assert caught.value.__cause__ is raised


def test_frames_and_wavelengths_are_copies(device, driver):
    driver.wavelengths()[:] = 0
    driver.frame()[:] = 9
    assert driver.wavelengths()[0] == 400
    np.testing.assert_array_equal(driver.frame(), np.arange(4.0))


def test_make_safe_needs_nothing(device, driver):
    device.calls.clear()
    driver.make_safe()
    driver.make_safe()
    assert device.calls == []


def _members(protocol):
    return [name for name in vars(protocol) if not name.startswith("_")]


def test_the_real_sdk_has_everything_the_protocol_names():
    real = pytest.importorskip("seabreeze.spectrometers")
    for name in _members(ocean_seabreeze.SeaBreeze):
        assert hasattr(real, name), name
    for name in _members(ocean_seabreeze.SeaBreezeSpectrometer):
        ours = inspect.getattr_static(ocean_seabreeze.SeaBreezeSpectrometer, name)
        theirs = inspect.getattr_static(real.Spectrometer, name)
        assert isinstance(theirs, property) is isinstance(ours, property), name
        if not isinstance(ours, property):
            expected = list(inspect.signature(ours).parameters)
            assert list(inspect.signature(theirs).parameters)[: len(expected)] == expected, name
    assert "serial" in inspect.signature(real.Spectrometer.from_serial_number).parameters


def test_the_real_sdk_without_a_device_is_a_failed_connection():
    real = pytest.importorskip("seabreeze.spectrometers")
    with pytest.raises(ConnectionFailed, match="no spectrometer with serial number 'NOBODY-HAS-THIS'"):
        OceanSpectrometer(real, "NOBODY-HAS-THIS", clock=VirtualClock())
