"""Twin of an ID900: replies as manual and public programs have them, and the driver with it."""

from __future__ import annotations

import re

import numpy as np
import pytest

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.counters.idq_id900 import ID900
from antistokes.instruments.errors import ConnectionFailed, DeviceFault, DeviceTimeout
from antistokes.instruments.roles import PhotonCounter
from antistokes.simulated_hw.bench import Bench, OpticsSettings
from antistokes.simulated_hw.light import Flashes, Light
from antistokes.simulated_hw.photon_counting import PhotomultiplierSettings
from antistokes.simulated_hw.twins.idq_id900 import ID900Settings, ID900Twin
from antistokes.simulated_hw.waveform import PulseTrain

DECAY = 2e-3  # s
TRAIN = PulseTrain(20e-3, 1e-4)


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


def make_twin(train=TRAIN, **settings) -> ID900Twin:
    bench = DecayBench(VirtualClock(), None, None, OpticsSettings(), seed=1)
    bench.generator = Pulser(train) if train else None
    detector = PhotomultiplierSettings(efficiency=1.0, dark_per_s=0.0, dead_time_s=0.0)
    return ID900Twin("counter", bench, ID900Settings(detector=detector, **settings))


def open_driver(twin, **settings) -> ID900:
    return ID900(twin.sdk(), twin.resource_name, "counter", clock=twin.bench.clock, **settings)


@pytest.fixture
def twin():
    return make_twin()


@pytest.fixture
def ask(twin):
    return lambda command: twin.reply(command.encode()).decode()


