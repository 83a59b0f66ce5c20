"""The SuperK twins by the SDK manual's registers, then our drivers against them."""

from __future__ import annotations

import binascii
from collections.abc import Callable
from typing import Any

import pytest

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import (
    BadAnswer,
    ConnectionFailed,
    DeviceFault,
    DeviceTimeout,
    LimitError,
    WrongModel,
)
from antistokes.instruments.lasers.nkt_superk import SuperKSelect, SuperKVaria
from antistokes.simulated_hw.bench import Bench, OpticsSettings
from antistokes.simulated_hw.interbus import Register
from antistokes.simulated_hw.twins.nkt_superk import (
    SelectSettings,
    SuperKSelectTwin,
    SuperKVariaTwin,
    VariaSettings,
)
from antistokes.simulated_hw.visa import VirtualVisaLibrary

HOST = 0x40
NACK, CRC_ERROR, BUSY, ACK, READ, WRITE, SET, CLEAR, DATA, TOGGLE = range(10)
Ask = Callable[..., tuple[int, bytes] | None]


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def bench(clock: VirtualClock) -> Bench:
    return Bench(clock, None, None, OpticsSettings(pickoff=1.0), seed=1)


@pytest.fixture
def select(bench: Bench) -> SuperKSelectTwin:
    twin = SuperKSelectTwin("laser", bench, SelectSettings())
    twin.resource_name = "ASRL1::INSTR"
    return twin


@pytest.fixture
def varia(bench: Bench) -> SuperKVariaTwin:
    twin = SuperKVariaTwin("laser", bench, VariaSettings())
    twin.resource_name = "ASRL1::INSTR"
    return twin


def framed(body: bytes) -> bytes:
    body += binascii.crc_hqx(body, 0).to_bytes(2, "big")
    return (
        b"\x0d" + b"".join(bytes([0x5E, b + 0x40] if b in b"\x0a\x0d\x5e" else [b]) for b in body) + b"\x0a"
    )


def plain(frame: bytes) -> bytes:
    """Contents of a frame without its CRC, which must be right."""
    assert frame[:1] == b"\x0d"
    assert frame[-1:] == b"\x0a"
    body, escaped = bytearray(), False
    for byte in frame[1:-1]:
        if byte == 0x5E and not escaped:
            escaped = True
        else:
            body.append(byte - 0x40 if escaped else byte)
            escaped = False
    assert binascii.crc_hqx(bytes(body), 0) == 0
    return bytes(body[:-2])


def say(twin: Any, module: int, kind: int, register: int, data: bytes = b"") -> tuple[int, bytes] | None:
    """Kind and data of the answer; None for silence."""
    twin.feed(framed(bytes([module, HOST, kind, register]) + data))
    twin.clock.sleep(0.01)
    answer = twin.take()
    if answer is None:
        return None
    body = plain(answer)
    assert body[:2] == bytes([HOST, module])
    assert body[3] == register
    return body[2], body[4:]


def number(twin: Any, module: int, register: int) -> int:
    answer = say(twin, module, READ, register)
    assert answer is not None
    assert answer[0] == DATA
    return int.from_bytes(answer[1], "little")


def put(twin: Any, module: int, register: int, value: int, size: int) -> bool:
    """Is it taken?"""
    answer = say(twin, module, WRITE, register, value.to_bytes(size, "little"))
    assert answer in ((ACK, b""), (NACK, b""))
    return answer == (ACK, b"")


# -- the bus --------------------------------------------------------------------------------------


def test_modules_answer_and_absent_addresses_do_not(select: SuperKSelectTwin) -> None:
    kinds = {address: number(select, address, 0x61) for address in (1, 15, 16, 18)}
    assert kinds == {1: 0x61, 15: 0x60, 16: 0x67, 18: 0x66}
    assert say(select, 7, READ, 0x61) is None


