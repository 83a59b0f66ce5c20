"""``antistokes procedures``: what can be run, and the parameters of each."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from antistokes.cli import options
from antistokes.cli.output import emit, screen, table


def register(app: typer.Typer) -> None:
    app.command()(procedures)


def procedures(
    name: Annotated[str | None, typer.Argument(help="show the parameters of this one")] = None,
    json: options.Json = False,
) -> None:
    """List the procedures, or the parameters of one."""
    from importlib.metadata import entry_points

    from antistokes.instruments.backend import plugin

    if name is not None:
        kind = plugin("antistokes.procedures", name).load()
        rows = _parameters(kind)
        screen.print(_summary(kind), markup=False)
        listing = table("parameter", "default", "unit", "description")
        for row in rows:
            listing.add_row(row["name"], str(row["default"]), row["unit"], row["description"])
        screen.print(listing)
        if json:
            emit({"procedure": name, "parameters": rows})
        return
    points = sorted(entry_points(group="antistokes.procedures"), key=lambda point: point.name)
    found = {point.name: _summary(point.load()) for point in points}
    listing = table("procedure", "what it does")
    for each, summary in found.items():
        listing.add_row(each, summary)
    screen.print(listing)
    if json:
        emit({"procedures": [{"name": each, "summary": text} for each, text in found.items()]})


def _summary(kind: Any) -> str:
    """The first paragraph of its docstring, on one line."""
    return " ".join((kind.__doc__ or "").strip().split("\n\n")[0].split())


def _parameters(kind: Any) -> list[dict[str, Any]]:
    import msgspec

    rows = []
    for field in msgspec.structs.fields(kind):
        metas = [m for m in getattr(field.type, "__metadata__", ()) if isinstance(m, msgspec.Meta)]
        default: Any = field.default
        if field.default_factory is not msgspec.NODEFAULT:
            default = field.default_factory()
        rows.append(
            {
                "name": field.name,
                "default": "" if default is msgspec.NODEFAULT else default,
                "unit": kind.units(field.name, {}),
                "description": next(
                    (m.description or m.title for m in metas if m.description or m.title), ""
                ),
            }
        )
    return rows
