"""Twin of an Ocean spectrometer: plays the SDK as the SDK behaves, and the driver with it."""

from __future__ import annotations

import numpy as np
import pytest

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import ConnectionFailed, DeviceFault
from antistokes.instruments.roles import Spectrometer
from antistokes.instruments.spectrometers import ocean_seabreeze
from antistokes.instruments.spectrometers.ocean_seabreeze import OceanSpectrometer
from antistokes.simulated_hw.bench import Bench, OpticsSettings
from antistokes.simulated_hw.detection import DetectorSettings
from antistokes.simulated_hw.light import Light
from antistokes.simulated_hw.twins.ocean_seabreeze import OceanSettings, OceanTwin

SERIAL = "USB2+H00980"


class LitBench(Bench):
    """Shines what a test says."""

    lights: list[Light] = []

    def collected(self) -> list[Light]:
        return self.lights


def make_twin(**settings) -> OceanTwin:
    bench = LitBench(VirtualClock(), None, None, OpticsSettings(), seed=1)
    twin = OceanTwin("spectrometer", bench, OceanSettings(**settings))
    twin.resource_name = SERIAL
    return twin


@pytest.fixture
def twin():
    return make_twin()


@pytest.fixture
def sdk(twin):
    return twin.sdk()


@pytest.fixture
def spectrometer(sdk):
    return sdk.Spectrometer.from_serial_number(SERIAL)


@pytest.fixture
def driver(twin):
    return OceanSpectrometer(twin.sdk(), SERIAL, "spectrometer", clock=twin.bench.clock)


# -- the SDK it plays -----------------------------------------------------------------------------


def test_it_has_everything_the_drivers_protocol_names(sdk, spectrometer):
    def members(protocol):
        return [name for name in vars(protocol) if not name.startswith("_")]

    assert [name for name in members(ocean_seabreeze.SeaBreeze) if not hasattr(sdk, name)] == []
    assert [
        name for name in members(ocean_seabreeze.SeaBreezeSpectrometer) if not hasattr(spectrometer, name)
    ] == []


def test_it_has_the_real_spectrometers_public_names():
    real = pytest.importorskip("seabreeze.spectrometers").Spectrometer
    ours = make_twin().sdk().Spectrometer
    for name in vars(real):
        if not name.startswith("_") and name not in ("f", "features"):
            assert isinstance(getattr(ours, name), property) is isinstance(getattr(real, name), property), (
                name
            )


def test_the_device_list_shows_what_is_plugged_in(sdk):
    (device,) = sdk.list_devices()
    assert repr(device) == "<SeaBreezeDevice USB2000PLUS:USB2+H00980>"
    assert not device.is_open
    spectrometer = sdk.Spectrometer(device)
    assert device.is_open
    assert repr(spectrometer) == "<Spectrometer USB2000PLUS:USB2+H00980>"
    spectrometer.close()
    assert not device.is_open


def test_a_device_opens_once(sdk):
    sdk.Spectrometer.from_first_available()
    with pytest.raises(sdk.SeaBreezeError, match="already opened"):
        sdk.Spectrometer.from_serial_number(SERIAL)


@pytest.mark.parametrize("whose", ["twin", "real"])
def test_where_the_real_sdk_refuses_the_twin_refuses(whose, sdk):
    """Without a device on the USB the real SDK refuses the same way."""
    if whose == "real":
        sdk = pytest.importorskip("seabreeze.spectrometers")
    else:
        sdk.list_devices()[0].open()
    with pytest.raises(sdk.SeaBreezeError, match=r"No unopened device found\."):
        sdk.Spectrometer.from_first_available()
    with pytest.raises(sdk.SeaBreezeError, match=r"No unopened device found\."):
        sdk.Spectrometer.from_serial_number()
    with pytest.raises(sdk.SeaBreezeError, match="No device attached with serial number 'X1'"):
        sdk.Spectrometer.from_serial_number("X1")
    with pytest.raises(TypeError, match="has to be a `SeaBreezeDevice` instance"):
        sdk.Spectrometer(SERIAL)


