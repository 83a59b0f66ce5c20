"""What every driver and its twin must do; new ones are found by their entry points.

Installed as ``antistokes.conformance``: ``pytest --pyargs antistokes.conformance -k NAME`` tests the driver
NAME of any package.
"""

from __future__ import annotations

import contextlib
import inspect
import json
import re
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from antistokes.instruments import Station
from antistokes.instruments.device import CompositeInstrument, Device, SdkInstrument
from antistokes.instruments.errors import (
    ConnectionFailed,
    DeviceTimeout,
    InstrumentError,
    LimitError,
    WrongModel,
)
from antistokes.instruments.instrument import VisaInstrument
from antistokes.instruments.roles import (
    ROLES,
    Laser,
    PulseGenerator,
    Shutter,
    TemperatureController,
)
from antistokes.instruments.roleview import RoleView

DRIVERS: dict[str, Any] = {point.name: point.load() for point in entry_points(group="antistokes.drivers")}
TWINS: dict[str, Any] = {point.name: point.load() for point in entry_points(group="antistokes.twins")}
ON_WIRE = [name for name, driver in DRIVERS.items() if issubclass(driver, VisaInstrument)]
#: one of each kind of connection
RESOURCES = {
    "usb": "USB0::0x1313::0x8078::P0012345::INSTR",
    "serial": "ASRL1::INSTR",
    "socket": "TCPIP0::192.168.1.36::7777::SOCKET",
}
#: what make_safe switches off, by role
_SWITCHED = {
    Laser: "emission",
    Shutter: "is_open",
    PulseGenerator: "output",
    TemperatureController: "control",
}
_GARBAGE = b"\xff\xfe garbage"


@dataclass
class Pair:
    """A driver, open on its twin."""

    device: Any
    twin: Any
    station: Station

    def switch_on(self) -> None:
        """All that a person must not walk up to."""
        if Laser in self.device.ROLES:
            self.device.drive = self.device.drive_limits[1]
        for role, member in _SWITCHED.items():
            if role in self.device.ROLES:
                setattr(self.device, member, True)

    def left_on(self) -> list[str]:
        """What of it is on."""
        on = [m for r, m in _SWITCHED.items() if r in self.device.ROLES and getattr(self.device, m)]
        light = cast(Any, self.station.backend).world.bench.light_is_on()
        return [*on, "light"] if light and Laser in self.device.ROLES else on

    def at_next_message(self, act: Callable[[Callable[..., None], bytes, bool], None]) -> None:
        """Do ``act(feed, data, end)`` in place of hearing the next message."""
        feed = self.twin.feed

        def once(data: bytes, end: bool = False) -> None:
            del self.twin.feed
            act(feed, data, end)

        self.twin.feed = once

    def changes(self) -> Callable[[], bool]:
        """Was anything sent to the twin, or any plain attribute of it changed, since now?"""
        sent: list[bytes] = []
        if isinstance(self.device, VisaInstrument):
            self.twin.feed = lambda data, end=False: sent.append(data)
        before = _plain(self.twin)
        return lambda: bool(sent) or _plain(self.twin) != before


def _plain(thing: Any) -> dict[str, Any]:
    return {
        key: value
        for key, value in getattr(thing, "__dict__", {}).items()
        if isinstance(value, (bool, int, float, str))
    }


def station_text(driver: str, resource: str) -> str:
    """A station with one instrument, ``it``, and the parts it may need."""
    text, parts = 'backend = "@sim"\n', []
    for number, (word, role) in enumerate(DRIVERS[driver].PARTS.items(), 2):
        other = next(name for name, kind in DRIVERS.items() if role in kind.ROLES and not kind.PARTS)
        text += f'[instruments.{word}]\ndriver = "{other}"\nresource = "ASRL{number}::INSTR"\n'
        parts.append(f'{word} = "{word}"')
    where = f"parts = {{ {', '.join(parts)} }}" if parts else f'resource = "{resource}"'
    return text + f'[instruments.it]\ndriver = "{driver}"\n{where}\n'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stations")


