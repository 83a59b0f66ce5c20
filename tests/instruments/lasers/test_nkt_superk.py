"""Interbus telegrams and conversations of the NKT drivers, beside the SDK manual's registers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from pymeasure.test import expected_protocol

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import BadAnswer, DeviceFault, LimitError, Refused, WrongModel
from antistokes.instruments.lasers.nkt_interbus import InterbusInstrument, Kind, Telegram
from antistokes.instruments.lasers.nkt_superk import SuperKSelect, SuperKVaria
from antistokes.instruments.roles import Laser, TunableLaser

Exchange = tuple[bytes | None, bytes | None]


class Talk:
    """Writes down what the driver should say, each question from the next host address."""

    def __init__(self) -> None:
        self.pairs: list[Exchange] = []
        self._host = 0xA0

    def pair(self, module: int, kind: Kind, content: bytes, *answers: tuple[Kind, bytes]) -> Talk:
        self._host = 0xA1 + (self._host - 0xA0) % (0xFF - 0xA1)
        question = Telegram(module, self._host, kind, content).pack()
        replies = [Telegram(self._host, module, *answer).pack() for answer in answers]
        self.pairs.append((question, replies[0]))
        self.pairs += [(None, reply) for reply in replies[1:]]
        return self

    def read(self, module: int, register: int, data: bytes) -> Talk:
        return self.pair(module, Kind.READ, bytes([register]), (Kind.DATA, bytes([register]) + data))

    def write(self, module: int, register: int, data: bytes) -> Talk:
        return self.pair(module, Kind.WRITE, bytes([register]) + data, (Kind.ACK, bytes([register])))

    def fine(self, *modules: int) -> Talk:
        """Every module's status says that nothing is wrong."""
        for module in modules:
            self.read(module, 0x66, b"\0\0")
        return self

    def with_driver(self, driver: Callable[..., Any], **settings: Any) -> Any:
        settings = {"clock": VirtualClock(), "name": "laser"} | settings
        return expected_protocol(driver, self.pairs, connection_attributes={"timeout": 1000}, **settings)


def select() -> Talk:
    """The opening of a SELECT whose crystals reach 500 to 900 and 800 to 1400 nm."""
    talk = Talk().read(15, 0x61, b"\x60").read(18, 0x61, b"\x66").read(16, 0x61, b"\x67")
    ends = {0x90: 500_000, 0x91: 900_000, 0xA0: 800_000, 0xA1: 1_400_000}
    for register, end in ends.items():
        talk.read(16, register, end.to_bytes(4, "little"))
    return talk


def varia() -> Talk:
    return Talk().read(15, 0x61, b"\x60").read(16, 0x61, b"\x68")


# -- telegrams ------------------------------------------------------------------------------------


def test_the_crc_is_the_published_one() -> None:
    body = bytes([0x31, 0x32, 0x33]) + b"456789"  # CRC-16/XMODEM of 123456789 is 31C3
    assert Telegram(0x31, 0x32, 0x33, b"456789").pack() == b"\x0d" + body + b"\x31\xc3\x0a"


def test_special_bytes_are_escaped_and_come_back() -> None:
    telegram = Telegram(10, 13, 5, b"\x30\x0a\x0d\x5e\x4a")
    packed = telegram.pack()
    assert packed[1:10] == b"\x5e\x4a\x5e\x4d\x05\x30\x5e\x4a\x5e"
    assert packed.count(b"\x0a") == packed.count(b"\x0d") == 1
    assert Telegram.unpack(packed) == telegram


def test_what_stands_before_a_telegram_is_dropped() -> None:
    telegram = Telegram(0xA1, 15, 8, b"\x30\x03")
    assert Telegram.unpack(b"noise\x0dmore" + telegram.pack()) == telegram


@pytest.mark.parametrize(
    "broken", [b"\x0a", b"text\x0a", b"\x0d\x01\x02\x0a", b"\x0d\xa1\x0f\x08\x30\x03\0\0\x0a"]
)
def test_what_is_no_telegram_is_refused(broken: bytes) -> None:
    with pytest.raises(ValueError, match="no telegram|CRC error"):
        Telegram.unpack(broken)


