"""Every call a driver makes during a sweep fails once in a test of its own: the light goes off, the file
is closed and says which device it was.

A call is a message written to a device, the reading of its answer, or a call of the SDK. The calls are
found by watching a sweep that works.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from antistokes.analysis import describe, load
from antistokes.instruments import Station
from antistokes.instruments.wire import WireAdapter
from antistokes.procedures import Outcome, PowerSweep, run
from antistokes.simulated_hw.stations import find_station
from antistokes.simulated_hw.twins import ocean_seabreeze

Call = tuple[str, str]

SWEEP = PowerSweep(
    start=100, stop=300, points_per_decade=2, order="up", frames=2, readings=1, longest_exposure=0.01
)
_SDK = (
    "from_serial_number",
    "wavelengths",
    "intensities",
    "integration_time_micros",
    "trigger_mode",
    "close",
)
_SDK_SET = ("integration_time_micros",)
_SDK_VALUES = ("integration_time_micros_limits", "max_intensity", "serial_number", "model")
_NUMBER = re.compile(r"(?<=ma)[0-9A-F]{8}|\d+\.\d+(E[-+]\d+)?")


class Wire:
    """Stands between all drivers and their devices.

    :param fails: which use (0, 1, …) of which call fails, and with what
    """

    def __init__(
        self,
        patch: pytest.MonkeyPatch,
        station: Station,
        fails: Callable[[Call, int], BaseException | None] = lambda call, use: None,
    ) -> None:
        self.uses: Counter[Call] = Counter()
        self.injected = 0
        self.watches = True
        self._fails = fails
        self._names = {entry.resource: name for name, entry in station.file.instruments.items()}
        self._asked: dict[str, str] = {}
        self._open: set[WireAdapter] = set()
        wire = self

        write, read = WireAdapter._write, WireAdapter._read
        init, close = WireAdapter.__init__, WireAdapter.close

        def spied_write(adapter: WireAdapter, command: str, **kwargs: Any) -> None:
            name = wire._names[adapter.resource_name]
            wire._asked[name] = _NUMBER.sub("#", command)
            wire.use(name, wire._asked[name])
            write(adapter, command, **kwargs)

        def spied_read(adapter: WireAdapter, **kwargs: Any) -> str:
            name = wire._names[adapter.resource_name]
            wire.use(name, f"answer to {wire._asked.get(name, '')}")
            return str(read(adapter, **kwargs))

        def spied_init(adapter: WireAdapter, resource_name: str, *args: Any, **kwargs: Any) -> None:
            wire.use(wire._names[resource_name], "open")
            init(adapter, resource_name, *args, **kwargs)
            wire._open.add(adapter)

        def spied_close(adapter: WireAdapter) -> None:
            # the collector closes adapters once more, also those of earlier tests
            if adapter in wire._open:
                wire._open.discard(adapter)
                wire.use(wire._names[adapter.resource_name], "close")
            close(adapter)

        patch.setattr(WireAdapter, "_write", spied_write)
        patch.setattr(WireAdapter, "_read", spied_read)
        patch.setattr(WireAdapter, "__init__", spied_init)
        patch.setattr(WireAdapter, "close", spied_close)
        for member in (*_SDK, *_SDK_SET, *_SDK_VALUES):
            self._spy_on_sdk(patch, member)

    def _spy_on_sdk(self, patch: pytest.MonkeyPatch, member: str) -> None:
        wire, kind = self, ocean_seabreeze.Spectrometer
        if member == "from_serial_number":
            made = kind.from_serial_number.__func__

            def spied_class_call(cls: Any, *args: Any) -> Any:
                wire.use("spectrometer", member)
                return made(cls, *args)

            patch.setattr(kind, member, classmethod(spied_class_call))
        elif member in _SDK_VALUES:
            value = getattr(kind, member).fget

            def spied_value(device: Any) -> Any:
                wire.use("spectrometer", member)
                return value(device)

            patch.setattr(kind, member, property(spied_value))
        else:
            function = getattr(kind, member)

            def spied_call(device: Any, *args: Any) -> Any:
                wire.use("spectrometer", member)
                return function(device, *args)

            patch.setattr(kind, member, spied_call)

    def use(self, name: str, label: str) -> None:
        """Count a use; raise what was asked for."""
        if not self.watches:
            return
        call = (name, label)
        use = self.uses[call]
        self.uses[call] += 1
        if (error := self._fails(call, use)) is not None:
            self.injected += 1
            raise error


def station() -> Station:
    return Station.load(find_station("virtual"))


def calls_of_a_sweep() -> tuple[Counter[Call], Counter[Call], Counter[Call]]:
    """All calls from opening to closing; those of a run; those of a run before its end."""
    with pytest.MonkeyPatch.context() as patch:
        whole = Wire(patch, virtual := station())
        assert run(SWEEP, virtual).status == "completed"
    with pytest.MonkeyPatch.context() as patch, station() as virtual:
        inside = Wire(patch, virtual)
        make_safe = virtual.make_safe
        before: Counter[Call] = Counter()
        virtual.make_safe = lambda: (before.update(inside.uses), make_safe())[1]  # type: ignore[method-assign]
        assert run(SWEEP, virtual).status == "completed"
        inside.watches = False
        virtual.make_safe = make_safe  # type: ignore[method-assign]
    return whole.uses, inside.uses, before


WHOLE, RUN, BEFORE_END = calls_of_a_sweep()


def name_of(call: Call) -> str:
    return f"{call[0]}: {call[1]}"


def check(outcome: Outcome, virtual: Station, path: Path, device: str) -> None:
    assert not virtual.backend.world.bench.light_is_on()
    assert outcome.status == "failed"
    assert device in outcome.reason
    assert "\n" not in outcome.reason
    assert load(path).attrs["status"] == "failed"
    facts = describe(path)
    assert (facts["status"], facts["reason"], facts["points"]) == ("failed", outcome.reason, outcome.points)


def test_the_sweep_calls_what_is_watched() -> None:
    assert {name for name, _ in WHOLE} == set(station().file.instruments)
    for call in (
        ("laser", "OUTP:STAT 1"),
        ("laser", "OUTP:STAT 0"),
        ("laser", "SOUR:CURR #"),
        ("laser", "answer to SYST:ERR?"),
        ("attenuator", "0ma#"),
        ("power_meter", "answer to MEAS:POW?"),
        ("cryostat", "answer to KRDG? B;RDGST? B"),
        ("spectrometer", "intensities"),
    ):
        assert WHOLE[call] > 0, call
    assert len(WHOLE) > 80


@pytest.mark.parametrize("call", [c for c in sorted(WHOLE) if c[1] != "close"], ids=name_of)
def test_a_call_that_fails_from_its_first_use_on(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    virtual = station()
    wire = Wire(monkeypatch, virtual, lambda c, use: RuntimeError("injected") if c == call else None)
    outcome = run(SWEEP, virtual, tmp_path / "run.h5")
    assert wire.injected
    check(outcome, virtual, tmp_path / "run.h5", call[0])
    assert not list(virtual)


@pytest.mark.parametrize("call", sorted(RUN), ids=name_of)
def test_a_call_that_fails_at_its_last_use(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with station() as virtual:
        wire = Wire(
            monkeypatch,
            virtual,
            lambda c, use: RuntimeError("injected") if c == call and use >= RUN[call] - 1 else None,
        )
        outcome = run(SWEEP, virtual, tmp_path / "run.h5")
        assert wire.injected
        wire.watches = False
        check(outcome, virtual, tmp_path / "run.h5", call[0])


@pytest.mark.parametrize("call", sorted(BEFORE_END), ids=name_of)
def test_an_interrupt_in_a_call_stops_the_run(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with station() as virtual:
        middle = (BEFORE_END[call] - 1) // 2
        Wire(monkeypatch, virtual, lambda c, use: KeyboardInterrupt() if (c, use) == (call, middle) else None)
        outcome = run(SWEEP, virtual, tmp_path / "run.h5")
        assert not virtual.backend.world.bench.light_is_on()
        assert (outcome.status, outcome.reason) == ("stopped", "interrupted by the user")
        if (tmp_path / "run.h5").exists():
            assert load(tmp_path / "run.h5").attrs["status"] == "stopped"
        else:
            assert outcome.points == 0


def test_when_the_laser_cannot_be_switched_off_the_run_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with station() as virtual:
        lit = []
        bench = virtual.backend.world.bench

        def fails(call: Call, use: int) -> BaseException | None:
            lit.append(bench.light_is_on())
            return RuntimeError("injected") if call == ("laser", "OUTP:STAT 0") and any(lit) else None

        wire = Wire(monkeypatch, virtual, fails)
        outcome = run(SWEEP, virtual, tmp_path / "run.h5")
        assert wire.injected > 1  # it was tried again
        assert outcome.status == "failed"
        assert "laser could not be made safe: " in outcome.reason
        assert next(step for step in outcome.safe if step.device == "laser").problem
        # the current was brought to 0 all the same
        assert not bench.light_is_on()
        wire.watches = False


@pytest.mark.parametrize("device", sorted({name for name, _ in WHOLE}))
def test_a_device_that_cannot_be_closed_keeps_no_other_from_it(
    device: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    virtual = station()
    first = ((device, "close"), 0)
    wire = Wire(monkeypatch, virtual, lambda c, use: RuntimeError("injected") if (c, use) == first else None)
    outcome = run(SWEEP, virtual, tmp_path / "run.h5")
    assert wire.injected
    assert outcome.status == load(tmp_path / "run.h5").attrs["status"] == "failed"
    assert outcome.reason.startswith(f"{device} could not be closed: ")
    assert "injected" in outcome.reason
    assert outcome.points == load(tmp_path / "run.h5").sizes["point"] == 2
    assert not virtual.backend.world.bench.light_is_on()
    assert not list(virtual)
