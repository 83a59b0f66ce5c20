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


def test_a_block_is_excited_by_what_the_laser_was_tuned_to_and_not_by_what_it_began_at():
    nm = np.repeat([970.0, 980.0], 2)
    coords = {"excitation_wavelength": ("point", nm)}
    attrs = {"procedure": "spectrum", "excitation_wavelength": 650.0}
    ds = xr.Dataset({"excitation_wavelength_measured": ("point", nm + 0.1)}, coords, attrs)
    found = [block.points.attrs["excitation_wavelength"] for block in blocks(ds)]
    assert found == [970.1, 980.1]
    (scan,) = blocks(ds.assign_attrs(procedure="ple-scan"))
    assert scan.points.attrs["excitation_wavelength"] == 650, "no one wavelength is that of all"
