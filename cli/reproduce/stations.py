"""The station a run of a sample file needs, as the tables of a station file."""

from __future__ import annotations

import math
from typing import Any

from antistokes.simulated_hw.samples.facts import Run

_POWER = 0.1  # W that the highest irradiance should take; the radius of the beam follows
_NARROWEST, _WIDEST = 1.0, 4000.0  # um
_TUNABLE = 4e-3  # W on the sample from a filtered white-light laser
_RESERVE = 1.5  # of the laser over the highest power
_PICKOFF = 0.02  # of the power goes to the meter, so that its head never saturates
_STOKES_EDGE, _CLEAR = 1200.0, 4.0  # nm; short-pass edge so far below the laser
_GENERATOR = {
    "driver": "keysight_33500b",
    "resource": "TCPIP0::192.168.1.50::5025::SOCKET",
    "set": {"high": 5.0, "low": 0.0},
}
_INSTRUMENTS: dict[str, dict[str, Any]] = {
    "attenuator": {"driver": "thorlabs_ell14", "resource": "ASRL1::INSTR"},
    "power_meter": {"driver": "thorlabs_pm100d", "resource": "USB0::0x1313::0x8078::P0012345::INSTR"},
    "spectrometer": {"driver": "ocean_seabreeze", "resource": "USB2+H00980"},
}
_MCS = {"driver": "srs_sr430", "resource": "GPIB0::8::INSTR"}
_TCSPC = {"driver": "picoquant_picoharp300", "resource": "1012345"}
_NANOSECONDS = 1e-6  # s; shorter lifetimes need time-correlated single photons
_CRYOSTAT = {
    "driver": "lakeshore_336",
    "resource": "ASRL2::INSTR",
    "settings": {"sample_input": "B"},
}


#: procedures that need to know what the spectrometer shows per photon
CORRECTED = ("spectrum", "quantum-yield", "pulse-width-colour", "colour-control", "temperature-sweep")
_SLOTS = ["empty", "sample aside", "sample", "lamp"]
_HOLDER = {
    "driver": "thorlabs_ell9",
    "resource": "ASRL3::INSTR",
    "settings": {"names": ["empty", "aside", "sample", "lamp"]},
}


def lamp_station(sample: str, seed: int) -> dict[str, Any]:
    """The station on which a lamp of known spectrum calibrates the spectrometer that all others have."""
    run = Run(name="lamp", procedure="calibrate-response", settings={"irradiance": 1.0})
    changes = {"optics": {"filter": {"edge_nm": 3000.0}}, "sphere": {"collection": 1e-7}}
    return merged(merged(station_of(run, sample, 980.0, seed), _held()), {"simulation": changes})


def _held() -> dict[str, Any]:
    return {"instruments": {"holder": _HOLDER}, "simulation": {"holder": {"slots": _SLOTS}}}


def station_of(run: Run, sample: str, wavelength: float, seed: int, response: str = "") -> dict[str, Any]:
    """The tables of the station file for *run*.

    :param sample: id, or path of a sample file
    :param wavelength: of the laser in nm
    :param response: the file of the spectrometer's response, where it has been measured
    """
    radius = run.radius or _radius(_highest_irradiance(run.settings))
    area = math.pi * (radius * 1e-4) ** 2
    power = max(area * _highest_irradiance(run.settings), _highest_power(run.settings))
    if run.light == "tunable":
        power = _TUNABLE
    laser, twin = _laser(run.light, wavelength, _RESERVE * power)
    instruments = {"laser": laser} | {name: dict(entry) for name, entry in _INSTRUMENTS.items()}
    if run.light == "gated":
        instruments["generator"] = _GENERATOR
    if "temperature" in run.over or run.procedure == "temperature-sweep":
        instruments["cryostat"] = _CRYOSTAT
    station: dict[str, Any] = {
        "format": "antistokes-station",
        "version": 1,
        "name": f"{sample} {run.name}",
        "backend": "@sim",
        "instruments": instruments,
        "beam": {
            "w_x_um": radius,
            "w_y_um": radius,
            "profile": "top-hat",
            "method": "set",
            "date": "2026-11-01",
            "sample_to_pickoff": (1 - _PICKOFF) / _PICKOFF,
            "max_power_mW": 1.2e3 * power,
        }
        | ({"pulse_fs": 100.0, "repetition_MHz": 80.0} if run.light == "mode-locked" else {}),
        "simulation": {
            "sample": sample,
            "seed": seed,
            "optics": {
                "pickoff": _PICKOFF,
                "ambient_K": run.ambient,
                "filter": {"edge_nm": min(wavelength - _CLEAR, _STOKES_EDGE), "edge_width_nm": 0.5},
            },
            "twins": {"laser": twin},
        },
    }
    if run.procedure == "lifetime":
        del instruments["spectrometer"]
        instruments["counter"] = _TCSPC if _shortest(run.settings) < _NANOSECONDS else _MCS
    if run.procedure == "quantum-yield":
        sphere = {
            "simulation": {"sphere": {"collection": 1e-7}, "optics": {"filter": {"optical_density": 2.0}}}
        }
        station = merged(merged(station, _held()), sphere)
    if response and run.procedure in CORRECTED and "spectrometer" not in run.station.get("instruments", {}):
        station["response"] = {"file": response}
    return merged(station, run.station)


def merged(station: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """*station* with *changes*, table by table; ``{}`` in place of an instrument removes it."""
    result = dict(station)
    for key, value in changes.items():
        if isinstance(value, dict) and not value:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merged(result[key], value)
        else:
            result[key] = value
    return result


def _laser(light: str, wavelength: float, power: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """The laser's entry in the station file and its twin's settings."""
    if light == "tunable":
        return {"driver": "nkt_superk_select", "resource": "ASRL7::INSTR"}, {}
    entry = {
        "driver": "cobolt_06",
        "resource": "ASRL5::INSTR",
        "settings": {"wavelength": wavelength} | ({"gated": True} if light == "gated" else {}),
    }
    return entry, {"wavelength_nm": wavelength, "rated_W": power}


def _radius(irradiance: float) -> float:
    """In um, so that *irradiance* (W/cm²) takes the usual power."""
    if irradiance <= 0:
        return 100.0
    return min(max(math.sqrt(_POWER / (math.pi * irradiance)) * 1e4, _NARROWEST), _WIDEST)


def _highest_irradiance(settings: dict[str, Any]) -> float:
    """In W/cm²; 0 where the settings speak of power."""
    if settings.get("unit", "W/cm^2") != "W/cm^2":
        return 0.0
    values = [settings[key] for key in ("stop", "irradiance", "excitation") if key in settings]
    return float(
        max((v for value in values for v in (value if isinstance(value, list) else [value])), default=0)
    )


def _shortest(settings: dict[str, Any]) -> float:
    """The expected lifetime in s."""
    return float(settings.get("lifetime", 1e-3))


def _highest_power(settings: dict[str, Any]) -> float:
    """In W; 0 where the settings speak of irradiance."""
    if settings.get("unit") == "mW":
        return float(settings["stop"]) * 1e-3
    return float(settings.get("power", 0.0)) * 1e-3