@pytest.fixture
def open_pair(folder: Path) -> Iterator[Callable[..., Pair]]:
    stations = []

    def open_pair(driver: str, resource: str = RESOURCES["usb"]) -> Pair:
        path = folder / f"{driver}.toml"
        path.write_text(station_text(driver, resource))
        station = Station.load(path)
        stations.append(station)
        device = station.open()["it"]
        return Pair(device, cast(Any, station.backend).world.twins.get("it"), station)

    yield open_pair
    for station in stations:
        station.close()


@pytest.fixture(params=DRIVERS)
def pair(request: pytest.FixtureRequest, open_pair: Callable[..., Pair]) -> Pair:
    """Every driver."""
    return open_pair(request.param)


@pytest.fixture(params=[(name, kind) for name in ON_WIRE for kind in RESOURCES], ids="-".join)
def wired(request: pytest.FixtureRequest, open_pair: Callable[..., Pair]) -> Pair:
    """Every driver that talks by VISA, on every kind of connection."""
    name, kind = request.param
    return open_pair(name, RESOURCES[kind])


def own_properties(driver: type) -> dict[str, property]:
    """Properties the driver's files define, not those of the bases."""
    bases = {Device, SdkInstrument, CompositeInstrument, *VisaInstrument.__mro__}
    kinds = [kind for kind in reversed(driver.__mro__) if kind not in bases]
    return {name: p for kind in kinds for name, p in vars(kind).items() if isinstance(p, property)}


def members(role: Any) -> set[str]:
    return {m for m in RoleView(SimpleNamespace(), role)._members if m not in ("limits", "check_limit")}


# -- without a device -----------------------------------------------------------------------------


def test_every_driver_has_a_twin_and_every_twin_a_driver() -> None:
    single = {name: driver.MODEL for name, driver in DRIVERS.items() if not driver.PARTS}
    assert {name: twin.model for name, twin in TWINS.items()} == single


@pytest.mark.parametrize("name", DRIVERS)
def test_no_other_driver_has_its_model(name: str) -> None:
    assert DRIVERS[name].MODEL
    assert [n for n, driver in DRIVERS.items() if driver.MODEL == DRIVERS[name].MODEL] == [name]


@pytest.mark.parametrize("name", DRIVERS)
def test_the_constructor_takes_adapter_or_sdk_name_and_clock(name: str) -> None:
    parameters = list(inspect.signature(DRIVERS[name]).parameters.values())
    positional = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    base = next(
        b for b in (VisaInstrument, SdkInstrument, CompositeInstrument) if issubclass(DRIVERS[name], b)
    )
    first = {
        VisaInstrument: ["adapter"],
        SdkInstrument: ["sdk", "resource"],
        CompositeInstrument: ["parts"],
    }
    assert positional == [*first[base], "name"]
    settings = {p.name: p for p in parameters if p.kind is p.KEYWORD_ONLY}
    assert settings["clock"].default is None
    assert all(p.default is not p.empty for p in settings.values())


@pytest.mark.parametrize("name", DRIVERS)
def test_it_can_be_closed_when_its_constructor_failed_at_once(name: str) -> None:
    driver = DRIVERS[name]
    driver.__new__(driver).close()


@pytest.mark.parametrize("name", DRIVERS)
def test_properties_say_what_they_do(name: str) -> None:
    for quantity, member in own_properties(DRIVERS[name]).items():
        text = inspect.getdoc(member) or ""
        assert re.match(r"(Control|Get|Measure|Set) \S", text), f"{quantity}: {text!r}"
        first = text.partition("\n")[0]
        if text.startswith("Measure"):
            assert re.search(r", in \S+", first), f"{quantity} has no unit: {text!r}"


@pytest.mark.parametrize("name", DRIVERS)
def test_it_says_how_it_is_connected_and_what_was_verified(name: str) -> None:
    driver = DRIVERS[name]
    assert driver.INTERFACES or driver.PARTS
    assert re.fullmatch(r"\S.*\.", driver.VERIFIED)


@pytest.mark.parametrize("name", DRIVERS)
def test_limited_quantities_are_properties_that_name_their_unit(name: str) -> None:
    driver = DRIVERS[name]
    for quantity, limit in driver.LIMITS.items():
        member = own_properties(driver)[quantity]
        assert member.fset is not None
        assert limit.low < limit.high
        assert limit.unit in (inspect.getdoc(member) or ""), f"{quantity} does not say {limit.unit}"


