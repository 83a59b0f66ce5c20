"""The twin of the Cobolt 06 by what public drivers and a log know of it, then our driver against it."""

from collections.abc import Callable

import pytest

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import DeviceFault, DeviceTimeout, InstrumentError
from antistokes.instruments.lasers.cobolt_06 import Cobolt06
from antistokes.simulated_hw.bench import Bench, OpticsSettings
from antistokes.simulated_hw.twins.cobolt_06 import Cobolt06Settings, Cobolt06Twin
from antistokes.simulated_hw.visa import VirtualVisaLibrary
from antistokes.simulated_hw.waveform import PulseTrain

RESOURCE = "ASRL1::INSTR"
ILLEGAL = "Syntax error: illegal command"
OUT_OF_RANGE = "Syntax error: Value is out of range."


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def bench(clock: VirtualClock) -> Bench:
    return Bench(clock, None, None, OpticsSettings(), seed=1)


@pytest.fixture
def make_twin(bench: Bench) -> Callable[..., Cobolt06Twin]:
    def make(**settings) -> Cobolt06Twin:
        twin = Cobolt06Twin("laser", bench, Cobolt06Settings(**settings))
        twin.resource_name = RESOURCE
        return twin

    return make


@pytest.fixture
def twin(make_twin) -> Cobolt06Twin:
    return make_twin()


@pytest.fixture
def open_laser(clock: VirtualClock) -> Callable[..., Cobolt06]:
    def open_laser(twin: Cobolt06Twin, **settings) -> Cobolt06:
        library = VirtualVisaLibrary.of([twin])
        return Cobolt06(RESOURCE, "laser", clock=clock, visa_library=library, **settings)

    return open_laser


def light(bench: Bench) -> float:
    return sum(power for _, power in bench.beams())


def start(twin: Cobolt06Twin, power: float) -> None:
    """Bring it to light."""
    for command in (f"p {power}", "cp", "@cob1"):
        assert twin.respond(command) == "OK"
    twin.clock.sleep(60)


# -- the twin -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "answer"),
    [
        ("?", "OK"),
        ("gsn?", "17706"),
        ("sn?", "17706"),
        ("glm?", "0808-06-01-0150-100"),
        ("gcn?", "Cobolt 06-MLD"),
        ("gmlp?", "150.000000"),
        ("gmlc?", "190.0"),
        ("p?", "0.0000"),
        ("pa?", "0.0000"),
        ("glc?", "0.0"),
        ("i?", "0.0"),
        ("l?", "0"),
        ("ilk?", "0"),
        ("f?", "0"),
        ("gom?", "0"),
        ("gam?", "1"),
        ("games?", "0"),
        ("gdmes?", "0"),
        ("glmp?", "0.0000"),
        ("galis?", "0"),
        ("@cobas?", "0"),
        ("@cobasks?", "0"),
        (" p? ", "0.0000"),
        ("", None),
        ("slmp? 10", ILLEGAL),
        ("P?", ILLEGAL),
        ("p", ILLEGAL),
        ("p x", ILLEGAL),
        ("p nan", OUT_OF_RANGE),
        ("p 0.2", OUT_OF_RANGE),
        ("p -0.1", OUT_OF_RANGE),
        ("sdmes 2", OUT_OF_RANGE),
        ("smc 100", ILLEGAL),
        ("p? 1", ILLEGAL),
    ],
)
def test_answers_of_a_cold_head(twin: Cobolt06Twin, message: str, answer: str | None) -> None:
    assert twin.respond(message) == answer


@pytest.mark.parametrize(
    ("setting", "question", "answer"),
    [
        ("p 0.01", "p?", "0.0100"),
        ("@cobasp 0.01", "p?", "0.0100"),
        ("slc 30", "glc?", "30.0"),
        ("slmp 30", "glmp?", "30.0000"),
        ("sames 1", "games?", "1"),
        ("sdmes 1", "gdmes?", "1"),
        ("salis 1", "galis?", "1"),
        ("@cobas 1", "@cobas?", "1"),
        ("@cobasdr 1", "@cobasdr?", "1"),
        ("ci", "gam?", "0"),
        ("em", "gam?", "2"),
        ("abort", "gom?", "6"),
    ],
)
def test_every_setting_is_answered(twin: Cobolt06Twin, setting: str, question: str, answer: str) -> None:
    assert twin.respond(setting) == "OK"
    assert twin.respond(question) == answer