# -- messages ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ("*IDN?", "ID QUANTIQUE,ID900,1908029T010,1.21"),
        ("INPU1:ENAB ON", "ON"),
        ("INPUT1:ENABLE", "ON"),
        ("input4:enable off", "OFF"),
        ("INPUt2:ENABle?", "OFF"),
        ("INPU1:COUP ac", "AC"),
        ("INPU1:EDGE RISI", "RISING"),
        ("INPU1:EDGE FALLING", "FALLING"),
        ("INPU1:THRE 0.2V", "0.200V"),
        ("INPU1:THREshold 100mV", "0.100V"),
        ("START:THRESHOLD -1", "-1.000V"),
        ("INPU1:SELE UNSH", "UNSHAPED"),
        ("INPU1:RESYNCPOLICY MANUAL", "MANUAL"),
        ("INPUt4:Counter:INTEgrationtime 100", "100"),
        ("INPU1:COUN:MODE CYCL", "CYCLE"),
        ("INPU1:HIRES:ERROR?", "0"),
        ("INPU1:HIRES:ERROR:CLEAR", "Cleared Highres errors"),
        ("INPU1:COUN:RESET", "Counter value set to 0 "),
        ("HIST3:FLUSH", "Flushed Histogram!"),
        ("TSST2:DATA:HISTO:FLUSh", "Flushed Histogram!"),
        ("HIST1:BWID 2000", "2000TB"),
        ("HIST1:BCOUNT 500", "500"),
        ("HIST1:MIN 1.5 kTB", "1500TB"),
        ("HIST1:INPO:REF:LINK tsco7", "TSCO7"),
        ("HIST1:STOP:LINK INPUT2", "INPU2"),
        ("HIST1:ENAB:LINK TSGE8", "TSGE8"),
        ("HIST1:INPO:STOP:LINK? ", "TSCO5"),
        ("DELA1:INPO:LINK inpu1", "INPU1"),
        ("DELAY8:VALUE 4000000", "4000000TB"),
        ("TSGE8:ONES:PWID 3000 GTB", "3000000000000TB"),
        ("TSGE8:ENAB ON", "ON"),
        ("DEVICE:SYNC EXTERNAL;RESOLUTION HIRES", "EXTERNAL;HIRES"),
        ("DEVI:CONF:LOAD BLANK;:HIST1:REF:LINK?", "Configuration BLANK loaded;NONE"),
        ("DEVI:RES:BWID?", "100TB"),
        ("REC:ENAB ON;NUM 1;DUR 1000000000000;PLAY;STAG?", "ON;1;1000000000000TB;PLAYING;PLAYING"),
        ("REC:STOP", "STOPPED"),
        ("TSCO6:INPO:FIR:LINK INPU1;:TSCO6:OPIN ONLYFIR;OPOU MUTE;", "INPU1;ONLYFIR;MUTE"),
        ("TSCO6:WIND:ENAB ON;BEGI:EDGE RISING;DELA 5", "ON;RISING;5TB"),
        ("TSGE1:MODE SPUL;:TSGE1:TRIG:MODE INTERNAL;DELAY 0;INTER:PER 24000", "SPULSE;INTERNAL;0TB;24000TB"),
        ("OUTP1:DELA 0;ENAB off;INPO:LINK TSCO9;:OUTP1:MODE NIM", "0TB;OFF;TSCO9;NIM"),
        ("TSST1:HISTO:BWID 2000;MIN?", "2000TB;0TB"),
        ("TSST1:HISTO:BCOU 7;:HIST1:BCOU?", "7;7"),
        ("TSST1:DATA:RAW:SEND ON;:RAW1:SEND?", "ON;ON"),
        ("RAW1:ERRORS:CLEAR;:TSST1:DATA:RAW:ERRORS?", "0;0"),
        ("TSCO20:COUN:INTE 100;RESET;:TSCO20:COUN?", "100;Counter value set to 0 ;0"),
        ("DEVI:SAMP:RECA", "Sampling recalibrated"),
    ],
)
def test_a_command_has_its_reply(ask, command, reply):
    assert ask(command) == reply


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ("FOO", "SCPI_ERR_INVALID_CMD"),
        ("INPU5:ENAB ON", "SCPI_ERR_INVALID_CMD"),
        ("INP1:ENAB ON", "SCPI_ERR_INVALID_CMD"),
        ("HIST1:MIN 0; HIST1:BWID 100", "SCPI_ERR_INVALID_CMD"),  # the second goes on below HIST1
        ("\xff\xfe", "SCPI_ERR_INVALID_CMD"),
        ("", "SCPI_ERR_NO_COMMAND"),
        (" ; ;", "SCPI_ERR_NO_COMMAND"),
        ("HIST1:BWID", "SCPI_ERR_PARAM_COUNT"),
        ("DEVI:CONF:LOAD", "SCPI_ERR_PARAM_COUNT"),
        ("DEVI:CONF:LOAD NONSENSE", "SCPI_ERR_PARAM_TYPE"),
        ("INPU1:THRE 5", "SCPI_ERR_PARAM_TYPE"),
        ("INPU1:THRE 5TB", "SCPI_ERR_PARAM_TYPE"),
        ("HIST1:BWID wide", "SCPI_ERR_PARAM_TYPE"),
        ("HIST1:BWID 50", "SCPI_ERR_PARAM_TYPE"),
        ("HIST1:BCOU 16385", "SCPI_ERR_PARAM_TYPE"),
        ("INPU1:ENAB MAYBE", "SCPI_ERR_PARAM_TYPE"),
        ("HIST1:BWID 200;BCOU x;MIN 7", "SCPI_ERR_PARAM_TYPE"),
    ],
)
def test_an_error_ends_the_reply(twin, command, error):
    assert twin.reply(command.encode("latin-1")).decode().endswith(error)


def test_after_an_error_the_rest_of_a_message_is_not_done(ask):
    assert ask("HIST1:BWID 200;BCOU x;MIN 7") == "200TB;SCPI_ERR_PARAM_TYPE"
    assert ask("HIST1:MIN?") == "0TB"
    assert ask("HIST1:BWID?") == "200TB"


def test_a_link_to_what_is_not_there_is_no_connection(ask):
    assert ask("DELAY1:INPORT:LINK INPU9;:DELAY1:VALUE 5") == "No connection to INPU9"
    assert ask("HIST1:REF:LINK TSCO25").startswith("No connection")
    assert ask("HIST1:REF:LINK?") == "STAR"


def test_states_can_be_cut_where_public_programs_cut_them(ask):
    """By the character, as they do."""
    value, address = ask("DELAY1:STATE?").rstrip(";").split(";")
    assert (value[12:], address[10:]) == ("0TB", "INPU1")
    sync, resolution = ask("DEVICE:STATE?").split(";")
    assert (sync[12:], resolution[4:]) == ("INTERNAL", "LOWRES")
    stop, ref, enab, low, width, count = ask(":HIST1:STATE?").rstrip(";").split(";")
    cut = [stop[23:], ref[23:], enab[24:], low[11:], width[5:], count[7:]]
    assert cut == ["TSCO5", "STAR", "TSGE8", "0TB", "100TB", "400"]
    parts = ask("INPUT1:STATE?;:DELAY1:VALUE?").split(";")
    names = [part.partition(" ")[0] for part in parts[1:6]]
    assert names == ["COUP", "EDGE", "THRE", "SELE", "RESY"]
    assert [float(parts[6][30:]), parts[7][5:], parts[8]] == [1000, "CYCLE", "0TB"]
    parts = ask("START:STATE?").split(";")
    assert [parts[5][5:], float(parts[6][30:]), parts[7][5:]] == ["0TB", 1000, "CYCLE"]


