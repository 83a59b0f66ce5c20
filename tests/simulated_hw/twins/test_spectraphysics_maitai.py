"""The twin of the Mai Tai by its manual and logs of real lasers, then our driver against it."""

from collections.abc import Callable

import pytest

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import DeviceFault, DeviceTimeout, InstrumentError
from antistokes.instruments.lasers.spectraphysics_maitai import MaiTai
from antistokes.simulated_hw.bench import Bench, OpticsSettings
from antistokes.simulated_hw.twins.spectraphysics_maitai import MaiTaiSettings, MaiTaiTwin
from antistokes.simulated_hw.visa import VirtualVisaLibrary

RESOURCE = "ASRL1::INSTR"
NO_ERROR = '0,"No error"'


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def bench(clock: VirtualClock) -> Bench:
    return Bench(clock, None, None, OpticsSettings(), seed=1)


@pytest.fixture
def make_twin(bench: Bench) -> Callable[..., MaiTaiTwin]:
    def make(**settings) -> MaiTaiTwin:
        twin = MaiTaiTwin("laser", bench, MaiTaiSettings(**settings))
        twin.resource_name = RESOURCE
        return twin

    return make


@pytest.fixture
def twin(make_twin) -> MaiTaiTwin:
    return make_twin()


@pytest.fixture
def open_laser(clock: VirtualClock) -> Callable[..., MaiTai]:
    def open_laser(twin: MaiTaiTwin, **settings) -> MaiTai:
        return MaiTai(RESOURCE, "laser", clock=clock, visa_library=VirtualVisaLibrary.of([twin]), **settings)

    return open_laser


def light(bench: Bench) -> float:
    return sum(power for _, power in bench.beams())


def pump(twin: MaiTaiTwin) -> None:
    """Emission and mode lock, behind the shutter."""
    assert twin.respond("TIM:WATC 0") is None
    assert twin.respond("ON") is None
    twin.clock.sleep(20)


# -- the twin -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("WAV?", "800nm"),
        ("WAVELENGTH?", "800nm"),
        ("wav?", "800nm"),
        ("READ:WAV?", "800nm"),
        ("READ:WAVelength?", "800nm"),
        ("WAV:MIN?", "690nm"),
        ("WAVelength:MAX?", "1040nm"),
        ("READ:POW?", "0.000W"),
        ("POWER?", "0.000W"),
        ("READ:PCTW?", "100.00%"),
        ("READ:PCTWarmedup?", "100.00%"),
        ("READ:PLAS:POW?", "0.00W"),
        ("PLASer:POWer?", "14.00W"),
        ("READ:PLASER:PCURRENT?", "0.0%"),
        ("PLAS:PCUR?", "0.0%"),
        ("READ:PLAS:SHGS?", "0S"),
        ("READ:PLAS:DIOD1:CURR?", "0.0%"),
        ("READ:PLAS:DIODE2:TEMPERATURE?", "20.5"),
        ("PLAS:ERRC?", "0"),
        ("PLAS:AHIS?", " ".join(["000"] * 16)),
        ("PLAS:HIST?", bytes(16) + b"\n"),
        ("READ:HUM?", "7.26%"),
        ("MODE?", "PPOW"),
        ("SHUT?", "0"),
        ("SHUTTER?", "0"),
        ("CONT:MLEN?", "1"),
        ("CONT:PHA?", "50.00"),
        ("TIM:WATC?", "3"),
        ("TIMER:WATCHDOG?", "3"),
        ("*STB?", "8"),
        ("SYST:ERR?", NO_ERROR),
        ("", None),
    ],
)
def test_answers_of_a_laser_that_is_off(twin: MaiTaiTwin, question: str, answer: str | bytes | None) -> None:
    assert twin.respond(question) == answer


def test_identity(twin: MaiTaiTwin) -> None:
    assert str(twin.respond("*IDN?")).startswith("Spectra Physics,MaiTai,3227/")


