"""What the documents show works as printed."""

import re
from pathlib import Path

import pytest

from antistokes.cli.models import page
from antistokes.instruments import Station

ROOT = Path(__file__).parents[1]


def blocks(name: str) -> list[str]:
    """The TOML of a document."""
    return re.findall(r"```toml\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), re.DOTALL)


def hardware_and_simulation() -> str:
    hardware, *_, simulation = blocks("docs/station-files.md")
    return hardware.replace('backend = "@py"', 'backend = "@sim"') + simulation


def instruments(number: int) -> str:
    """Of station-files.md, without the head of a station file."""
    return 'backend = "@sim"\n' + blocks("docs/station-files.md")[number]


@pytest.mark.parametrize(
    "text",
    [
        blocks("README.md")[0],
        hardware_and_simulation(),
        instruments(1),
        instruments(2),
        *blocks("docs/drivers.md")[:2],
    ],
    ids=["README", "station-files", "shutter", "pulses", "pymeasure", "made of others"],
)
def test_station_opens_on_the_virtual_bench(text, tmp_path):
    path = tmp_path / "lab.toml"
    path.write_text(text, encoding="utf-8")
    with Station.load(path) as station:
        assert set(station) == set(station.file.instruments)


def test_the_page_of_instruments_is_made_from_the_classes() -> None:
    """antistokes instruments --markdown > docs/instruments.md"""
    assert (ROOT / "docs/instruments.md").read_text(encoding="utf-8") == page()