# -- exchanges ------------------------------------------------------------------------------------


def test_a_register_is_read_little_endian_and_the_first_of_several_counts() -> None:
    talk = Talk().read(18, 0x90, (633_000).to_bytes(4, "little") + (500_000).to_bytes(4, "little"))
    with talk.with_driver(PlainInterbus) as bus:
        assert bus.read_number(18, 0x90, "<I") == 633_000


def test_a_busy_module_is_asked_again() -> None:
    talk = Talk().pair(15, Kind.READ, b"\x37", (Kind.BUSY, b"\x37")).read(15, 0x37, b"\x64\0")
    clock = VirtualClock()
    with talk.with_driver(PlainInterbus, clock=clock) as bus:
        assert bus.read_number(15, 0x37, "<H") == 100
    assert clock.now() > 0


def test_after_a_crc_error_either_way_the_question_is_repeated() -> None:
    talk = Talk().pair(15, Kind.READ, b"\x37", (Kind.CRC_ERROR, b"\x37"))
    talk.read(15, 0x37, b"\x64\0").read(15, 0x37, b"\x64\0")
    question, answer = talk.pairs[1]
    assert answer is not None
    talk.pairs[1] = question, answer[:-2] + b"\x01\x0a"
    with talk.with_driver(PlainInterbus) as bus:
        assert bus.read_number(15, 0x37, "<H") == 100


def test_after_three_damaged_answers_it_gives_up() -> None:
    talk = Talk()
    for _ in range(3):
        talk.read(15, 0x37, b"\x64\0")
        talk.pairs[-1] = talk.pairs[-1][0], b"\x0d\xa1\x0f\x08\x37\0\0\x12\x34\x0a"
    with (
        talk.with_driver(PlainInterbus) as bus,
        pytest.raises(
            BadAnswer, match=r"^laser: 'read register 37h at address 15' failed 3 times: CRC error in"
        ),
    ):
        bus.read_number(15, 0x37, "<H")


def test_a_refusal_names_the_register_and_is_not_repeated() -> None:
    talk = Talk().pair(15, Kind.WRITE, b"\x30\x03", (Kind.NACK, b"\x30"))
    with (
        talk.with_driver(PlainInterbus) as bus,
        pytest.raises(DeviceFault, match=r"^laser: 'write register 30h at address 15' was refused \(NACK\)$"),
    ):
        bus.write_number(15, 0x30, "B", 3)


def test_the_answer_to_an_older_question_is_passed_over() -> None:
    talk = Talk().read(15, 0x37, b"\x64\0")
    question, answer = talk.pairs[0]
    late = Telegram(0xFE, 15, Kind.DATA, b"\x37\x01\0").pack()
    assert answer is not None
    talk.pairs = [(question, late), (None, answer)]
    with talk.with_driver(PlainInterbus) as bus:
        assert bus.read_number(15, 0x37, "<H") == 100


def test_a_number_of_another_length_is_refused() -> None:
    with (
        Talk().read(15, 0x37, b"\x64").with_driver(PlainInterbus) as bus,
        pytest.raises(
            BadAnswer, match=r"'read register 37h at address 15' was answered by b'd'; 2 bytes expected"
        ),
    ):
        bus.read_number(15, 0x37, "<H")


def test_bytes_without_end_are_refused() -> None:
    talk = Talk().read(15, 0x37, b"\x64\0")
    talk.pairs[0] = talk.pairs[0][0], b"x" * 1000
    with talk.with_driver(PlainInterbus) as bus:
        with pytest.raises(BadAnswer, match="bytes without end"):
            bus.read_number(15, 0x37, "<H")
        bus.adapter._read_buffer = None


class PlainInterbus(InterbusInstrument):
    """Asks nothing at opening."""

    MODEL = "bus"


# -- SELECT ---------------------------------------------------------------------------------------


def test_opening_only_asks() -> None:
    with select().with_driver(SuperKSelect) as laser:
        assert (Laser, TunableLaser) == laser.ROLES
        assert laser.wavelength_range == (500, 1400)
        assert (laser.drive_unit, laser.drive_limits, laser.rated_power) == ("%", (0, 100), None)


