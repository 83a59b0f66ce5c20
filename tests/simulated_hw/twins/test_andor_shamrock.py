"""Twin of an Andor camera on a Shamrock: plays the libraries' calls, and the driver with it."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import (
    BadAnswer,
    ConnectionFailed,
    DeviceFault,
    DeviceTimeout,
    LimitError,
    Refused,
)
from antistokes.instruments.roles import Spectrometer
from antistokes.instruments.spectrometers import andor_shamrock
from antistokes.instruments.spectrometers.andor_shamrock import AndorShamrock
from antistokes.simulated_hw.bench import Bench, OpticsSettings
from antistokes.simulated_hw.light import Light
from antistokes.simulated_hw.twins.andor_shamrock import AndorShamrockSettings, AndorShamrockTwin

SERIAL = "18123"
SUCCESS, S_SUCCESS = 20002, 20202


class LitBench(Bench):
    """Shines what a test says."""

    lights: list[Light] = []

    def collected(self) -> list[Light]:
        return self.lights


def make_twin(**settings):
    bench = LitBench(VirtualClock(), None, None, OpticsSettings(), seed=1)
    return AndorShamrockTwin("spectrometer", bench, AndorShamrockSettings(**settings))


def opened(twin, **settings):
    return AndorShamrock(twin.sdk(), SERIAL, "spectrometer", clock=twin.clock, **settings)


@pytest.fixture
def twin():
    return make_twin()


@pytest.fixture
def sdk(twin):
    """Initialised."""
    sdk = twin.sdk()
    assert (sdk.set_current_camera(0), sdk.initialize(""), sdk.shamrock_initialize("")) == (
        SUCCESS,
        SUCCESS,
        S_SUCCESS,
    )
    return sdk


@pytest.fixture
def driver(twin):
    return opened(twin)


# -- the calls it plays ---------------------------------------------------------------------------


def test_it_has_everything_the_drivers_protocol_names(sdk):
    for name, function in vars(andor_shamrock.AndorSdk).items():
        if not name.startswith("_"):
            ours = list(inspect.signature(getattr(sdk, name)).parameters)
            assert ours == list(inspect.signature(function).parameters)[1:], name


def test_nothing_works_before_initialize(twin):
    sdk = twin.sdk()
    assert sdk.initialize("") == 20990
    assert sdk.set_current_camera(1) == 20066
    for name in ("get_detector", "get_temperature_f", "get_head_model", "get_status", "get_pixel_size"):
        assert getattr(sdk, name)()[0] == 20075
    assert (sdk.start_acquisition(), sdk.cooler_on(), sdk.shut_down()) == (20075,) * 3
    assert sdk.abort_acquisition() == 20075
    assert sdk.shamrock_get_grating(0)[0] == 20275


def test_during_an_acquisition_most_calls_are_refused(twin, sdk):
    sdk.set_exposure_time(1.0)
    sdk.start_acquisition()
    assert sdk.get_status() == (SUCCESS, 20072)
    assert sdk.start_acquisition() == sdk.set_exposure_time(2) == sdk.set_shutter(1, 0, 0, 0) == 20072
    assert sdk.get_temperature_f()[0] == sdk.get_acquired_data(2048)[0] == 20072
    twin.clock.sleep(1.02)
    assert sdk.get_status() == (SUCCESS, 20073)
    assert sdk.get_acquired_data(2048)[0] == SUCCESS


def test_a_frame_is_given_once_and_only_whole(sdk, twin):
    assert sdk.get_acquired_data(2048)[0] == 20024
    sdk.start_acquisition()
    twin.clock.sleep(1)
    assert sdk.get_acquired_data(1000)[0] == 20067
    assert sdk.get_acquired_data(2048)[0] == SUCCESS
    assert sdk.get_acquired_data(2048)[0] == 20024


def test_an_aborted_acquisition_gives_no_frame(sdk):
    assert sdk.abort_acquisition() == 20073
    sdk.start_acquisition()
    assert sdk.abort_acquisition() == SUCCESS
    assert sdk.get_status() == (SUCCESS, 20073)
    assert sdk.get_acquired_data(2048)[0] == 20024


@pytest.mark.parametrize(
    ("call", "arguments", "code"),
    [
        ("set_temperature", (-101,), 20066),
        ("set_temperature", (21,), 20066),
        ("set_read_mode", (4,), 20066),
        ("set_acquisition_mode", (3,), 20066),
        ("set_trigger_mode", (1,), 20066),
        ("set_exposure_time", (-1.0,), 20066),
        ("set_shutter", (2, 0, 0, 0), 20066),
        ("set_shutter", (1, 7, 0, 0), 20067),
        ("set_shutter", (1, 0, -1, 0), 20068),
        ("set_cooler_mode", (2,), 20066),
        ("shamrock_set_grating", (0, 4), 20267),
        ("shamrock_set_grating", (1, 1), 20266),
        ("shamrock_set_wavelength", (0, -1.0), 20267),
        ("shamrock_set_wavelength", (0, 20_000.0), 20267),
        ("shamrock_set_number_pixels", (0, 0), 20267),
        ("shamrock_set_pixel_width", (0, 0.0), 20267),
    ],
)
def test_bad_parameters_are_named_by_their_place(sdk, call, arguments, code):
    assert getattr(sdk, call)(*arguments) == code


def test_the_state_of_the_cooling_is_the_code(sdk, twin):
    assert sdk.get_temperature_f() == (20034, 20.0)
    sdk.set_temperature(-60)
    sdk.cooler_on()
    twin.clock.sleep(80)
    assert sdk.get_temperature_f() == (20037, pytest.approx(-20))
    twin.clock.sleep(80)
    assert sdk.get_temperature_f() == (20035, -60)
    twin.clock.sleep(30)
    assert sdk.get_temperature_f() == (20036, -60)
    sdk.cooler_off()
    twin.clock.sleep(20)
    assert sdk.get_temperature_f() == (20034, pytest.approx(-50))


@pytest.mark.parametrize(("keep", "on"), [(0, False), (1, True)])
def test_cooling_outlives_the_program_only_when_told_to(sdk, twin, keep, on):
    sdk.cooler_on()
    sdk.set_cooler_mode(keep)
    assert sdk.shut_down() == SUCCESS
    assert twin.cooler.on is on


def test_a_grating_takes_its_time_and_a_wavelength_too(sdk, twin):
    for call, arguments, seconds in (
        (sdk.shamrock_set_grating, (0, 3), 15),
        (sdk.shamrock_set_grating, (0, 3), 0),
        (sdk.shamrock_set_wavelength, (0, 541.0), 1.5),
    ):
        before = twin.clock.now()
        assert call(*arguments) == S_SUCCESS
        assert twin.clock.now() - before == pytest.approx(seconds)
    assert sdk.shamrock_get_wavelength(0) == (S_SUCCESS, 541.0)
    assert sdk.shamrock_get_grating_info(0, 3) == (S_SUCCESS, 1200.0)


def test_a_calibration_asked_for_too_early_is_zeros(sdk):
    assert not sdk.shamrock_get_calibration(0, 2048)[1].any()
    sdk.shamrock_set_number_pixels(0, 2048)
    assert not sdk.shamrock_get_calibration(0, 2048)[1].any()
    sdk.shamrock_set_pixel_width(0, 13.5)
    code, nm = sdk.shamrock_get_calibration(0, 2048)
    assert code == S_SUCCESS
    assert nm[1023:1025].mean() == pytest.approx(600, abs=0.3)
    assert sdk.shamrock_get_calibration(0, 1000)[0] == 20268


# -- the driver with it ---------------------------------------------------------------------------


def test_opening_neither_moves_nor_opens_the_shutter(twin, driver):
    assert isinstance(driver, Spectrometer)
    assert twin.clock.now() == 0
    assert (twin.shutter, twin.grating, twin.center) == (2, 1, 600.0)
    assert twin.cooler.on
    assert twin.keep_cold
    assert driver.saturation == 65535
    assert driver.limits["setpoint"][:2] == (-100, 20)


def test_the_snapshot(driver):
    assert driver.snapshot() == {
        "model": "DU940P_BV", "serial_number": SERIAL, "pixels": 2048, "exposure": pytest.approx(0.1),
        "setpoint": -60, "temperature": 20, "grating": 1, "grating_lines": 150, "center": 600,
    }  # fmt: skip


def test_what_the_station_says_is_set_at_opening(twin):
    driver = opened(twin, grating=2, center=541.0, exposure=0.5, setpoint=-80)
    assert (driver.grating, driver.center, driver.setpoint) == (2, 541, -80)
    assert driver.exposure == pytest.approx(0.5)
    assert driver.wavelengths()[1023:1025].mean() == pytest.approx(541, abs=0.1)


def test_a_frame_waits_until_the_cooling_has_stabilised(twin, driver):
    assert not driver.stabilized
    driver.frame()
    assert twin.clock.now() == pytest.approx(190, abs=2)
    assert driver.stabilized
    assert driver.temperature == -60
    before = twin.clock.now()
    driver.frame()
    assert twin.clock.now() - before == pytest.approx(0.12)


def test_a_line_is_where_it_should_be_and_grows_with_the_exposure(twin):
    driver = opened(twin, grating=2, center=541.0)
    twin.bench.lights = [Light(541.0, 1.0, 1e5)]
    frame = driver.frame()
    assert driver.wavelengths()[np.argmax(frame)] == pytest.approx(541, abs=0.3)
    signal = []
    for driver.exposure in (0.2, 0.8):
        frame = driver.frame()
        near = abs(driver.wavelengths() - 541) < 1
        signal.append((frame[near] - np.median(frame)).sum())
    assert signal[1] / signal[0] == pytest.approx(4, rel=0.05)


def test_too_much_light_ends_at_the_saturation(twin, driver):
    twin.bench.lights = [Light(600.0, 12.0, 1e12)]
    assert driver.frame().max() == driver.saturation


def test_the_shutter_is_open_during_exposures_until_it_is_made_safe(twin, driver):
    twin.bench.lights = [Light(600.0, 5.0, 1e7)]
    bright = driver.frame().max()
    assert twin.shutter == 0
    for _ in range(2):
        driver.make_safe()
        assert twin.shutter == 2
        assert twin.cooler.on
    assert driver.frame().max() == pytest.approx(bright, rel=0.05)


def test_behind_a_closed_shutter_it_is_dark(twin, sdk):
    twin.bench.lights = [Light(600.0, 5.0, 1e7)]
    brightest = []
    for mode in (0, 1, 2):
        sdk.set_shutter(1, mode, 0, 0)
        sdk.start_acquisition()
        twin.clock.sleep(1)
        brightest.append(sdk.get_acquired_data(2048)[1].max())
    assert min(brightest[:2]) > 2 * brightest[2]


def test_another_grating_gives_other_wavelengths(twin, driver):
    wide = np.ptp(driver.wavelengths())
    before = twin.clock.now()
    driver.grating = 3
    assert twin.clock.now() - before == pytest.approx(15)
    assert np.ptp(driver.wavelengths()) == pytest.approx(wide / 8, rel=0.15)
    driver.grating = 3
    assert twin.clock.now() - before == pytest.approx(15)


@pytest.mark.parametrize("number", [0, 4, 1.5])
def test_a_grating_there_is_not_is_refused(twin, driver, number):
    with pytest.raises(Refused, match="must be 1 to 3"):
        driver.grating = number
    assert twin.grating == 1


def test_a_centre_the_grating_does_not_reach_is_refused(twin, driver):
    driver.grating = 3
    with pytest.raises(LimitError, match=r"spectrometer: center = 3000 nm .* 0 to 1154"):
        driver.center = 3000
    assert twin.center == 600


def test_a_temperature_that_is_not_reached_is_told(twin):
    driver = opened(twin, cooling_time=60)
    with pytest.raises(DeviceTimeout, match=r"at -\d.* set to -60 °C: DRV_TEMPERATURE_NOT_REACHED \(20037\)"):
        driver.frame()


def test_cooling_that_somebody_switched_off_is_a_fault(twin, driver):
    twin.cooler.change(on=False)
    with pytest.raises(DeviceFault, match="cooling is off"):
        driver.frame()


def test_warming_up_ends_the_cooling_only_when_it_is_warm(twin, driver):
    driver.wait_until_cold()
    driver.warm_up()
    assert not twin.cooler.on
    assert driver.temperature > -21


def test_warming_up_that_takes_too_long_keeps_cooling(twin):
    driver = opened(twin, cooling_time=200)
    driver.wait_until_cold()
    driver._cooling_time = 10
    with pytest.raises(DeviceTimeout, match="the sensor is at"):
        driver.warm_up()
    assert twin.cooler.on


def test_warming_up_is_refused_where_the_station_allows_no_warm_set_point(twin, driver):
    driver.narrow_limit("setpoint", -100, -19.6)
    driver.setpoint = -50
    before = twin.clock.now()
    with pytest.raises(Refused, match="warm_up needs a set-point above -20 °C; .* up to -20 °C"):
        driver.warm_up()
    assert (driver.setpoint, twin.clock.now()) == (-50, before)
    driver.limits["setpoint"] = driver.limits["setpoint"]._replace(high=-19.0)
    driver.warm_up()
    assert not twin.cooler.on


def test_a_set_point_is_rounded_before_it_is_checked(driver):
    driver.narrow_limit("setpoint", -60.6, 20)
    with pytest.raises(LimitError, match="setpoint = -61 °C"):
        driver.setpoint = -60.6
    assert driver.setpoint == -60


def test_an_acquisition_that_cannot_be_ended_does_not_keep_the_shutter_open(twin):
    driver = opened(twin)
    driver._set_shutter(0)
    driver._sdk = Faulty(twin.sdk(), abort_acquisition=20013)
    with pytest.raises(ConnectionFailed, match="'AbortAcquisition' failed: DRV_ERROR_ACK"):
        driver.make_safe()
    assert twin.shutter == 2


def test_a_shutter_that_did_not_close_is_told_again(twin, driver, monkeypatch):
    sdk, lost = driver._sdk, [20013]

    def set_shutter(*arguments):
        return lost.pop() if lost else twin.sdk().set_shutter(*arguments)

    driver._set_shutter(0)
    monkeypatch.setattr(sdk, "set_shutter", set_shutter)
    driver.make_safe()
    assert twin.shutter == 2


def test_a_spectrograph_that_does_not_close_keeps_nothing_from_being_given_back(twin):
    driver = opened(twin)
    driver._sdk = Faulty(twin.sdk(), shamrock_close=20201)
    with pytest.raises(ConnectionFailed, match="'ShamrockClose' failed"):
        driver.close()
    assert not twin.initialized


def test_closing_gives_everything_back_and_stays_cold(twin, driver):
    driver.make_safe()
    driver.close()
    driver.close()
    assert not twin.initialized
    assert not twin.spectrograph_open
    assert twin.cooler.on
    opened(twin)


def test_a_camera_that_is_not_there_names_those_that_are(twin):
    with pytest.raises(ConnectionFailed, match=r"no camera with serial number '1'; attached: 18123"):
        AndorShamrock(twin.sdk(), "1", "spectrometer", clock=twin.clock)
    assert not twin.initialized


def test_a_spectrograph_that_is_not_there_is_told(twin):
    with pytest.raises(ConnectionFailed, match="no spectrograph 1; 1 are attached"):
        opened(twin, spectrograph=1)


class Faulty:
    """The twin's calls, some of them replaced."""

    def __init__(self, sdk, **calls):
        self._sdk, self._calls = sdk, calls

    def __getattr__(self, name):
        if name not in self._calls:
            return getattr(self._sdk, name)

        def call(*arguments):
            return self._calls[name]

        call.__name__ = name
        return call