def test_halves_garbage_and_answers_of_others(select: SuperKSelectTwin, clock: VirtualClock) -> None:
    question = framed(bytes([15, HOST, READ, 0x61]))
    select.feed(b"\xff*IDN?\n" + question[:4])
    assert select.next_due() is None
    select.feed(question[4:])
    clock.sleep(1)
    assert plain(select.take() or b"")[4:] == b"\x60"
    select.feed(question[:4] + question)  # one that was broken off
    clock.sleep(1)
    assert plain(select.take() or b"")[4:] == b"\x60"
    select.feed(b"\x0d\x0a\x0d\x01\x02\x0a")
    assert select.next_due() is None


def test_wrong_crc_busy_and_unknown_registers(select: SuperKSelectTwin, clock: VirtualClock) -> None:
    select.feed(framed(bytes([15, HOST, READ, 0x61]))[:-2] + b"\x77\x0a")
    clock.sleep(1)
    assert plain(select.take() or b"")[2] == CRC_ERROR
    select.busy = 1
    assert say(select, 15, READ, 0x61) == (BUSY, b"")
    assert say(select, 15, READ, 0xEE) == (NACK, b"")
    assert say(select, 15, 0x42, 0x61) == (NACK, b"")
    assert say(select, 15, WRITE, 0x61, b"\x60") == (NACK, b"")  # read only
    assert say(select, 15, WRITE, 0x37, b"\x01") == (NACK, b"")  # too short
    assert say(select, 15, WRITE, 0x37, (1001).to_bytes(2, "little")) == (NACK, b"")


def test_bits_are_set_cleared_and_toggled(select: SuperKSelectTwin) -> None:
    steps = [(WRITE, 0b001, 0b001), (SET, 0b100, 0b101), (CLEAR, 0b001, 0b100), (TOGGLE, 0b110, 0b010)]
    for kind, bits, after in steps:
        assert say(select, 18, kind, 0x31, bits.to_bytes(2, "little")) == (ACK, b"")
        assert number(select, 18, 0x31) == after


def test_texts(select: SuperKSelectTwin) -> None:
    assert say(select, 15, READ, 0x65) == (DATA, b"012345-15")
    assert say(select, 15, WRITE, 0x6C, b"bench\n") == (ACK, b"")
    assert say(select, 15, READ, 0x6C) == (DATA, b"bench\n")


def test_a_line_answers_with_all_its_values(select: SuperKSelectTwin) -> None:
    answer = say(select, 18, READ, 0x90)
    assert answer == (DATA, (650_000).to_bytes(4, "little") * 4)


# -- the laser ------------------------------------------------------------------------------------


def test_light_needs_emission_level_rf_and_amplitude(
    select: SuperKSelectTwin, bench: Bench, clock: VirtualClock
) -> None:
    for module, register, value, size in [(15, 0x37, 1000, 2), (15, 0x30, 3, 1), (18, 0xB0, 1000, 2)]:
        assert put(select, module, register, value, size)
        clock.sleep(5)
        assert not bench.light_is_on()
    assert put(select, 18, 0x30, 1, 1)
    assert bench.beams() == [(650.0, pytest.approx(5e-3))]
    assert put(select, 18, 0x91, 700_000, 4)
    assert put(select, 18, 0xB1, 500, 2)
    assert bench.beams() == [(650.0, pytest.approx(7.5e-3))]
    assert put(select, 15, 0x37, 550, 2)
    clock.sleep(5)
    assert bench.beams() == [(650.0, pytest.approx(3.75e-3))]


def test_emission_comes_on_after_a_delay(select: SuperKSelectTwin, clock: VirtualClock) -> None:
    put(select, 15, 0x30, 3, 1)
    assert number(select, 15, 0x30) == 3
    assert not number(select, 15, 0x66) & 1
    clock.sleep(2)
    assert number(select, 15, 0x66) == 1


def test_the_interlock_stops_and_waits_for_a_reset(select: SuperKSelectTwin, clock: VirtualClock) -> None:
    put(select, 15, 0x30, 3, 1)
    clock.sleep(2)
    select.open_interlock(2)
    assert number(select, 15, 0x32) == 0x0200
    assert number(select, 15, 0x66) == 0b1010
    assert not put(select, 15, 0x30, 3, 1)
    assert not put(select, 15, 0x32, 1, 2)
    select.close_interlock()
    assert number(select, 15, 0x32) == 1
    assert not put(select, 15, 0x30, 3, 1)
    assert put(select, 15, 0x32, 1, 2)
    assert number(select, 15, 0x32) == 2
    assert number(select, 15, 0x66) == 0
    assert put(select, 15, 0x32, 0, 2)
    assert number(select, 15, 0x32) == 1


