"""The twins of PM100D, PM100USB and PM400 by their manuals, then our drivers against them."""

from collections.abc import Callable
from typing import Any

import pytest

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import DeviceFault, DeviceTimeout, OverRange
from antistokes.instruments.power_meters.thorlabs_pm100d import PM100D, PM100USB, PM400
from antistokes.simulated_hw.bench import Bench, OpticsSettings
from antistokes.simulated_hw.light_path import Diode, DiodeSettings
from antistokes.simulated_hw.twins.thorlabs_pm100d import (
    PM100DSettings,
    PM100DTwin,
    PM100USBTwin,
    PM400Twin,
    PowerMeterTwin,
)
from antistokes.simulated_hw.visa import VirtualVisaLibrary

NO_ERROR = '+0,"No error"'
PICKOFF = 0.1
Ask = Callable[[str], str | None]


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def diode() -> Diode:
    diode = Diode(DiodeSettings())
    diode.current = 0.1
    return diode


@pytest.fixture
def bench(clock: VirtualClock, diode: Diode) -> Bench:
    bench = Bench(clock, None, None, OpticsSettings(pickoff=PICKOFF), seed=1)
    bench.sources["laser"] = diode
    return bench


def make(bench: Bench, kind: type[PowerMeterTwin] = PM100DTwin) -> PowerMeterTwin:
    twin = kind("meter", bench, PM100DSettings(noise=0, floor_W=0))
    twin.resource_name = "USB0::0x1313::0x8078::P0012345::INSTR"
    return twin


@pytest.fixture
def twin(bench: Bench) -> PowerMeterTwin:
    return make(bench)


@pytest.fixture
def ask(twin: PowerMeterTwin) -> Ask:
    return asking(twin)


def asking(twin: PowerMeterTwin) -> Ask:
    def ask(message: str) -> str | None:
        twin.feed(f"{message}\n".encode())
        twin.clock.sleep(20)
        answer = twin.take()
        return None if answer is None else answer.decode().removesuffix("\n")

    return ask


def value(answer: str | None) -> float:
    assert answer is not None
    return float(answer)


def seen(diode: Diode) -> float:
    return diode.power() * PICKOFF


# -- the twins ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "name"), [(PM100DTwin, "PM100D"), (PM100USBTwin, "PM100USB"), (PM400Twin, "PM400")]
)
def test_each_says_its_own_name(bench: Bench, kind: type[PowerMeterTwin], name: str) -> None:
    assert (asking(make(bench, kind))("*IDN?") or "").split(",")[1] == name
    assert kind.model == f"Thorlabs {name}"


@pytest.mark.parametrize(
    ("kind", "seconds", "most"),
    [(PM100DTwin, 1 / 30, 3000), (PM100USBTwin, 0.3, 3000), (PM400Twin, 0.1, 10000)],
)
def test_a_reading_takes_as_long_as_its_samples(
    bench: Bench, clock: VirtualClock, kind: type[PowerMeterTwin], seconds: float, most: int
) -> None:
    twin = make(bench, kind)
    ask = asking(twin)
    assert value(ask("AVER? MAX")) == most
    ask("SENS:CORR:WAV 980;:SENS:AVER 100;:MEAS:POW?")
    twin.feed(b"READ?\n")
    assert twin.next_due() == pytest.approx(clock.now() + seconds + 1e-3)


@pytest.mark.parametrize(("kind", "has"), [(PM100DTwin, True), (PM100USBTwin, False), (PM400Twin, True)])
def test_only_consoles_have_a_display(bench: Bench, kind: type[PowerMeterTwin], has: bool) -> None:
    ask = asking(make(bench, kind))
    assert (ask("DISP:BRIG?") is not None) is has
    assert (ask("SYST:ERR?") == NO_ERROR) is has


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("syst:sensor:idn?", '"S120C","1234567","01-JAN-2026",1,18,305'),
        ("SENSE:CORRECTION:WAVELENGTH?", "6.35000000E+02"),
        ("CORR:WAV? MIN", "4.00000000E+02"),
        ("CORR:WAV? MAX", "1.10000000E+03"),
        ("SENS:AVER:COUN?", "1"),
        ("POW:RANG:AUTO?", "1"),
        ("SENS:POW:UNIT?", "W"),
        ("CONF?", "POW"),
        ("CORR?", "0.00000000E+00"),
        ("SENS:CORR:LOSS:INP:MAGN? MAX", "6.00000000E+01"),
        ("CORR:BEAM?", "9.50000000E+00"),
        ("CORR:COLL:ZERO:STAT?", "0"),
        ("INP:PDI:FILT:LPAS:STAT?", "0"),
        ("INP:ADAP?", "PHOT"),
        ("SYST:VERS?", "1999.0"),
        ("SYST:LFR?", "50"),
        ("SENS:FREQ:RANG:UPP?", "1.00000000E+05"),
        ("*TST?", "0"),
        ("STAT:OPER?", "0"),
        ("SYST:ERR?", NO_ERROR),
    ],
)
def test_answers_when_it_gets_power(ask: Ask, question: str, answer: str) -> None:
    assert ask(question) == answer