@pytest.fixture(params=["twin", "real"])
def settable(request, sdk):
    """(function that sets the integration time, function that sets the trigger mode, the error)."""
    if request.param == "twin":
        spectrometer = sdk.Spectrometer.from_serial_number(SERIAL)
        return spectrometer.integration_time_micros, spectrometer.trigger_mode, sdk.SeaBreezeError
    features = pytest.importorskip("seabreeze.pyseabreeze.features.spectrometer")
    devices = pytest.importorskip("seabreeze.pyseabreeze.devices")
    real = pytest.importorskip("seabreeze.spectrometers")
    modes = devices.TriggerMode.supported("NORMAL", "SOFTWARE", "SYNCHRONIZATION", "HARDWARE", "SINGLE_SHOT")
    feature = object.__new__(features.SeaBreezeSpectrometerFeatureOOI)
    feature._integration_time_min, feature._integration_time_max = 1000, 65_535_000
    feature._integration_time_base, feature._trigger_modes = 1, modes
    feature.protocol = type("Wire", (), {"send": lambda self, *message: None})()
    return feature.set_integration_time_micros, feature.set_trigger_mode, real.SeaBreezeError


@pytest.mark.parametrize("micros", [999, 0, -5, 65_535_000, 10**12])
def test_an_integration_time_outside_the_limits_is_refused(settable, micros):
    with pytest.raises(settable[2], match="Integration not in"):
        settable[0](micros)


@pytest.mark.parametrize("micros", [1000, 65_534_999])
def test_an_integration_time_at_the_limits_is_taken(settable, micros):
    settable[0](micros)


def test_an_integration_time_that_is_no_number_is_a_type_error(settable):
    with pytest.raises(TypeError):
        settable[0]("1000")


def test_trigger_modes_0_to_4_are_taken_and_no_others(settable):
    for mode in range(5):
        settable[1](mode)
    for mode in (5, -1):
        with pytest.raises(settable[2], match="Only supports"):
            settable[1](mode)


def test_intensities_block_for_one_integration(twin, spectrometer):
    spectrometer.integration_time_micros(250_000)
    spectrometer.intensities()
    before = twin.bench.clock.now()
    frame = spectrometer.intensities()
    assert twin.bench.clock.now() - before == pytest.approx(0.25)
    assert frame.dtype == np.float64
    assert frame.shape == (2048,)
    assert spectrometer.spectrum().shape == (2, 2048)
    assert spectrometer.pixels == 2048


def test_the_first_frame_after_a_change_has_the_old_integration_time(twin, spectrometer):
    durations = []
    for micros in (100_000, 500_000):
        spectrometer.integration_time_micros(micros)
        for _ in range(2):
            before = twin.bench.clock.now()
            spectrometer.intensities()
            durations.append(round(twin.bench.clock.now() - before, 6))
    assert durations == [0.001, 0.1, 0.1, 0.5]


def test_frames_can_be_fresh():
    twin = make_twin(stale_frame=False)
    spectrometer = twin.sdk().Spectrometer.from_first_available()
    spectrometer.integration_time_micros(100_000)
    spectrometer.intensities()
    assert twin.bench.clock.now() == pytest.approx(0.1)


def test_the_light_of_a_frame_is_that_at_its_start(twin, spectrometer):
    class Dimming(VirtualClock):
        def sleep(self, seconds, should_stop=None):
            twin.bench.lights = []
            super().sleep(seconds)

    twin.bench.clock = Dimming()
    twin.bench.lights = [Light(541.0, 12.0, 1e9)]
    first, second = spectrometer.intensities(), spectrometer.intensities()
    assert first.max() > second.max() + 500


def test_the_lock_is_free_during_the_exposure(twin, spectrometer):
    class Watch(VirtualClock):
        def sleep(self, seconds, should_stop=None):
            taken.append(twin.bench.lock._is_owned())
            super().sleep(seconds)

    taken = []
    twin.bench.clock = Watch()
    spectrometer.intensities()
    assert taken == [False]


