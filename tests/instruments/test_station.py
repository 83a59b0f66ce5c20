"""Opening, finding, making safe and closing the instruments of a station."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, cast

import pytest
import pyvisa

from antistokes.instruments import Station, drivers
from antistokes.instruments.backend import plugin
from antistokes.instruments.clock import Clock, RealClock, VirtualClock
from antistokes.instruments.device import Limit, SdkInstrument
from antistokes.instruments.errors import (
    ConnectionFailed,
    DeviceFault,
    DeviceTimeout,
    FileRefused,
    InstrumentError,
    LimitError,
    MissingDependency,
    Refused,
    WrongModel,
)
from antistokes.instruments.roles import Attenuator, Laser, PowerMeter, Spectrometer, TemperatureController
from antistokes.instruments.roleview import RoleView

StationFileFactory = Callable[..., Path]

_FIVE = ["laser", "attenuator", "power_meter", "cryostat", "spectrometer"]
_SECOND_LASER = '[instruments.pump2]\ndriver = "thorlabs_cld1015"\nresource = "ASRL7::INSTR"\n'


class Puppet(SdkInstrument):
    """Writes down what is done to it; the settings tell it what to do."""

    MODEL = "Puppet"
    SDK_MODULE = "string"
    ROLES = (Laser,)
    LIMITS: ClassVar[dict[str, Limit]] = {"drive": Limit(0, 10, "V")}
    diary: ClassVar[list[str]] = []

    def __init__(
        self,
        sdk: Any,
        resource: str,
        name: str = "",
        *,
        clock: Clock | None = None,
        fails_at: str = "",
        fails_with: str = "",
    ) -> None:
        self._begin(name, clock)
        self.sdk, self.resource, self.fails_at, self.fails_with = sdk, resource, fails_at, fails_with
        self._do("open")
        if fails_at == "narrow":
            self.narrow_limit("drive", 5, 6)

    def _do(self, what: str) -> None:
        if what == self.fails_at:
            self.diary.append(f"{self.name} fails to {what}")
            errors: dict[str, BaseException] = {
                "fault": DeviceFault(self.name, "broken"),
                "bug": ZeroDivisionError("a\nbug"),
                "ctrl-c": KeyboardInterrupt("now"),
            }
            raise errors[self.fails_with]
        self.diary.append(f"{what} {self.name}")

    def make_safe(self) -> None:
        self._do("safe")

    def snapshot(self) -> dict[str, Any]:
        self._do("show")
        return {"resource": self.resource}

    def close(self) -> None:
        self._do("close")


@pytest.fixture
def puppets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Station]:
    """A station of puppets a, b, c, d on real hardware; keywords are their settings."""

    class Entry:
        @staticmethod
        def load() -> type:
            return Puppet

    monkeypatch.setattr(drivers, "plugin", lambda group, name: Entry)
    monkeypatch.setattr(Puppet, "diary", [])

    def make(head: str = "", **settings: str) -> Station:
        lines = ['backend = "@py"', head, "[watchdog]", "enabled = false"]
        for name in "abcd":
            lines += [f"[instruments.{name}]", 'driver = "puppet"', f'resource = "serial {name}"']
            lines += [settings.get(name, "")]
        path = tmp_path / "puppets.toml"
        path.write_text("\n".join(lines))
        return Station.load(path)

    return make


def fails(at: str, kind: str) -> str:
    return f'settings = {{ fails_at = "{at}", fails_with = "{kind}" }}'


# -- order ----------------------------------------------------------------------------------------

_ENDING = [*(f"safe {name}" for name in "dcba"), *(f"close {name}" for name in "dcba")]


def test_devices_open_in_order_and_all_are_safe_before_the_first_is_closed(puppets: Any) -> None:
    with puppets() as lab:
        assert Puppet.diary == ["open a", "open b", "open c", "open d"]
        assert list(lab) == ["a", "b", "c", "d"]
        Puppet.diary.clear()
    assert Puppet.diary == _ENDING
    assert list(lab) == []


def test_an_exception_inside_leaves_all_safe_and_closed(puppets: Any) -> None:
    with pytest.raises(ZeroDivisionError), puppets():
        _ = 1 / 0
    assert Puppet.diary[4:] == _ENDING


@pytest.mark.parametrize(
    ("kind", "error", "message"),
    [
        ("fault", DeviceFault, "c: broken"),
        ("bug", InstrumentError, "c: cannot be opened: ZeroDivisionError: a bug"),
        ("ctrl-c", KeyboardInterrupt, "now"),
    ],
)
def test_when_the_third_fails_to_open_the_first_two_are_safe_and_closed(
    puppets: Any, kind: str, error: type[BaseException], message: str
) -> None:
    lab = puppets(c=fails("open", kind))
    with pytest.raises(error) as raised:
        lab.open()
    assert str(raised.value) == message
    ending = ["close c", "safe b", "safe a", "close b", "close a"]
    assert Puppet.diary == ["open a", "open b", "c fails to open", *ending]
    assert list(lab) == []


def test_a_device_whose_limits_leave_nothing_is_closed_again(puppets: Any) -> None:
    lab = puppets(b='limits = { drive = [1, 2] }\nsettings = { fails_at = "narrow" }')
    with pytest.raises(Refused, match=r"^b: limits of drive = \[1, 2\] V; this device allows 5 to 6 V$"):
        lab.open()
    assert Puppet.diary == ["open a", "open b", "close b", "close a"]


@pytest.mark.parametrize("kind", ["fault", "bug"])
def test_a_device_that_cannot_be_made_safe_is_reported_and_the_others_are(
    puppets: Any, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    lab = puppets(c=fails("safe", kind)).open()
    Puppet.diary.clear()
    with caplog.at_level(logging.ERROR):
        steps = lab.close()
    problem = {"fault": "DeviceFault: c: broken", "bug": "ZeroDivisionError: a bug"}[kind]
    assert [(step.device, step.problem) for step in steps] == [
        ("d", ""),
        ("c", problem),
        ("b", ""),
        ("a", ""),
    ]
    assert caplog.messages == [f"c: could not be made safe: {problem}"]
    ending = ["safe d", "c fails to safe", "safe b", "safe a", "close d", "close c", "close b", "close a"]
    assert Puppet.diary == ending


def test_a_ctrl_c_meanwhile_waits_until_all_are_safe_and_closed(puppets: Any) -> None:
    lab = puppets(c=fails("safe", "ctrl-c")).open()
    Puppet.diary.clear()
    with pytest.raises(KeyboardInterrupt):
        lab.close()
    ending = ["safe d", "c fails to safe", "safe b", "safe a", "close d", "close c", "close b", "close a"]
    assert Puppet.diary == ending
    assert list(lab) == []


def test_a_device_that_cannot_be_closed_is_reported_and_the_others_are(
    puppets: Any, caplog: pytest.LogCaptureFixture
) -> None:
    lab = puppets(c=fails("close", "bug")).open()
    with caplog.at_level(logging.ERROR):
        lab.close()
    assert caplog.messages == ["c: could not be closed: ZeroDivisionError: a bug"]
    assert Puppet.diary[-4:] == ["close d", "c fails to close", "close b", "close a"]


def test_closing_twice_does_nothing_and_the_station_opens_again(puppets: Any) -> None:
    lab = puppets().open()
    lab.close()
    before = list(Puppet.diary)
    assert lab.close() == []
    assert Puppet.diary == before
    lab.open()
    assert list(lab) == ["a", "b", "c", "d"]
    lab.close()


def test_who_has_changed_nothing_may_leave_all_as_it_is(puppets: Any) -> None:
    lab = puppets().open()
    Puppet.diary.clear()
    lab.close(make_safe=False)
    assert Puppet.diary == [f"close {name}" for name in "dcba"]
    assert list(lab) == []


@pytest.mark.parametrize("touched", [False, True])
def test_a_refusal_while_opening_leaves_all_as_it_is_unless_somebody_was_at_work(
    puppets: Any, touched: bool
) -> None:
    lab = puppets(c='limits = { drive = [1, 2] }\nsettings = { fails_at = "narrow" }')
    if touched:
        lab.open_one("a")
    with pytest.raises(Refused, match="c: limits of drive"):
        lab.open()
    safe = ["safe b", "safe a"] if touched else []
    assert Puppet.diary == ["open a", "open b", "open c", "close c", *safe, "close b", "close a"]


def test_opening_what_is_open_does_nothing(puppets: Any) -> None:
    lab = puppets()
    first = lab.open_one("b")
    assert Puppet.diary == ["open b"]
    lab.open()
    lab.open()
    assert Puppet.diary == ["open b", "open a", "open c", "open d"]
    assert lab["b"] is first
    lab.close()


def test_a_silent_device_is_named_in_the_snapshot_and_hides_no_other(puppets: Any) -> None:
    with puppets(b=fails("show", "fault")) as lab:
        assert lab.snapshot() == {
            "a": {"resource": "serial a"},
            "b": {"error": "DeviceFault: b: broken"},
            "c": {"resource": "serial c"},
            "d": {"resource": "serial d"},
        }


def test_what_is_open_at_exit_is_made_safe(station_file: StationFileFactory) -> None:
    program = f"""
