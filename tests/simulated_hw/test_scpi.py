"""SCPI-1999 vol. 1 and IEEE 488.2 on the wire of a small twin."""

import pytest

from antistokes.instruments.clock import VirtualClock
from antistokes.simulated_hw.bench import Bench, OpticsSettings
from antistokes.simulated_hw.scpi import ScpiError, ScpiTwin, boolean, number, query_number, scpi, split_units


class Supply(ScpiTwin):
    """A current source with a little of everything."""

    queue_length = 3
    current = 0.0
    text = ""

    @scpi("*IDN?")
    def identify(self, _):
        return "me"

    @scpi("[SOURce[1]:]CURRent[:LEVel]")
    def set_current(self, text):
        self.current = number(text, 0, 2, 0.5, {"A": 1.0, "MA": 1e-3})

    @scpi("[SOURce[1]:]CURRent[:LEVel]?")
    def get_current(self, text):
        return f"{query_number(text, 0, 2, 0.5, self.current):g}"

    @scpi("[SOURce[1]:]CURRent:LIMit?")
    def get_limit(self, _):
        return "2"

    @scpi("DISPlay:TEXT")
    def set_text(self, text):
        self.text = text

    @scpi("TRACe:DATA?")
    def data(self, _):
        return b"#13;\n;"


@pytest.fixture
def supply():
    return Supply("supply", Bench(VirtualClock(), None, None, OpticsSettings(), 0))


@pytest.mark.parametrize(
    "header",
    [
        "CURR?",
        "curr?",
        "Current?",
        "SOUR:CURR?",
        "SOURCE1:CURRENT:LEVEL?",
        ":SOUR1:CURR:LEV?",
        "CURR:LEV?",
        "CURR? ",
    ],
)
def test_short_long_and_optional_forms_are_one_header(supply, header):
    assert supply.respond(header) == "0"


@pytest.mark.parametrize(
    "header", ["CURRE?", "CUR?", "SOUR2:CURR?", "LEV?", "CURR:LEV:X?", "SOURC:CURR?", "CURR"]
)
def test_what_is_neither_form_is_an_error(supply, header):
    assert supply.respond(header) is None
    assert len(supply.errors) == 1


def test_a_compound_message_answers_in_one_line(supply):
    assert supply.respond("*IDN?;CURR 1;CURR?;:SYST:ERR?") == 'me;1;+0,"No error"'


def test_a_later_header_is_relative_to_the_one_before(supply):
    assert supply.respond("SOUR:CURR 1;CURR:LIM?;LEV?") == "2;1"


def test_a_leading_colon_returns_to_the_root(supply):
    assert supply.respond("SOUR:CURR:LIM?;:CURR?") == "2;0"
    supply.respond("SOUR:CURR:LIM?;:LIM?")
    assert supply.errors.popleft().code == -113


def test_common_commands_keep_the_path(supply):
    assert supply.respond("CURR:LIM?;*IDN?;LIM?") == "2;me;2"


def test_a_complete_header_below_a_path_starts_a_new_path(supply):
    assert supply.respond("SYST:ERR?;SOUR:CURR:LIM?;LIM?") == '+0,"No error";2;2'


def test_an_error_in_one_unit_leaves_the_others(supply):
    assert supply.respond("CURR 9;CURR?;NONSENSE;*IDN?") == "0;me"
    assert [error.code for error in supply.errors] == [-222, -113]


def test_a_refused_value_keeps_the_path(supply):
    assert supply.respond("CURR:LEV 9;LIM?") == "2"


def test_a_quoted_semicolon_separates_nothing(supply):
    supply.respond("""DISP:TEXT "a;b";:CURR 1""")
    assert (supply.text, supply.current) == ('"a;b"', 1.0)
    supply.respond("DISP:TEXT 'it;\"s';:CURR 2")
    assert (supply.text, supply.current) == ("'it;\"s'", 2.0)


def test_a_quote_that_is_not_closed_runs_to_the_end():
    assert split_units("""DISP "a;CURR 1""") == ["""DISP "a;CURR 1"""]


def test_empty_units_are_nothing(supply):
    assert supply.respond(";; CURR? ;;") == "0"
    assert supply.respond("") is None
    assert not supply.errors


def test_a_block_is_sent_as_it_is_after_what_came_before(supply):
    assert supply.respond("TRAC:DATA?") == b"#13;\n;"
    assert supply.respond("*IDN?;TRAC:DATA?") == b"me;#13;\n;"


def test_errors_come_out_in_order_and_once(supply):
    supply.respond("BAD1")
    supply.respond("CURR 3")
    assert supply.respond("SYST:ERR?") == '-113,"Undefined header"'
    assert supply.respond("SYSTEM:ERROR:NEXT?") == '-222,"Data out of range"'
    assert supply.respond("SYST:ERR?") == '+0,"No error"'


def test_a_full_error_queue_ends_in_queue_overflow(supply):
    for _ in range(5):
        supply.respond("BAD")
    assert [error.code for error in supply.errors] == [-113, -113, -350]


def test_clear_status_empties_the_queue(supply):
    supply.respond("BAD;*CLS")
    assert not supply.errors


def test_minimum_maximum_default_are_values_and_can_be_asked(supply):
    supply.respond("CURR MAX")
    assert supply.current == 2
    supply.respond("curr default")
    assert supply.current == 0.5
    assert supply.respond("CURR? MIN;CURR? MAXimum;CURR? DEF;CURR?") == "0;2;0.5;0.5"


@pytest.mark.parametrize(
    ("text", "value"),
    [("1.5", 1.5), (".5", 0.5), ("+1.E0", 1.0), ("15e-1", 1.5), ("100mA", 0.1), ("100 MA", 0.1), ("2A", 2)],
)
def test_numbers_with_and_without_unit(text, value):
    assert number(text, 0, 2, 0, {"A": 1.0, "MA": 1e-3}) == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (None, -109),
        ("", -109),
        ("x", -104),
        ("1 V", -104),
        ("1 2", -104),
        ("nan", -104),
        ("inf", -104),
        ("3", -222),
        ("1E999", -222),
    ],
)
def test_what_is_no_number_in_range_is_the_right_error(text, code):
    with pytest.raises(ScpiError) as caught:
        number(text, 0, 2, 0, {"A": 1.0})
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("text", "value"), [("ON", True), ("off", False), ("1", True), ("0", False), (" 2 ", True)]
)
def test_booleans(text, value):
    assert boolean(text) is value


def test_a_boolean_is_not_a_word():
    with pytest.raises(ScpiError, match="-104"):
        boolean("maybe")
