"""Parameters that many procedures have."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

#: s at one point; more than a day is a mistake
LONGEST_WAIT = 1e5
#: of one axis; more is a mistake
MOST_POINTS = 100_000

Settle = Annotated[
    float,
    Meta(
        ge=0,
        le=LONGEST_WAIT,
        title="Settle",
        description="time the sample gets at each point",
        extra={"units": "s"},
    ),
]
LongestExposure = Annotated[float, Meta(gt=0, title="Longest exposure", extra={"units": "s"})]
Frames = Annotated[int, Meta(ge=2, le=1000, title="Frames", description="exposures averaged per point")]
Readings = Annotated[int, Meta(ge=1, le=1000, title="Readings", description="of the power meter per point")]
ReferenceEvery = Annotated[
    int,
    Meta(
        ge=0,
        title="Reference every",
        description="points between two visits to a reference point, which tell drift; 0: none",
    ),
]
