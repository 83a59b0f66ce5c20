"""How much light the sample has got."""

from __future__ import annotations

from antistokes.instruments.clock import Clock


class Dose:
    """Energy on the sample, integrated on the clock.

    A measured power counts until it may have changed (a knob was turned, the light came on); from then on
    counts what is measured next.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since = clock.now()
        self._power: float | None = 0.0  # W; None: not known yet
        self._energy = 0.0
        self._dark = True

    def light(self, on: bool) -> None:
        """The light has been switched."""
        self._spend(None if on else 0.0)
        self._dark = not on

    @property
    def dark(self) -> bool:
        """The light was last switched off, not on."""
        return self._dark

    def turned(self) -> None:
        """A knob is being turned."""
        if not self._dark:
            self._spend(None)

    def measured(self, power: float) -> None:
        """*power* W on the sample, averaged over pulses."""
        if not self._dark:
            self._spend(power)

    def _spend(self, power: float | None) -> None:
        now = self._clock.now()
        spent = power if self._power is None else self._power
        if spent is not None:
            self._energy += spent * (now - self._since)
            self._since = now
        self._power = power

    def energy(self) -> float:
        """J since the run began."""
        return self._energy + (self._power or 0.0) * (self._clock.now() - self._since)

    def recall(self, energy: float) -> None:
        """The sample has got *energy* J in an earlier part of the run."""
        self._energy = energy
