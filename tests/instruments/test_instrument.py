"""The base of all drivers on a wire: every trouble becomes an error of ours that names the device."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from pymeasure.instruments import Instrument
from pyvisa.constants import StatusCode
from pyvisa.errors import VisaIOError

from antistokes.instruments.clock import RealClock, VirtualClock
from antistokes.instruments.device import Limit
from antistokes.instruments.errors import (
    BadAnswer,
    ConnectionFailed,
    DeviceFault,
    DeviceTimeout,
    LimitError,
    Refused,
    WrongModel,
)
from antistokes.instruments.instrument import ScpiInstrument
from antistokes.simulated_hw.bench import Bench, OpticsSettings
from antistokes.simulated_hw.twin import Twin, answers
from antistokes.simulated_hw.visa import VirtualVisaLibrary

USB = "USB0::0x1313::0x8078::P0012345::INSTR"
SERIAL = "ASRL3::INSTR"
SOCKET = "TCPIP0::192.168.1.36::7777::SOCKET"


class Parrot(Twin):
    """Says what it is told, sooner or later; keeps what it hears."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.heard: list[str] = []
        self.faults: list[str] = []
        self.level = "0.5"

    def respond(self, message: str) -> Any:
        self.heard.append(message)
        return super().respond(message)

    @answers(r"\*IDN\?")
    def identify(self) -> str:
        return "Zoo,Parrot,1,2"

    @answers("say (.*)")
    def say(self, text: str) -> str:
        return text

    @answers("late (.*)")
    def say_late(self, text: str) -> str:
        self.take_time(10)
        return text

    @answers("screech")
    def screech(self) -> bytes:
        return b"\xff\xfe\n"

    @answers(r"LEV\?")
    def get_level(self) -> str:
        return self.level

    @answers("LEV (.*)")
    def set_level(self, text: str) -> None:
        self.level = text

    @answers(r"SYST:ERR\?")
    def next_error(self) -> str:
        return self.faults.pop(0) if self.faults else '+0,"No error"'


class Bird(ScpiInstrument):
    """Its driver."""

    MODEL = "Zoo Parrot"
    IDN_WORDS = ("parrot",)
    CONNECTION: ClassVar[dict[str, Any]] = {
        "read_termination": "\n",
        "write_termination": "\n",
        "timeout": 1500,
    }
    LIMITS: ClassVar[dict[str, Limit]] = {"level": Limit(0, 1, "V")}
    SNAPSHOT = ("level",)

    level = Instrument.control("LEV?", "LEV %g", "Control the level, in V.", check_set_errors=True)
    steps = Instrument.measurement("LEV?", "Get the level, in steps.", cast=int)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def parrot(clock: VirtualClock) -> Parrot:
    return Parrot("parrot", Bench(clock, None, None, OpticsSettings(), 0))


def meet(parrot: Parrot, resource: str = USB, **keywords: Any) -> Bird:
    parrot.resource_name = resource
    library = VirtualVisaLibrary.of([parrot])
    return Bird(resource, "polly", clock=parrot.clock, visa_library=library, **keywords)


@pytest.fixture(params=[USB, SERIAL, SOCKET])
def bird(parrot: Parrot, request: pytest.FixtureRequest) -> Bird:
    return meet(parrot, request.param)


# -- opening --------------------------------------------------------------------------------------


def test_a_driver_alone_has_its_model_as_name_and_real_time(parrot: Parrot) -> None:
    parrot.resource_name = USB
    bird = Bird(USB, visa_library=VirtualVisaLibrary.of([parrot]))
    assert bird.name == "Zoo Parrot"
    assert isinstance(bird.clock, RealClock)


def test_keywords_of_the_connection_replace_those_of_the_driver(parrot: Parrot) -> None:
    bird: Any = meet(parrot, timeout=200)
    assert bird.adapter.connection.timeout == 200