@pytest.mark.parametrize(
    ("calls", "error", "text"),
    [
        ({"start_acquisition": 20095}, DeviceFault, r"Acquisition' failed: DRV_INVALID_TRIGGER_MODE"),
        ({"start_acquisition": 20089}, ConnectionFailed, r"'StartAcquisition' .* DRV_USBERROR \(20089\)"),
        ({"start_acquisition": 12345}, DeviceFault, r"unknown code \(12345\)"),
        ({"get_status": (20002, 20018)}, DeviceFault, r"acquisition failed: DRV_ACQ_BUFFER \(20018\)"),
        ({"get_status": (20002, 20072)}, DeviceTimeout, r"no frame 10 s after"),
        ({"get_acquired_data": (20024, np.zeros(2048))}, DeviceFault, r"DRV_NO_NEW_DATA \(20024\)"),
        ({"get_acquired_data": (20002, np.zeros(7))}, BadAnswer, r"shape \(7,\), expected \(2048,\)"),
        ({"get_temperature_f": (20075, 0.0)}, DeviceFault, r"'GetTemperatureF' failed: DRV_NOT_INITIALIZED"),
    ],
)  # fmt: skip
def test_what_goes_wrong_in_a_frame_has_the_codes_name_and_the_next_frame_is_right(twin, calls, error, text):
    driver = opened(twin)
    driver.wait_until_cold()
    driver._sdk = Faulty(twin.sdk(), **calls)
    with pytest.raises(error, match=f"^spectrometer: .*{text}"):
        driver.frame()
    driver._sdk = twin.sdk()
    driver.make_safe()
    assert driver.frame().shape == (2048,)


