"""Twin of a Time Tagger: plays the SDK as its documentation says, and the driver with it."""

from __future__ import annotations

import numpy as np
import pytest

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.counters import swabian_sdk
from antistokes.instruments.counters.swabian_timetagger import SwabianTimeTagger
from antistokes.instruments.errors import ConnectionFailed, DeviceFault
from antistokes.instruments.roles import PhotonCounter, TimeTagger
from antistokes.simulated_hw.bench import Bench, OpticsSettings
from antistokes.simulated_hw.light import Flashes, Light
from antistokes.simulated_hw.photon_counting import PhotomultiplierSettings
from antistokes.simulated_hw.twins.swabian_timetagger import MODELS, SwabianSettings, SwabianTwin
from antistokes.simulated_hw.waveform import PulseTrain

SERIAL = "1740000JG2"
DECAY = 0.5e-3  # s
PS = 1e12
TRAIN = PulseTrain(10e-3, 1e-4)


class Pulser:
    def __init__(self, train):
        self.train = train

    def pulses(self):
        return self.train


class DecayBench(Bench):
    """Photons at a mean rate; after each trigger they decay."""

    rate = 1e4

    def collected(self):
        return [Light(541.0, 12.0, self.rate)]

    def flashes(self):
        train = self.pulses() or PulseTrain(1.0, 0.5)
        times = np.linspace(0, train.period, 2001)
        course = np.exp(-times / DECAY) if self.pulses() else np.ones(len(times))
        return Flashes(times, self.collected(), (self.rate * course / course.mean())[None, :])


def make_twin(rate=1e4, train=TRAIN, detector=None, **settings) -> SwabianTwin:
    bench = DecayBench(VirtualClock(), None, None, OpticsSettings(), seed=1)
    bench.rate = rate
    bench.generator = Pulser(train) if train else None
    detector = {"efficiency": 1.0, "dark_per_s": 0.0, "dead_time_s": 0.0} | (detector or {})
    twin = SwabianTwin(
        "tagger", bench, SwabianSettings(detector=PhotomultiplierSettings(**detector), **settings)
    )
    twin.resource_name = SERIAL
    return twin


def open_driver(twin, **settings) -> SwabianTimeTagger:
    return SwabianTimeTagger(twin.sdk(), SERIAL, "tagger", clock=twin.bench.clock, **settings)


@pytest.fixture
def twin():
    return make_twin()


@pytest.fixture
def sdk(twin):
    return twin.sdk()


@pytest.fixture
def tagger(sdk):
    return sdk.createTimeTagger(SERIAL)


# -- the SDK it plays -----------------------------------------------------------------------------


def names(protocol):
    return [name for base in protocol.__mro__[:2] for name in vars(base) if not name.startswith("_")]


def test_it_has_everything_the_drivers_protocols_name(sdk, tagger):
    made = {
        "TimeTaggerSdk": sdk,
        "Tagger": tagger,
        "Stream": (stream := sdk.TimeTagStream(tagger, 10, [1])),
        "StreamBuffer": stream.getData(),
        "Histogram": sdk.Histogram(tagger, 2, 1),
        "Countrate": sdk.Countrate(tagger, [1]),
        "Together": sdk.SynchronizedMeasurements(tagger),
    }
    for protocol, thing in made.items():
        missing = [name for name in names(getattr(swabian_sdk, protocol)) if not hasattr(thing, name)]
        assert missing == [], protocol


def test_the_real_classes_have_what_the_twins_have(sdk, tagger):
    real = pytest.importorskip("Swabian.TimeTagger")
    pairs = [
        (sdk, real),
        (tagger, real.TimeTagger),
        *(
            (getattr(sdk, n), getattr(real, n))
            for n in ("TimeTagStream", "Histogram", "Countrate", "SynchronizedMeasurements")
        ),
    ]
    own = {
        "advance",
        "after_triggers",
        "attach",
        "check_channel",
        "counts",
        "events",
        "free",
        "now",
        "run_from",
    }
    for ours, theirs in pairs:
        public = {name for name in dir(ours) if not name.startswith("_") and callable(getattr(ours, name))}
        assert {name for name in public - own - {"run_from", "take"} if not hasattr(theirs, name)} == set()


def test_a_device_is_listed_until_it_is_opened(sdk):
    assert sdk.scanTimeTagger() == (SERIAL,)
    assert sdk.scanTimeTagger(True) == (f"{SERIAL},Time Tagger 20",)
    tagger = sdk.createTimeTagger(SERIAL)
    assert sdk.scanTimeTagger() == ()
    sdk.freeTimeTagger(tagger)
    assert sdk.scanTimeTagger() == (SERIAL,)
    with pytest.raises(RuntimeError, match="freed"):
        sdk.Countrate(tagger, [1])


