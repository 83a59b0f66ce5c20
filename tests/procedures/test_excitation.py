"""Laser, attenuator and meter as one knob: never too bright, always verified, honest about its error."""

import msgspec
import numpy as np
import pytest

from antistokes.instruments.errors import DeviceFault, InstrumentError, LimitError, PlanRefused, Refused
from antistokes.procedures.axes import ExcitationPower
from antistokes.procedures.channels import Flag
from antistokes.procedures.setup import Setup

MILLIWATT_DECADE = (0.1, 1.0, "mW")
DECADE = (10.0, 100.0, "W/cm^2")
FOUR_DECADES_AND_A_HALF = (0.03, 1000.0, "W/cm^2")


def sweep(station, start, stop, unit="W/cm^2", points=8, order="up"):
    """An axis bound to an open station, and the powers it asks for in W."""
    axis = ExcitationPower(np.geomspace(start, stop, points), unit, order)
    axis.bind(Setup(station))
    area = station.beam.area_cm2 if unit == "W/cm^2" else 1e-3
    return axis, axis.setpoints * area


def check_sweep(station, watch, plan, margin=1.02):
    """Calibrate and visit every point: never brighter than planned, and each power reached."""
    with station:
        axis, powers = sweep(station, *plan)
        eye = watch(station)
        axis.prepare()
        assert eye.most <= powers.max()
        noise = axis._excitation.known.noise
        for index, power in enumerate(powers):
            flag = axis.move(index, {})
            assert flag == Flag(0), f"{power:g} W not reached: {eye.power():g} W"
            assert eye.power() == pytest.approx(power, rel=0.01 + 4 * noise.sigma(power, 2) / power)
        assert eye.most <= margin * powers.max()


@pytest.mark.parametrize("zero", range(0, 90, 5))
def test_wherever_the_attenuator_is_open_the_plan_is_never_exceeded(make_station, watch, zero):
    # at power-up the mount stands 60 degrees from its zero: every distance to the open position occurs
    station = make_station(plate={"zero_deg": float(zero)}, attenuator={"power_up_deg": 60.0})
    check_sweep(station, watch, MILLIWATT_DECADE)


@pytest.mark.parametrize("power_up", [0.0, 12.4, 57.4, 300.0])
def test_wherever_the_mount_got_power_the_plan_is_never_exceeded(make_station, watch, power_up):
    check_sweep(make_station(attenuator={"power_up_deg": power_up}), watch, MILLIWATT_DECADE)


@pytest.mark.parametrize("plan", [DECADE, FOUR_DECADES_AND_A_HALF, MILLIWATT_DECADE, (0.005, 150.0, "mW")])
@pytest.mark.parametrize("extinction", [1e-4, 1e-3, 1e-2])
def test_any_extinction(make_station, watch, plan, extinction):
    check_sweep(make_station(plate={"extinction": extinction}), watch, plan)


@pytest.mark.parametrize("pickoff", [0.01, 0.1, 0.5])
@pytest.mark.parametrize("plan", [DECADE, MILLIWATT_DECADE])
def test_any_pickoff(make_station, watch, plan, pickoff):
    # half of the light is more than this head can measure: less of it then
    most = 360 if pickoff < 0.3 else 50
    check_sweep(make_station(optics={"pickoff": pickoff}, max_power=most), watch, plan)


@pytest.mark.parametrize(
    "diode",
    [
        {"threshold_A": 0.01},
        {"threshold_A": 0.3},
        {"slope_W_per_A": 0.4},
        {"slope_W_per_A": 1.0},
        {"spontaneous": 0.0},
        {"spontaneous": 0.0, "threshold_A": 0.0},
        {"spontaneous": 1e-2},
    ],
    ids=str,
)
@pytest.mark.parametrize("plan", [DECADE, MILLIWATT_DECADE])
def test_any_diode(make_station, watch, plan, diode):
    check_sweep(make_station(diode=diode), watch, plan)


@pytest.mark.parametrize(
    ("radius", "plan"),
    [
        (20, (10.0, 100.0, "W/cm^2")),
        (20, FOUR_DECADES_AND_A_HALF),
        (500, (1.0, 10.0, "W/cm^2")),
        (500, (1e-3, 40.0, "W/cm^2")),
    ],
)
def test_any_beam(make_station, watch, radius, plan):
    check_sweep(make_station(radius=radius), watch, plan)


