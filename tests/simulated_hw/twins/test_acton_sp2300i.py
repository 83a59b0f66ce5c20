"""The SP-2300i's twin by the command list of the manual, then our driver against it."""

from collections.abc import Callable
from typing import Any

import pytest

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import DeviceFault, DeviceTimeout
from antistokes.instruments.monochromators.acton_sp2300i import ActonSP2300i
from antistokes.simulated_hw.bench import Bench, OpticsSettings
from antistokes.simulated_hw.twins.acton_sp2300i import ActonTwin
from antistokes.simulated_hw.visa import VirtualVisaLibrary

Ask = Callable[[str], str]


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def make(clock: VirtualClock) -> Callable[..., ActonTwin]:
    def make(**settings: Any) -> ActonTwin:
        bench = Bench(clock, None, None, OpticsSettings(), seed=1)
        twin = ActonTwin("mono", bench, ActonTwin.Settings(**({"echo": False} | settings)))
        twin.resource_name = "ASRL1::INSTR"
        return twin

    return make


@pytest.fixture
def twin(make: Callable[..., ActonTwin]) -> ActonTwin:
    return make()


@pytest.fixture
def ask(twin: ActonTwin) -> Ask:
    return lambda message: talk(twin, message)


@pytest.fixture
def driver(twin: ActonTwin) -> ActonSP2300i:
    return open_driver(twin)


def talk(twin: ActonTwin, message: str, end: str = "\r") -> str:
    """All that is said until nothing more is to come."""
    twin.feed((message + end).encode())
    said = b""
    while (due := twin.next_due()) is not None:
        twin.clock.sleep(due - twin.clock.now())
        said += twin.take() or b""
    return said.decode("latin-1")


def open_driver(twin: ActonTwin) -> ActonSP2300i:
    library = VirtualVisaLibrary.of([twin])
    return ActonSP2300i("ASRL1::INSTR", "mono", clock=twin.clock, visa_library=library)


def test_without_echo_an_answer_stands_between_blanks(ask: Ask) -> None:
    assert ask("?NM") == " 0.000 nm  ok\r\n"
    assert ask("200 NM/MIN") == " ok\r\n"
    assert ask("") == " ok\r\n"


def test_with_echo_it_follows_the_question(make: Callable[..., ActonTwin]) -> None:
    twin = make(echo=True)
    assert talk(twin, "?NM") == "?NM 0.000 nm  ok\r\n"
    assert talk(twin, "NO-ECHO") == "NO-ECHO ok\r\n"
    assert talk(twin, "MODEL") == " SP-2-300i  ok\r\n"
    assert talk(twin, "ECHO") == " ok\r\n"
    assert talk(twin, "SERIAL") == "SERIAL 29012345  ok\r\n"


def test_the_echo_comes_at_once_and_ok_after_arrival(make: Callable[..., ActonTwin]) -> None:
    twin = make(echo=True)
    twin.feed(b"500 GOTO\r")
    assert twin.take() == b"500 GOTO"
    assert twin.take() is None
    assert twin.next_due() == pytest.approx(18 / 1.328, rel=0.05)  # s for 18 degrees


def test_an_unknown_word_is_named_and_not_ok(ask: Ask, make: Callable[..., ActonTwin]) -> None:
    assert ask("FOO") == " FOO ? \r\n"
    assert ask("?NM FOO") == " FOO ? \r\n"
    assert talk(make(echo=True), "FOO") == "FOO ? \r\n"


@pytest.mark.parametrize(
    "word", ["GOTO", "NM", ">NM", "GRATING", "TURRET", "NM/MIN", "SIDE-ENT-SLIT MICRONS"]
)
def test_a_word_without_its_number_is_refused(ask: Ask, word: str) -> None:
    assert ask(word) == f" {word.split()[-1]} ? \r\n"


def test_a_bare_question_mark_is_answered_without_end(ask: Ask) -> None:
    assert ask("?").startswith("\r\nAddress Error")
    assert ask("?NM") == " 0.000 nm  ok\r\n"


@pytest.mark.parametrize("message", ["500 goto", "500.000 GOTO", " 500  <GOTO> ", "0500. GoTo"])
def test_words_in_any_case(ask: Ask, message: str) -> None:
    ask(message)
    assert ask("?nm") == " 500.000 nm  ok\r\n"


def test_line_feeds_are_blanks(twin: ActonTwin) -> None:
    assert talk(twin, "?NM", "\r\n") == " 0.000 nm  ok\r\n"
    assert talk(twin, "?NM", "\r\n") == " 0.000 nm  ok\r\n"


def test_several_words_on_one_line_wait_for_each_other(ask: Ask) -> None:
    assert ask("500 GOTO ?NM") == " 500.000 nm  ok\r\n"


def test_values_out_of_range_are_clipped_without_a_word(ask: Ask) -> None:
    assert ask("2000 GOTO") == " ok\r\n"
    assert ask("?NM") == " 1400.000 nm  ok\r\n"
    ask("-5 GOTO")
    assert ask("?NM") == " 0.000 nm  ok\r\n"