# -- on the twin ----------------------------------------------------------------------------------


def test_it_has_the_name_it_was_given(pair: Pair) -> None:
    assert pair.device.name == "it"
    assert pair.device.clock is pair.station.waits


def test_it_fulfils_the_roles_it_declares(pair: Pair) -> None:
    device = pair.device
    assert device.ROLES
    for role in device.ROLES:
        assert role in ROLES.values()
        assert isinstance(device, role)
        view = RoleView(device, role)
        for member in members(role):
            getattr(view, member)


def test_a_device_that_lacks_one_member_does_not_fulfil_the_role(pair: Pair) -> None:
    for role in pair.device.ROLES:
        all_of_it = {member: getattr(pair.device, member) for member in members(role)}
        assert isinstance(SimpleNamespace(**all_of_it), role)
        for member in all_of_it:
            rest = {name: value for name, value in all_of_it.items() if name != member}
            assert not isinstance(SimpleNamespace(**rest), role), f"{role.__name__} without {member}"


def test_values_outside_the_limits_are_refused_and_nothing_is_sent(pair: Pair) -> None:
    device = pair.device
    changed = pair.changes()
    assert device.limits.keys() == device.LIMITS.keys()
    for quantity, (low, high, _) in device.limits.items():
        for value in (low - 1, high + 1, float("nan")):
            with pytest.raises(LimitError, match=f"^it: {quantity} = "):
                setattr(device, quantity, value)
    assert not changed()


def test_make_safe_leaves_no_light_and_may_be_called_again(pair: Pair) -> None:
    pair.switch_on()
    for _ in range(2):
        pair.device.make_safe()
        assert pair.left_on() == []


switched = pytest.mark.parametrize(
    "name", [name for name in ON_WIRE if set(DRIVERS[name].ROLES) & _SWITCHED.keys()]
)


@switched
@pytest.mark.parametrize("before", ["at once", "after a time-out"])
def test_what_hears_but_does_not_answer_is_made_safe(
    open_pair: Callable[..., Pair], name: str, before: str
) -> None:
    pair = open_pair(name, RESOURCES["serial"])
    pair.switch_on()
    pair.twin.send = lambda data, delay=0.0: None
    if before == "after a time-out":
        with pytest.raises(InstrumentError):
            reading(pair.device)
    with contextlib.suppress(InstrumentError):
        pair.device.make_safe()
    del pair.twin.send
    assert pair.left_on() == []


@switched
def test_a_message_lost_while_it_is_made_safe_leaves_nothing_on(
    open_pair: Callable[..., Pair], name: str
) -> None:
    """The first, the second, … message of make_safe gets lost: it is tried again, and the rest is done."""
    lost, heard = 0, 1
    while lost < heard:
        pair = open_pair(name, RESOURCES["serial"])
        pair.switch_on()
        feed, heard = pair.twin.feed, 0

        def lossy(data: bytes, end: bool = False, feed: Any = feed, lost: int = lost) -> None:
            nonlocal heard
            heard += 1
            if heard - 1 != lost:
                feed(data, end)

        pair.twin.feed = lossy
        with contextlib.suppress(InstrumentError):
            pair.device.make_safe()
        del pair.twin.feed
        assert pair.left_on() == [], f"after message {lost + 1} of {heard} got lost"
        pair.station.close()
        lost += 1


def test_the_snapshot_can_be_written_down_and_has_every_setting(pair: Pair) -> None:
    snapshot = pair.device.snapshot()
    assert json.loads(json.dumps(snapshot, allow_nan=False)).keys() == snapshot.keys()
    assert {"model", *pair.device.SNAPSHOT, *pair.device.LIMITS} == snapshot.keys()
    assert snapshot["model"]
    assert all(value is not None for value in snapshot.values())


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"], ids=repr)
def test_it_recovers_from_garbage_on_the_line(wired: Pair, end: bytes) -> None:
    device, twin = wired.device, wired.twin
    right = device.identity()

    def garbage(feed: Callable[..., None], data: bytes, last: bool) -> None:
        twin.send(_GARBAGE + end)
        feed(data, last)

    wired.at_next_message(garbage)
    recovers(device, right)