@pytest.mark.parametrize("kind", [b"\x88", b"\x60"])
def test_another_laser_is_refused_with_both_names(kind: bytes) -> None:
    talk = Talk().read(15, 0x61, kind)
    if kind != b"\x88":
        talk.read(18, 0x61, b"\x68")
    found = r"type 88h \(SuperK FIANIUM\)" if kind == b"\x88" else r"type 68h \(VARIA\)"
    with (
        pytest.raises(WrongModel, match=rf"NKT SuperK EXTREME \+ SELECT expected, but a module of {found}"),
        talk.with_driver(SuperKSelect),
    ):
        pass


def test_an_impossible_channel_is_refused() -> None:
    with (
        pytest.raises(Refused, match="channel = 8: must be 0 to 7"),
        Talk().with_driver(SuperKSelect, channel=8),
    ):
        pass


def test_the_drive_is_the_power_level_in_tenths_of_a_percent() -> None:
    talk = select().write(15, 0x37, b"\x2b\x02").fine(15, 18, 16).read(15, 0x37, b"\x2b\x02")
    with talk.with_driver(SuperKSelect) as laser:
        laser.drive = 55.5
        assert laser.drive == 55.5


def test_a_wavelength_of_the_connected_crystal_is_written_in_pm() -> None:
    talk = select().read(18, 0x30, b"\0").read(18, 0x75, b"\x01")
    talk.write(18, 0x93, (633_500).to_bytes(4, "little")).fine(15, 18, 16)
    with talk.with_driver(SuperKSelect, channel=3) as laser:
        laser.wavelength = 633.5


def test_the_crystal_is_changed_with_the_rf_off() -> None:
    talk = select().read(18, 0x30, b"\x01").read(18, 0x75, b"\x01")
    talk.write(18, 0x30, b"\0").read(18, 0x30, b"\0")
    talk.read(16, 0x34, b"\0").write(16, 0x34, b"\x01")
    talk.read(18, 0x75, b"\0").read(18, 0x75, b"\x02")
    talk.write(18, 0x90, (1_000_000).to_bytes(4, "little"))
    talk.write(18, 0x30, b"\x01").read(18, 0x30, b"\x01").fine(15, 18, 16)
    with talk.with_driver(SuperKSelect) as laser:
        laser.wavelength = 1000


def test_a_wavelength_no_crystal_reaches_is_refused_and_nothing_is_sent() -> None:
    with (
        select().with_driver(SuperKSelect) as laser,
        pytest.raises(Refused, match="1500 nm; the crystals reach 500 to 900 and 800 to 1400 nm"),
    ):
        laser.wavelength = 1500


def test_limits_are_refused_and_nothing_is_sent() -> None:
    with select().with_driver(SuperKSelect) as laser:
        for quantity, value in [("drive", 100.1), ("wavelength", 300), ("amplitude", -1), ("watchdog", 256)]:
            with pytest.raises(LimitError):
                setattr(laser, quantity, value)


def test_a_fault_of_a_module_is_named() -> None:
    talk = select().write(15, 0x37, b"\0\0").fine(15).read(18, 0x66, b"\0\x20")
    with (
        talk.with_driver(SuperKSelect) as laser,
        pytest.raises(DeviceFault, match=r"^laser: SELECT RF driver: no connection to the acousto-opt"),
    ):
        laser.drive = 0


def test_an_error_code_is_read() -> None:
    talk = select().write(15, 0x37, b"\0\0").read(15, 0x66, b"\0\x80").read(15, 0x67, b"\x07\0")
    with (
        talk.with_driver(SuperKSelect) as laser,
        pytest.raises(DeviceFault, match=r"^laser: SuperK EXTREME: error code 7$"),
    ):
        laser.drive = 0


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (b"\x02\0", "ok"),
        (b"\x01\0", "the interlock waits for a reset"),
        (b"\0\x02", "the door interlock is open"),
        (b"\0\x2a", "the interlock is open (code 42)"),
        (b"\x02\xff", "the interlock circuit has failed"),
    ],
)
def test_the_interlock_in_words(state: bytes, words: str) -> None:
    with select().read(15, 0x32, state).with_driver(SuperKSelect) as laser:
        assert laser.interlock == words