def test_moves_towards_shorter_wavelengths_come_back_from_beyond(
    ask: Ask, twin: ActonTwin, clock: VirtualClock
) -> None:
    ask("500 GOTO")
    up = duration(ask, clock, "510 GOTO")
    twin.feed(b"500 GOTO\r")
    begin, due = clock.now(), twin.next_due() or 0.0
    assert due - begin == pytest.approx(up + 0.1 + 2 * 2 / 1.328, rel=0.01)
    lowest = 600.0
    while clock.now() < due:
        clock.sleep(0.05)
        lowest = min(lowest, twin.drive.at(clock.now()))
    assert lowest < 480
    assert twin.drive.at(due) == 500


def duration(ask: Ask, clock: VirtualClock, message: str) -> float:
    before = clock.now()
    ask(message)
    return clock.now() - before


def test_scanning_at_the_given_rate(ask: Ask, twin: ActonTwin, clock: VirtualClock) -> None:
    assert ask("?NM/MIN") == " 100.000 nm/min  ok\r\n"
    ask("600 NM/MIN")
    assert duration(ask, clock, "50 NM") == pytest.approx(5.1, abs=0.01)


def test_a_scan_that_does_not_block_must_be_stopped(ask: Ask, clock: VirtualClock) -> None:
    ask("600 NM/MIN")
    assert duration(ask, clock, "50 >NM") < 0.01
    assert ask("MONO-?DONE") == " 0  ok\r\n"
    clock.sleep(2.5)
    assert 20 < float(ask("?NM").split()[0]) < 30
    clock.sleep(10)
    assert ask("MONO-?DONE") == " 1  ok\r\n"
    for ignored in ("100 GOTO", "100 NM", "100 >NM", "2 GRATING", "2 TURRET"):
        assert ask(ignored) == " ok\r\n"
    assert ask("?NM") == " 50.000 nm  ok\r\n"
    assert (ask("?GRATING"), ask("?TURRET")) == (" 1  ok\r\n", " 1  ok\r\n")
    ask("MONO-STOP")
    ask("100 GOTO")
    assert ask("?NM") == " 100.000 nm  ok\r\n"


def test_a_scan_can_be_stopped_on_its_way(ask: Ask, clock: VirtualClock) -> None:
    ask("50 >NM")
    clock.sleep(6)
    ask("MONO-STOP")
    stopped = ask("?NM")
    clock.sleep(6)
    assert ask("?NM") == stopped
    assert 5 < float(stopped.split()[0]) < 15


def test_the_list_of_gratings_has_an_arrow(ask: Ask) -> None:
    lines = ask("?GRATINGS").split("\r\n")
    assert lines[0] == ""
    assert lines[1] == "\x1a1 1200 g/mm BLZ=  500NM "
    assert lines[2] == " 2  600 g/mm BLZ=  1.0UM "
    assert lines[4:10] == [f" {n}  Not Installed     " for n in range(4, 10)]
    assert lines[10:] == [" ok", ""]


def test_the_grating_turns_for_long_and_lets_no_light_pass(
    ask: Ask, twin: ActonTwin, clock: VirtualClock
) -> None:
    ask("500 GOTO")
    assert twin.transmission(500, 1) > 0.1
    twin.feed(b"2 GRATING\r")
    assert twin.transmission(500, 1) == 0
    assert duration(ask, clock, "?GRATING") == pytest.approx(20, abs=0.1)
    assert ask("?NM") == " 500.000 nm  ok\r\n"
    assert twin.transmission(500, 1) > 0.1
    assert duration(ask, clock, "2 GRATING") < 0.1


def test_a_grating_that_is_not_there_is_not_taken(make: Callable[..., ActonTwin]) -> None:
    twin = make(gratings=("1200 g/mm", "", "150 g/mm", "600 g/mm", "Mirror"))
    for number in (2, 4, 10, 0):
        assert talk(twin, f"{number} GRATING") == " ok\r\n"
        assert talk(twin, "?GRATING") == " 1  ok\r\n"
    talk(twin, "2 TURRET")
    talk(twin, "5 GRATING")
    assert (talk(twin, "?TURRET"), talk(twin, "?GRATING")) == (" 2  ok\r\n", " 5  ok\r\n")
    assert twin.transmission(300, 1) == twin.transmission(900, 1) > 0
    assert " 2 600 Mirror - " in talk(twin, "?TURRETS")


def test_a_coarse_grating_reaches_further(ask: Ask) -> None:
    ask("3 GRATING 5000 GOTO")
    assert ask("?NM") == " 5000.000 nm  ok\r\n"
    ask("1 GRATING")
    assert ask("?NM") == " 1400.000 nm  ok\r\n"


