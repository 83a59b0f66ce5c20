"""The ELL14 twin by its manual, then our driver against it."""

from collections.abc import Callable

import pytest
import pyvisa
from pyvisa.resources import MessageBasedResource

from antistokes.instruments.attenuators.thorlabs_ell14 import ELL14Attenuator
from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import ConnectionFailed, DeviceFault, DeviceTimeout
from antistokes.simulated_hw.bench import Bench, OpticsSettings
from antistokes.simulated_hw.twins.thorlabs_ell14 import ELL14Settings, ELL14Twin
from antistokes.simulated_hw.visa import VirtualVisaLibrary

TURN = 143360
Ask = Callable[[str], list[str]]


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def bench(clock: VirtualClock) -> Bench:
    return Bench(clock, None, None, OpticsSettings(), seed=1)


@pytest.fixture
def twin(bench: Bench) -> ELL14Twin:
    twin = ELL14Twin("attenuator", bench, ELL14Settings(error_pulses=0))
    twin.resource_name = "ASRL1::INSTR"
    return twin


@pytest.fixture
def ask(twin: ELL14Twin, clock: VirtualClock) -> Ask:
    """Send bytes, wait long enough, and read what came."""

    def ask(message: str) -> list[str]:
        twin.feed(message.encode())
        clock.sleep(10)
        return arrived(twin)

    return ask


def arrived(twin: ELL14Twin) -> list[str]:
    data = b""
    while (part := twin.take()) is not None:
        data += part
    assert not data or data.endswith(b"\r\n")
    return data.decode().split()


@pytest.fixture
def plate(twin: ELL14Twin, clock: VirtualClock) -> ELL14Attenuator:
    library = VirtualVisaLibrary.of([twin])
    return ELL14Attenuator("ASRL1::INSTR", "attenuator", clock=clock, visa_library=library)


def mirrored(plate_angle: float) -> float:
    """The same plate angle between 0 and 360."""
    return plate_angle % 360


# -- the twin -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("0in", "0IN0E1140001220231701016800023000"),
        ("0gs", "0GS00"),
        ("0gp", "0PO00000000"),
        ("0gj", "0GJ00002000"),
        ("0go", "0HO00000000"),
        ("0gv", "0GV64"),
        ("0i1", "0I1100400FFFFFFFF00A900B9"),
        ("0i2", "0I2100400FFFFFFFF00A900B9"),
        ("0i3", "0GS03"),
        ("0us", "0GS00"),
        ("0s1", "0GS00"),
        ("0om", "0GS00"),
        ("0zz", "0GS03"),
        ("0", None),
        ("1gp", None),
        ("xy!", None),
    ],
)
def test_answers_when_it_gets_power(ask: Ask, question: str, answer: str | None) -> None:
    assert ask(question) == ([answer] if answer else [])


@pytest.mark.parametrize(
    ("command", "question", "answer"),
    [
        ("0sj00001000", "0gj", "0GJ00001000"),
        ("0so00000100", "0go", "0HO00000100"),
        ("0soFFFFFF00", "0go", "0HOFFFFFF00"),
        ("0sv32", "0gv", "0GV32"),
        ("0f100B0", "0i1", "0I1100400FFFFFFFF00B000B9"),
        ("0b200C0", "0i2", "0I2100400FFFFFFFF00A900C0"),
        ("0caB", "Bgp", "BPO00000000"),
    ],
)
def test_settings_are_kept(ask: Ask, command: str, question: str, answer: str) -> None:
    assert ask(command)[0][1:] == "GS00"
    assert ask(question) == [answer]


@pytest.mark.parametrize(
    "command", ["0ma00023001", "0maFFFFFFFF", "0mr00023001", "0sv00", "0sv65", "0sj00023001", "0so00023001"]
)
def test_out_of_range_is_refused_and_remembered_once(ask: Ask, command: str) -> None:
    assert ask(command) == ["0GS04"]
    assert ask("0gs") == ["0GS04"]
    assert ask("0gs") == ["0GS00"]
    assert ask("0gp0gv0gj0go") == ["0PO00000000", "0GV64", "0GJ00002000", "0HO00000000"]


def test_data_that_are_no_number_are_refused(ask: Ask) -> None:
    assert ask("0maXYZXYZXY") == ["0GS03"]


def test_the_count_means_nothing_before_homing(ask: Ask, twin: ELL14Twin) -> None:
    assert twin.place() == 200
    assert ask("0ma00004600") == ["0PO00004600"]
    assert twin.place() == pytest.approx(245)
    assert ask("0ho0") == ["0PO00000000"]
    assert twin.place() == pytest.approx(0)


