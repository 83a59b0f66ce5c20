"""The response file of a station: read strictly, kept beside what is recorded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from antistokes.instruments.errors import FileRefused
from antistokes.instruments.response import Response

GOOD = "# lamp 7, 2026-11-01\nwavelength_nm,relative_response\n400,0.5\n500, 1.0\n"


def test_a_response_is_linear_between_its_rows_and_unknown_outside(tmp_path: Path) -> None:
    (path := tmp_path / "response.csv").write_text(GOOD)
    found = Response.read(path).at(np.array([399.0, 400.0, 450.0, 501.0]))
    assert found[1:3].tolist() == [0.5, 0.75]
    assert np.isnan(found[[0, 3]]).all()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("wavelength_nm", "nm", "has no line"),
        ("500, 1.0", "500; 1.0", "two numbers"),
        ("500, 1.0", "500, 1.0, 3", "two numbers"),
        ("500, 1.0", "300, 1.0", "rising"),
        ("500, 1.0", "500, nan", "finite"),
        ("500, 1.0", "", "at least two"),
        ("500, 1.0", "500, 0", "above 0"),
    ],
)
def test_what_is_no_response_is_refused_in_one_line(tmp_path: Path, old: str, new: str, words: str) -> None:
    (path := tmp_path / "response.csv").write_text(GOOD.replace(old, new))
    with pytest.raises(FileRefused, match=words) as caught:
        Response.read(path)
    assert "response.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_response_is_refused_when_the_station_is_loaded(station_file) -> None:
    from antistokes.instruments import Station

    with pytest.raises(FileRefused, match=r"nowhere\.csv"):
        Station.load(station_file(extra='[response]\nfile = "nowhere.csv"\n'))
