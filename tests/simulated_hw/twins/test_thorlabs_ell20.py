"""The twins of an ELL20 with a blade and of an ELL14 that turns the polarisation, and our drivers on them."""

import datetime
import math
from typing import Any

import pytest

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import DeviceFault
from antistokes.instruments.polarisation.thorlabs_ell14_polarisation import ELL14Polarisation
from antistokes.instruments.records import Beam
from antistokes.instruments.stages.thorlabs_ell20 import ELL20Stage
from antistokes.simulated_hw.bench import Bench, OpticsSettings
from antistokes.simulated_hw.light_path import KnifeSettings
from antistokes.simulated_hw.twins.thorlabs_ell14_polarisation import (
    ELL14PolarisationTwin,
    PolarisationSettings,
)
from antistokes.simulated_hw.twins.thorlabs_ell20 import ELL20Settings, ELL20Twin
from antistokes.simulated_hw.visa import VirtualVisaLibrary


def bench_with(profile: Any = "gaussian") -> Bench:
    beam = Beam(
        w_x_um=100, w_y_um=50, profile=profile, method="", date=datetime.date(2026, 1, 1), max_power_mW=1
    )
    return Bench(VirtualClock(), beam, None, OpticsSettings(polarisation_deg=10.0), seed=1)


def stage_on(bench: Bench, knife: KnifeSettings | None = None) -> tuple[ELL20Stage, ELL20Twin]:
    twin = ELL20Twin("blade", bench, ELL20Settings(knife=knife, error_pulses=0))
    twin.resource_name = "ASRL1::INSTR"
    library = VirtualVisaLibrary.of([twin])
    return ELL20Stage("ASRL1::INSTR", "blade", clock=bench.clock, visa_library=library), twin


@pytest.mark.parametrize(("along", "radius"), [("x", 0.1), ("y", 0.05)])
def test_a_blade_cuts_a_gaussian_beam(along: Any, radius: float) -> None:
    bench = bench_with()
    stage, twin = stage_on(bench, KnifeSettings(center_mm=30, along=along))
    for u in (-3.0, -0.5, 0.0, 0.5, 3.0):
        stage.position = 30 + u * radius
        off = (twin.place() - 30) / radius
        passed = bench.elements["blade"].transmission(980.0)
        assert passed == pytest.approx(0.5 * math.erfc(math.sqrt(2) * off), rel=1e-9)
        assert off == pytest.approx(u, abs=0.02)


def test_a_blade_cuts_a_top_hat_by_area() -> None:
    bench = bench_with("top-hat")
    stage, _ = stage_on(bench, KnifeSettings(center_mm=30))
    for position, passed in ((29.8, 1.0), (30.0, 0.5), (30.2, 0.0)):
        stage.position = position
        assert bench.elements["blade"].transmission(980.0) == pytest.approx(passed, abs=1e-9)


def test_a_stage_without_a_blade_leaves_the_beam_alone() -> None:
    bench = bench_with()
    stage_on(bench)
    assert bench.elements == {}


def test_a_move_takes_time_and_a_blocked_one_is_a_fault() -> None:
    bench = bench_with()
    stage, twin = stage_on(bench)
    stage.position = 10
    begin = bench.clock.now()
    stage.position = 60
    assert bench.clock.now() - begin > 0.5
    twin.motor_fault = 2
    with pytest.raises(DeviceFault, match="blocked"):
        stage.position = 0
    assert twin.place() == pytest.approx(60)


@pytest.mark.parametrize(("message", "answer"), [("0ma0000F001", "0GS04"), ("0mrFFFFFFFF", "0GS04")])
def test_it_does_not_leave_its_range(message: str, answer: str) -> None:
    _, twin = stage_on(bench_with())
    twin.feed(message.encode())
    twin.clock.sleep(1)
    assert twin.take() == f"{answer}\r\n".encode()


def test_a_half_wave_plate_mirrors_the_polarisation_at_its_fast_axis() -> None:
    bench = bench_with()
    twin = ELL14PolarisationTwin("plate", bench, PolarisationSettings(zero_deg=7.0, error_pulses=0))
    twin.resource_name = "ASRL1::INSTR"
    library = VirtualVisaLibrary.of([twin])
    rotator = ELL14Polarisation("ASRL1::INSTR", "plate", clock=bench.clock, visa_library=library, zero=7.0)
    for wanted in (0.0, 45.0, 180.0):
        rotator.polarisation = wanted
        assert rotator.polarisation == pytest.approx(wanted, abs=0.01)
        assert (bench.polarisation() - (wanted - 10.0) + 90) % 180 - 90 == pytest.approx(0, abs=0.01)