def test_the_watchdog_bites_when_nothing_is_heard(select: SuperKSelectTwin, clock: VirtualClock) -> None:
    put(select, 15, 0x36, 5, 1)
    put(select, 15, 0x30, 3, 1)
    for _ in range(4):
        clock.sleep(4)
        assert number(select, 15, 0x66) == 1
    clock.sleep(6)
    assert not select.emitting()
    assert number(select, 15, 0x30) == 0


def test_the_crystal_is_changed_without_power_only(select: SuperKSelectTwin, clock: VirtualClock) -> None:
    put(select, 18, 0x30, 1, 1)
    assert not put(select, 16, 0x34, 1, 1)
    put(select, 18, 0x30, 0, 1)
    assert put(select, 16, 0x34, 1, 1)
    assert (number(select, 18, 0x75), number(select, 18, 0x34), number(select, 18, 0x66)) == (0, 0, 1 << 14)
    assert not put(select, 18, 0x30, 1, 1)
    clock.sleep(1)
    assert (number(select, 18, 0x75), number(select, 18, 0x34), number(select, 18, 0x66)) == (2, 800_000, 0)


def test_the_filters_of_a_varia_move(varia: SuperKVariaTwin, bench: Bench, clock: VirtualClock) -> None:
    assert not put(varia, 16, 0x33, 6400, 2)  # would cross the lower edge
    assert put(varia, 16, 0x33, 7150, 2)
    assert number(varia, 16, 0x66) == 1 << 12
    assert put(varia, 16, 0x34, 7050, 2)
    assert put(varia, 16, 0x32, 500, 2)
    assert number(varia, 16, 0x66) == 0b111 << 12
    assert varia.light()[0] < 710
    clock.sleep(2)
    assert number(varia, 16, 0x66) == 0
    assert varia.light()[0] == 710
    put(varia, 15, 0x37, 1000, 2)
    put(varia, 15, 0x30, 3, 1)
    clock.sleep(5)
    assert bench.beams() == [(710.0, pytest.approx(5e-3))]


# -- our drivers against them ---------------------------------------------------------------------


@pytest.fixture
def laser(select: SuperKSelectTwin, clock: VirtualClock) -> SuperKSelect:
    return SuperKSelect("ASRL1::INSTR", "laser", clock=clock, visa_library=VirtualVisaLibrary.of([select]))


@pytest.fixture
def band(varia: SuperKVariaTwin, clock: VirtualClock) -> SuperKVaria:
    return SuperKVaria("ASRL1::INSTR", "laser", clock=clock, visa_library=VirtualVisaLibrary.of([varia]))


def test_on_at_a_wavelength_and_off(laser: SuperKSelect, select: SuperKSelectTwin, bench: Bench) -> None:
    laser.drive = 100
    laser.wavelength = 808
    assert not bench.light_is_on()
    laser.emission = True
    assert bench.beams() == [(808.0, pytest.approx(5e-3, rel=0.01))]
    laser.amplitude = 50
    assert bench.beams()[0][1] == pytest.approx(2.5e-3, rel=0.01)
    laser.emission = False
    assert not bench.light_is_on()
    assert not select.rf_on


def test_the_other_crystal_keeps_the_light_on(laser: SuperKSelect, bench: Bench) -> None:
    laser.drive = 100
    laser.emission = True
    laser.wavelength = 980
    assert laser.crystal == 2
    assert bench.beams()[0] == (980.0, pytest.approx(5e-3, rel=0.01))
    laser.wavelength = 850  # both reach it
    assert laser.crystal == 2
    laser.wavelength = 600
    assert laser.crystal == 1