@pytest.mark.parametrize(
    ("command", "question", "answer"),
    [
        ("CORR:WAV 980nm", "CORR:WAV?", 980),
        ("SENS:AVER 3000", "SENS:AVER?", 3000),
        ("CORR:LOSS -3", "CORR:LOSS:INP:MAGN?", -3),
        ("CORR 3", "CORR?", 3),
        ("CORR:BEAM 2mm", "SENS:CORR:BEAM?", 2),
        ("POW:RANG:AUTO OFF", "POW:RANG:AUTO?", 0),
        ("CURR:RANG:AUTO 0", "SENS:POW:DC:RANG:AUTO?", 0),
        ("CURR:RANG 1e-4", "CURR:RANG?", 5e-4),
        ("POW:REF:STAT ON", "POW:REF:STAT?", 1),
        ("POW:REF 1mW", "POW:REF?", 1e-3),
        ("INP:FILT 1", "INP:PDI:FILT:LPAS:STAT?", 1),
        ("INP:THER:ACC:TAU 5", "INP:THER:ACC:TAU?", 5),
        ("SYST:LFR 60", "SYST:LFR?", 60),
        ("SYST:BEEP:STAT 1", "SYST:BEEP:STAT?", 1),
        ("DISP:CONT 0.3", "DISP:CONT?", 0.3),
        ("SENS:VOLT:RANG 0.1", "SENS:VOLT:RANG?", 0.1),
        ("SENS:ENER:RANG 1mJ", "SENS:ENER:RANG?", 1e-3),
        ("STAT:OPER:PTR 512", "STAT:OPER:PTR?", 512),
    ],
)
def test_settings_are_kept_until_a_reset(ask: Ask, command: str, question: str, answer: float) -> None:
    before = ask(question)
    ask(command)
    assert value(ask(question)) == pytest.approx(answer)
    assert ask("SYST:ERR?") == NO_ERROR
    if not command.startswith(("CURR:RANG 1", "STAT")):
        ask("*RST")
        assert ask(question) == before


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("NONSENSE", -113),
        ("CONF CURR", -113),
        ("CORR:WAV 399", -222),
        ("CORR:WAV", -109),
        ("CORR:WAV red", -104),
        ("SENS:AVER 0", -222),
        ("POW:RANG 100", -222),
        ("POW:UNIT HP", -224),
        ("INP:ADAP LENS", -224),
        ("MEAS:ENER?", -241),
        ("CONF:VOLT", -241),
    ],
)
def test_errors_are_queued(ask: Ask, command: str, code: int) -> None:
    assert ask(command) is None
    assert (ask("SYST:ERR?") or "").startswith(f"{code:+d},")
    assert ask("SYST:ERR?") == NO_ERROR


@pytest.mark.parametrize(
    "question", ["MEAS:POW?", "MEAS?", "MEASURE:SCALAR:POWER?", "CONF:POW;:READ?", "FETC?"]
)
def test_every_way_to_a_power(ask: Ask, diode: Diode, question: str) -> None:
    ask("CORR:WAV 980")
    assert value(ask(question)) == pytest.approx(seen(diode))


def test_fetching_gives_the_last_reading_again(ask: Ask, diode: Diode) -> None:
    ask("CORR:WAV 980;:INIT")
    before = seen(diode)
    diode.current = 0.2
    assert value(ask("FETC?")) == pytest.approx(before)
    assert value(ask("READ?")) == pytest.approx(seen(diode))


def test_other_quantities(ask: Ask, diode: Diode, bench: Bench) -> None:
    ask("CORR:WAV 980;BEAM 20")
    responsivity = value(ask("CORR:POW:PDI:RESP?"))
    assert value(ask("MEAS:CURR?")) == pytest.approx(seen(diode) * responsivity)
    assert ask("CONF?") == "CURR"
    assert value(ask("MEAS:PDEN?")) == pytest.approx(seen(diode) / 3.14159265)
    assert value(ask("MEAS:TEMP?")) == pytest.approx(24, abs=0.2)
    assert value(ask("MEAS:FREQ?")) == 0


def test_a_wrong_wavelength_reads_wrong(ask: Ask, diode: Diode) -> None:
    ask("CORR:WAV 450")
    assert value(ask("MEAS:POW?")) > 3 * seen(diode)


def test_what_a_user_left_set_changes_every_reading(ask: Ask, diode: Diode) -> None:
    ask("CORR:WAV 980;LOSS 10")
    assert value(ask("MEAS:POW?")) == pytest.approx(10 * seen(diode))
    ask("CORR:LOSS 0;:POW:REF 1e-3;REF:STAT 1")
    assert value(ask("MEAS:POW?")) == pytest.approx(seen(diode) - 1e-3)
    ask("POW:REF:STAT 0;:POW:UNIT DBM")
    assert 10 ** (value(ask("MEAS:POW?")) / 10) * 1e-3 == pytest.approx(seen(diode))


