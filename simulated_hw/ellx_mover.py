"""Twins of ELLx modules that move evenly, at a speed that can be set, from one place to another."""

from __future__ import annotations

from .ellx import OUT_OF_RANGE, ELLxTwin
from .twin import Answer, answers

_START_TIME = 0.05  # s, before a move gets going
_BLOCKED_TIME = 2.0  # s until the module gives a move up


class ELLxMover(ELLxTwin):
    """Whoever inherits says where it stands at first (:meth:`_stand`), and in which unit."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.velocity = 100  # % of the full speed
        #: status with which the next moves fail; 0: they work
        self.motor_fault = 0
        self._begin = self.clock.now()
        self._stand(0.0)

    def place(self) -> float:
        """Where it is now: degrees from the mark, or mm."""
        now = self.clock.now()
        if now >= self._end or self._end == self._begin:  # there already, or a move of no length
            return self._to
        gone = max(0.0, now - self._begin) / (self._end - self._begin)
        return self._from + gone * (self._to - self._from)

    def _stand(self, place: float) -> None:
        self._from = self._to = place
        self._end = self.clock.now()

    def _set_out(self, to: float, full_speed: float, error: float) -> str:
        """Begin a move that ends within *error* of *to*; the status to answer if the motor is at fault."""
        start = self.place()
        self._begin = self.clock.now() + self.latency + _START_TIME
        if self.motor_fault:
            self._from = self._to = start
            self._end = self._begin + _BLOCKED_TIME
            self._fault = self.motor_fault
            return f"GS{self.motor_fault:02X}"
        self._end = self._begin + abs(to - start) / (full_speed * self.velocity / 100)
        self._from, self._to = start, to + self.rng.uniform(-1, 1) * error
        return ""

    def _where(self) -> str:
        """The answer that says where it is."""
        raise NotImplementedError

    @answers("gp")
    def get_position(self) -> bytes:
        return self._say(self._where())

    @answers("gv")
    def get_velocity(self) -> bytes:
        return self._say(f"GV{self.velocity:02X}")

    @answers("sv([0-9A-Fa-f]{2})")
    def set_velocity(self, data: str) -> Answer:
        if not 1 <= int(data, 16) <= 100:
            return self._refuse(OUT_OF_RANGE)
        self.velocity = int(data, 16)
        return self._say("GS00")

    @answers("st")
    def stop(self) -> Answer:
        self._stand(self.place())
        self._forget_ending()
        return self.get_position()