def test_it_recovers_from_a_question_that_got_lost(wired: Pair) -> None:
    device = wired.device
    right = device.identity()
    wired.at_next_message(lambda feed, data, end: None)
    with pytest.raises(DeviceTimeout, match=r"^it: no answer to '.*' within [\d.]+ s$"):
        device.identity()
    recovers(device, right)


def test_it_recovers_from_an_answer_that_came_too_late(wired: Pair) -> None:
    device, twin = wired.device, wired.twin
    right = device.identity()
    value = reading(device)

    def late(feed: Callable[..., None], data: bytes, end: bool) -> None:
        feed(data, end)
        twin._outbox.extend([(due + 60, answer) for due, answer in [*twin._outbox]])
        for _ in range(len(twin._outbox) // 2):
            twin._outbox.popleft()

    wired.at_next_message(late)
    with pytest.raises(DeviceTimeout):
        device.identity()
    device.clock.sleep(60)
    assert reading(device) == value
    assert device.identity() == right


def test_half_an_answer_is_never_a_value(wired: Pair) -> None:
    device, twin = wired.device, wired.twin
    right = reading(device)

    def halve(feed: Callable[..., None], data: bytes, end: bool) -> None:
        feed(data, end)
        due, answer = twin._outbox.pop()
        twin._outbox.append((due, answer[: len(answer) // 2]))

    wired.at_next_message(halve)
    start = device.clock.now()
    with contextlib.suppress(InstrumentError):
        assert reading(device) == right  # a driver may ask again
    assert device.clock.now() - start < 120
    recovers(device, device.identity())


def test_a_connection_that_drops_is_named(wired: Pair) -> None:
    device = wired.device

    def drop(feed: Callable[..., None], data: bytes, end: bool) -> None:
        device.adapter.connection.close()

    wired.at_next_message(drop)
    with pytest.raises(InstrumentError, match="^it: ") as raised:
        reading(device)
    assert isinstance(raised.value, (ConnectionFailed, DeviceTimeout))
    with pytest.raises(ConnectionFailed, match="^it: connection lost at "):
        reading(device)


@pytest.mark.parametrize("name", ON_WIRE)
def test_another_model_on_the_resource_is_refused(folder: Path, name: str) -> None:
    """By its name where it says one; every other model is tried."""
    path = folder / f"{name}.toml"
    path.write_text(station_text(name, RESOURCES["serial"]))
    for other in ON_WIRE:
        if other == name or DRIVERS[other].IDN_WORDS == DRIVERS[name].IDN_WORDS != ():
            continue  # one device with two uses says one name
        station = Station.load(path)
        backend = cast(Any, station.backend)
        impostor = TWINS[other]("it", backend.world.bench)
        impostor.resource_name = RESOURCES["serial"]
        backend._library.add([impostor])
        with pytest.raises(InstrumentError, match="^it: ") as refused:
            station.open()
        if isinstance(refused.value, WrongModel):
            assert DRIVERS[name].MODEL in str(refused.value)
        station.close()


@pytest.mark.parametrize("name", ON_WIRE)
def test_two_threads_get_their_own_answers(open_pair: Callable[..., Pair], name: str) -> None:
    device = open_pair(name).device
    wrong: list[Any] = []

    def hammer(question: Callable[[], Any], right: Any) -> None:
        for _ in range(200):
            try:
                answer = question()
            except Exception as error:
                answer = error
            if answer != right:
                wrong.append(answer)

    questions = (device.identity, lambda: reading(device))
    threads = [threading.Thread(target=hammer, args=(question, question())) for question in questions]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)  # in the middle of every question
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert wrong == []


def reading(device: Any) -> Any:
    """A setting, asked from the device: always the same. Its name, where nothing can be set."""
    quantity = next(iter(device.LIMITS), None)
    return device.identity() if quantity is None else getattr(device, quantity)


def recovers(device: Any, right: str) -> None:
    """At the latest the third question is answered, and no answer is wrong."""
    for _ in range(2):
        try:
            assert device.identity() == right
        except InstrumentError:
            continue
        break
    for _ in range(3):
        assert device.identity() == right