def test_slits(ask: Ask, twin: ActonTwin, clock: VirtualClock) -> None:
    ask("540 GOTO")
    wide = twin.transmission(541, 0.5)
    assert ask("SIDE-EXIT-SLIT ?MICRONS") == " 500 um  ok\r\n"
    assert duration(ask, clock, "100 MICRONS") == pytest.approx(1.0, abs=0.01)
    assert ask("?MICRONS") == " 100 um  ok\r\n"
    assert twin.transmission(541, 0.5) < wide / 3
    ask("SIDE-ENT-SLIT SHOME")
    assert ask("?MICRONS") == " 10 um  ok\r\n"
    ask("5000 MICRONS")
    assert ask("?MICRONS") == " 3000 um  ok\r\n"


def test_slits_and_mirrors_without_motor(ask: Ask) -> None:
    for words in ("FRONT-ENT-SLIT", "FRONT-ENT-SLIT ?MICRONS", "?MICRONS", "100 MICRONS", "SHOME"):
        assert ask(words) == " no motor  ok\r\n"
    for words in ("EXIT-MIRROR", "EXIT-MIRROR ?MIRROR", "ENT-MIRROR", "?MIRROR", "SIDE"):
        assert ask(words) == " no motor  ok\r\n"


def test_the_exit_mirror_decides_where_the_light_goes(make: Callable[..., ActonTwin]) -> None:
    twin = make(exit_mirror="front", power_on_wavelength=500)
    assert talk(twin, "EXIT-MIRROR ?MIRROR") == " front  ok\r\n"
    assert twin.transmission(500, 1) == 0
    talk(twin, "EXIT-MIRROR SIDE")
    assert (talk(twin, "?MIRROR"), talk(twin, "?MIR")) == (" side  ok\r\n", " 1  ok\r\n")
    assert twin.transmission(500, 1) > 0.1


def test_reset_and_status(ask: Ask, clock: VirtualClock) -> None:
    ask("500 GOTO 2 GRATING 200 NM/MIN")
    assert "grating 2 \r\n" in ask("MONO-EESTATUS")
    assert duration(ask, clock, "MONO-RESET") == pytest.approx(20, abs=0.1)
    assert (ask("?NM"), ask("?GRATING")) == (" 0.000 nm  ok\r\n", " 1  ok\r\n")
    assert ask("?NM/MIN") == " 100.000 nm/min  ok\r\n"


def test_the_bench_looks_through_it(twin: ActonTwin) -> None:
    assert twin.bench.monochromator is twin


# -- the driver -----------------------------------------------------------------------------------


@pytest.mark.parametrize("echo", [False, True])
def test_the_driver_goes_there_in_both_framings(make: Callable[..., ActonTwin], echo: bool) -> None:
    twin = make(echo=echo)
    mono = open_driver(twin)
    before = mono.clock.now()
    mono.wavelength = 1000
    assert mono.clock.now() - before > 20  # longer than the time-out
    assert mono.wavelength == 1000
    mono.wavelength = 546.07
    assert mono.wavelength == 546.07
    mono.close()


def test_the_driver_changes_gratings_and_slits(driver: ActonSP2300i, twin: ActonTwin) -> None:
    driver.grating = 3
    assert (driver.grating, twin.grating, driver.wavelength_range) == (3, 3, (0, 11200))
    driver.entrance_slit = 1500
    assert driver.entrance_slit == twin.slits["SIDE-ENT-SLIT"] == 1500
    assert driver.exit_mirror == "no motor"
    driver.close()


def test_the_driver_stops_the_scan_of_another_program(twin: ActonTwin, ask: Ask) -> None:
    ask("1000 >NM")
    mono = open_driver(twin)
    mono.wavelength = 300
    assert mono.wavelength == 300
    ask("1000 >NM")
    with pytest.raises(DeviceFault, match="stands at"):
        mono.wavelength = 400
    mono.make_safe()
    mono.wavelength = 400
    mono.close()


def test_a_move_that_never_ends_is_a_timeout(driver: ActonSP2300i, twin: ActonTwin) -> None:
    feed = twin.feed
    twin.feed = lambda data, end=False: None  # type: ignore[method-assign]
    before = driver.clock.now()
    with pytest.raises(DeviceTimeout, match="^mono: no answer to '500.000 GOTO' within 3 s"):
        driver.wavelength = 500
    assert 60 <= driver.clock.now() - before < 65
    twin.feed = feed  # type: ignore[method-assign]
    assert driver.wavelength == 0
    driver.close()


def test_a_late_answer_is_not_taken_for_the_next(driver: ActonSP2300i, twin: ActonTwin) -> None:
    twin.latency = 4.0  # type: ignore[misc]
    with pytest.raises(DeviceTimeout):
        _ = driver.grating
    twin.latency = 1e-3  # type: ignore[misc]
    assert driver.wavelength == 0
    assert driver.grating == 1
    driver.close()


def test_half_a_command_of_an_earlier_user(twin: ActonTwin) -> None:
    twin.feed(b"\x00X~")
    mono = open_driver(twin)
    assert mono.identity() == "SP-2-300i"
    mono.close()