@pytest.mark.parametrize("direction", ["0", "1"])
def test_homing_goes_to_the_mark_and_its_offset(ask: Ask, twin: ELL14Twin, direction: str) -> None:
    ask(f"0so{TURN // 36:08X}")
    assert ask(f"0ho{direction}") == ["0PO00000000"]
    assert mirrored(twin.place()) == pytest.approx(10, abs=0.01)


def test_homing_turns_backwards_or_forwards(twin: ELL14Twin, clock: VirtualClock) -> None:
    twin.feed(b"0ho0")
    clock.sleep(0.2)
    assert twin.place() < 200
    clock.sleep(5)
    twin.feed(b"0ma00004600")
    clock.sleep(5)
    twin.feed(b"0ho1")
    clock.sleep(0.2)
    assert 45 < mirrored(twin.place()) < 360


def test_relative_moves_and_jogs_pass_the_end_of_the_turn(ask: Ask, twin: ELL14Twin) -> None:
    ask("0ho0")
    assert ask("0mrFFFFBA00") == ["0PO0001EA00"]
    assert mirrored(twin.place()) == pytest.approx(315)
    assert ask("0mr00008C00") == ["0PO00004600"]
    assert ask("0ma00000000") == ["0PO00000000"]
    assert ask("0fw") == ["0PO00002000"]
    assert ask("0bw") == ["0PO00000000"]
    assert ask("0ma00023000") == ["0PO00023000"]
    assert twin.place() == pytest.approx(360)


def test_positions_have_errors_that_may_be_negative(bench: Bench, clock: VirtualClock) -> None:
    twin = ELL14Twin("other", bench, ELL14Settings(error_pulses=3))
    seen = set()
    for _ in range(40):
        twin.feed(b"0ho0")
        clock.sleep(5)
        seen |= set(arrived(twin))
    assert {"0POFFFFFFFE", "0PO00000000", "0PO00000002"} <= seen
    assert len(seen) <= 7


def test_the_light_changes_while_the_plate_turns(
    ask: Ask, twin: ELL14Twin, bench: Bench, clock: VirtualClock
) -> None:
    ask("0ho0")
    twin.feed(f"0ma{round(57.4 / 360 * TURN):08X}".encode())
    seen = [bench.elements["attenuator"].transmission(980)]
    while twin.busy():
        clock.sleep(0.01)
        seen.append(bench.elements["attenuator"].transmission(980))
    assert max(seen) > 0.94  # passes the open angle, 12.4 degrees
    assert seen[-1] == pytest.approx(0.95e-3, rel=0.01)
    assert seen[0] == pytest.approx(0.783, abs=0.001)


def test_a_move_takes_the_time_of_its_speed_and_answers_at_its_end(
    ask: Ask, twin: ELL14Twin, clock: VirtualClock
) -> None:
    ask("0ho0")
    for velocity, seconds in ((100, 0.419), (50, 0.837)):
        ask(f"0sv{velocity:02X}")
        ask("0ma00000000")
        start = clock.now()
        twin.feed(b"0ma00011800")
        due = twin.next_due()
        assert due is not None
        assert due - start == pytest.approx(seconds + 0.05, abs=0.01)
        clock.sleep(due - start - 0.01)
        assert arrived(twin) == []
        clock.sleep(0.02)
        assert arrived(twin) == ["0PO00011800"]


def test_questions_during_a_move_are_answered_busy_before_the_end(
    twin: ELL14Twin, clock: VirtualClock
) -> None:
    twin.announces = True
    twin.feed(b"0ma00011800")
    clock.sleep(0.1)
    twin.feed(b"0gs0gp0ma00000000")
    clock.sleep(0.01)
    assert arrived(twin) == ["0GS09"] * 4
    clock.sleep(5)
    assert arrived(twin) == ["0PO00011800"]


def test_stop_ends_a_move_where_it_is(ask: Ask, twin: ELL14Twin, clock: VirtualClock) -> None:
    ask("0ho0")
    twin.feed(b"0ma00011800")
    clock.sleep(0.25)
    answers = ask("0st")
    assert len(answers) == 1
    assert 0 < int(answers[0][3:], 16) < 0x11800
    assert ask("0gp") == answers