def test_a_diode_pumped_head_has_its_own_modulation(make_twin) -> None:
    twin = make_twin(kind="DPL", wavelength_nm=561)
    assert twin.respond("glm?") == "0561-06-91-0150-100"
    for setting, question, answer in (
        ("smc 120", "gmc?", "120.0"),
        ("slth 20", "glth?", "20.0"),
        ("stec4t 31", "gtec4t?", "31.00"),
    ):
        assert twin.respond(setting) == "OK"
        assert twin.respond(question) == answer
    assert twin.respond("slmp 10") == ILLEGAL
    start(twin, 0.1)
    twin.respond("em")
    twin.clock.sleep(1)
    assert float(twin.respond("pa?")) == pytest.approx(0.08, abs=1e-4)


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
def test_any_end_of_line_will_do_and_answers_end_with_both(twin: Cobolt06Twin, end: bytes) -> None:
    twin.feed(b"p 0.0" + b"1" + end + b"p?" + end)
    twin.clock.sleep(1)
    assert twin.take() == b"OK\r\n"
    assert twin.take() == b"0.0100\r\n"
    assert twin.take() is None


def test_the_first_start_warms_up(twin: Cobolt06Twin, bench: Bench, clock: VirtualClock) -> None:
    twin.respond("p 0.1")
    twin.respond("@cob1")
    clock.sleep(29.9)
    assert (twin.respond("l?"), light(bench)) == ("0", 0)
    clock.sleep(0.1)
    assert twin.respond("l?") == "1"
    assert light(bench) == 0
    clock.sleep(0.5)
    assert light(bench) == pytest.approx(0.1, rel=1e-3)
    assert (twin.respond("gom?"), twin.respond("pa?"), twin.respond("i?")) == ("2", "0.1000", "140.0")
    twin.respond("l0")
    assert (twin.respond("l?"), light(bench)) == ("0", 0)
    twin.respond("@cob1")
    clock.sleep(2)
    assert twin.respond("l?") == "1"


def test_autostart_refuses_a_plain_start(twin: Cobolt06Twin) -> None:
    twin.respond("@cobas 1")
    assert twin.respond("l1") == "Syntax error: not allowed in autostart mode."
    twin.respond("@cobas 0")
    assert twin.respond("l1") == "OK"


def test_a_head_with_a_key_waits_for_it_every_time(make_twin, bench: Bench, clock: VirtualClock) -> None:
    twin = make_twin(key_needed=True)
    assert (twin.respond("gom?"), twin.respond("@cobasks?")) == ("1", "1")
    twin.respond("p 0.1")
    for _ in range(2):
        twin.turn_key()
        clock.sleep(40)
        assert (twin.respond("gom?"), light(bench) > 0) == ("2", True)
        twin.respond("@cob1")
        clock.sleep(40)
        assert (twin.respond("gom?"), light(bench)) == ("1", 0)


def test_constant_current_is_there_at_once_and_constant_power_takes_time(
    twin: Cobolt06Twin, bench: Bench, clock: VirtualClock
) -> None:
    start(twin, 0.1)
    twin.respond("slc 90")
    assert light(bench) == pytest.approx(0.1)
    twin.respond("ci")
    assert light(bench) == pytest.approx(0.05)
    twin.respond("cp")
    assert light(bench) == pytest.approx(0.05)
    clock.sleep(0.05)
    assert light(bench) == pytest.approx(0.1 - 0.05 / 2.71828, rel=1e-3)
    twin.respond("slc 30")
    twin.respond("ci")
    assert (light(bench), twin.respond("i?")) == (0, "30.0")


class Pulses:
    def __init__(self, high: float) -> None:
        self.train = PulseTrain(1e-3, 2.5e-4, high=high)

    def pulses(self) -> PulseTrain:
        return self.train


def test_the_digital_input_gates_the_light(twin: Cobolt06Twin, bench: Bench, clock: VirtualClock) -> None:
    start(twin, 0.05)
    source = bench.sources["laser"]
    assert source.power(0.0) == source.power(5.0) == pytest.approx(0.05)
    for command in ("slmp 80", "sdmes 1", "em"):
        assert twin.respond(command) == "OK"
    clock.sleep(1)
    assert twin.respond("gom?") == "4"
    assert (source.power(0.0), source.power(1.4)) == (0, 0)
    assert source.power(1.5) == source.power(5.0) == pytest.approx(0.08)
    bench.generator = Pulses(5.0)
    assert float(twin.respond("pa?")) == pytest.approx(0.02)
    bench.generator = Pulses(1.0)
    assert float(twin.respond("pa?")) == 0


def test_on_off_modulation_gates_too(twin: Cobolt06Twin, bench: Bench) -> None:
    start(twin, 0.05)
    twin.respond("eoom")
    assert (twin.respond("gom?"), bench.sources["laser"].power(0.0)) == ("3", 0)
    assert bench.sources["laser"].power(5.0) == pytest.approx(0.05)
    twin.respond("xoom")
    assert twin.respond("gom?") == "2"


def test_the_analogue_input_scales_the_light(twin: Cobolt06Twin, bench: Bench, clock: VirtualClock) -> None:
    start(twin, 0.05)
    for command in ("slmp 80", "sames 1", "em"):
        twin.respond(command)
    clock.sleep(1)
    powers = [bench.sources["laser"].power(volts) for volts in (-1.0, 0.0, 0.5, 1.0, 3.0)]
    assert powers == pytest.approx([0, 0, 0.04, 0.08, 0.08])