@pytest.mark.parametrize(
    ("setting", "question", "answer"),
    [
        ("WAV 975", "WAV?", "975nm"),
        ("WAVELENGTH 975.3", "WAV?", "975nm"),
        ("TIM:WATC 600", "TIM:WATC?", "600"),
        ("MODE PCURrent", "MODE?", "PCUR"),
        ("PLAS:POW 5.5", "PLAS:POW?", "5.50W"),
        ("PLAS:PCUR 70", "PLAS:PCUR?", "70.0%"),
        ("CONT:MLEN 0", "CONT:MLEN?", "0"),
        ("CONT:PHA 40", "CONT:PHA?", "40.00"),
        ("SYST:COMM:SER:BAUD 38400", "SYST:ERR?", NO_ERROR),
        ("SAVE", "SYST:ERR?", NO_ERROR),
    ],
)
def test_settings_give_no_answer(twin: MaiTaiTwin, setting: str, question: str, answer: str) -> None:
    assert twin.respond(setting) is None
    assert twin.respond(question) == answer
    assert twin.respond("SYST:ERR?") == NO_ERROR


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ("NONSENSE", '129,"CMD_ERR"'),
        ("WAV", '129,"CMD_ERR"'),
        ("WAV x", '129,"CMD_ERR"'),
        ("SHUT 2", '129,"CMD_ERR"'),
        ("SHUT:1", '129,"CMD_ERR"'),
        ("WAV 689", '130,"EXE_ERR"'),
        ("WAV nan", '130,"EXE_ERR"'),
        ("SYST:COMM:SER:BAUD 7", '129,"CMD_ERR"'),
    ],
)
def test_errors_wait_until_they_are_read(twin: MaiTaiTwin, message: str, error: str) -> None:
    assert twin.respond(message) is None
    assert twin.respond("SYST:ERR?") == error
    assert twin.respond("SYST:ERR?") == NO_ERROR


def test_the_error_sum_says_that_the_laser_is_on(twin: MaiTaiTwin) -> None:
    pump(twin)
    twin.respond("NONSENSE")
    assert twin.respond("SYST:ERR?") == '193,"CMD_ERR"'
    assert twin.respond("SYST:ERR?") == '64,"No error"'


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
def test_any_end_of_line_and_flow_control_will_do(twin: MaiTaiTwin, end: bytes) -> None:
    twin.feed(b"WAV 9\x13\x1175" + end + b"WAV" + b"?" + end)
    twin.clock.sleep(1)
    assert twin.take() == b"975nm\n"
    assert twin.take() is None


def test_a_cold_laser_warms_up_and_refuses_on_meanwhile(make_twin, clock: VirtualClock) -> None:
    twin = make_twin(warm=False, watchdog_s=0)
    assert twin.respond("READ:PCTW?") == "0.00%"
    twin.respond("ON")
    clock.sleep(60)
    assert (twin.respond("READ:PCTW?"), twin.respond("READ:PLAS:SHGS?")) == ("50.00%", "1S")
    twin.respond("ON")
    assert twin.respond("SYST:ERR?") == '130,"EXE_ERR"'
    clock.sleep(60)
    assert (twin.respond("READ:PCTW?"), twin.respond("*STB?")) == ("100.00%", "8")
    twin.respond("ON")
    clock.sleep(20)
    assert twin.respond("*STB?") == "11"
    twin.respond("OFF")
    assert (twin.respond("READ:PCTW?"), twin.respond("*STB?")) == ("100.00%", "8")


def test_emission_and_mode_lock_take_time(twin: MaiTaiTwin, bench: Bench, clock: VirtualClock) -> None:
    twin.respond("SHUT 1")
    twin.respond("TIM:WATC 0")
    twin.respond("ON")
    clock.sleep(5)
    assert (twin.respond("*STB?"), twin.respond("READ:PLAS:POW?"), light(bench)) == ("8", "7.00W", 0)
    clock.sleep(5)
    assert (twin.respond("*STB?"), twin.respond("READ:POW?"), light(bench)) == ("9", "2.500W", 2.5)
    clock.sleep(3)
    assert twin.respond("*STB?") == "11"
    twin.respond("CONT:MLEN 0")
    assert twin.respond("*STB?") == "9"


def test_the_shutter_is_reported_a_second_late(twin: MaiTaiTwin, bench: Bench, clock: VirtualClock) -> None:
    pump(twin)
    assert not bench.light_is_on()
    for command, before, after in (("SHUT 1", "0", "1"), ("SHUT 0", "1", "0")):
        twin.respond(command)
        assert twin.respond("SHUT?") == before
        assert bench.light_is_on() == (after == "1")
        clock.sleep(1)
        assert twin.respond("SHUT?") == after