def test_another_model_is_refused_with_both_names(parrot: Parrot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Parrot, "identify", lambda _: "Zoo,Toucan,7,1")
    with pytest.raises(WrongModel) as error:
        meet(parrot)
    where = "USB0::0x1313::0x8078::P0012345::"
    message = str(error.value)
    assert message.startswith(f"polly: Zoo Parrot expected, but 'Zoo,Toucan,7,1' answers on {where}")


@pytest.mark.parametrize("resource", ["ASRL9::INSTR", "nonsense"])
def test_what_cannot_be_opened_is_named(parrot: Parrot, resource: str) -> None:
    parrot.resource_name = USB
    with pytest.raises(ConnectionFailed, match=f"^polly: .*{resource}") as error:
        Bird(resource, "polly", visa_library=VirtualVisaLibrary.of([parrot]))
    assert "\n" not in str(error.value)


# -- answers that do not come, or cannot be ---------------------------------------------------------


def test_a_time_out_names_command_and_seconds(bird: Bird, clock: VirtualClock) -> None:
    begin = clock.now()
    with pytest.raises(DeviceTimeout, match=r"^polly: no answer to 'shut up' within 1\.5 s$"):
        bird.ask("shut up")
    assert clock.now() - begin == pytest.approx(1.5)


def test_an_answer_that_came_too_late_is_not_the_answer_to_the_next_question(
    bird: Bird, clock: VirtualClock
) -> None:
    with pytest.raises(DeviceTimeout):
        bird.ask("late a")
    clock.sleep(20)
    assert bird.ask("say b") == "b"
    assert bird.ask("say c") == "c"


@pytest.mark.parametrize("resource", [SERIAL, SOCKET])
def test_an_answer_still_to_come_is_not_taken_for_the_next_one(
    parrot: Parrot, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch, resource: str
) -> None:
    bird = meet(parrot, resource)
    monkeypatch.setattr(bird, "IDN_WORDS", ("Parrot",))
    with pytest.raises(DeviceTimeout):
        bird.ask("late a")
    clock.sleep(9)  # it is on its way, and comes before the answer to whatever is asked now
    assert bird.ask("say b") == "b"
    assert bird.ask("say c") == "c"


def test_over_usb_an_answer_still_to_come_is_withdrawn(parrot: Parrot, clock: VirtualClock) -> None:
    bird = meet(parrot, USB)
    with pytest.raises(DeviceTimeout):
        bird.ask("late a")
    assert bird.ask("say b") == "b"
    clock.sleep(20)
    assert bird.ask("say c") == "c"