def test_a_responsivity_of_the_users_own_lasts_until_the_wavelength_changes(ask: Ask, diode: Diode) -> None:
    ask("CORR:WAV 980")
    present = value(ask("CORR:POW:RESP?"))
    ask(f"CORR:POW:RESP {present / 2}")
    assert value(ask("MEAS:POW?")) == pytest.approx(2 * seen(diode))
    ask("CORR:WAV 980")
    assert value(ask("MEAS:POW?")) == pytest.approx(seen(diode))


def test_the_first_reading_after_a_range_change_is_the_old_one(ask: Ask, diode: Diode) -> None:
    ask("CORR:WAV 980;:POW:RANG MAX;:MEAS:POW?")
    before = value(ask("MEAS:POW?"))
    diode.current = 0.11
    ask("POW:RANG 5e-3")
    assert value(ask("MEAS:POW?")) == pytest.approx(before)
    assert value(ask("MEAS:POW?")) == pytest.approx(seen(diode))


def test_too_much_light_for_the_range_is_no_number(ask: Ask) -> None:
    ask("POW:RANG MIN;:MEAS:POW?")
    assert value(ask("MEAS:POW?")) == 9.9e37
    assert value(ask("MEAS:CURR?")) == 9.9e37
    assert value(ask("MEAS:PDEN?")) == 9.9e37


def test_zeroing_takes_the_light_it_sees_for_darkness(
    ask: Ask, twin: PowerMeterTwin, diode: Diode, clock: VirtualClock
) -> None:
    ask("CORR:WAV 980")
    twin.feed(b"CORR:COLL:ZERO\nCORR:COLL:ZERO:STAT?\n")
    clock.sleep(0.1)
    assert twin.take() == b"1\n"
    clock.sleep(1)
    assert ask("CORR:COLL:ZERO:STAT?") == "0"
    zero, before = value(ask("CORR:COLL:ZERO:MAGN?")), seen(diode)
    assert zero == pytest.approx(value(ask("CORR:POW:RESP?")) * before)
    diode.current = 0.2
    assert value(ask("MEAS:POW?")) == pytest.approx(seen(diode) - before)
    twin.feed(b"CORR:COLL:ZERO:INIT;ABOR\n")
    clock.sleep(5)
    assert value(ask("CORR:COLL:ZERO:MAGN?")) == pytest.approx(zero)


# -- our drivers against them ---------------------------------------------------------------------


def open_meter(twin: PowerMeterTwin, driver: type[Any] = PM100D, **settings: Any) -> Any:
    library = VirtualVisaLibrary.of([twin])
    return driver(twin.resource_name or "", "meter", clock=twin.clock, visa_library=library, **settings)


@pytest.mark.parametrize(
    ("driver", "kind"), [(PM100D, PM100DTwin), (PM100USB, PM100USBTwin), (PM400, PM400Twin)]
)
def test_power_whatever_unit_the_meter_was_left_in(
    bench: Bench, diode: Diode, driver: type[Any], kind: type[PowerMeterTwin]
) -> None:
    twin = make(bench, kind)
    asking(twin)("POW:UNIT DBM")
    meter = open_meter(twin, driver)
    meter.wavelength = 980
    assert meter.power == pytest.approx(seen(diode))


@pytest.mark.parametrize(
    ("driver", "kind"), [(PM100D, PM100DTwin), (PM100USB, PM100USBTwin), (PM400, PM400Twin)]
)
def test_the_most_averages_are_read_within_the_time_out(
    bench: Bench, driver: type[Any], kind: type[PowerMeterTwin]
) -> None:
    meter = open_meter(make(bench, kind), driver)
    meter.averaging = meter.limits["averaging"].high
    assert meter.power > 0


def test_the_station_may_choose_the_averaging(twin: PowerMeterTwin) -> None:
    assert open_meter(twin, averaging=7).averaging == 7


def test_a_range_is_chosen_and_its_first_reading_is_thrown_away(twin: PowerMeterTwin, diode: Diode) -> None:
    meter = open_meter(twin)
    meter.wavelength = 980
    _ = meter.power
    diode.current = 0.11
    meter.full_scale = 0.05
    assert meter.auto_range is False
    assert meter.power == pytest.approx(seen(diode))
    meter.full_scale = 1e-5
    with pytest.raises(OverRange, match="meter: power is above the range"):
        _ = meter.power


def test_an_error_left_in_the_queue_is_raised_at_the_next_setting(twin: PowerMeterTwin) -> None:
    meter = open_meter(twin)
    meter.write("NONSENSE")
    with pytest.raises(DeviceFault, match="meter: error -113"):
        meter.wavelength = 980


def test_a_time_out_is_named_and_got_over(twin: PowerMeterTwin, diode: Diode) -> None:
    meter = open_meter(twin)
    meter.wavelength = 980
    feed = twin.feed
    twin.feed = lambda data, end=False: None  # type: ignore[method-assign]
    with pytest.raises(DeviceTimeout, match=r"meter: no answer to 'MEAS:POW\?' within 3 s"):
        _ = meter.power
    twin.feed = feed  # type: ignore[method-assign]
    assert meter.power == pytest.approx(seen(diode))