import atexit
from antistokes.instruments import Station
atexit.register(lambda: print(bench.light_is_on()))   # runs last
station = Station.load({str(station_file())!r})
station.open()
bench = station.backend.world.bench
station["laser"].current = 0.5
station["laser"].emission = True
print(bench.light_is_on())
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert run.stdout.split() == ["True", "False"]
    assert run.stderr == ""


# -- what is refused before anything is opened ------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            '"thorlabs_cld1015"',
            '"thorlabs_cld1051"',
            "instruments.laser.driver: driver 'thorlabs_cld1051': there is none; did you mean",
        ),
        (
            "[0, 0.8]",
            "[0, 2]",
            "instruments.laser.limits.current: is [0, 2]; Thorlabs CLD1015 allows 0 to 1.5 A",
        ),
        (
            "{ current =",
            "{ curent =",
            "instruments.laser.limits.curent: unknown quantity; did you mean 'current'",
        ),
        (
            "wavelength =",
            "wavelenght =",
            "instruments.laser.settings.wavelenght: unknown setting; did you mean",
        ),
        (
            "wavelength =",
            "clock =",
            "instruments.laser.settings.clock: unknown setting; known: slope, threshold, wavelength",
        ),
        (
            "wavelength =",
            "timeout =",
            "instruments.laser.settings.timeout: unknown setting; known: slope, threshold, wavelength",
        ),
        (
            "ASRL1::INSTR",
            "COM port 1",
            "instruments.attenuator.resource: is 'COM port 1'; must be a VISA res",
        ),
    ],
)
def test_a_mistake_is_refused_with_file_key_and_what_would_be_right(
    station_file: StationFileFactory, old: str, new: str, message: str
) -> None:
    path = station_file((old, new))
    with pytest.raises(FileRefused) as refusal:
        Station.load(path)
    assert str(refusal.value).startswith(f"{path}: {message}")
    assert "\n" not in str(refusal.value)