def test_a_spectrographs_error_has_its_name(twin, driver):
    driver._sdk = Faulty(twin.sdk(), shamrock_set_wavelength=20201)
    with pytest.raises(ConnectionFailed, match=r"'ShamrockSetWavelength' .* SHAMROCK_COMMUNICATION_ERROR"):
        driver.center = 541.0


def test_a_calibration_that_is_none_is_a_bad_answer(twin):
    sdk = Faulty(twin.sdk(), shamrock_get_calibration=(20202, np.zeros(2048, np.float32)))
    with pytest.raises(BadAnswer, match="gave no wavelengths"):
        AndorShamrock(sdk, SERIAL, "spectrometer", clock=twin.clock)


def test_a_camera_without_a_cooler_mode_is_opened_all_the_same(twin):
    AndorShamrock(Faulty(twin.sdk(), set_cooler_mode=20991), SERIAL, clock=twin.clock)
    with pytest.raises(DeviceFault, match="SetCoolerMode"):
        AndorShamrock(Faulty(twin.sdk(), set_cooler_mode=20066), SERIAL, clock=twin.clock)


def test_a_frame_that_is_interrupted_leaves_the_camera_ready(twin, driver):
    driver.wait_until_cold()
    sleep = twin.clock.sleep

    def interrupt(seconds, should_stop=None):
        twin.clock.sleep = sleep
        raise KeyboardInterrupt

    twin.clock.sleep = interrupt
    with pytest.raises(KeyboardInterrupt):
        driver.frame()
    assert driver.frame().shape == (2048,)


@pytest.mark.parametrize(("quantity", "value"), [("exposure", 0.0), ("setpoint", -101), ("center", 13000)])
def test_values_beyond_the_limits_are_not_sent(twin, driver, quantity, value):
    before = (twin.exposure, twin.cooler.setpoint, twin.center)
    with pytest.raises(LimitError, match=f"spectrometer: {quantity} = "):
        setattr(driver, quantity, value)
    assert (twin.exposure, twin.cooler.setpoint, twin.center) == before


def test_the_pixels_stay_the_same_when_the_grating_turns_and_the_noise_does_not(twin, driver):
    first, pattern = driver.frame(), twin.detector._sensitivity
    driver.center = 700.0
    second = driver.frame()
    np.testing.assert_array_equal(pattern, twin.detector._sensitivity)
    assert not np.array_equal(first, second)


def test_the_same_seed_gives_the_same_frames():
    frames = [opened(make_twin()).frame() for _ in range(2)]
    np.testing.assert_array_equal(*frames)
