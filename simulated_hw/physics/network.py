"""The processes of a sample as one list of events, and what the populations do by them.

Every process is an event that takes ions out of some levels and puts them into others, at a rate that is
a constant (times the irradiance, for the pump) times the populations of the levels it starts from:
mass-action kinetics (Feinberg, Foundations of Chemical Reaction Network Theory, Springer 2019). With r
the rates of the events and N the change of the populations per event, dy/dt = N·r(y).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .constants import photon_energy
from .processes import Array, Decay, Ion, Pump, Transfer, photons


class Event(NamedTuple):
    """One direction of a process.

    :ivar process: what it is called in messages
    :ivar rate: in s⁻¹, per W/cm² where the pump drives it
    :ivar photon: energy in J taken from the pump, negative when given back, 0 where the pump has no part
    """

    process: str
    start: tuple[str, ...]
    end: tuple[str, ...]
    rate: float
    radiative: bool = False
    photon: float = 0.0


def _levels(ions: Sequence[Ion]) -> dict[str, int]:
    """Where each level stands in the order of the populations."""
    at: dict[str, int] = {}
    for ion in ions:
        if not ion.levels:
            raise ValueError(f"an ion with a total of {ion.total:g} has no levels; allowed is one and more")
        if not 0 <= ion.total < np.inf:
            raise ValueError(
                f"total of the ion of {ion.levels[0]} is {ion.total:g}; allowed is 0 and more, per site"
            )
        for level in ion.levels:
            if level in at:
                raise ValueError(f"level {level} is there twice; allowed is one level of a name")
            at[level] = len(at)
    return at


def _events(
    at: Mapping[str, int], decays: Sequence[Decay], transfers: Sequence[Transfer], pumps: Sequence[Pump]
) -> list[Event]:
    events = [Event("decay", (d.start,), (d.end,), d.rate, d.radiative) for d in decays]
    events += [Event("transfer", tuple(t.start), tuple(t.end), t.rate) for t in transfers]
    for p in pumps:
        flux, photon = float(photons(1.0, p.wavelength)), float(photon_energy(p.wavelength))
        events.append(Event("pump", (p.lower,), (p.upper,), p.absorption * flux, photon=photon))
        events.append(Event("pump", (p.upper,), (p.lower,), p.emission * flux, photon=-photon))
    for event in events:
        way = f"{event.process} {' + '.join(event.start)} -> {' + '.join(event.end)}"
        if not 0 <= event.rate < np.inf:
            raise ValueError(f"rate of the {way} is {event.rate:g}; allowed is 0 s⁻¹ and more")
        if event.process == "transfer" and len(event.start) not in (2, 3):
            raise ValueError(f"the {way} is of {len(event.start)} ions; allowed are 2 and 3")
        for level in (*event.start, *event.end):
            if level not in at:
                raise ValueError(f"level {level} of the {way} is unknown; allowed are {', '.join(at)}")
    return [event for event in events if event.rate > 0]


class Network:
    """Levels and events as arrays; m levels, r events.

    :ivar levels: names in the order of every population array, (m,)
    :ivar ground: populations with every ion in its ground level, (m,)
    :ivar totals: of each ion, (ions,); *ground_rows* its ground level, *members* 1 at its levels (ions, m)
    :ivar rate: of each event, (r,); *pumped* where that is per W/cm²; *photon*, *radiative* as of Event
    :ivar reactants: level of each factor of an event's rate, (2 or 3, r); m stands for no further factor
    :ivar change: of the populations by one event, (m, r)
    :raises ValueError: for a rate or a total that is none, a level that is unknown or there twice, a
        transfer of other than two or three ions, or a process that changes the number of ions of a kind
    """

    def __init__(
        self,
        ions: Sequence[Ion],
        decays: Sequence[Decay],
        transfers: Sequence[Transfer],
        pumps: Sequence[Pump],
    ) -> None:
        at = _levels(ions)
        self.levels = tuple(at)
        m = len(at)
        self.totals = np.array([ion.total for ion in ions])
        self.ground_rows = np.array([at[ion.levels[0]] for ion in ions])
        self.members = np.zeros((len(ions), m))
        for row, ion in zip(self.members, ions, strict=True):
            row[[at[level] for level in ion.levels]] = 1
        self.ground = np.zeros(m)
        self.ground[self.ground_rows] = self.totals

        events = _events(at, decays, transfers, pumps)
        self.rate = np.array([event.rate for event in events])
        self.photon = np.array([event.photon for event in events])
        self.radiative = np.array([event.radiative for event in events], dtype=bool)
        self.pumped = self.photon != 0
        self.reactants = np.full((3 if any(len(e.start) > 2 for e in events) else 2, len(events)), m)
        self.change = np.zeros((m, len(events)))
        for k, event in enumerate(events):
            for slot, level in enumerate(event.start):
                self.reactants[slot, k] = at[level]
                self.change[at[level], k] -= 1
            for level in event.end:
                self.change[at[level], k] += 1
        gone = (self.members @ self.change).any(axis=0)
        if gone.any():
            raise ValueError(f"a {events[gone.argmax()].process} changes the number of ions of one kind")

    def constants(self, irradiance: npt.ArrayLike) -> Array:
        """Rate constants (..., r) in s⁻¹ at irradiances (...) in W/cm²."""
        return np.where(self.pumped, self.rate * np.asarray(irradiance)[..., None], self.rate)

    def event_rates(self, populations: Array, irradiance: npt.ArrayLike) -> Array:
        """Events per site and second, (..., r), for populations (..., m) at irradiances (...) in W/cm²."""
        factors = _factors(populations, self.reactants)
        rates: Array = self.constants(irradiance) * factors.prod(axis=-2)
        return rates

    def rates(self, populations: Array, irradiance: npt.ArrayLike) -> Array:
        """dy/dt in s⁻¹, (..., m)."""
        return self.event_rates(populations, irradiance) @ self.change.T

    def jacobian(self, populations: Array, irradiance: npt.ArrayLike) -> Array:
        """∂(dy/dt)/∂y in s⁻¹, (..., m, m)."""
        m = len(self.levels)
        constants, factors = self.constants(irradiance), _factors(populations, self.reactants)
        flat = np.zeros((*constants.shape[:-1], m * m))
        for others, derivative in zip(self.others, self.derivatives, strict=True):
            flat = flat + (constants * factors[..., others, :].prod(axis=-2)) @ derivative
        return flat.reshape(*flat.shape[:-1], m, m)

    @cached_property
    def others(self) -> list[list[int]]:
        """For each factor of an event's rate, which are the others."""
        slots = range(len(self.reactants))
        return [[other for other in slots if other != slot] for slot in slots]

    @cached_property
    def derivatives(self) -> Array:
        """What the derivative of an event's rate by a factor adds to the jacobian, (factors, r, m·m)."""
        m = len(self.levels)
        by_level = np.eye(m + 1)[self.reactants][..., :m]
        product = self.change.T[:, :, None] * by_level[:, :, None, :]
        return product.reshape(*self.reactants.shape, m * m)

    @cached_property
    def occupied(self) -> npt.NDArray[np.bool_]:
        """Levels that ions get to under the pump when they start in the ground levels, (m,)."""
        occupied = np.append(self.ground > 0, True)
        while True:
            active = occupied[self.reactants].all(axis=0)
            reached = (self.change[:, active] > 0).any(axis=1) | occupied[:-1]
            if reached.sum() == occupied[:-1].sum():
                return reached
            occupied[:-1] = reached

    @property
    def trapped(self) -> npt.NDArray[np.bool_]:
        """Levels from which an ion cannot get back to its ground level, by however many steps, (m,)."""
        of_ion = self.members.argmax(axis=0)
        back = np.isin(np.arange(len(self.levels)), self.ground_rows)
        for _ in self.levels:
            arriving = self.members @ (back[:, None] & (self.change > 0))
            back |= ((self.change < 0) & (arriving[of_ion] > 0)).any(axis=1)
        return ~back


def _factors(populations: Array, reactants: npt.NDArray[np.intp]) -> Array:
    padded = np.ones((*populations.shape[:-1], populations.shape[-1] + 1))
    padded[..., :-1] = populations
    return padded.take(reactants, axis=-1)