@pytest.mark.parametrize("whose", ["twin", "real"])
def test_where_the_real_sdk_refuses_the_twin_refuses(whose, sdk, tagger):
    """Without a device the real SDK refuses the same way."""
    sdk = sdk if whose == "twin" else pytest.importorskip("Swabian.TimeTagger")
    with pytest.raises(RuntimeError, match="No Time Tagger attached or already in use"):
        sdk.createTimeTagger()
    with pytest.raises(RuntimeError, match="'XYZ' is not a valid Time Tagger serial number"):
        sdk.createTimeTagger("XYZ")


def test_dead_times_are_rounded_to_whole_clocks_of_the_20_and_kept_by_the_others(tagger):
    assert tagger.getDeadtimeRange(1) == (6000, 393_000_000)
    assert [tagger.setDeadtime(2, ps) for ps in (1, 6000, 10_000, 100_000)] == [6000, 6000, 12_000, 102_000]
    with pytest.raises(RuntimeError, match="too long"):
        tagger.setDeadtime(2, 400_000_000)
    ultra = make_twin(model="Time Tagger Ultra").sdk().createTimeTagger()
    assert ultra.setDeadtime(2, 2101) == 2101


def test_channels_and_levels_that_are_not_there_are_refused(sdk, tagger):
    assert tagger.getChannelList() == (*range(1, 9), *range(-1, -9, -1))
    assert tagger.getChannelList(2) == tuple(range(-1, -9, -1))
    for refused in (
        lambda: tagger.setTriggerLevel(1, 3.0),
        lambda: tagger.setTriggerLevel(9, 0.1),
        lambda: tagger.setInputDelay(0, 1),
        lambda: sdk.Countrate(tagger, [99]),
    ):
        with pytest.raises(RuntimeError):
            refused()


def stream(sdk, tagger, seconds, channels=(1, 2), n_max=10**6):
    measurement = sdk.TimeTagStream(tagger, n_max, list(channels))
    measurement.startFor(round(seconds * PS))
    assert measurement.waitUntilFinished()
    return measurement.getData()


def test_a_stream_has_triggers_and_photons_in_order(twin, sdk, tagger):
    twin.bench.clock.sleep(1.0035)
    data = stream(sdk, tagger, 1.0)
    times, channels = data.getTimestamps(), data.getChannels()
    assert (np.diff(times) >= 0).all()
    triggers = times[channels == 1]
    assert list(triggers[:2]) == [round(1.01 * PS), round(1.02 * PS)]
    assert len(triggers) == 100
    assert np.sum(channels == 2) == pytest.approx(1e4, abs=400)
    assert data.tStart == round(1.0035 * PS)
    assert data.size == len(times)
    assert not data.hasOverflows
    assert not data.getEventTypes().any()


def test_a_measurement_begins_when_it_is_made_and_stops_when_told(twin, sdk, tagger):
    measurement = sdk.TimeTagStream(tagger, 10**6, [1])
    twin.bench.clock.sleep(0.1)
    assert measurement.isRunning()
    assert measurement.getCounts() == 10
    measurement.stop()
    twin.bench.clock.sleep(0.1)
    assert not measurement.isRunning()
    assert measurement.getCounts() == 10
    assert measurement.getCaptureDuration() == 10**11
    assert measurement.getData().size == 10
    assert measurement.getData().size == 0


def test_waiting_ends_at_the_time_out_or_with_the_measurement(twin, sdk, tagger):
    measurement = sdk.Countrate(tagger, [1])
    with pytest.raises(RuntimeError, match="without an end"):
        measurement.waitUntilFinished()
    measurement.startFor(10**12)
    assert measurement.waitUntilFinished(400) is False
    assert twin.bench.clock.now() == pytest.approx(0.4)
    assert measurement.waitUntilFinished(5000) is True
    assert twin.bench.clock.now() == pytest.approx(1.0)


def test_what_does_not_fit_the_buffer_is_dropped(twin, sdk, tagger):
    assert stream(sdk, tagger, 1.0, n_max=500).size == 500


def test_a_delay_shifts_time_tags(sdk, tagger):
    before = stream(sdk, tagger, 0.1, [1]).getTimestamps()
    tagger.setInputDelay(1, 7_000_000)
    after = stream(sdk, tagger, 0.1, [1]).getTimestamps()
    assert list(after % 10**10) == [7_000_000] * 10
    assert list(before % 10**10) == [0] * 10