def test_without_a_jog_step_it_turns_until_it_is_stopped(
    ask: Ask, twin: ELL14Twin, clock: VirtualClock
) -> None:
    ask("0ho0")
    ask("0sj00000000")
    assert ask("0bw") == ["0GS00"]
    assert twin.busy()
    assert ask("0gp") == ["0GS09"]
    answers = ask("0st")
    assert 0 <= int(answers[0][3:], 16) <= TURN
    assert not twin.busy()


def test_a_blocked_mount_says_so_after_a_while(ask: Ask, twin: ELL14Twin) -> None:
    ask("0ho0")
    twin.motor_fault = 2
    assert ask("0ma00011800") == ["0GS02"]
    assert ask("0gs") == ["0GS02"]
    twin.motor_fault = 0
    assert ask("0gs0gp") == ["0GS00", "0PO00000000"]


def test_a_button_press_speaks_unasked(ask: Ask, twin: ELL14Twin, clock: VirtualClock) -> None:
    ask("0ho0")
    twin.press_button()
    clock.sleep(2)
    assert arrived(twin) == ["0BS01", "0BO00002000"]
    twin.press_button(forward=False)
    clock.sleep(2)
    assert arrived(twin) == ["0BS02", "0BO00000000"]


def test_an_isolated_mount_is_deaf_for_its_minutes(ask: Ask, clock: VirtualClock) -> None:
    assert ask("0is01") == ["0GS00"]
    assert ask("0gp") == ["0GS05"]
    clock.sleep(60)
    assert ask("0gp") == ["0PO00000000"]
    ask("0is05")
    assert ask("0is00") == ["0GS00"]
    assert ask("0gp") == ["0PO00000000"]


# -- the wire -------------------------------------------------------------------------------------


@pytest.mark.parametrize("message", ["0gp\r\n", "0gp\r", "0gp\n", "\r\n0gp", " 0gp ", "zz0gp"])
def test_line_ends_and_rubbish_around_a_command_are_passed_over(ask: Ask, message: str) -> None:
    assert ask(message) == ["0PO00000000"]


@pytest.mark.parametrize("message", ["0ho\r\n", "0ho0\r\n", "0ma00000000\r\n"])
def test_moves_with_a_line_end(ask: Ask, message: str) -> None:
    assert ask(message) == ["0PO00000000"]
    assert ask("0gs") == ["0GS00"]


def test_commands_may_come_in_pieces_and_in_a_row(twin: ELL14Twin, clock: VirtualClock) -> None:
    for piece in (b"0", b"s", b"j0000", b"1000", b"0gj0", b"gv"):
        twin.feed(piece)
    clock.sleep(0.01)
    assert arrived(twin) == ["0GS00", "0GJ00001000", "0GV64"]


def test_half_a_command_is_dropped_after_a_while(ask: Ask) -> None:
    assert ask("0ma000") == []
    assert ask("0gs") == ["0GS01"]
    assert ask("0gs0gp") == ["0GS00", "0PO00000000"]


def test_a_message_end_completes_a_command(twin: ELL14Twin, clock: VirtualClock) -> None:
    twin.feed(b"0ho", end=True)
    clock.sleep(5)
    assert arrived(twin) == ["0PO00000000"]


@pytest.mark.parametrize("resource", ["ASRL1::INSTR", "TCPIP0::192.168.1.14::4001::SOCKET"])
def test_a_visa_program_talks_to_it(twin: ELL14Twin, resource: str) -> None:
    twin.resource_name = resource
    manager = pyvisa.ResourceManager(VirtualVisaLibrary.of([twin]))
    device = manager.open_resource(resource, read_termination="\r\n", write_termination="", timeout=500)
    assert isinstance(device, MessageBasedResource)
    device.write("?!")
    with pytest.raises(pyvisa.VisaIOError):
        device.read()
    assert device.query("0gs") == "0GS00"
    device.timeout = 5000
    assert device.query("0ho0") == "0PO00000000"
    manager.close()


# -- our driver -----------------------------------------------------------------------------------


