"""Emission spectra: exposures that fit, darks that are dark, flags and errors that can be believed."""

import numpy as np
import pytest

from antistokes.instruments.errors import InstrumentError, LimitError
from antistokes.instruments.roles import Spectrometer
from antistokes.procedures.channels import Flag
from antistokes.procedures.detectors import EmissionSpectrum
from antistokes.procedures.power_sweep import PowerSweep
from antistokes.procedures.setup import Setup

#: photons s⁻¹ cm⁻³ at 100 W/cm²; with the shipped optics nearly full at 1 s, and barely seen at 1 s
BRIGHT, DIM = 2e20, 3e17


def bound(station, detector):
    """*detector* on an open station, its excitation calibrated for 1 to 300 W/cm²."""
    setup = Setup(station)
    detector.bind(setup)
    area = station.beam.area_cm2
    setup.excitation.check(1.0 * area, 300.0 * area)
    setup.excitation.calibrate()
    return setup.excitation, area


def frames_taken(station) -> list[float]:
    """Exposure of every frame the twin takes from now on."""
    twin = station.backend.world.twins["spectrometer"]
    expose = twin.expose
    taken = []

    def count():
        taken.append(twin.integration_time_us / 1e6)
        return expose()

    twin.expose = count
    return taken


def true_rate(station) -> np.ndarray:
    """Electrons per second that light makes in each pixel now."""
    world = station.backend.world
    return world.twins["spectrometer"].detector.light_rate(world.bench.collected())


# -- auto-exposure ----------------------------------------------------------------------------------


@pytest.mark.parametrize("start", range(13))
@pytest.mark.parametrize("irradiance", [0.0, 3.0, 30.0, 300.0])
def test_auto_exposure_converges_from_any_start(make_station, power_law_sample, start, irradiance):
    with make_station(sample=power_law_sample(rate=BRIGHT)) as station:
        detector = EmissionSpectrum(longest=10.0)
        excitation, area = bound(station, detector)
        if irradiance:
            excitation.set_power(irradiance * area)
        else:
            excitation.off()
        detector._step = start
        taken = frames_taken(station)
        record = {}
        detector.read(record)
        assert len(taken) < 2 * len(detector._ladder) + 20
        peak = record["spectrum_raw"].max() / station.find(Spectrometer).saturation
        if irradiance > 3:
            assert 0.2 < peak < 0.85
        if irradiance == 0:
            assert record["exposure"] == 10.0


def test_auto_exposure_chooses_the_same_whatever_came_before(make_station, power_law_sample):
    with make_station(sample=power_law_sample(rate=BRIGHT)) as station:
        detector = EmissionSpectrum(longest=10.0)
        excitation, area = bound(station, detector)
        exposures = []
        for irradiance in (100.0, 1.0, 100.0, 300.0, 100.0):
            excitation.set_power(irradiance * area)
            record = {}
            assert not detector.read(record) & Flag.SATURATED
            exposures.append(record["exposure"])
        assert exposures[0] == exposures[2] == exposures[4]
        assert exposures[1] > exposures[0] > exposures[3]


def test_a_jump_over_the_whole_scale_is_followed(make_station, power_law_sample):
    # exponent 3 over 2.5 decades: the light changes by 7.4 decades from one point to the next
    with make_station(sample=power_law_sample(exponent=3.0, rate=1e20)) as station:
        detector = EmissionSpectrum(longest=10.0)
        excitation, area = bound(station, detector)
        for irradiance, longest in ((1.0, True), (300.0, False), (1.0, True), (300.0, False)):
            excitation.set_power(irradiance * area)
            record = {}
            assert not detector.read(record) & Flag.SATURATED
            assert (record["exposure"] == 10.0) is longest


def test_clipping_at_the_shortest_exposure_is_flagged(make_station, power_law_sample):
    with make_station(sample=power_law_sample(rate=1e25)) as station:
        detector = EmissionSpectrum()
        excitation, area = bound(station, detector)
        excitation.set_power(300 * area)
        record = {}
        assert detector.read(record) & Flag.SATURATED
        assert record["exposure"] == station.find(Spectrometer).exposure_limits[0]
        excitation.set_power(1 * area)
        assert not detector.read(record) & Flag.SATURATED