def test_a_falling_edge_comes_one_pulse_later(sdk, tagger):
    assert list(stream(sdk, tagger, 0.1, [-1]).getTimestamps() % 10**10) == [10**8] * 10


@pytest.mark.parametrize(("channel", "level"), [(1, 2.4), (2, 2.1), (2, 0.0), (1, -0.2)])
def test_a_threshold_that_pulses_do_not_cross_sees_none(channel, level):
    twin = make_twin(train=PulseTrain(10e-3, 1e-4, high=2.3))
    sdk = twin.sdk()
    tagger = sdk.createTimeTagger()
    assert stream(sdk, tagger, 0.1, [channel]).size > 0
    tagger.setTriggerLevel(channel, level)
    assert stream(sdk, tagger, 0.1, [channel]).size == 0


def test_a_dead_time_loses_photons():
    twin = make_twin(rate=1e5)
    sdk = twin.sdk()
    tagger = sdk.createTimeTagger()
    tagger.setDeadtime(2, 300_000_000)
    times = stream(sdk, tagger, 0.1, [2]).getTimestamps()
    assert np.diff(times).min() >= 299_999_999
    assert len(times) < 0.1 / 300e-6


def test_without_a_generator_there_are_no_triggers():
    sdk = make_twin(train=None).sdk()
    data = stream(sdk, sdk.createTimeTagger(), 0.1)
    assert set(data.getChannels()) == {2}


def test_a_test_signal_takes_the_place_of_the_input(sdk, tagger):
    tagger.setTestSignal([5, 2], True)
    data = stream(sdk, tagger, 0.01, [5, 2, 6])
    counts = [np.sum(data.getChannels() == channel) for channel in (5, 2, 6)]
    assert counts == pytest.approx([8333, 8333, 0], abs=2)
    tagger.setTestSignal(5, False)
    assert stream(sdk, tagger, 0.01, [5]).size == 0


def test_more_than_the_link_carries_fills_the_device_and_then_overflows():
    twin = make_twin(rate=2e5, train=None, rate_per_s=1e5)
    sdk = twin.sdk()
    tagger = sdk.createTimeTagger()
    measurement = sdk.TimeTagStream(tagger, 10**8, [2])
    tagger._backlog = tagger.getHardwareBufferSize() - 5e4  # as after 80 s
    twin.bench.clock.sleep(0.4)
    assert tagger.getOverflows() == 0
    twin.bench.clock.sleep(1.0)
    data = measurement.getData()
    kinds, missed = data.getEventTypes(), data.getMissedEvents()
    assert data.hasOverflows
    assert set(kinds) == {0, 2, 3, 4}
    assert missed.sum(dtype=int) == pytest.approx(90_000, rel=0.05)
    assert missed.max() == 65_535
    assert np.sum(kinds == 0) + missed.sum(dtype=int) == pytest.approx(280_000, rel=0.02)
    assert (np.diff(data.getTimestamps()) >= 0).all()
    assert tagger.getOverflowsAndClear() == 1
    assert tagger.getOverflows() == 0


def test_measurements_that_begin_together_see_the_same_time(twin, sdk, tagger):
    together = sdk.SynchronizedMeasurements(tagger)
    proxy = together.getTagger()
    members = [sdk.Countrate(proxy, [1]), sdk.TimeTagStream(proxy, 1000, [1])]
    twin.bench.clock.sleep(1.0)
    assert [member.getCaptureDuration() for member in members] == [0, 0]
    together.startFor(10**11)
    assert together.isRunning()
    assert together.waitUntilFinished(200)
    assert [member.getCaptureDuration() for member in members] == pytest.approx([10**11] * 2)
    assert list(members[0].getCountsTotal()) == [10]
    np.testing.assert_allclose(members[0].getData(), [100.0])


# -- the driver with it ---------------------------------------------------------------------------


def test_the_driver_fulfils_its_roles(twin):
    driver = open_driver(twin)
    assert isinstance(driver, TimeTagger)
    assert isinstance(driver, PhotonCounter)
    driver.trigger_level, driver.photon_delay, driver.dead_time = 1.25, 2e-9, 100e-9
    assert (driver.trigger_level, driver.photon_delay, driver.dead_time) == (1.25, 2e-9, 102e-9)


