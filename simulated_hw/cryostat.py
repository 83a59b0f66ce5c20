"""A cryostat: a stage that a cooler cools and a heater heats, and a sample that follows it late.

    bath ──cooler── stage (heater, control sensor) ──link── sample (sample sensor) ··· surroundings

    C_stage·dT/dt = q − G_cooler·(T − T_bath) − G_link·(T − T_sample)
    C_sample·dT/dt = G_link·(T_stage − T_sample) − G_leak·(T_sample − T_surroundings)

The heater follows the control law of the Lake Shore 336 (manual, section 2.7), in % of the range's
full power: P·(e + I/1000·∫e dt + D·de/dt), the integral kept between 0 and 100 %. Time advances in
steps of one fixed grid, so that the temperature does not depend on how often somebody looks.
All numbers are assumed, of the size a small closed-cycle cryostat shows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from antistokes.instruments.clock import Clock
from antistokes.instruments.records import NonNegative, Positive, Record

_STEP = 0.25  # s
_STEADY = 1e-10  # K; a step that changes less is the last one until a setting changes


class CryostatSettings(Record, kw_only=True, frozen=True):
    """300 K to 77 K takes about 40 min, the sample is 40 s late; below 9 K there is no cooling left."""

    #: where it stands in equilibrium when the world begins
    start_K: Positive = 300.0
    bath_K: NonNegative = 4.0
    surroundings_K: Positive = 300.0
    stage_J_per_K: Positive = 36.0
    sample_J_per_K: Positive = 8.0
    cooler_W_per_K: Positive = 0.025
    link_W_per_K: Positive = 0.2
    leak_W_per_K: NonNegative = 4e-4


@dataclass(frozen=True, slots=True)
class Control:
    """What the controller has been told.

    ``full_power`` in W is what 100 % means, 0 with the heater off. ``rate`` in K/s limits how fast the
    working set-point follows ``setpoint``; 0 means at once. ``closed`` false: ``manual`` alone heats.
    ``on_sample``: the sample's sensor controls. Above ``limit`` K at either sensor the heater trips.
    """

    setpoint: float
    full_power: float
    p: float = 50.0
    i: float = 20.0
    d: float = 0.0
    manual: float = 0.0
    closed: bool = True
    rate: float = 0.0
    on_sample: bool = False
    limit: float = math.inf


class Cryostat:
    """The two masses and the heater between them.

    :param control: in force at the beginning; its heater power is taken to hold ``start_K``
    """

    def __init__(self, clock: Clock, settings: CryostatSettings, control: Control) -> None:
        self._clock, self._settings, self._control = clock, settings, control
        self._origin = clock.now()
        self._steps = 0
        self._steady = False
        #: K, where the control law aims now: on its way to the set-point during a ramp
        self.aim = control.setpoint
        #: the temperature limit has switched the heater off; until the next :meth:`adjust`
        self.tripped = False
        self.stage = settings.start_K
        self.sample = self._sample_at_rest(self.stage)
        self._error = 0.0
        self._swing = 0.0
        #: heater output, % of full power
        self._integral = self.percent = self._holding_percent()

    @property
    def control(self) -> Control:
        """The settings in force."""
        return self._control

    def adjust(self, **changes: Any) -> None:
        """Change fields of :class:`Control`, effective from the next step."""
        self.advance()
        self._control = replace(self._control, **changes)
        if not self._control.rate:
            self.aim = self._control.setpoint
        self._steady = self.tripped = False

    def swing_by(self, kelvin: float) -> None:
        """The closed loop is out of order: full power up to *kelvin* above its aim, none down to as far
        below it, for ever; 0: it works.
        """
        self.advance()
        self._swing, self._steady = kelvin, False

    def sample_temperature(self) -> float:
        """In K, now."""
        self.advance()
        return self.sample

    def advance(self) -> None:
        """Bring the state to the last grid point that has passed."""
        due = int((self._clock.now() - self._origin) / _STEP + 1e-6)
        if not self._steady and due > self._steps:
            self._steady = self._run(due - self._steps)
        self._steps = max(self._steps, due)

    def _run(self, steps: int) -> bool:
        """Take *steps* steps; True as soon as nothing moves any more."""
        s, c = self._settings, self._control
        stage, sample, integral, aim = self.stage, self.sample, self._integral, self.aim
        error, percent, tripped, steady = self._error, self.percent, self.tripped, False
        gain, reset, power = c.p, c.p * c.i / 1000 * _STEP, c.full_power / 100
        to_stage, to_sample, ramp = _STEP / s.stage_J_per_K, _STEP / s.sample_J_per_K, c.rate * _STEP
        for _ in range(steps):
            aim = min(aim + ramp, c.setpoint) if aim < c.setpoint else max(aim - ramp, c.setpoint)
            tripped = tripped or max(stage, sample) > c.limit
            before, last = integral, error
            error = aim - (sample if c.on_sample else stage)
            if tripped or not power:
                integral = percent = 0.0
            elif c.closed and self._swing:
                percent = 100.0 if error > (self._swing if percent < 50 else -self._swing) else 0.0
            elif c.closed:
                integral = min(max(integral + reset * error, 0.0), 100.0)
                percent = c.manual + integral + gain * (error + c.d * (error - last) / _STEP)
                percent = min(max(percent, 0.0), 100.0)
            else:
                percent = c.manual
            link = s.link_W_per_K * (stage - sample)
            change = to_stage * (percent * power - s.cooler_W_per_K * (stage - s.bath_K) - link)
            follow = to_sample * (link - s.leak_W_per_K * (sample - s.surroundings_K))
            stage += change
            sample += follow
            steady = aim == c.setpoint and max(abs(change), abs(follow), abs(integral - before)) < _STEADY
            if steady:
                break
        self.stage, self.sample, self.aim = stage, sample, aim
        self._integral, self._error, self.percent, self.tripped = integral, error, percent, tripped
        return steady

    def _sample_at_rest(self, stage: float) -> float:
        s = self._settings
        return stage + s.leak_W_per_K / (s.link_W_per_K + s.leak_W_per_K) * (s.surroundings_K - stage)

    def _holding_percent(self) -> float:
        """The integral that holds the stage where it starts; 0 when the heater is off."""
        s, c = self._settings, self._control
        if not c.full_power or not c.closed:
            return 0.0
        loss = s.cooler_W_per_K * (self.stage - s.bath_K) + s.link_W_per_K * (self.stage - self.sample)
        return min(max(100 * loss / c.full_power, 0.0), 100.0)