def test_the_settings_of_the_file_reach_the_driver(station_file: StationFileFactory) -> None:
    with Station.load(station_file(("wavelength = 980", "wavelength = 976"))) as lab:
        assert lab.find(Laser).wavelength == 976


@pytest.mark.parametrize("backend", ["", "@py"])
def test_hardware_takes_no_seed(station_file: StationFileFactory, backend: str) -> None:
    path = station_file(('"@sim"', f'"{backend}"'))
    with pytest.raises(Refused, match=r"^seed = 3: station 'virtual' is real hardware and takes no seed$"):
        Station.load(path, seed=3)


def test_hardware_runs_in_real_time_and_knows_the_sample_by_its_file(
    station_file: StationFileFactory, tmp_path: Path
) -> None:
    sample = tmp_path / "powder.toml"
    sample.write_text('format = "antistokes-sample"\nversion = 1\n[sample]\nid = "powder"\n[model]\nx = 1\n')
    path = station_file(('"@sim"', '"@py"'))
    lab = Station.load(path, sample=sample)
    assert isinstance(lab.clock, RealClock)
    assert not lab.simulated
    assert lab.sample is not None
    assert lab.sample.id == "powder"
    assert Station.load(path).sample is None


def test_a_missing_sdk_says_which_package(
    station_file: StationFileFactory, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "seabreeze", None)
    monkeypatch.setitem(sys.modules, "seabreeze.spectrometers", None)
    lab = Station.load(station_file(('"@sim"', '"@py"')))
    with pytest.raises(
        MissingDependency, match=r"^spectrometer: needs the package 'seabreeze', which is not"
    ):
        lab.open_one("spectrometer")
    assert caplog.messages == []


