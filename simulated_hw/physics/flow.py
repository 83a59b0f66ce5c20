"""A network under one pump: dy/dt and its jacobian as polynomials in the populations.

An event of one ion adds a term to A, one of two ions to B, and a rare one of three to C in
dy/dt = A·y + B(y)·y/2 + C(y, y)·y/3, of which the jacobian is A + B(y) + C(y, y) (Euler's theorem on
homogeneous functions). What the pump does is in A alone, which is worked out once.
"""

from __future__ import annotations

import numpy as np

from .network import Network
from .processes import Array


class Flow:
    """The rates at irradiances that stay, for many populations one after the other.

    :param irradiance: (n,) in W/cm²
    """

    def __init__(self, network: Network, irradiance: Array) -> None:
        m = len(network.levels)
        ions = (network.reactants < m).sum(axis=0)
        constants = network.constants(irradiance)
        single, pairs, triples = (np.flatnonzero(ions == number) for number in (1, 2, 3))
        derivatives = network.derivatives
        linear = constants[:, single] @ derivatives[0, single]
        self._linear = linear.reshape(-1, m, m)
        # of the event a + b: c·y_b in the column of a, and c·y_a in that of b
        self._pairs = np.zeros((m, m * m))
        weighted = network.rate[pairs, None] * derivatives[:, pairs]
        np.add.at(self._pairs, network.reactants[1, pairs], weighted[0])
        np.add.at(self._pairs, network.reactants[0, pairs], weighted[1])
        self._triples = network.reactants[:, triples] if len(triples) else None
        self._weights = network.rate[triples, None] * derivatives[:, triples]

    def at(self, y: Array) -> tuple[Array, Array]:
        """dy/dt in s⁻¹ (n, m), and its jacobian (n, m, m), for populations (n, m)."""
        n, m = y.shape
        paired = (y @ self._pairs).reshape(n, m, m)
        jacobian = self._linear + paired
        share = jacobian - 0.5 * paired
        if self._triples is not None:
            a, b, c = (y[:, levels] for levels in self._triples)
            first, second, third = self._weights
            tripled = ((b * c) @ first + (a * c) @ second + (a * b) @ third).reshape(n, m, m)
            jacobian = jacobian + tripled
            share = share + tripled / 3
        return (share @ y[..., None])[..., 0], jacobian
