"""``antistokes samples``: what glows on the virtual bench."""

from __future__ import annotations

from typing import Annotated

import typer

from antistokes.cli import options
from antistokes.cli.output import emit, notes, screen, table
from antistokes.instruments.errors import Refused

samples_app = typer.Typer(help="Virtual samples, and what their models predict.", rich_markup_mode=None)


def register(app: typer.Typer) -> None:
    samples_app.callback(invoke_without_command=True)(samples)
    samples_app.command()(solve)
    app.add_typer(samples_app, name="samples")


def samples(context: typer.Context, json: options.Json = False) -> None:
    """List the virtual samples."""
    if context.invoked_subcommand is not None:
        return
    from antistokes.simulated_hw.samples.sample import Sample, shipped

    records = [Sample.load(id).record for id in shipped()]
    listing = table("id", "name", "bands")
    for record in records:
        bands = ", ".join(f"{name} {low:g}-{high:g} nm" for name, (low, high) in record.bands.items())
        listing.add_row(record.id, record.name, bands)
    screen.print(listing)
    if json:
        emit({"samples": [{"id": r.id, "name": r.name, "references": r.references} for r in records]})


def solve(
    sample: Annotated[str, typer.Argument(metavar="ID|FILE", help="sample id or sample file")],
    irradiance: Annotated[
        list[str], typer.Option("--irradiance", metavar="I [I …]", help="uniform irradiance in W/cm²")
    ],
    more: Annotated[list[str] | None, typer.Argument(metavar="[I …]", help="further irradiances")] = None,
    temperature: Annotated[float, typer.Option(help="in K")] = 300.0,
    wavelength: Annotated[float, typer.Option(help="of the excitation, in nm")] = 980.0,
    json: options.Json = False,
) -> None:
    """Steady state of a sample's model: populations, emission per band, quantum yield."""
    from antistokes.simulated_hw.samples.sample import Sample

    model = Sample.load(sample)
    limit = model.record.max_irradiance
    for value in [_number(text) for text in [*irradiance, *(more or [])]]:
        solution = model.solve(value, temperature, wavelength)
        if limit is not None and value > limit:
            notes.print(
                f"{value:g} W/cm² is above max_irradiance = {limit:g} W/cm²: the model is not valid there"
            )
        if json:
            emit(
                {
                    "sample": model.record.id,
                    "irradiance": value,
                    "populations": solution.populations,
                    "bands": solution.bands,
                    "quantum_yield": solution.quantum_yield,
                }
            )
            continue
        listing = table("", f"{value:g} W/cm²", title=f"{model.record.id} at {temperature:g} K (simulated)")
        for level, fraction in solution.populations.items():
            listing.add_row(level, f"{fraction:.4e} of cation sites")
        for band, rate in solution.bands.items():
            listing.add_row(f"{band} emission", f"{rate:.4e} photons/s/cm³")
        if solution.quantum_yield is not None:
            listing.add_row("quantum yield (visible)", f"{solution.quantum_yield:.3e}")
        screen.print(listing)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise Refused(f"--irradiance {text}: must be a number in W/cm²") from None