def test_the_longest_message_of_a_public_program_is_taken(ask):
    assert (
        ask(
            "INPUT1:ENABLE ON;COUPLING DC;EDGE RISING;THRESHOLD 0.2V;SELECT UNSHAPED;RESYNCPOLICY AUTO;"
            ":INPUT1:COUNTER:INTEGRATIONTIME 1000;MODE CYCLE;:DELAY1:INPORT:LINK INPU1;:DELAY1:VALUE 0"
        )
        == "ON;DC;RISING;0.200V;UNSHAPED;AUTO;1000;CYCLE;INPU1;0TB"
    )


# -- what it sees -----------------------------------------------------------------------------------


def collect(twin, ask, seconds, *settings):
    for setting in (
        "INPU1:ENAB ON;THRE 0.5",
        "STAR:ENAB ON;THRE 0.5",
        "HIST1:BWID 100MTB;BCOU 100",
        *settings,
    ):
        assert "ERR" not in ask(setting)
    ask("TSGE8:ENAB ON")
    twin.bench.clock.sleep(seconds)
    ask("TSGE8:ENAB OFF")
    twin.bench.clock.sleep(1.0)
    answer = ask("HIST1:DATA?")
    assert re.fullmatch(r"\[\d+(,\d+)*\]", answer)
    return np.array(answer[1:-1].split(","), dtype=float)


def test_a_histogram_grows_while_its_gate_is_open(twin, ask):
    first = collect(twin, ask, 10.0)
    mean = (first * (np.arange(100) + 0.5)).sum() / first.sum() * 1e-4
    assert mean == pytest.approx(DECAY * (1 - 5 * np.exp(-5) / (1 - np.exp(-5))), rel=0.02)
    assert first.sum() == pytest.approx(1e5, rel=0.02)
    both = collect(twin, ask, 10.0, "HIST1:MIN 0")
    assert both.sum() == pytest.approx(1e5, rel=0.02), "a change of the bins begins anew"
    ask("TSGE8:ENAB ON")
    twin.bench.clock.sleep(10.0)
    ask("TSGE8:ENAB OFF")
    data = ask("HIST1:DATA?")
    assert sum(map(int, data[1:-1].split(","))) == pytest.approx(2e5, rel=0.02)
    assert ask("TSST1:DATA:HISTO?") == data


def test_the_gate_closes_by_itself_after_its_width(twin, ask):
    counts = collect(twin, ask, 10.0, "TSGE8:ONES:PWID 2000 GTB")
    assert counts.sum() == pytest.approx(2e4, rel=0.04)


def test_a_gate_of_short_pulses_has_another_width(twin, ask):
    counts = collect(twin, ask, 10.0, "TSGE8:MODE SPULSE", "TSGE8:SPUL:PWID 1TTB;:TSGE8:ONES:PWID 2TTB")
    assert counts.sum() == pytest.approx(1e4, rel=0.04)


def test_the_record_generator_is_a_gate_too(twin, ask):
    collect(twin, ask, 0.0, "HIST1:ENAB:LINK REC", "REC:ENAB ON;DUR 3000GTB")
    ask("REC:PLAY")
    assert ask("REC:STAG?") == "PLAYING"
    twin.bench.clock.sleep(5.0)
    assert ask("REC:STAG?") != "PLAYING"
    data = ask("HIST1:DATA?")
    assert sum(map(int, data[1:-1].split(","))) == pytest.approx(3e4, rel=0.03)


@pytest.mark.parametrize("period", [20e-3, 19.5e-3])
def test_a_photon_is_timed_from_the_last_trigger(period):
    twin = make_twin(train=PulseTrain(period, 1e-4))
    counts = collect(twin, lambda c: twin.reply(c.encode()).decode(), 10.0, "HIST1:BWID 1GTB;BCOU 50")
    assert counts[20:].sum() == 0
    assert counts[:20].sum() == pytest.approx(1e5, rel=0.02)
    assert counts[19] < 50