@pytest.mark.parametrize("plan", [(1.0, 10.0, "mW"), (0.5, 300.0, "mW"), (100.0, 1000.0, "W/cm^2")])
@pytest.mark.parametrize("spontaneous", [1e-4, 0.0])
def test_a_station_without_attenuator_is_driven_by_the_diode_alone(make_station, watch, plan, spontaneous):
    station = make_station(without=("attenuator",), diode={"spontaneous": spontaneous})
    check_sweep(station, watch, plan, margin=1.011)


@pytest.mark.parametrize("order", ["up", "down", "up_down", "shuffled"])
def test_between_two_points_it_is_never_much_brighter_than_at_them(make_station, watch, order):
    with make_station() as station:
        axis, powers = sweep(station, 0.1, 1000.0, points=12, order=order)
        axis.prepare()
        axis.move(0, {})
        eye = watch(station)
        for index in range(1, len(powers)):
            eye.most = 0.0
            axis.move(index, {})
            assert eye.power() == pytest.approx(powers[index], rel=0.015)
            assert eye.most <= 1.15 * max(powers[index - 1 : index + 1])
            assert eye.most <= 1.02 * powers.max()


def test_the_mount_searches_its_zero_in_the_dark(make_station):
    # on its way the plate passes every angle; this laser shines at its lowest drive
    with make_station(current=(0.07, 0.8)) as station:
        world = station.backend.world
        twin = world.twins["attenuator"]
        home, lit = twin.home, []
        twin.home = lambda direction: (lit.append(world.bench.light_is_on()), home(direction))[1]
        axis, _ = sweep(station, 10.0, 100.0)
        axis.prepare()
        assert lit == [False]


def test_between_points_of_one_drive_the_light_is_not_closed(make_station, watch):
    # an avalanche sample would forget on which branch it is
    with make_station() as station:
        axis, powers = sweep(station, 100.0, 1000.0, points=5)
        axis.prepare()
        axis.move(0, {})
        eye = watch(station)
        least = powers[0]
        sleep = station.clock.sleep

        def look(seconds, should_stop=None):
            nonlocal least
            sleep(seconds, should_stop)
            least = min(least, eye.power())

        station.clock.sleep = look
        for index in range(1, len(powers)):
            axis.move(index, {})
        assert least > 0.98 * powers[0]


def test_the_recorded_power_agrees_with_the_true_one_within_its_error(make_station, watch):
    pulls = []
    for seed in range(16):
        with make_station(seed=seed) as station:
            axis, powers = sweep(station, 0.02, 50.0, points=9)
            axis.prepare()
            excitation = axis._excitation
            eye = watch(station)
            for index in range(len(powers)):
                axis.move(index, {})
                measured = excitation.read_power(5)
                pulls.append((measured - eye.power()) / excitation.known.noise.sigma(measured, 5))
    assert abs(np.mean(pulls)) < 0.25
    assert 0.85 < np.std(pulls) < 1.2


def test_what_the_meter_shows_in_the_dark_is_subtracted(make_station, watch):
    with make_station() as station:
        twin = station.backend.world.twins["power_meter"]
        reading = twin.head.power
        twin.head.power = lambda *args: reading(*args) + 3e-6
        eye = watch(station)
        axis, powers = sweep(station, 1.0, 100.0)
        axis.prepare()
        for index, power in enumerate(powers):
            axis.move(index, {})
            doubt = axis._excitation.sigma(power, 2) / power
            assert eye.power() == pytest.approx(power, rel=0.01 + 4 * doubt)
            assert axis._excitation.read_power(10) == pytest.approx(eye.power(), rel=5e-3)


def test_the_meter_is_corrected_for_the_laser(make_station):
    with make_station() as station:
        axis, _ = sweep(station, 10.0, 100.0)
        assert station["power_meter"].wavelength != 980
        axis.prepare()
        assert station["power_meter"].wavelength == 980


# -- refusals ---------------------------------------------------------------------------------------


def nothing_moved(station) -> bool:
    world = station.backend.world
    return (
        not world.bench.light_is_on()
        and not station["attenuator"].homed
        and world.twins["power_meter"].wavelength == 635.0
        and station.clock.now() < 1.0
    )


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ((1.0, 400.0, "mW"), ["power on the sample", "400 mW", "0 to 360 mW"]),
        ((1.0, float("inf"), "mW"), ["sample yber-micro: irradiance", "inf W/cm^2", "10000 W/cm^2"]),
        ((float("nan"), 1.0, "mW"), ["power on the sample", "nan mW", "0 to 360 mW"]),
        ((1.0, 2e4, "W/cm^2"), ["irradiance = 20000 W/cm^2", "10000 W/cm^2", "6283.18531 mW", "360 mW"]),
    ],
)
def test_a_power_out_of_range_is_refused_before_anything_moves(make_station, plan, words):
    start, stop, unit = plan
    with make_station() as station:
        axis = ExcitationPower(np.array([start, stop]), unit)
        with pytest.raises((LimitError, PlanRefused)) as refusal:
            axis.bind(Setup(station))
        assert all(word in str(refusal.value) for word in words), refusal.value
        assert "\n" not in str(refusal.value)
        assert nothing_moved(station)


