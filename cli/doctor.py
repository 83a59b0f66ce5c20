"""``antistokes doctor``: what is installed, what is connected, what answers, what is missing."""

from __future__ import annotations

import importlib.util
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import typer

from antistokes.cli import options
from antistokes.cli.output import emit, screen, table

#: import name, what it is for, how to get it
_OPTIONAL = [
    ("pyvisa_py", "VISA without a vendor's library", "pip install pyvisa-py"),
    ("serial", "serial ports through pyvisa-py", "pip install pyserial"),
    ("usb", "USB instruments through pyvisa-py", "pip install pyusb"),
    ("gpib_ctypes", "GPIB through pyvisa-py", "pip install gpib-ctypes"),
    ("seabreeze", "Ocean Insight spectrometers", "pip install 'antistokes[ocean]'"),
    ("pyqtgraph", "windows", "pip install 'antistokes[gui]'"),
]


def register(app: typer.Typer) -> None:
    app.command()(doctor)


def doctor(station: options.Station = None, json: options.Json = False) -> None:
    """Look at the installation, the connected instruments, and a station's answers to *IDN?.

    Resources are only listed, never opened, unless the station file names them. Nothing is switched or set:
    a laser that is on stays on, a cryostat that is cold stays cold.
    """
    path = options.station_path(station)
    report: dict[str, Any] = {
        "packages": {name: version(name) for name in ("antistokes", "pymeasure", "pyvisa")},
        "backends": _backends(),
        "resources": _resources(),
        "missing": [
            {"package": name, "for": purpose, "get": get}
            for name, purpose, get in _OPTIONAL
            if importlib.util.find_spec(name) is None
        ],
        "station": str(path),
        "instruments": _ask_station(path),
    }
    _show(report)
    if json:
        emit(report)


def _backends() -> dict[str, str]:
    """VISA backends by name, with version or problem."""
    import pyvisa

    found: dict[str, str] = {}
    for name in pyvisa.highlevel.list_backends():
        try:
            library = pyvisa.highlevel.get_wrapper_class(name)
            if name == "ivi":
                paths = ", ".join(str(path) for path in library.get_library_paths())
                found[name] = paths or "no VISA library of a vendor is installed"
            else:
                found[name] = version({"py": "pyvisa-py", "sim": "pyvisa-sim"}.get(name, name))
        except (PackageNotFoundError, ValueError, ImportError, OSError) as error:
            found[name] = f"cannot be used: {error}"
    return found


def _resources() -> list[str]:
    """Serial, USB and GPIB resources that pyvisa-py sees. Networks are not searched."""
    try:
        from pyvisa_py.sessions import Session
    except ImportError:
        return []
    resources: list[str] = []
    for (interface, _), kind in Session.iter_valid_session_classes():
        if interface.name != "tcpip":
            try:
                resources += kind.list_resources()
            except Exception as error:
                resources.append(f"{interface.name}: cannot be searched: {error}")
    return resources


def _ask_station(path: Any) -> list[dict[str, str]]:
    """Open what the station names, one by one, say what answers, and leave it as it is."""
    from antistokes.instruments.errors import AntistokesError
    from antistokes.instruments.station import Station

    rows = []
    station = Station.load(path)
    try:
        for name, entry in station.file.instruments.items():
            row = {"name": name, "driver": entry.driver, "resource": entry.resource}
            try:
                device = station.open_one(name, configure=False)
                identity = getattr(device, "identity", None)
                answer = identity() if identity else device.snapshot().get("model", "")
                rows.append(row | {"answer": str(answer), "problem": ""})
            except AntistokesError as error:
                rows.append(row | {"answer": "", "problem": str(error)})
    finally:
        station.close(make_safe=False)
    return rows


def _show(report: dict[str, Any]) -> None:
    screen.print("  ".join(f"{name} {number}" for name, number in report["packages"].items()))
    for name, text in report["backends"].items():
        screen.print(f"VISA backend @{name}: {text}", markup=False)
    screen.print(
        "resources found: " + (", ".join(report["resources"]) or "none (networks are not searched)"),
        markup=False,
    )
    listing = table("instrument", "resource", "answers", title=f"station {report['station']}")
    for row in report["instruments"]:
        listing.add_row(row["name"], row["resource"], row["problem"] or row["answer"])
    screen.print(listing)
    for missing in report["missing"]:
        screen.print(
            f"not installed: {missing['package']} ({missing['for']}): {missing['get']}", markup=False
        )