def test_on_and_off_leave_the_shutter_alone(twin: MaiTaiTwin, clock: VirtualClock) -> None:
    twin.respond("SHUT 1")
    pump(twin)
    twin.respond("OFF")
    assert twin.respond("SHUT?") == "1"


def test_tuning_takes_time_and_the_mode_lock(twin: MaiTaiTwin, bench: Bench, clock: VirtualClock) -> None:
    pump(twin)
    twin.respond("SHUT 1")
    twin.respond("WAV 900")
    clock.sleep(2)
    assert (twin.respond("WAV?"), twin.respond("READ:WAV?"), twin.respond("*STB?")) == ("900nm", "840nm", "9")
    assert bench.beams()[0][0] == 840
    twin.respond("WAV 820")
    clock.sleep(1)
    assert (twin.respond("READ:WAV?"), twin.respond("*STB?")) == ("820nm", "9")
    clock.sleep(3)
    assert twin.respond("*STB?") == "11"
    assert light(bench) < 2.5


def test_the_watchdog_turns_the_pump_off_without_traffic(twin: MaiTaiTwin, clock: VirtualClock) -> None:
    twin.respond("ON")
    for _ in range(8):
        clock.sleep(2)
        assert twin.respond("WAV?") == "800nm"
    assert twin.respond("*STB?") == "11"
    clock.sleep(2)
    twin.respond("NONSENSE")  # is no traffic
    clock.sleep(2)
    assert twin.respond("*STB?") == "8"


def test_local_mode_ignores_settings_without_an_error(twin: MaiTaiTwin) -> None:
    twin.local = True
    for command in ("WAV 900", "SHUT 1", "ON", "TIM:WATC 0"):
        twin.respond(command)
    twin.clock.sleep(2)
    answers = [twin.respond(q) for q in ("WAV?", "SHUT?", "*STB?", "TIM:WATC?", "SYST:ERR?")]
    assert answers == ["800nm", "0", "8", "3", NO_ERROR]


def test_an_open_interlock_turns_it_off_and_refuses_on(twin: MaiTaiTwin) -> None:
    pump(twin)
    twin.interlock_open = True
    assert (twin.respond("*STB?"), twin.respond("SYST:ERR?")) == ("8", '160,"SYS_ERR"')
    assert (twin.respond("PLAS:ERRC?"), str(twin.respond("PLAS:AHIS?"))[:3]) == ("120", "120")
    pump(twin)
    assert (twin.respond("*STB?"), twin.respond("SYST:ERR?")) == ("8", '160,"SYS_ERR"')
    twin.interlock_open = False
    pump(twin)
    assert twin.respond("*STB?") == "11"


# -- our driver against it ------------------------------------------------------------------------


def test_opening_moves_nothing(twin, open_laser, bench: Bench, clock: VirtualClock) -> None:
    twin.respond("NONSENSE")  # by somebody else
    laser = open_laser(twin)
    assert clock.now() < 1
    assert (laser.emission, laser.wavelength, laser.wavelength_range) == (False, 800, (690, 1040))
    assert not bench.light_is_on()


def test_light_dark_and_light_again(twin, open_laser, bench: Bench, clock: VirtualClock) -> None:
    laser = open_laser(twin)
    laser.emission = True
    assert 13 < clock.now() < 17
    assert (laser.emission, laser.mode_locked, light(bench)) == (True, True, 2.5)
    for _ in range(2):
        begin = clock.now()
        laser.emission = False
        assert (laser.emission, light(bench), laser.power) == (False, 0, 2.5)
        laser.emission = True
        assert light(bench) == 2.5
        assert clock.now() - begin < 3
    laser.make_safe()
    assert (light(bench), laser.power, laser.warmed_up) == (0, 0, 100)


def test_the_watchdog_ends_the_light_of_a_killed_program_and_no_exposure(
    twin, open_laser, bench: Bench, clock: VirtualClock
) -> None:
    laser = open_laser(twin)
    assert laser.watchdog == 3
    laser.emission = True
    clock.sleep(7100)
    assert laser.emission
    assert bench.light_is_on()
    clock.sleep(7300)
    assert not laser.emission
    for seconds, lit in ((60, False), (0, True)):
        other = open_laser(twin, watchdog=seconds)
        other.emission = True
        clock.sleep(8000)
        assert other.emission is lit