def test_a_very_dim_plan_is_calibrated_with_a_bounded_power_and_reached(make_station, watch):
    with make_station() as station:
        axis, powers = sweep(station, 0.1, 0.2, "W/cm^2")
        eye = watch(station)
        axis.prepare()
        assert eye.most <= axis._excitation.least_calibration == pytest.approx(72e-6)
        assert all(axis.move(index, {}) == Flag(0) for index in range(len(powers)))


def test_a_sample_that_does_not_stand_the_calibration_of_a_dim_plan_is_refused(make_station):
    with make_station() as station:
        station.backend.sample = msgspec.structs.replace(station.sample, max_irradiance=0.2)
        with pytest.raises(LimitError, match=r"irradiance = 0\.229.* 0 to 0\.2 W/cm\^2"):
            ExcitationPower(np.array([0.1, 0.2]), "W/cm^2").bind(Setup(station))


def test_a_power_that_the_meter_hardly_sees_is_off_target(make_station):
    with make_station() as station:
        axis, powers = sweep(station, 1e-6, 100, "W/cm^2")
        axis.prepare()
        assert axis.move(0, {}) == Flag.OFF_TARGET
        assert axis.move(len(powers) - 1, {}) == Flag(0)


@pytest.mark.parametrize("value", [0.0, -1.0])
def test_no_power_and_less_are_refused(make_station, value):
    with make_station() as station, pytest.raises(LimitError, match="power on the sample = "):
        ExcitationPower(np.array([value, 1.0]), "mW").bind(Setup(station))


def test_a_wavelength_the_head_cannot_measure_is_refused_before_anything_moves(make_station):
    with make_station(meter={"wavelength_max": 900.0}) as station:
        with pytest.raises(LimitError, match="power_meter: wavelength = 980 nm .* 400 to 900 nm"):
            sweep(station, 10.0, 100.0)
        assert nothing_moved(station)


def test_a_station_without_beam_record_is_refused(make_station, tmp_path):
    text = (make_station().file.text).split("[beam]")[0] + '\n[simulation]\nsample = "yber-micro"\n'
    path = tmp_path / "no-beam.toml"
    path.write_text(text)
    from antistokes.instruments import Station

    with Station.load(path) as station, pytest.raises(Refused, match=r"beam: is missing"):
        sweep(station, 10.0, 100.0)


@pytest.mark.parametrize("without", [(), ("attenuator",)])
def test_a_power_beyond_the_lasers_reach_is_refused_with_value_and_reach(make_station, watch, without):
    with make_station(current=(0, 0.2), without=without) as station:
        axis, powers = sweep(station, 10.0, 200.0, "mW")
        eye = watch(station)
        with pytest.raises(LimitError, match=r"laser: power on the sample at 0.2 A = 200 mW") as refusal:
            axis.prepare()
        reach = 76.0 if without else 71.8  # 0.6 W/A above 0.06 A, 90 % on the sample, 95 % through the plate
        assert refusal.value.high == pytest.approx(reach, rel=0.02)
        assert eye.most <= powers.max()


@pytest.mark.parametrize("without", [(), ("attenuator",)])
def test_the_drive_stays_within_the_limits_of_the_station(make_station, without):
    with make_station(current=(0.05, 0.5), without=without) as station:
        twin = station.backend.world.twins["laser"]
        drives = []
        set_current = twin.set_current
        twin.set_current = lambda text: (drives.append(float(text)), set_current(text))[1]
        twin._known.clear()
        axis, powers = sweep(station, 50.0, 500.0)
        axis.prepare()
        for index in range(len(powers)):
            axis.move(index, {})
        assert drives
        assert min(drives) >= 0.05
        assert max(drives) <= 0.5