def test_a_backend_nobody_provides_is_refused() -> None:
    with pytest.raises(Refused, match=r"^backend 'dream': there is none; known: sim$"):
        plugin("antistokes.backends", "dream")


# -- the virtual station --------------------------------------------------------------------------


def test_the_virtual_station_opens_all_in_virtual_time(virtual_station: Station) -> None:
    assert list(virtual_station) == _FIVE
    assert isinstance(virtual_station.clock, VirtualClock)
    assert (virtual_station.name, virtual_station.simulated) == ("virtual", True)
    assert virtual_station.sample is not None
    assert virtual_station.sample.id == "yber-micro"
    assert virtual_station.beam.w_x_um == 100
    assert list(virtual_station.snapshot()) == _FIVE


def test_the_virtual_station_may_be_opened_again(station_file: StationFileFactory) -> None:
    lab = Station.load(station_file())
    for current in (0.2, 0.3):
        with lab:
            laser: Any = lab["laser"]
            laser.current = current
            assert laser.current == pytest.approx(current)


def test_another_model_is_refused_with_both_names(station_file: StationFileFactory) -> None:
    lab = Station.load(station_file())
    world: Any = cast(Any, lab.backend).world
    twins = world.twins
    twins["power_meter"].identify = lambda _: "Thorlabs,PM100USB,P1,1.0"
    twins["power_meter"]._known.clear()
    with pytest.raises(WrongModel) as error:
        lab.open()
    message = str(error.value)
    assert message.startswith(
        "power_meter: Thorlabs PM100D expected, but 'Thorlabs,PM100USB,P1,1.0' answers on "
    )
    assert "USB0::0x1313::0x8078::P0012345" in message
    assert list(lab) == []
    assert pyvisa.ResourceManager(lab.backend.visa_library()).list_opened_resources() == []


@pytest.mark.parametrize(
    ("name", "question"), [("cryostat", r"'\*IDN\?' within 3 s"), ("attenuator", "'0in' within 5 s")]
)
def test_a_device_that_does_not_answer_is_named_with_the_question(
    station_file: StationFileFactory, name: str, question: str
) -> None:
    lab = Station.load(station_file())
    cast(Any, lab.backend).world.twins[name].feed = lambda data, end=False: None
    with pytest.raises(DeviceTimeout, match=f"^{name}: no answer to {question}$"):
        lab.open()
    assert list(lab) == []


def test_hardware_that_is_not_there_is_named(station_file: StationFileFactory) -> None:
    resource = "TCPIP0::127.0.0.1::1::SOCKET"  # nobody listens
    path = station_file(('"@sim"', '"@py"'), ("USB0::0x1313::0x804F::M00000001::INSTR", resource))
    with pytest.raises(ConnectionFailed, match=r"^laser: c.*refused") as error:
        Station.load(path).open()
    assert "\n" not in str(error.value)


def test_narrowed_limits_are_refused_before_anything_is_sent(virtual_station: Station) -> None:
    laser: Any = virtual_station["laser"]
    wire = spy(virtual_station, "laser")
    for value in (0.81, -0.01, float("nan"), float("inf")):
        with pytest.raises(LimitError, match=r"^laser: current = .* A is outside the allowed 0 to 0\.8 A$"):
            laser.current = value
        with pytest.raises(LimitError, match=r"^laser: current = "):
            virtual_station.find(Laser).drive = value
    assert wire == []
    laser.current = 0.8
    assert wire


def test_instruments_are_asked_for_by_name(virtual_station: Station) -> None:
    assert virtual_station["laser"].name == "laser"
    with pytest.raises(
        Refused, match=r"^station 'virtual': instrument 'lazer' is not in it; did you mean 'laser'"
    ):
        virtual_station["lazer"]
    virtual_station.close()
    with pytest.raises(Refused, match=r"^station 'virtual': instrument 'laser' is not open$"):
        virtual_station["laser"]


def test_a_station_without_a_beam_says_so(station_file: StationFileFactory) -> None:
    path = station_file()
    text = path.read_text()
    path.write_text(text[: text.index("[beam]")] + text[text.index("[simulation]") :])
    with pytest.raises(FileRefused, match=r"station\.toml: beam: is missing; .* w_x_um, w_y_um, "):
        _ = Station.load(path).beam


