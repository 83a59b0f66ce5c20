"""What every driver and its twin must do; new ones are found by their entry points."""

from __future__ import annotations

import inspect
import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from antistokes.instruments import Station
from antistokes.instruments.errors import DeviceTimeout, InstrumentError, LimitError
from antistokes.instruments.instrument import Device, SdkInstrument, VisaInstrument
from antistokes.instruments.roles import ROLES, Laser
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
_GARBAGE = b"\xff\xfe garbage"


@dataclass
class Pair:
    """A driver, open on its twin."""

    device: Any
    twin: Any
    station: Station

    def light_is_on(self) -> bool:
        return bool(cast(Any, self.station.backend).world.bench.light_is_on())

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
    return {key: value for key, value in vars(thing).items() if isinstance(value, (bool, int, float, str))}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stations")


@pytest.fixture
def open_pair(folder: Path) -> Iterator[Callable[..., Pair]]:
    stations = []

    def open_pair(driver: str, resource: str = RESOURCES["usb"]) -> Pair:
        path = folder / f"{driver}.toml"
        path.write_text(f'backend = "@sim"\n[instruments.it]\ndriver = "{driver}"\nresource = "{resource}"\n')
        station = Station.load(path)
        stations.append(station)
        device = station.open()["it"]
        return Pair(device, cast(Any, station.backend).world.twins["it"], station)

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
    bases = {Device, SdkInstrument, *VisaInstrument.__mro__}
    kinds = [kind for kind in reversed(driver.__mro__) if kind not in bases]
    return {name: p for kind in kinds for name, p in vars(kind).items() if isinstance(p, property)}


def members(role: Any) -> set[str]:
    return {m for m in RoleView(SimpleNamespace(), role)._members if m not in ("limits", "check_limit")}


# -- without a device -----------------------------------------------------------------------------


def test_every_driver_has_a_twin_and_every_twin_a_driver() -> None:
    assert set(DRIVERS) == set(TWINS)
    assert {name: twin.model for name, twin in TWINS.items()} == {n: d.MODEL for n, d in DRIVERS.items()}


def test_every_model_has_one_driver() -> None:
    models = [driver.MODEL for driver in DRIVERS.values()]
    assert "" not in models
    assert sorted(models) == sorted(set(models))


@pytest.mark.parametrize("name", DRIVERS)
def test_the_constructor_takes_adapter_or_sdk_name_and_clock(name: str) -> None:
    parameters = list(inspect.signature(DRIVERS[name]).parameters.values())
    positional = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert positional == (["adapter", "name"] if name in ON_WIRE else ["sdk", "resource", "name"])
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
    assert pair.device.clock is pair.station.clock


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
    device = pair.device
    if Laser in device.ROLES:
        device.drive = device.drive_limits[1]
        device.emission = True
        assert pair.light_is_on()
    for _ in range(2):
        device.make_safe()
        assert not pair.light_is_on()
        assert Laser not in device.ROLES or device.emission is False


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


@pytest.mark.parametrize("name", ON_WIRE)
def test_two_threads_get_their_own_answers(open_pair: Callable[..., Pair], name: str) -> None:
    device = open_pair(name).device
    wrong: list[Any] = []

    def hammer(question: Callable[[], Any], right: Any) -> None:
        for _ in range(5000):
            try:
                answer = question()
            except Exception as error:
                answer = error
            if answer != right:
                wrong.append(answer)

    questions = (device.identity, lambda: reading(device))
    threads = [threading.Thread(target=hammer, args=(question, question())) for question in questions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def reading(device: Any) -> Any:
    """A setting, asked from the device: always the same."""
    return getattr(device, next(iter(device.LIMITS)))


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