def test_other_lines_are_put_out(laser: SuperKSelect, select: SuperKSelectTwin) -> None:
    put(select, 18, 0xB5, 1000, 2)
    laser.emission = True
    assert number(select, 18, 0xB5) & 0xFFFF == 0


def test_a_missing_cable_is_named(select: SuperKSelectTwin, clock: VirtualClock) -> None:
    laser = SuperKSelect("ASRL1::INSTR", "laser", clock=clock, visa_library=VirtualVisaLibrary.of([select]))
    select.modules[18][0x75] = Register("B", lambda: 1)
    with pytest.raises(DeviceFault, match="crystal 2 was not found after the RF was switched"):
        laser.wavelength = 1000


@pytest.mark.parametrize(
    ("happens", "words"),
    [
        (lambda twin: twin.open_interlock(1), "no light; the key switch is off"),
        (
            lambda twin: (twin.open_interlock(2), twin.close_interlock()),
            "no light; the interlock waits for",
        ),
        (lambda twin: setattr(twin, "alarms", 0x20), "no light; the supply voltage is low"),
        (lambda twin: setattr(twin, "error_code", 9), "error code 9"),
    ],
)
def test_what_keeps_the_light_off_is_named(
    laser: SuperKSelect, select: SuperKSelectTwin, bench: Bench, happens: Callable[[Any], None], words: str
) -> None:
    laser.drive = 50
    happens(select)
    if select.alarms:
        select.settings = SelectSettings(switch_on_delay_s=1000)
    with pytest.raises(DeviceFault, match=words):
        laser.emission = True
    assert not bench.light_is_on()
    assert not select.rf_on


def test_an_interlock_that_opens_on_the_way_ends_the_wait(
    laser: SuperKSelect, select: SuperKSelectTwin, clock: VirtualClock
) -> None:
    taken = select._set_emission

    def take_and_trip(value: int) -> None:
        taken(value)
        if value:
            select.open_interlock(3)

    select.modules[15][0x30] = Register("B", select._get_emission, take_and_trip)
    begin = clock.now()
    with pytest.raises(DeviceFault, match="open at an external module"):
        laser.emission = True
    assert clock.now() - begin < 2


def test_the_interlock_is_reset_by_a_person(laser: SuperKSelect, select: SuperKSelectTwin) -> None:
    select.open_interlock(2)
    with pytest.raises(DeviceFault, match="refused"):
        laser.reset_interlock()
    select.close_interlock()
    laser.reset_interlock()
    assert laser.interlock == "ok"


def test_a_mode_without_power_control_is_left(laser: SuperKSelect, select: SuperKSelectTwin) -> None:
    put(select, 15, 0x31, 0, 2)
    laser.emission = True
    assert number(select, 15, 0x31) == 1


def test_busy_damaged_unheard_telegrams_are_repeated(laser: SuperKSelect, select: SuperKSelectTwin) -> None:
    select.busy, select.damaged, select.unheard = 5, 1, 1
    laser.drive = 42
    assert laser.drive == 42
    assert select.busy == select.damaged == select.unheard == 0


def test_a_module_that_stays_busy_or_damaged_is_named(laser: SuperKSelect, select: SuperKSelectTwin) -> None:
    select.busy = 10_000
    with pytest.raises(DeviceFault, match="'read register 37h at address 15': busy for 2 s"):
        _ = laser.drive
    select.busy, select.damaged = 0, 3
    with pytest.raises(BadAnswer, match="failed 3 times: CRC error"):
        _ = laser.drive
    select.unheard = 3
    with pytest.raises(BadAnswer, match="failed 3 times: the module reports CRC errors"):
        _ = laser.drive
    assert laser.drive == 0


def test_half_an_answer_shows_what_came(laser: SuperKSelect, select: SuperKSelectTwin) -> None:
    select.feed = lambda data, end=False: select.send(b"\x0d\xa1\x0f")  # type: ignore[method-assign]
    with pytest.raises(DeviceTimeout, match=r"no answer to 'read register 37h .* within 1 s; rec.*xa1"):
        _ = laser.drive


