"""The seam to Andor's libraries, with ones that note what they are asked and fill what they are given."""

from __future__ import annotations

import ctypes
import inspect

import numpy as np
import pytest

from antistokes.instruments.errors import MissingDependency
from antistokes.instruments.spectrometers import andor_sdk
from antistokes.instruments.spectrometers.andor_shamrock import AndorSdk

FUNCTIONS = {name for name in vars(AndorSdk) if not name.startswith("_")}


class FakeLibrary:
    """Every function exists, returns 20002 and writes 7 into whatever it may write."""

    def __init__(self):
        self.calls = []

    def __getattr__(self, name):
        def function(*arguments):
            self.calls.append((name, *(plain(a) for a in arguments)))
            for argument in arguments:
                target = getattr(argument, "_obj", None)
                if target is not None:
                    target.value = 7
                elif isinstance(argument, ctypes.Array):
                    argument.value = b"name"
                elif hasattr(argument, "contents"):
                    argument[0] = 7
            return 20002

        return function


def plain(argument):
    """An argument for comparison; None: a place to write to."""
    if isinstance(argument, bytes):
        return argument
    return argument.value if isinstance(argument, ctypes._SimpleCData) else None


@pytest.fixture
def library(monkeypatch):
    fake = FakeLibrary()
    monkeypatch.setattr(andor_sdk, "_library", lambda which: fake)
    return fake


def test_the_module_has_exactly_what_the_drivers_protocol_names():
    ours = {n for n, f in vars(andor_sdk).items() if inspect.isfunction(f) and not n.startswith("_")}
    assert ours - {"cache"} == FUNCTIONS
    for name in FUNCTIONS:
        protocol = list(inspect.signature(getattr(AndorSdk, name)).parameters)[1:]
        assert list(inspect.signature(getattr(andor_sdk, name)).parameters) == protocol


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function_calls_the_one_of_its_name_and_gives_the_code_first(library, name):
    function = getattr(andor_sdk, name)
    arguments = ["" if p == "folder" else 3 for p in inspect.signature(function).parameters]
    result = function(*arguments)
    assert (result if isinstance(result, int) else result[0]) == 20002
    called = library.calls[-1][0]
    assert called.lower() == name.replace("_", "")


@pytest.mark.parametrize(
    ("name", "arguments", "result", "call"),
    [
        ("get_detector", (), (20002, 7, 7), ("GetDetector", None, None)),
        ("get_pixel_size", (), (20002, 7.0, 7.0), ("GetPixelSize", None, None)),
        ("get_head_model", (), (20002, "name"), ("GetHeadModel", None)),
        ("get_camera_serial_number", (), (20002, "7"), ("GetCameraSerialNumber", None)),
        ("set_exposure_time", (0.25,), 20002, ("SetExposureTime", 0.25)),
        ("set_shutter", (1, 0, 30, 40), 20002, ("SetShutter", 1, 0, 30, 40)),
        ("get_temperature_f", (), (20002, 7.0), ("GetTemperatureF", None)),
        ("set_temperature", (-60,), 20002, ("SetTemperature", -60)),
        ("initialize", ("/a",), 20002, ("Initialize", b"/a")),
        ("shamrock_set_wavelength", (0, 541.5), 20002, ("ShamrockSetWavelength", 0, 541.5)),
        (
            "shamrock_get_grating_info",
            (0, 2),
            (20002, 7.0),
            ("ShamrockGetGratingInfo", 0, 2, None, None, None, None),
        ),
    ],
)
def test_arguments_and_values(library, name, arguments, result, call):
    assert getattr(andor_sdk, name)(*arguments) == result
    assert library.calls == [call]


def test_arrays_are_filled(library):
    code, counts = andor_sdk.get_acquired_data(4)
    assert code == 20002
    assert counts.dtype == np.int32
    assert counts.tolist() == [7, 0, 0, 0]
    assert library.calls == [("GetAcquiredData", None, 4)]
    _, nm = andor_sdk.shamrock_get_calibration(0, 3)
    assert nm.dtype == np.float32
    assert nm.tolist() == [7, 0, 0]


def test_a_camera_is_chosen_by_its_handle(library):
    andor_sdk.set_current_camera(1)
    assert library.calls == [("GetCameraHandle", 1, None), ("SetCurrentCamera", 7)]


def test_without_the_library_it_says_where_to_get_it(monkeypatch):
    def missing(name):
        raise OSError(f"{name}: cannot open shared object file")

    andor_sdk._library.cache_clear()
    monkeypatch.setattr(ctypes, "CDLL", missing)
    monkeypatch.setattr(ctypes, "WinDLL", missing, raising=False)
    with pytest.raises(MissingDependency, match=r"Andor camera: the library '.*' cannot be loaded .*SDK2"):
        andor_sdk.get_available_cameras()
    with pytest.raises(MissingDependency, match=r"Andor spectrograph"):
        andor_sdk.shamrock_close()