@pytest.mark.parametrize("without", [(), ("attenuator",)])
def test_a_laser_that_is_too_bright_at_its_lowest_drive_is_switched_off(make_station, without):
    with make_station(current=(0.2, 0.8), without=without) as station:
        axis, _ = sweep(station, *MILLIWATT_DECADE)
        with pytest.raises(LimitError, match=r"laser: power on the sample at 0.2 A = .* 0 to 1 mW"):
            axis.prepare()
        assert not station.backend.world.bench.light_is_on()


def test_a_power_too_low_for_the_lowest_drive_is_refused(make_station):
    with make_station(current=(0.2, 0.8), max_power=360) as station:
        axis, _ = sweep(station, 0.01, 300.0, "mW")
        with pytest.raises(LimitError, match="power on the sample = 0.01 mW is outside"):
            axis.prepare()


def test_an_attenuator_that_does_nothing_is_refused(make_station):
    with make_station(plate={"extinction": 1.0}) as station:
        axis, _ = sweep(station, 10.0, 100.0)
        with pytest.raises(Refused, match="attenuator: the power on the meter hardly changes"):
            axis.prepare()


@pytest.mark.parametrize("without", [(), ("attenuator",)])
def test_a_meter_that_sees_nothing_is_refused_before_the_laser_is_bright(make_station, without):
    with make_station(without=without) as station:
        world = station.backend.world
        world.bench.pickoff = list
        currents = []
        set_current = world.twins["laser"].set_current
        world.twins["laser"].set_current = lambda text: (currents.append(float(text)), set_current(text))[1]
        world.twins["laser"]._known.clear()
        axis, _ = sweep(station, 10.0, 100.0)
        with pytest.raises(
            Refused, match="power_meter: sees nothing of laser at 0.4.* A: is the beam on the"
        ):
            axis.prepare()
        assert 0.4 <= max(currents) < 0.45
        assert not world.bench.light_is_on()


def test_a_meter_that_sees_nothing_of_a_laser_with_one_drive_is_refused(make_station):
    with make_station(current=(0.4, 0.4)) as station:
        station.backend.world.bench.pickoff = list
        axis, _ = sweep(station, 10.0, 100.0)
        with pytest.raises(Refused, match="power_meter: sees nothing of laser at 0.4 A"):
            axis.prepare()
        assert not station.backend.world.bench.light_is_on()


# -- a laser with one drive -------------------------------------------------------------------------


@pytest.mark.parametrize("zero", [0.0, 12.4, 50.0])
@pytest.mark.parametrize("plan", [(1.0, 100.0, "mW"), (10.0, 300.0, "W/cm^2")])
def test_a_laser_with_one_drive_is_set_by_the_attenuator_alone(make_station, watch, zero, plan):
    with make_station(current=(0.4, 0.4), plate={"zero_deg": zero}) as station:
        axis, powers = sweep(station, *plan)
        eye = watch(station)
        axis.prepare()
        assert eye.most <= 0.36
        noise = axis._excitation.known.noise
        for index, power in enumerate(powers):
            assert axis.move(index, {}) == Flag(0)
            assert eye.power() == pytest.approx(power, rel=0.01 + 4 * noise.sigma(power, 2) / power)
        assert station["laser"].current == 0.4


def test_a_sample_that_does_not_stand_what_a_laser_with_one_drive_may_do_is_refused(make_station):
    with make_station(current=(0.4, 0.4)) as station:
        station.backend.sample = msgspec.structs.replace(station.sample, max_irradiance=1000)
        with pytest.raises(LimitError, match=r"irradiance = 1145\.\d* W/cm\^2 is outside .* 0 to 1000 W/cm"):
            sweep(station, 10.0, 100.0)
        assert nothing_moved(station)


def test_a_laser_with_one_drive_that_is_brighter_than_the_light_path_may_be_is_switched_off(make_station):
    with make_station(current=(0.4, 0.4), max_power=120) as station:
        axis, _ = sweep(station, 10.0, 100.0, "mW")
        with pytest.raises(LimitError, match=r"laser: power on the sample at 0.4 A = .* 0 to 120 mW"):
            axis.prepare()
        assert not station.backend.world.bench.light_is_on()


@pytest.mark.parametrize(("plan", "words"), [((0.1, 100.0), "0.1 mW"), ((10.0, 300.0), "300 mW")])
def test_a_power_that_the_attenuator_cannot_make_of_one_drive_is_refused(make_station, plan, words):
    with make_station(current=(0.4, 0.4)) as station:
        axis, _ = sweep(station, *plan, "mW")
        with pytest.raises(LimitError, match=f"power on the sample.* = {words} is outside"):
            axis.prepare()