@pytest.mark.parametrize("order", ["up", "down"])
def test_a_run_that_saturates_even_with_its_least_light_ends(make_station, power_law_sample, order):
    plan = PowerSweep(start=30, stop=300, points_per_decade=2, order=order)
    with make_station(sample=power_law_sample(rate=1e27)) as station:
        records = []
        with pytest.raises(InstrumentError) as caught:
            records += plan.measure(station)
        assert not station.backend.world.bench.light_is_on()
    found = str(caught.value)
    assert "spectrometer: saturated from 348 to 1030 nm" in found
    assert " at 0.001 s, its shortest exposure with 30" in found
    assert "W/cm², the least of the plan; needs a filter" in found


def test_a_fixed_exposure_at_which_the_dark_signal_saturates_ends_the_run(make_station, power_law_sample):
    with make_station(sample=power_law_sample(), detector={"dark_e_per_s": 1e6}) as station:
        detector = EmissionSpectrum(exposure=10.0)
        bound(station, detector)
        with pytest.raises(InstrumentError, match="saturated without any light at 10 s, the exposure asked"):
            detector.read({})


def test_what_saturates_is_flagged_where_more_than_the_power_is_moved(make_station, power_law_sample):
    sweep = PowerSweep(start=30, stop=30, order="up", temperatures=[290.0, 300.0])
    with make_station(sample=power_law_sample(rate=1e27)) as station:
        assert [r["flags"] & Flag.SATURATED for r in sweep.measure(station)] == [Flag.SATURATED] * 2


def test_light_that_grows_while_it_is_looked_at_gets_a_shorter_exposure(make_station, power_law_sample):
    with make_station(sample=power_law_sample(rate=BRIGHT)) as station:
        detector = EmissionSpectrum(longest=10.0)
        excitation, area = bound(station, detector)
        excitation.set_power(30 * area)
        detector.read({})
        twin = station.backend.world.twins["spectrometer"]
        expose, taken, grown = twin.expose, [], []

        def brighter():
            taken.append(twin.integration_time_us / 1e6)
            # the exposure is chosen: the device drops the first frame with it, the second is the look
            if not grown and taken[-3:] == taken[-1:] * 3:
                grown.append(excitation.set_power(300 * area))
            return expose()

        twin.expose = brighter
        record = {}
        assert detector.read(record) == Flag(0)
        assert grown
        assert record["exposure"] < max(taken) / 5


@pytest.mark.parametrize("longest", [1e-3, 2.5e-3, 0.1, 10.0])
def test_no_exposure_is_longer_than_allowed(make_station, power_law_sample, longest):
    with make_station(sample=power_law_sample(rate=DIM)) as station:
        detector = EmissionSpectrum(longest=longest)
        excitation, area = bound(station, detector)
        taken = frames_taken(station)
        excitation.set_power(area)
        record = {}
        detector.read(record)
        assert record["exposure"] == longest
        assert max(taken) <= longest


@pytest.mark.parametrize("longest", [1e-6, 100.0, float("nan")])
def test_an_exposure_the_spectrometer_cannot_make_is_refused(make_station, longest):
    with make_station() as station, pytest.raises(LimitError, match=r"spectrometer: exposure = .* 0.001 to"):
        EmissionSpectrum(longest=longest).bind(Setup(station))


@pytest.mark.parametrize("setting", ["frames", "dark_frames"])
@pytest.mark.parametrize("number", [0, 1, 1001])
def test_a_number_of_frames_that_gives_no_error_is_refused(make_station, setting, number):
    with (
        make_station() as station,
        pytest.raises(LimitError, match=f"emission spectrum: {setting} = {number} "),
    ):
        EmissionSpectrum(**{setting: number}).bind(Setup(station))


# -- flags ------------------------------------------------------------------------------------------