# -- roles ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "name"),
    list(zip([Laser, Attenuator, PowerMeter, TemperatureController, Spectrometer], _FIVE, strict=True)),
)
def test_a_role_is_served_by_the_one_instrument_that_can(
    virtual_station: Station, role: type, name: str
) -> None:
    found: Any = virtual_station.find(role)
    assert isinstance(found, RoleView)
    assert found.name == name
    assert virtual_station.find(role) is found
    assert virtual_station.find_optional(role) is found


def test_a_role_nobody_serves(station_file: StationFileFactory) -> None:
    path = station_file()
    text = path.read_text()
    path.write_text(text[: text.index("[instruments.cryostat]")] + text[text.index("[instruments.spectro") :])
    with Station.load(path) as lab:
        assert lab.find_optional(TemperatureController) is None
        with pytest.raises(Refused) as refusal:
            lab.find(TemperatureController)
    assert str(refusal.value) == (
        f"{path}: instruments: needs one instrument as temperature_controller and has none; "
        "add one whose driver serves as that ('antistokes instruments' lists them)"
    )


def test_two_that_could_serve_need_a_word(station_file: StationFileFactory) -> None:
    with Station.load(station_file(extra=_SECOND_LASER)) as lab:
        for find in (lab.find, lab.find_optional):
            with pytest.raises(
                FileRefused, match=r'roles: .* pump2; say which one under \[roles\]: laser = "laser"$'
            ):
                find(Laser)
    with Station.load(station_file(extra=_SECOND_LASER + '[roles]\nlaser = "pump2"')) as lab:
        assert lab.find(Laser).name == "pump2"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('lasre = "laser"', "roles.lasre: unknown role; did you mean 'laser'?"),
        (
            'power_meter = "laser"',
            "roles.power_meter: is 'laser', a Thorlabs CLD1015, which can be laser",
        ),
        ('laser = "pump"', "roles.laser: is 'pump'; known: attenuator, cryostat, laser, "),
    ],
)
def test_a_wrong_entry_under_roles_is_refused(
    station_file: StationFileFactory, line: str, message: str
) -> None:
    path = station_file(extra=f"[roles]\n{line}")
    with pytest.raises(FileRefused) as refusal:
        Station.load(path)
    assert str(refusal.value).startswith(f"{path}: {message}")


def spy(lab: Station, name: str) -> list[bytes]:
    """What is sent to the twin from now on."""
    twin: Any = cast(Any, lab.backend).world.twins[name]
    sent: list[bytes] = []
    feed = twin.feed

    def write_down(data: bytes, end: bool = False) -> None:
        sent.append(data)
        feed(data, end)

    twin.feed = write_down
    return sent


def test_what_the_file_sets_is_set_when_the_instrument_is_open(station_file: Callable[..., Path]) -> None:
    file = station_file(
        (
            "limits = { current = [0, 0.8] }",
            "set = { current = 0.1, tec_setpoint = 22 }\nlimits = { current = [0, 0.8] }",
        )
    )
    with Station.load(file) as station:
        assert station["laser"].current == pytest.approx(0.1)  # type: ignore[attr-defined]
        assert station["laser"].tec_setpoint == pytest.approx(22)  # type: ignore[attr-defined]


def test_who_only_looks_sets_nothing(station_file: Callable[..., Path]) -> None:
    limits = "limits = { current = [0, 0.8] }"
    lab = Station.load(station_file((limits, f"{limits}\nset = {{ current = 0.1 }}")))
    laser: Any = lab.open_one("laser", configure=False)
    assert laser.current == 0
    lab.close()


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("{ current = 0.9 }", r"laser\.set\.current: is 0\.9; must be 0 to 0\.8 A"),
        ('{ current = "0.1" }', r"laser\.set\.current: is '0\.1'; must be 0 to 0\.8 A"),
        ("{ curent = 0.1 }", r"laser\.set\.curent: cannot be set; did you mean 'current'\?"),
        ("{ drive_limits = 1 }", r"laser\.set\.drive_limits: cannot be set"),
        ("{ emission = true }", r"laser\.set\.emission: opening a station never makes light"),
    ],
)
def test_what_cannot_be_set_is_refused(station_file: Callable[..., Path], what: str, message: str) -> None:
    file = station_file(
        ("limits = { current = [0, 0.8] }", f"set = {what}\nlimits = {{ current = [0, 0.8] }}")
    )
    with pytest.raises(FileRefused, match=message):
        Station.load(file)