def test_dark_correction_takes_the_covered_pixels_away(spectrometer):
    spectrometer.integration_time_micros(1_000_000)
    spectrometer.intensities()
    assert spectrometer.intensities()[6:21].mean() > 1500
    assert abs(spectrometer.intensities(correct_dark_counts=True)[6:21].mean()) < 1e-9


def test_corrections_the_device_does_not_know_are_refused(sdk, spectrometer):
    with pytest.raises(sdk.SeaBreezeError, match="nonlinearity"):
        spectrometer.intensities(correct_nonlinearity=True)
    other = make_twin(detector=DetectorSettings(dark_pixels=(0, 0))).sdk()
    with pytest.raises(other.SeaBreezeError, match="dark count"):
        other.Spectrometer.from_first_available().intensities(correct_dark_counts=True)


def test_waiting_for_a_trigger_that_does_not_come_ends_in_an_error(twin, sdk, spectrometer):
    spectrometer.trigger_mode(3)
    with pytest.raises(sdk.SeaBreezeError, match="timed out"):
        spectrometer.intensities()
    assert 5 < twin.bench.clock.now() < 20


@pytest.mark.parametrize("call", ["intensities", "trigger_mode", "integration_time_micros"])
def test_a_closed_spectrometer_refuses(sdk, spectrometer, call):
    spectrometer.close()
    with pytest.raises(sdk.SeaBreezeError, match="not opened"):
        getattr(spectrometer, call)(*([] if call == "intensities" else [1000]))


# -- the driver with it ---------------------------------------------------------------------------


def test_the_driver_fulfils_its_role(driver):
    assert isinstance(driver, Spectrometer)
    assert driver.exposure_limits == (0.001, 65.534999)
    assert driver.saturation == 65535
    assert driver.snapshot() == {
        "model": "USB2000PLUS",
        "serial_number": SERIAL,
        "pixels": 2048,
        "exposure": 0.1,
    }
    assert driver.wavelengths()[[0, -1]] == pytest.approx([340, 1030], abs=1)


def test_counts_grow_with_the_exposure_from_the_first_frame_on(twin, driver):
    twin.bench.lights = [Light(541.0, 12.0, 1e7)]
    pixel = int(np.argmin(abs(driver.wavelengths() - 541)))
    near = slice(pixel - 5, pixel + 6)
    signal = []
    for exposure in (0.2, 0.8):
        driver.exposure = exposure
        before = twin.bench.clock.now()
        frame = driver.frame()
        signal.append(frame[near].mean() - frame[6:21].mean())
        assert twin.bench.clock.now() - before > exposure
    assert signal[1] / signal[0] == pytest.approx(4, rel=0.02)


def test_without_throwing_a_frame_away_the_twin_gives_a_stale_one(twin):
    driver = OceanSpectrometer(twin.sdk(), SERIAL, clock=twin.bench.clock, discard=0, exposure=0.1)
    before = twin.bench.clock.now()
    driver.frame()
    assert twin.bench.clock.now() - before == pytest.approx(0.001)


def test_too_much_light_ends_at_the_saturation(twin, driver):
    twin.bench.lights = [Light(541.0, 12.0, 1e12)]
    assert driver.frame().max() == driver.saturation


def test_a_lost_device_has_the_drivers_name(driver):
    driver._spectrometer.close()
    with pytest.raises(DeviceFault, match="spectrometer: 'intensities' failed: Device not opened"):
        driver.frame()


def test_a_second_driver_cannot_open_it(twin, driver):
    with pytest.raises(ConnectionFailed, match="already opened"):
        OceanSpectrometer(twin.sdk(), SERIAL, "second", clock=twin.bench.clock)
    driver.close()
    OceanSpectrometer(twin.sdk(), SERIAL, "second", clock=twin.bench.clock)


def test_the_same_seed_gives_the_same_frames():
    frames = []
    for _ in range(2):
        twin = make_twin()
        twin.bench.lights = [Light(654.0, 12.0, 1e7)]
        frames.append(OceanSpectrometer(twin.sdk(), SERIAL, clock=twin.bench.clock).frame())
    np.testing.assert_array_equal(*frames)
