"""Which points of a run belong together."""

from __future__ import annotations

import numpy as np
import xarray as xr

from antistokes.analysis.analyse import blocks


def test_of_many_blocks_some_are_chosen_evenly():
    temperature = np.repeat([80.0, 100.0, 120.0, 140.0, 160.0], 2)
    ds = xr.Dataset(coords={"temperature": ("point", temperature)}, attrs={"procedure": "lifetime"})
    assert [block.at["temperature"] for block in blocks(ds)] == [80, 100, 120, 140, 160]
    assert [block.at["temperature"] for block in blocks(ds, most=3)] == [80, 120, 160]
    assert [block.points.sizes["point"] for block in blocks(ds, most=3)] == [2, 2, 2]
    assert len(list(blocks(ds, most=9))) == 5
