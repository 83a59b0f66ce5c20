"""``antistokes instruments``: the models that have a driver, as a table or as a page of the docs."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from antistokes.cli import options
from antistokes.cli.output import emit, screen, table
from antistokes.instruments.errors import Refused

_PAGE = """# Instruments

Made from the driver classes by `antistokes instruments --markdown`; do not edit. Every model but those made
of others has a twin that speaks its protocol. Station files name the *driver*; roles are what procedures ask
for. Drivers of other packages join by entry points, and any pymeasure instrument can be named in a station
file directly: [drivers](drivers.md).

| driver | model | connected by | role | limits | checked against |
|---|---|---|---|---|---|
"""


def register(app: typer.Typer) -> None:
    app.command()(instruments)


def instruments(
    markdown: Annotated[bool, typer.Option("--markdown", help="the page docs/instruments.md")] = False,
    json: options.Json = False,
) -> None:
    """List the instrument models that have a driver."""
    rows = [_row(point) for point in _drivers()]
    if markdown:
        print(page(), end="")
        return
    listing = table("driver", "model", "role", "connected by")
    for row in rows:
        listing.add_row(
            row["driver"],
            row["model"],
            ", ".join(row["roles"]),
            "; ".join(row["interfaces"]),
        )
    screen.print(listing)
    if json:
        emit({"instruments": rows})


def page() -> str:
    """docs/instruments.md: the models that come with this package."""
    lines = []
    for row in (_row(point) for point in _drivers() if point.dist and point.dist.name == "antistokes"):
        limits = (f"{q} {low:g} to {high:g} {unit}".strip() for q, (low, high, unit) in row["limits"].items())
        cells = (
            f"`{row['driver']}`",
            row["model"],
            "; ".join(row["interfaces"]),
            ", ".join(row["roles"]),
            "; ".join(limits),
            row["verified"],
        )
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n")
    return _PAGE + "".join(lines)


def _drivers() -> list[Any]:
    from importlib.metadata import entry_points

    return sorted(entry_points(group="antistokes.drivers"), key=lambda point: point.name)


def _row(point: Any) -> dict[str, Any]:
    from importlib.metadata import entry_points

    try:
        driver = point.load()
    except ImportError as error:
        raise Refused(f"driver '{point.name}': cannot be imported: {error}") from error
    parts = [f"made of {word}: {role.__name__}" for word, role in driver.PARTS.items()]
    return {
        "driver": point.name,
        "model": driver.MODEL,
        "roles": [role.__name__ for role in driver.ROLES],
        "interfaces": [*driver.INTERFACES, *parts],
        "limits": {q: [low, high, unit] for q, (low, high, unit) in driver.LIMITS.items()},
        "verified": driver.VERIFIED,
        "twin": point.name in {twin.name for twin in entry_points(group="antistokes.twins")},
    }
