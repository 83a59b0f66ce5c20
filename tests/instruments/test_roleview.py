"""What a procedure sees of an instrument."""

from __future__ import annotations

import sys
import threading
from typing import Any, Protocol

import pytest

from antistokes.instruments.errors import InstrumentError, OverRange
from antistokes.instruments.roles import ROLES, PowerMeter, Role
from antistokes.instruments.roleview import RoleView


class Meter:
    """A power meter, and more than one."""

    def __init__(self) -> None:
        self.name = "meter"
        self.lock = threading.RLock()
        self.settle_time = 0.0
        self.wavelength = 980.0
        self.wavelength_range = (400.0, 1100.0)
        self.secret = "the driver's own"
        self.trouble: Exception | None = None
        self.asked: Any = None

    @property
    def power(self) -> float:
        if self.trouble is not None:
            raise self.trouble
        return 1e-3

    def snapshot(self) -> dict[str, Any]:
        if self.trouble is not None:
            raise self.trouble
        return {"wavelength": self.wavelength}

    def make_safe(self) -> None:
        if self.trouble is not None:
            raise self.trouble

    def check_limit(self, quantity: str, value: float) -> None:
        self.asked = quantity, value


@pytest.fixture
def meter() -> Meter:
    return Meter()


@pytest.fixture
def view(meter: Meter) -> Any:
    return RoleView(meter, PowerMeter)


def test_members_of_the_role_are_read_written_and_called(view: Any, meter: Meter) -> None:
    assert (view.power, view.name) == (1e-3, "meter")
    view.wavelength = 800
    assert meter.wavelength == 800
    assert view.snapshot() == {"wavelength": 800}
    view.make_safe()
    view.check_limit("wavelength", value=3)
    assert meter.asked == ("wavelength", 3)
    assert repr(view) == "<PowerMeter 'meter'>"


@pytest.mark.parametrize("member", ["secret", "drive", "lock", "_device_", "adapter"])
def test_other_members_are_out_of_reach(view: Any, meter: Meter, member: str) -> None:
    with pytest.raises(AttributeError, match=f"a PowerMeter has no '{member}'"):
        getattr(view, member)
    with pytest.raises(AttributeError, match=f"a PowerMeter has no '{member}'"):
        setattr(view, member, 1)
    assert not hasattr(view, member)
    assert meter.secret == "the driver's own"


@pytest.mark.parametrize("role", ROLES.values(), ids=ROLES)
def test_every_role_shows_what_all_devices_have(role: type) -> None:
    view: Any = RoleView(Meter(), role)
    assert {"name", "settle_time", "limits", "make_safe", "snapshot"} <= view._members
    assert not [member for member in view._members if member.startswith("_")]


@pytest.mark.parametrize("trouble", [ValueError("bad"), AttributeError("typo"), KeyError(3)])
def test_any_error_of_a_driver_gets_the_name_of_its_device(
    view: Any, meter: Meter, trouble: Exception
) -> None:
    meter.trouble = trouble
    for attempt, member in ((lambda: view.power, "power"), (view.make_safe, "make_safe")):
        with pytest.raises(InstrumentError) as error:
            attempt()
        assert str(error.value).startswith(f"meter: {member} failed: {type(trouble).__name__}: ")
        assert error.value.__cause__ is trouble


def test_a_setting_that_fails_gets_the_name_of_its_device(meter: Meter) -> None:
    class Fixed(Protocol):
        power: float

    view: Any = RoleView(meter, Fixed)
    with pytest.raises(InstrumentError, match=r"^meter: power failed: AttributeError"):
        view.power = 3


def test_an_error_of_ours_stays_as_it_is(view: Any, meter: Meter) -> None:
    meter.trouble = OverRange("meter", "too bright")
    with pytest.raises(OverRange, match=r"^meter: too bright$"):
        _ = view.power
    with pytest.raises(OverRange):
        view.snapshot()


def test_a_keyboard_interrupt_passes(view: Any, meter: Meter) -> None:
    meter.trouble = KeyboardInterrupt()  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt):
        _ = view.power


def test_two_threads_never_are_inside_a_device_at_once() -> None:
    class Counter:
        """Notices a second caller: its own answer then is not what it asked for."""

        name = "counter"

        def __init__(self) -> None:
            self.lock = threading.RLock()
            self.question: object = None

        def echo(self, question: object) -> object:
            self.question = question
            for _ in range(20):  # time for another thread to come in between
                threading.Event().is_set()
            return self.question

    class Echo(Role, Protocol):
        def echo(self, question: object) -> object: ...

    view: Any = RoleView(Counter(), Echo)
    wrong: list[int] = []

    def ask(who: str) -> None:
        wrong.extend(i for i in range(2000) if view.echo((who, i)) != (who, i))

    threads = [threading.Thread(target=ask, args=(who,)) for who in "ab"]
    switch_often(threads)
    assert wrong == []


def switch_often(threads: list[threading.Thread]) -> None:
    """Run *threads* with a change of thread every 10 µs."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