def test_a_cold_laser_is_warmed_up_first(make_twin, open_laser, clock: VirtualClock) -> None:
    laser = open_laser(make_twin(warm=False))
    laser.emission = True
    assert 130 < clock.now() < 145


def test_a_laser_that_another_has_begun_to_warm_up(make_twin, open_laser, clock: VirtualClock) -> None:
    twin = make_twin(warm=False)
    twin.respond("ON")
    clock.sleep(60)
    laser = open_laser(twin)
    laser.emission = True
    assert laser.mode_locked


def test_it_is_tuned_in_the_dark_and_in_the_light(twin, open_laser, bench: Bench) -> None:
    laser = open_laser(twin)
    laser.wavelength = 975
    assert laser.wavelength == 975
    laser.emission = True
    laser.wavelength = 940
    assert bench.beams()[0] == (940, pytest.approx(2.5 * 2.71828 ** -(140**2 / 130**2 / 2), rel=1e-4))
    assert laser.mode_locked


def test_local_mode_is_found_by_reading_back(twin, open_laser, bench: Bench) -> None:
    laser = open_laser(twin)
    twin.local = True
    with pytest.raises(DeviceFault, match=r"laser: 'WAV 975' had no effect within 10 s; is it in local mode"):
        laser.wavelength = 975
    with pytest.raises(DeviceFault, match=r"laser: no light: 'TIM:WATC 7200' had no effect .* local mode"):
        laser.emission = True
    laser.make_safe()  # as it is


def test_a_shutter_that_stays_open_is_said_and_the_pump_goes_off_all_the_same(twin, open_laser) -> None:
    laser = open_laser(twin)
    laser.emission = True
    twin.set_shutter = lambda text: None
    twin._known.clear()
    with pytest.raises(DeviceFault, match="the shutter is still open"):
        laser.make_safe()
    assert not twin.head.emits()


def test_a_laser_that_does_not_lock_stays_behind_its_shutter(twin, open_laser, bench: Bench) -> None:
    laser = open_laser(twin)
    twin.head.unlocked = True
    with pytest.raises(DeviceFault, match="laser: no light: no mode lock within 60 s at 800 nm"):
        laser.emission = True
    assert not bench.light_is_on()
    assert not laser.shutter_open


def test_an_open_interlock_is_named(twin, open_laser, bench: Bench) -> None:
    laser = open_laser(twin)
    laser.emission = True
    twin.interlock_open = True
    assert laser.emission is False
    with pytest.raises(DeviceFault, match="laser: no light: system error .an interlock is open"):
        laser.emission = True
    assert not twin.head.shutter


@pytest.mark.parametrize("lost", range(3))
def test_a_lost_message_leaves_no_light_behind(twin, open_laser, bench: Bench, lost: int) -> None:
    laser = open_laser(twin)
    laser.emission = True
    feed, messages = twin.feed, []

    def once(data: bytes, end: bool = False) -> None:
        messages.append(data)
        if len(messages) != lost + 1:
            feed(data, end)

    twin.feed = once
    laser.emission = False
    assert not bench.light_is_on()


def test_a_report_that_is_late_is_not_taken_for_a_closed_shutter(twin, open_laser, bench: Bench) -> None:
    laser = open_laser(twin)
    laser.emission = True
    laser.emission = False
    feed, lost = twin.feed, []

    def lossy(data: bytes, end: bool = False) -> None:
        if data == b"SHUT 0\n" and not lost:
            lost.append(data)
        else:
            feed(data, end)

    def interrupted(data: bytes, end: bool = False) -> None:
        feed(data, end)
        if data == b"SHUT 1\n":
            twin.feed = lossy
            raise KeyboardInterrupt

    twin.feed = interrupted
    with pytest.raises(KeyboardInterrupt):
        laser.emission = True
    assert lost
    assert not bench.light_is_on()


def test_a_laser_that_goes_silent_is_a_time_out_and_comes_back(twin, open_laser, bench: Bench) -> None:
    laser = open_laser(twin)
    laser.emission = True
    feed = twin.feed
    twin.feed = lambda data, end=False: None
    with pytest.raises(DeviceTimeout, match=r"laser: no answer to 'READ:WAV\?' within 3 s"):
        _ = laser.wavelength
    with pytest.raises(InstrumentError):
        laser.make_safe()
    twin.feed = feed
    laser.make_safe()
    assert not bench.light_is_on()
