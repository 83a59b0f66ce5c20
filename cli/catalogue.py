"""``antistokes samples``: what glows on the virtual bench, what its models predict, how to write one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from antistokes.cli import options
from antistokes.cli.output import emit, notes, screen, table
from antistokes.instruments.errors import Refused, nearest

if TYPE_CHECKING:
    from antistokes.simulated_hw.samples.facts import Fact
    from antistokes.simulated_hw.samples.sample import Sample

samples_app = typer.Typer(help="Virtual samples, and what their models predict.", rich_markup_mode=None)

SampleId = Annotated[str, typer.Argument(metavar="ID|FILE", help="sample id or sample file")]


def register(app: typer.Typer) -> None:
    samples_app.callback(invoke_without_command=True)(samples)
    for command in (show, solve, plot, template):
        samples_app.command()(command)
    app.add_typer(samples_app, name="samples")


def samples(context: typer.Context, json: options.Json = False) -> None:
    """List the virtual samples; with --json one object per sample and line."""
    if context.invoked_subcommand is not None:
        return
    from antistokes.simulated_hw.samples.sample import Sample, shipped

    loaded = [Sample.load(id) for id in shipped()]
    if json:
        for sample in loaded:
            emit(_summary(sample))
        return
    listing = table("id", "name", "mechanism", "excitation nm")
    for sample in loaded:
        excitation = _list(f"{nm:g}" for nm in sample.record.excitation)
        listing.add_row(sample.record.id, sample.record.name, sample.kind, excitation)
    screen.print(listing)
    screen.print("samples show ID: what it is and should show; samples plot ID: its physics")


def show(sample: SampleId, toml: bool = False, json: options.Json = False) -> None:
    """One sample: what it is, its lines, and the facts that measurements should find (--toml: its file)."""
    from antistokes.simulated_hw.samples.sample import Sample

    model = Sample.load(sample)
    record = model.record
    if toml:
        sys.stdout.write(model.text)
        return
    if json:
        emitted = [{"name": n.name, "wavelength": n.wavelength, "fwhm": n.fwhm} for n in model.lines]
        more = {"formula": record.formula, "description": record.description, "bands": record.bands}
        emit({**_summary(model), **more, "excitation": record.excitation, "lines": emitted})
        return
    screen.print(f"{record.id}: {record.name}", style="bold")
    for text in (record.formula, record.description):
        if text:
            screen.print(text)
    listing = table("", "")
    listing.show_header = False
    listing.add_row("mechanism", model.kind)
    if record.excitation:
        listing.add_row("excitation", _list(f"{nm:g}" for nm in record.excitation) + " nm")
    lines = (f"{line.name} ({line.wavelength:.5g} nm, width {line.fwhm:.3g})" for line in model.lines)
    listing.add_row("lines", _list(lines))
    if record.max_irradiance:
        listing.add_row("valid to", f"{record.max_irradiance:g} W/cm²")
    for reference in record.references:
        listing.add_row("reference", reference)
    screen.print(listing)
    if model.facts:
        facts = table("fact", "value", "kind", "measured by", "where it holds", "source")
        for fact in model.facts:
            facts.add_row(*_fact_row(fact))
        screen.print(facts)
        if any(fact.doubtful for fact in model.facts):
            screen.print("(?) doubtful: not to be believed without checking; the sample's file says why")


def template(
    mechanism: Annotated[str, typer.Argument(help="energy-transfer, power-law, …")],
    json: options.Json = False,
) -> None:
    """Print a sample file to start from: ``antistokes samples template energy-transfer > mine.toml``."""
    from antistokes.simulated_hw.samples.sample import MECHANISMS, template_file

    if mechanism not in MECHANISMS:
        raise Refused(f"mechanism '{mechanism}' is unknown; {nearest(mechanism, MECHANISMS)}")
    text = template_file(mechanism).read_text(encoding="utf-8")
    if json:
        emit({"template": mechanism, "text": text})
    else:
        sys.stdout.write(text)


def plot(
    sample: SampleId,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="PNG, SVG or PDF; ID.png unless given")
    ] = None,
    temperature: Annotated[float, typer.Option(help="in K")] = 300.0,
    irradiance: Annotated[
        float | None, typer.Option(help="W/cm², of spectrum and level diagram; of the sample unless given")
    ] = None,
    json: options.Json = False,
) -> None:
    """Draw a sample's physics: levels, spectrum, dependence on power and temperature, decays."""
    from antistokes.simulated_hw.sample_figures.figure import draw
    from antistokes.simulated_hw.samples.sample import Sample

    model = Sample.load(sample)
    path = out or Path(f"{model.record.id}.png")
    with options.using(path):
        draw(model, path, temperature, irradiance)
    screen.print(f"{path}")
    if json:
        emit({"sample": model.record.id, "figure": str(path)})


def solve(
    sample: SampleId,
    irradiance: Annotated[
        list[str], typer.Option("--irradiance", metavar="I [I …]", help="uniform irradiance in W/cm²")
    ],
    more: Annotated[list[str] | None, typer.Argument(metavar="[I …]", help="further irradiances")] = None,
    temperature: Annotated[float, typer.Option(help="in K")] = 300.0,
    wavelength: Annotated[
        float | None, typer.Option(help="of the excitation, in nm; the sample's unless given")
    ] = None,
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


def _summary(sample: Sample) -> dict[str, Any]:
    return {
        "id": sample.record.id,
        "name": sample.record.name,
        "mechanism": sample.kind,
        "references": sample.record.references,
        "table1": sample.table1,
        "facts": [fact.as_dict() for fact in sample.facts],
    }


def _fact_row(fact: Fact) -> tuple[str, ...]:
    name = f"{fact.quantity} of {fact.of}" if fact.of else fact.quantity
    unit = "" if fact.unit == "1" else f" {fact.unit}"
    sign = {"equal": "", "above": "> ", "below": "< "}[fact.relation]
    margin = f" ± {fact.margin:.3g}" if fact.margin is not None else ""
    doubt = " (?)" if fact.doubtful else ""
    value = f"{sign}{fact.value:.6g}{margin}{unit}{doubt}"
    return name, value, fact.kind, fact.procedure, fact.conditions, fact.source


def _list(parts: Any) -> str:
    return ", ".join(parts)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise Refused(f"--irradiance {text}: must be a number in W/cm²") from None