def test_no_light_is_below_noise_and_light_is_not(make_station, power_law_sample):
    with make_station(sample=power_law_sample(rate=BRIGHT)) as station:
        detector = EmissionSpectrum(longest=0.1)
        excitation, area = bound(station, detector)
        excitation.off()
        flags = [detector.read({}) for _ in range(30)]
        assert flags.count(Flag.BELOW_NOISE) >= 29
        excitation.laser.emission = True
        excitation.set_power(300 * area)
        assert detector.read({}) == Flag(0)


# -- dark frames ------------------------------------------------------------------------------------


def test_the_dark_frame_is_subtracted_and_dark_and_raw_are_kept(make_station, power_law_sample):
    with make_station(sample=power_law_sample(rate=BRIGHT)) as station:
        detector = EmissionSpectrum(longest=1.0, frames=4)
        excitation, area = bound(station, detector)
        excitation.set_power(100 * area)
        record = {}
        detector.read(record)
        net = (record["spectrum_raw"] - record["dark"]) / record["exposure"]
        assert np.allclose(record["spectrum"], net, rtol=1e-6, atol=1e-3)
        settings = station.backend.world.twins["spectrometer"].detector.settings
        assert np.median(record["dark"]) == pytest.approx(
            settings.offset_counts + settings.dark_e_per_s * record["exposure"], abs=10
        )
        truth = true_rate(station)
        pull = (record["spectrum"] - truth) / record["spectrum_errors"]
        assert abs(np.median(pull)) < 0.1


def test_bright_points_share_a_dark_frame_until_it_expires(make_station, power_law_sample):
    with make_station(sample=power_law_sample(rate=BRIGHT)) as station:
        detector = EmissionSpectrum(dark_expiry=600.0)
        excitation, area = bound(station, detector)
        excitation.set_power(100 * area)
        records = []
        for wait in (0.0, 60.0, 600.0, 0.0):
            station.clock.sleep(wait)
            record = {}
            detector.read(record)
            records.append(record["dark"])
        assert (records[0] == records[1]).all()
        assert not (records[1] == records[2]).all()
        assert (records[2] == records[3]).all()


def test_dim_points_get_a_dark_frame_each(make_station, power_law_sample):
    with make_station(sample=power_law_sample(rate=DIM)) as station:
        detector = EmissionSpectrum(longest=0.1)
        excitation, area = bound(station, detector)
        excitation.set_power(100 * area)
        first, second = {}, {}
        detector.read(first)
        detector.read(second)
        assert not (first["dark"] == second["dark"]).all()


def test_the_light_is_off_during_the_dark_frame_and_as_before_after_it(make_station, power_law_sample, watch):
    with make_station(sample=power_law_sample(rate=DIM)) as station:
        detector = EmissionSpectrum(longest=0.1)
        excitation, area = bound(station, detector)
        excitation.set_power(100 * area)
        eye = watch(station)
        before = eye.power()
        twin = station.backend.world.twins["spectrometer"]
        expose, seen = twin.expose, []
        twin.expose = lambda: (seen.append(eye.power()), expose())[1]
        detector.read({})
        assert seen[-detector.frames :] == [0.0] * detector.frames
        assert all(power == pytest.approx(before) for power in seen[: -detector.frames])
        assert eye.power() == pytest.approx(before)


# -- errors -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rate", "irradiance"), [(DIM, 100.0), (BRIGHT, 20.0), (BRIGHT, 300.0)])
def test_errors_of_a_band_are_honest(make_station, power_law_sample, rate, irradiance):
    with make_station(sample=power_law_sample(rate=rate)) as station:
        # a dark frame for every point, so that the points are independent
        detector = EmissionSpectrum(longest=0.5, dark_expiry=0.0)
        excitation, area = bound(station, detector)
        excitation.set_power(irradiance * area)
        wavelengths = station.find(Spectrometer).wavelengths()
        band = (wavelengths > 575) & (wavelengths < 625)
        truth = true_rate(station)[band].sum()
        pulls = []
        for _ in range(240):
            record = {}
            detector.read(record)
            error = np.sqrt((record["spectrum_errors"][band] ** 2).sum())
            pulls.append((record["spectrum"][band].sum() - truth) / error)
        assert abs(np.mean(pulls)) < 0.4
        assert 0.8 < np.std(pulls) < 1.25