def test_a_delay_in_the_way_moves_the_histogram(twin, ask):
    counts = collect(twin, ask, 10.0, "DELA1:VALU 3GTB")
    assert np.argmax(counts) in (30, 31)


@pytest.mark.parametrize("setting", ["STAR:ENAB OFF", "STAR:THRE -0.5", "HIST1:REF:LINK NONE"])
def test_without_a_trigger_time_begins_with_the_gate(twin, ask, setting):
    counts = collect(twin, ask, 5e-3, setting)
    assert counts[50:].sum() == 0
    assert counts[:50].sum() == pytest.approx(50, abs=25)


@pytest.mark.parametrize("setting", ["INPU1:ENAB OFF", "INPU1:THRE 2V", "HIST1:STOP:LINK INPU2"])
def test_photons_that_do_not_reach_the_histogram_are_not_counted(twin, ask, setting):
    assert collect(twin, ask, 1.0, setting).sum() == 0


def test_a_counter_cycles_or_accumulates(twin, ask):
    ask("STAR:ENAB ON;THRE 0.5;COUN:MODE CYCLE;INTE 500;RESE")
    twin.bench.clock.sleep(0.4)
    assert ask("STAR:COUN?") == "0", "no cycle is complete"
    twin.bench.clock.sleep(0.2)
    assert ask("STAR:COUN?") == "25"
    twin.bench.clock.sleep(10.0)
    assert ask("STAR:COUN?") == "25"
    ask("STAR:COUN:MODE ACCUM;RESE")
    twin.bench.clock.sleep(10.0)
    assert ask("STAR:COUN?") == "500"
    ask("INPU1:ENAB ON;COUN:MODE ACCUM;RESE")
    twin.bench.clock.sleep(10.0)
    assert int(ask("INPU1:COUN?")) == pytest.approx(1e5, rel=0.02)
    assert ask("TSCO5:COUN?") == ask("INPU1:COUN?")


# -- the driver with it -------------------------------------------------------------------------------


def test_the_driver_fulfils_its_role(twin):
    driver = open_driver(twin)
    assert isinstance(driver, PhotonCounter)
    driver.bin_width, driver.bins = 1.01e-9, 16384
    assert (driver.bin_width, driver.bins) == (1.1e-9, 16384)
    assert driver.bins_limits == (1, 16384)
    assert len(driver.histogram(0.1)) == 16384
    driver.start_threshold = -0.25
    assert driver.start_threshold == -0.25
    assert driver.identity() == "ID QUANTIQUE,ID900,1908029T010,1.21"


def test_a_histogram_shows_the_decay_of_milliseconds(twin):
    driver = open_driver(twin)
    driver.bin_width, driver.bins = 10e-6, 2000
    counts = driver.histogram(100.0)
    assert driver.triggers == pytest.approx(5000, rel=2e-3)
    assert counts.sum() == pytest.approx(1e6, rel=0.01)
    assert (counts * (driver.times() + 5e-6)).sum() / counts.sum() == pytest.approx(DECAY, rel=0.02)
    assert twin.bench.clock.now() == pytest.approx(100, abs=0.2)


def test_the_count_rate_is_that_of_the_photons(twin):
    assert open_driver(twin).count_rate() == pytest.approx(1e4, rel=0.15)


def test_without_a_generator_there_is_no_histogram():
    with pytest.raises(DeviceFault, match="counter: no trigger came at START"):
        open_driver(make_twin(train=None)).histogram(1.0)


def test_photons_may_come_at_another_input():
    twin = make_twin(photon_input="INPU3")
    for channel, seen in ((3, True), (2, False)):
        driver = open_driver(twin, channel=channel)
        driver.bin_width = 1e-3
        assert bool(driver.histogram(1.0).any()) is seen


def test_a_reply_that_comes_too_late_is_lost_and_the_next_is_right(twin):
    driver = open_driver(twin)
    twin.latency = 3.0
    with pytest.raises(DeviceTimeout, match=r"counter: no answer to 'HIST1:BCOU\?' within 2 s"):
        driver.bins  # noqa: B018
    twin.latency = 1e-3
    assert driver.identity().startswith("ID QUANTIQUE")


def test_an_address_where_nobody_is_ends_in_an_error(twin):
    with pytest.raises(ConnectionFailed, match="nobody answers on tcp://192.168.1.51:5555"):
        ID900(twin.sdk(), "tcp://192.168.1.51:5555", clock=twin.bench.clock)