def test_a_histogram_shows_the_decay(twin):
    driver = open_driver(twin)
    driver.bin_width, driver.bins = 50e-6, 100
    counts = driver.histogram(100.0)
    assert driver.triggers == pytest.approx(10_000, abs=1)
    assert twin.bench.clock.now() == pytest.approx(100.0, abs=0.1)
    assert counts.sum() == pytest.approx(1e6, rel=0.01)
    mean = (counts * (driver.times() + 25e-6)).sum() / counts.sum()
    assert mean == pytest.approx(DECAY, rel=0.01)


def test_the_histogram_of_a_stream_is_the_histogram(twin):
    driver = open_driver(twin)
    driver.bin_width, driver.bins = 100e-6, 50
    counts = driver.histogram(20.0)
    folded = np.zeros(50)
    for tags in driver.stream(20.0):
        photons = tags.times[tags.channels == 2]
        delay = (photons + round(twin_phase(twin))) % 10**10
        folded += np.histogram(delay, bins=50, range=(0, 50 * 10**8))[0]
    np.testing.assert_allclose(folded[:20], counts[:20], rtol=0.1)


def twin_phase(twin):
    """Of the start of the stream that has just ended, after a trigger, ps."""
    return (twin.bench.clock.now() - 20.0) % 10e-3 * PS


def test_photons_come_later_by_their_delay(twin):
    driver = open_driver(twin)
    driver.bin_width, driver.bins = 100e-6, 60
    driver.photon_delay = 3e-3
    counts = driver.histogram(10.0)
    assert np.argmax(counts) == 30
    driver.trigger_delay = 3e-3
    assert np.argmax(driver.histogram(10.0)) == 0


def test_the_count_rate_is_that_of_the_photons(twin):
    assert open_driver(twin).count_rate() == pytest.approx(1e4, rel=0.15)


def test_every_event_of_the_time_asked_for_comes_once(twin):
    driver = open_driver(twin)
    twin.bench.clock.sleep(0.123)
    blocks = list(driver.stream(2.0))
    times, channels = (np.concatenate(column) for column in zip(*blocks, strict=True))
    assert len(blocks) > 20
    assert (np.diff(times) >= 0).all()
    assert times[0] >= 0
    assert times[-1] < 2 * PS
    triggers = times[channels == 1]
    np.testing.assert_allclose(np.diff(triggers), 10**10, atol=1)
    assert len(triggers) == 200


@pytest.mark.parametrize("model", MODELS)
def test_no_tag_is_lost_at_the_highest_rate(model):
    """As many per second as the link carries, triggers and photons together."""
    twin = make_twin(train=PulseTrain(1e-5, 1e-6), model=model)
    driver = open_driver(twin)
    photons = 0.99 * MODELS[model].rate - 1e5
    twin.bench.rate = photons / (1 - photons * driver.dead_time)
    events, made = driver._tagger.events, 0

    def counted(*args):
        nonlocal made
        made += len(times := events(*args))
        return times

    driver._tagger.events = counted
    seconds = 5e5 / photons
    assert sum(len(tags.times) for tags in driver.stream(seconds)) == made
    assert made == pytest.approx(0.99 * MODELS[model].rate * seconds, rel=0.03)


def test_blocks_taken_too_slowly_end_the_stream(twin):
    stream = open_driver(twin, buffer=2000).stream(10.0)
    next(stream)
    twin.bench.clock.sleep(1.0)
    with pytest.raises(DeviceFault, match="tagger: events were lost: 2000 waited"):
        next(stream)


def test_an_overflow_of_the_device_ends_the_stream():
    twin = make_twin(rate=2e5, rate_per_s=1e5)
    driver = open_driver(twin)
    driver._tagger._backlog = driver._tagger.getHardwareBufferSize() - 1e4
    with pytest.raises(DeviceFault, match=r"events were lost \(\d+ or more\): an overflow, missed events"):
        list(driver.stream(1.0))
    driver._tagger._backlog = driver._tagger.getHardwareBufferSize() - 1e4
    with pytest.raises(DeviceFault, match="overflows; fewer events per second are needed"):
        driver.histogram(1.0)


def test_a_second_driver_cannot_open_it(twin):
    driver = open_driver(twin)
    with pytest.raises(ConnectionFailed, match="free: none"):
        open_driver(twin)
    driver.close()
    open_driver(twin)


def test_the_same_seed_gives_the_same_tags():
    streams = [np.concatenate([t.times for t in open_driver(make_twin()).stream(0.2)]) for _ in range(2)]
    np.testing.assert_array_equal(*streams)