def test_without_a_device_clear_what_has_come_is_forgotten(
    parrot: Parrot, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    bird: Any = meet(parrot, USB)

    def refuse() -> None:
        raise VisaIOError(StatusCode.error_nonsupported_operation)

    monkeypatch.setattr(bird.adapter.connection, "clear", refuse)
    with pytest.raises(DeviceTimeout):
        bird.ask("late a")
    clock.sleep(20)
    assert bird.ask("say b") == "b"


def test_bytes_that_are_no_text_are_shown_and_forgotten(bird: Bird) -> None:
    with pytest.raises(BadAnswer, match=r"^polly: 'screech' was answered by bytes that are no text: b'\\xff"):
        bird.ask("screech")
    assert bird.ask("say b") == "b"


@pytest.mark.parametrize("answer", ["loud", "", "0.5 V", "0.5;0.6"])
def test_a_number_that_is_none_is_a_bad_answer(bird: Bird, parrot: Parrot, answer: str) -> None:
    parrot.level = answer
    with pytest.raises(BadAnswer, match=r"^polly: 'LEV\?' was answered by '.*', not a number$"):
        _ = bird.level
    parrot.level = "0.25"
    assert bird.level == 0.25


def test_a_fraction_is_no_whole_number(bird: Bird, parrot: Parrot) -> None:
    parrot.level = "2.5"
    with pytest.raises(BadAnswer, match=r"was answered by '2\.5', not a number$"):
        _ = bird.steps


def test_a_closed_connection_is_named(bird: Bird) -> None:
    bird.close()
    bird.close()
    for attempt in (bird.ask, bird.write):
        with pytest.raises(ConnectionFailed, match=r"^polly: connection lost at 'say a': \S") as error:
            attempt("say a")
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "trouble",
    [VisaIOError(StatusCode.error_connection_lost), ConnectionResetError("peer is gone"), OSError()],
)
def test_a_lost_connection_is_named(
    bird: Any, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise trouble

    for method in ("read", "write"):
        with monkeypatch.context() as patch:
            patch.setattr(bird.adapter, method, fail)
            with pytest.raises(ConnectionFailed, match=r"^polly: connection lost at '(say a|\*IDN\?)': \S"):
                bird.ask("say a")
    clock.sleep(1)
    assert bird.ask("say b") == "b"


def test_a_connection_lost_while_recovering_is_named(bird: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise VisaIOError(StatusCode.error_connection_lost)

    with pytest.raises(DeviceTimeout):
        bird.ask("shut up")
    for method in ("clear", "flush"):
        monkeypatch.setattr(bird.adapter.connection, method, fail)
    with pytest.raises(ConnectionFailed, match="connection lost"):
        bird.ask("say a")


# -- the error queue ------------------------------------------------------------------------------


def test_errors_of_the_device_are_raised_together_and_the_queue_is_empty(bird: Bird, parrot: Parrot) -> None:
    parrot.faults = ['-113,"Undefined header"', '-222,"Data out of range"']
    with pytest.raises(DeviceFault) as error:
        bird.level = 0.3
    message = 'polly: error -113 "Undefined header"; error -222 "Data out of range"'
    assert str(error.value) == message
    bird.level = 0.4
    assert bird.level == 0.4


def test_a_queue_that_never_ends_is_left(bird: Bird, parrot: Parrot) -> None:
    parrot.faults = ['-310,"System error"'] * 1000
    with pytest.raises(DeviceFault, match="error -310"):
        bird.check_errors()


def test_a_queue_that_speaks_nonsense_is_a_bad_answer(bird: Bird, parrot: Parrot) -> None:
    parrot.faults = ["oops"]
    with pytest.raises(BadAnswer, match=r"^polly: 'SYST:ERR\?' was answered by 'oops'$"):
        bird.check_errors()


# -- limits ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan"), float("inf"), float("-inf")])
def test_a_value_outside_its_limit_is_refused_and_nothing_is_sent(
    bird: Bird, parrot: Parrot, value: float
) -> None:
    parrot.heard.clear()
    with pytest.raises(LimitError, match=r"^polly: level = .* V is outside the allowed 0 to 1 V$"):
        bird.level = value
    assert parrot.heard == []


@pytest.mark.parametrize("value", [0, 1, 0.5])
def test_the_ends_of_a_limit_belong_to_it(bird: Bird, value: float) -> None:
    bird.level = value
    assert bird.level == value


def test_a_limit_can_only_become_narrower_and_only_for_this_device(bird: Bird) -> None:
    bird.narrow_limit("level", -1, 0.8)
    assert bird.limits == {"level": Limit(0, 0.8, "V")}
    bird.narrow_limit("level", 0.2, 5)
    assert bird.limits == {"level": Limit(0.2, 0.8, "V")}
    with pytest.raises(LimitError, match=r"allowed 0\.2 to 0\.8 V"):
        bird.level = 0.9
    assert dict(Bird.LIMITS) == {"level": Limit(0, 1, "V")}


def test_a_limit_that_leaves_nothing_is_refused(bird: Bird) -> None:
    with pytest.raises(Refused, match=r"^polly: limits of level = \[2, 3\] V; this device allows 0 to 1 V$"):
        bird.narrow_limit("level", 2, 3)
    assert bird.limits == {"level": Limit(0, 1, "V")}


def test_the_snapshot_has_the_model_and_the_settings(bird: Bird) -> None:
    bird.level = 0.75
    assert bird.snapshot() == {"model": "Zoo Parrot", "level": 0.75}