def test_make_safe_is_emission_rf_and_level() -> None:
    talk = select().write(15, 0x30, b"\0").fine(15).write(18, 0x30, b"\0").read(18, 0x30, b"\0")
    talk.write(15, 0x37, b"\0\0").read(15, 0x37, b"\0\0")
    with talk.with_driver(SuperKSelect) as laser:
        laser.make_safe()


def test_what_leaves_its_limit_when_rounded_is_not_sent() -> None:
    with select().with_driver(SuperKSelect) as laser:
        for quantity, low, high in [
            ("drive", 0.04, 33.37),
            ("amplitude", 0.04, 33.37),
            ("wavelength", 600.0004, 699.9996),
            ("watchdog", 0.4, 10.6),
        ]:
            laser.narrow_limit(quantity, low, high)
            for value in (low, high):
                with pytest.raises(LimitError, match=f"laser: {quantity} = .* is outside the allowed"):
                    setattr(laser, quantity, value)
        assert laser.drive_limits == (0.1, 33.3)


def test_no_other_message_comes_into_a_change_of_wavelength() -> None:
    held: list[bool] = []

    def exchange(*register: object) -> int:
        held.append(laser.lock._is_owned())
        return 1

    with select().with_driver(SuperKSelect) as laser:
        laser.crystals = {1: (500, 900)}
        laser.check_errors = list
        laser.read_number = laser.write_number = exchange
        laser.wavelength = 600
    assert held == [True] * 5


# -- VARIA ----------------------------------------------------------------------------------------


def edges(talk: Talk, lower: int, upper: int) -> Talk:
    return talk.read(16, 0x34, lower.to_bytes(2, "little")).read(16, 0x33, upper.to_bytes(2, "little"))


def band(talk: Talk, moves: Sequence[tuple[int, int]]) -> Talk:
    for register, position in moves:
        talk.write(16, register, position.to_bytes(2, "little"))
    return talk


@pytest.mark.parametrize(
    ("centre", "moves"),
    [(700, [(0x33, 7050), (0x34, 6950)]), (600, [(0x34, 5950), (0x33, 6050)])],
    ids=["up: the upper edge first", "down: the lower edge first"],
)
def test_a_band_moves_without_its_edges_crossing(centre: float, moves: list[tuple[int, int]]) -> None:
    talk = band(edges(varia(), 6450, 6550), moves)
    talk.read(16, 0x66, b"\0\x30").read(16, 0x66, b"\0\0").fine(15, 16)
    with talk.with_driver(SuperKVaria) as laser:
        laser.wavelength = centre


def test_a_band_keeps_its_width_wherever_it_goes() -> None:
    talk = edges(varia(), 6450, 6551)
    band(talk, [(0x34, 6000), (0x33, 6101)]).read(16, 0x66, b"\0\0").fine(15, 16)
    with talk.with_driver(SuperKVaria) as laser:
        laser.wavelength = 605.06


def test_a_band_that_leaves_its_limit_when_rounded_is_not_moved() -> None:
    talk = edges(edges(varia(), 6450, 6550), 6450, 6550)
    with talk.with_driver(SuperKVaria) as laser:
        for quantity, low in [("wavelength", 600.04), ("bandwidth", 12.04), ("nd", 0.04)]:
            laser.narrow_limit(quantity, low, 100 if quantity != "wavelength" else 800)
            with pytest.raises(LimitError, match=quantity):
                setattr(laser, quantity, low)
        assert laser.wavelength_range == (600.1, 800)


def test_centre_bandwidth_and_range() -> None:
    talk = varia()
    for _ in range(3):
        edges(talk, 6400, 6600)
    with talk.with_driver(SuperKVaria) as laser:
        assert (laser.wavelength, laser.bandwidth, laser.wavelength_range) == (650, 20, (410, 830))


def test_a_band_beyond_the_end_is_refused_and_nothing_is_moved() -> None:
    with (
        edges(varia(), 6000, 7000).with_driver(SuperKVaria) as laser,
        pytest.raises(LimitError, match=r"band of 100 nm\) = 410 nm is outside the allowed 450 to 790 nm"),
    ):
        laser.wavelength = 410
