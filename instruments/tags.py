"""Time tags: when each event came and on which channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class Tags(NamedTuple):
    """A block of events in order of time."""

    #: ps since the start of the stream, shape (n,)
    times: npt.NDArray[np.int64]
    #: shape (n,)
    channels: npt.NDArray[np.int32]