@pytest.mark.parametrize("resource", ["ASRL1::INSTR", "TCPIP0::192.168.1.14::4001::SOCKET"])
@pytest.mark.parametrize("announces", [False, True])
def test_driver_goes_where_it_is_told(
    twin: ELL14Twin, clock: VirtualClock, bench: Bench, resource: str, announces: bool
) -> None:
    twin.resource_name = resource
    twin.announces = announces
    plate = ELL14Attenuator(resource, "plate", clock=clock, visa_library=VirtualVisaLibrary.of([twin]))
    assert twin.place() == 200
    for angle in (57.4, 12.4, 0, 360, 33.3):
        plate.position = angle
        assert not twin.busy()
        assert plate.position == pytest.approx(angle, abs=0.01)
        assert mirrored(twin.place() - angle + 180) == pytest.approx(180, abs=0.01)
    plate.velocity = 50
    assert plate.snapshot() == {
        "model": "Thorlabs ELL14",
        "serial_number": "11400012",
        "position": pytest.approx(33.3, abs=0.01),
        "velocity": 50,
        "homed": True,
    }


def test_driver_waits_for_a_slow_move_longer_than_one_time_out(bench: Bench, clock: VirtualClock) -> None:
    twin = ELL14Twin("slow", bench, ELL14Settings(speed_deg_per_s=20))
    twin.resource_name = "ASRL2::INSTR"
    plate = ELL14Attenuator("ASRL2::INSTR", "plate", clock=clock, visa_library=VirtualVisaLibrary.of([twin]))
    plate.home()
    plate.position = 180
    assert plate.position == pytest.approx(180, abs=0.01)
    assert clock.now() > 19


def test_driver_is_not_confused_by_an_end_that_crosses_its_question(
    bench: Bench, clock: VirtualClock
) -> None:
    # homing from 200 degrees ends half a millisecond after the first time-out, before "gs" is answered
    twin = ELL14Twin("slow", bench, ELL14Settings(speed_deg_per_s=200 / 4.9495))
    twin.resource_name = "ASRL2::INSTR"
    plate = ELL14Attenuator("ASRL2::INSTR", "plate", clock=clock, visa_library=VirtualVisaLibrary.of([twin]))
    plate.home()
    plate.velocity = 90
    assert plate.velocity == 90
    assert plate.position == pytest.approx(0, abs=0.01)
    plate.position = 10
    assert plate.position == pytest.approx(10, abs=0.01)


def test_driver_gives_up_an_endless_move(bench: Bench, clock: VirtualClock) -> None:
    twin = ELL14Twin("slow", bench, ELL14Settings(speed_deg_per_s=2))
    twin.resource_name = "ASRL2::INSTR"
    plate = ELL14Attenuator("ASRL2::INSTR", "plate", clock=clock, visa_library=VirtualVisaLibrary.of([twin]))
    with pytest.raises(DeviceTimeout, match="has not ended after 30 s"):
        plate.home()
    plate.make_safe()
    assert not twin.busy()


def test_driver_names_a_blocked_mount_and_works_again(plate: ELL14Attenuator, twin: ELL14Twin) -> None:
    plate.home()
    twin.motor_fault = 2
    with pytest.raises(DeviceFault, match="blocked"):
        plate.position = 30
    twin.motor_fault = 0
    plate.position = 30
    assert plate.position == pytest.approx(30, abs=0.01)


def test_driver_is_not_disturbed_by_buttons(
    plate: ELL14Attenuator, twin: ELL14Twin, clock: VirtualClock
) -> None:
    plate.position = 30
    twin.press_button()
    clock.sleep(1)
    assert plate.velocity == 100
    plate.position = 40
    assert plate.position == pytest.approx(40, abs=0.01)


def test_driver_makes_safe_in_the_middle_of_a_move(
    plate: ELL14Attenuator, twin: ELL14Twin, clock: VirtualClock
) -> None:
    plate.home()
    twin.feed(b"0sj000000000fw")
    clock.sleep(0.5)
    assert twin.busy()
    plate.make_safe()
    plate.make_safe()
    assert not twin.busy()
    plate.position = 20
    assert mirrored(twin.place()) == pytest.approx(20, abs=0.01)


def test_driver_recovers_from_a_time_out(plate: ELL14Attenuator, twin: ELL14Twin) -> None:
    plate.home()
    twin.address = "5"
    with pytest.raises(DeviceTimeout, match="attenuator"):
        _ = plate.velocity
    twin.address = "0"
    assert plate.velocity == 100
    plate.position = 10


def test_driver_that_is_alone_on_the_line_says_so(twin: ELL14Twin, clock: VirtualClock) -> None:
    library = VirtualVisaLibrary.of([twin])
    with pytest.raises(DeviceTimeout):
        ELL14Attenuator("ASRL1::INSTR", "plate", clock=clock, address="7", visa_library=library)
    with pytest.raises(ConnectionFailed):
        ELL14Attenuator("ASRL9::INSTR", "plate", clock=clock, visa_library=library)