def test_a_laser_with_one_drive_needs_an_attenuator(make_station):
    with (
        make_station(current=(0.4, 0.4), without=("attenuator",)) as station,
        pytest.raises(Refused, match="laser: its power cannot be set; the station needs an attenuator"),
    ):
        sweep(station, 10.0, 100.0)


# -- in the dark, and when the light goes -----------------------------------------------------------


def lit(station):
    axis, _ = sweep(station, 10.0, 100.0, points=3)
    axis.prepare()
    axis.move(1, {})
    return axis._excitation, station.backend.world.bench


def test_blocked_is_really_dark_and_gives_the_light_back(make_station, watch):
    with make_station() as station:
        excitation, bench = lit(station)
        eye = watch(station)
        before = eye.power()
        with excitation.blocked():
            assert bench.on_sample()[0][1] == 0
            eye.most = 0.0
            station.clock.sleep(5.0)
            with excitation.blocked():
                station.clock.sleep(1.0)
            station.clock.sleep(1.0)
            assert eye.most == 0
        assert eye.power() == pytest.approx(before, rel=1e-9)


def test_blocked_leaves_a_dark_laser_dark(make_station):
    with make_station() as station:
        excitation, bench = lit(station)
        excitation.off()
        with excitation.blocked():
            pass
        assert not bench.light_is_on()


def test_after_a_failure_in_the_dark_the_light_stays_off(make_station):
    with make_station() as station:
        excitation, bench = lit(station)
        with pytest.raises(InstrumentError, match="no frame"), excitation.blocked():
            raise InstrumentError("spectrometer", "no frame")
        assert not bench.light_is_on()


def test_a_laser_that_goes_off_by_itself_is_no_dim_point(make_station):
    with make_station() as station:
        axis, _ = sweep(station, 10.0, 100.0, points=3)
        axis.prepare()
        axis.move(0, {})
        station.backend.world.twins["laser"].interlock_open = True
        with pytest.raises(DeviceFault, match="laser: the light has gone off by itself"):
            axis.move(1, {})


def test_a_power_that_cannot_be_kept_is_flagged(make_station):
    with make_station() as station:
        axis, _ = sweep(station, 10.0, 100.0, points=3)
        axis.prepare()
        twin = station.backend.world.twins["attenuator"]
        twin.settings = type(twin.settings)(error_pulses=180)  # 0.45 degrees
        flags = [axis.move(0, {}) for _ in range(10)]
        assert Flag.OFF_TARGET in flags


class Blade:
    """A shutter that remembers what it was told."""

    name, settle_time = "shutter", 0.02

    def __init__(self) -> None:
        self.moves: list[bool] = []

    @property
    def is_open(self) -> bool:
        return bool(self.moves) and self.moves[-1]

    @is_open.setter
    def is_open(self, wanted: bool) -> None:
        self.moves.append(wanted)


def test_a_shutter_blocks_the_light_and_the_laser_stays_on(make_station) -> None:
    with make_station() as station:
        excitation = Setup(station).excitation
        blade = excitation.shutter = Blade()  # type: ignore[assignment]
        excitation.on()
        assert blade.moves == [True]
        with excitation.blocked():
            assert blade.moves == [True, False]
            assert excitation.laser.emission
        assert blade.moves == [True, False, True]
        excitation.off()
        assert not excitation.laser.emission
        assert not blade.is_open


def test_a_shutter_is_closed_even_when_the_laser_does_not_obey(make_station) -> None:
    class Deaf:
        settle_time = 0.0

        @property
        def emission(self) -> bool:
            return True

        @emission.setter
        def emission(self, on: bool) -> None:
            raise DeviceFault("laser", "does not obey")

    with make_station() as station:
        excitation = Setup(station).excitation
        blade = excitation.shutter = Blade()  # type: ignore[assignment]
        blade.is_open = True
        excitation.laser = Deaf()  # type: ignore[assignment]
        with pytest.raises(DeviceFault):
            excitation.off()
        assert not blade.is_open


def test_a_meter_that_gives_no_number_ends_the_calibration_with_its_name(make_station) -> None:
    with make_station() as station:
        excitation = Setup(station).excitation

        class Blind:
            name, settle_time, wavelength, wavelength_range = "meter", 0.0, 980.0, (400.0, 1100.0)
            power = float("nan")

        excitation.meter = Blind()  # type: ignore[assignment]
        excitation.check(1e-3, 1e-2)
        with pytest.raises(InstrumentError, match="^meter: its power reading is nan W"):
            excitation.calibrate()
        assert not station.backend.world.bench.light_is_on()