def test_an_open_interlock_is_a_fault_that_stays(twin: Cobolt06Twin, bench: Bench) -> None:
    start(twin, 0.05)
    twin.interlock_open = True
    assert [twin.respond(q) for q in ("l?", "ilk?", "f?", "gom?")] == ["0", "1", "3", "5"]
    assert light(bench) == 0
    twin.respond("cf")
    assert twin.respond("f?") == "3"
    twin.interlock_open = False
    assert [twin.respond(q) for q in ("ilk?", "f?")] == ["0", "3"]
    twin.respond("@cob1")
    twin.clock.sleep(60)
    assert light(bench) == 0
    twin.respond("cf")
    assert [twin.respond(q) for q in ("f?", "gom?")] == ["0", "0"]


# -- our driver against it ------------------------------------------------------------------------


def test_light_follows_the_drive(twin, open_laser, bench: Bench, clock: VirtualClock) -> None:
    laser = open_laser(twin)
    assert clock.now() < 1
    laser.drive = 0.1
    assert not bench.light_is_on()
    laser.emission = True
    assert 30 < clock.now() < 40
    assert light(bench) == pytest.approx(0.1, rel=1e-3)
    assert (laser.emission, laser.mode, laser.operating_mode) == (True, "constant power", "continuous")
    laser.drive = 0.02
    clock.sleep(laser.settle_time)
    assert light(bench) == pytest.approx(laser.power, rel=1e-3)
    assert laser.power == 0.02


def test_dark_and_light_again_without_the_key(make_twin, open_laser, bench: Bench, clock) -> None:
    twin = make_twin(key_needed=True)
    laser = open_laser(twin)
    laser.drive = 0.1
    with pytest.raises(DeviceFault, match="turn the key switch off and on, then start again"):
        laser.emission = True
    twin.turn_key()
    clock.sleep(40)
    assert laser.operating_mode == "continuous"
    assert not bench.light_is_on()  # until it is asked for
    for _ in range(3):
        laser.emission = True
        assert light(bench) == pytest.approx(0.1, rel=1e-3)
        laser.emission = False
        clock.sleep(0.5)
        assert (laser.emission, bench.light_is_on()) == (False, False)
    laser.make_safe()
    assert laser.operating_mode == "off"
    with pytest.raises(DeviceFault, match="key"):
        laser.emission = True


def test_a_gated_laser_emits_while_the_gate_is_high(twin, open_laser, bench: Bench) -> None:
    laser = open_laser(twin, gated=True)
    laser.drive = 0.1
    laser.emission = True
    assert bench.sources["laser"].power(0.0) == 0
    assert bench.sources["laser"].power(5.0) == pytest.approx(0.1, rel=1e-3)
    laser.make_safe()
    assert bench.sources["laser"].power(5.0) == 0
    assert twin.respond("glmp?") == "0.0000"


def test_an_interlock_ends_the_light_and_is_named(twin, open_laser, bench: Bench) -> None:
    laser = open_laser(twin)
    laser.drive = 0.1
    laser.emission = True
    twin.interlock_open = True
    assert laser.emission is False
    with pytest.raises(DeviceFault, match="no light: the interlock is open"):
        laser.emission = True
    twin.interlock_open = False
    with pytest.raises(DeviceFault, match="no light: the interlock has been opened: clear_fault"):
        laser.emission = True
    laser.clear_fault()
    laser.emission = True
    assert bench.light_is_on()


@pytest.mark.parametrize("lost", range(5))
def test_a_lost_message_leaves_no_light_behind(twin, open_laser, bench: Bench, lost: int) -> None:
    laser = open_laser(twin)
    laser.drive = 0.1
    laser.emission = True
    feed, messages = twin.feed, []

    def once(data: bytes, end: bool = False) -> None:
        messages.append(data)
        if len(messages) != lost + 1:
            feed(data, end)

    twin.feed = once
    laser.emission = False
    twin.clock.sleep(1)
    assert not bench.light_is_on()


def test_half_a_message_of_somebody_else_does_not_keep_it_from_opening(twin, open_laser) -> None:
    twin.feed(b"slc 1")
    assert open_laser(twin).head == "0808-06-01-0150-100"


def test_a_head_that_goes_silent_is_a_time_out_and_comes_back(twin, open_laser) -> None:
    laser = open_laser(twin)
    feed = twin.feed
    twin.feed = lambda data, end=False: None
    with pytest.raises(DeviceTimeout, match="laser: no answer to 'p\\?' within 2 s"):
        _ = laser.drive
    with pytest.raises(InstrumentError):
        laser.make_safe()
    twin.feed = feed
    laser.make_safe()
    assert laser.drive == 0