def test_absent_modules_and_other_systems(
    select: SuperKSelectTwin, varia: SuperKVariaTwin, clock: VirtualClock
) -> None:
    library = VirtualVisaLibrary.of([select])
    with pytest.raises(DeviceTimeout, match="no answer to 'read register 61h at address 19'"):
        SuperKSelect("ASRL1::INSTR", "laser", clock=clock, visa_library=library, rf_address=19)
    with pytest.raises(WrongModel, match=r"NKT SuperK EXTREME \+ VARIA expected, but .* type 67h \(SELECT\)"):
        SuperKVaria("ASRL1::INSTR", "laser", clock=clock, visa_library=library)
    with pytest.raises(WrongModel, match=r"SELECT expected, but a module of type 68h"):
        SuperKSelect(
            "ASRL1::INSTR", "l", clock=clock, visa_library=VirtualVisaLibrary.of([varia]), rf_address=16
        )


def test_make_safe_closes_the_filter_though_the_laser_ignores_it(
    laser: SuperKSelect, select: SuperKSelectTwin, bench: Bench
) -> None:
    laser.drive, laser.emission = 100, True
    select.modules[15][0x30] = Register("B", select._get_emission, lambda value: None)
    with pytest.raises(DeviceFault, match="it still emits after it was switched off"):
        laser.make_safe()
    assert not select.rf_on
    assert laser.drive == 0
    assert not bench.light_is_on()


def test_make_safe_closes_the_filter_though_the_laser_does_not_answer(
    laser: SuperKSelect, select: SuperKSelectTwin, bench: Bench
) -> None:
    laser.drive, laser.emission = 100, True
    del select.modules[15]
    with pytest.raises(DeviceTimeout, match="at address 15"):
        laser.make_safe()
    assert not select.rf_on
    assert not bench.light_is_on()


def test_the_telegrams_of_another_host_end_in_a_time_out(
    laser: SuperKSelect, select: SuperKSelectTwin, clock: VirtualClock
) -> None:
    del select.modules[15]
    hear = select.feed

    def hear_others_too(data: bytes, end: bool = False) -> None:
        hear(data, end)
        for i in range(500):
            select.send(framed(bytes([HOST, 18, DATA, 0x30, 0])), 0.01 * i)

    select.feed = hear_others_too  # type: ignore[method-assign]
    begin = clock.now()
    with pytest.raises(DeviceTimeout, match="within 1 s; the bus carries telegrams of others only"):
        _ = laser.drive
    assert clock.now() - begin < 1.5


def test_a_dropped_connection_is_named(laser: SuperKSelect) -> None:
    laser.adapter.connection.close()
    with pytest.raises(ConnectionFailed, match=r"^laser: connection lost at"):
        _ = laser.drive


def test_make_safe_under_a_narrowed_limit(laser: SuperKSelect, bench: Bench) -> None:
    laser.narrow_limit("drive", 20, 80)
    laser.drive = 80
    laser.emission = True
    laser.make_safe()
    assert laser.drive == 0
    assert not bench.light_is_on()


def test_the_band_arrives_before_the_driver_returns(
    band: SuperKVaria, varia: SuperKVariaTwin, bench: Bench, clock: VirtualClock
) -> None:
    begin = clock.now()
    band.wavelength = 800
    assert clock.now() - begin > 2
    assert varia.light()[0] == 800
    band.bandwidth = 40
    assert (varia.lower.position(), varia.upper.position()) == (780, 820)
    assert band.wavelength == 800
    band.wavelength = 420
    assert band.wavelength_range == (420, 820)
    band.drive, band.emission = 100, True
    assert bench.beams() == [(420.0, pytest.approx(40e-3, rel=0.01))]
    band.make_safe()
    assert not bench.light_is_on()


def test_filters_that_never_arrive_are_named(band: SuperKVaria, varia: SuperKVariaTwin) -> None:
    varia.varia_alarms = 1 << 13
    with pytest.raises(DeviceFault, match="the filters still move after 30 s"):
        band.wavelength = 700


def test_the_band_stays_between_the_ends(band: SuperKVaria) -> None:
    band.bandwidth = 100
    with pytest.raises(LimitError):
        band.wavelength = 449
