"""Run files as one HTML page: figures, numbers with errors, flags, settings, where it all comes from.

The page needs no other file: figures are inside it. A browser prints it as a PDF.
"""

from __future__ import annotations

import base64
import html
import io
import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from antistokes.cli.report import for_people, found_in, set_to, with_error

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from antistokes.analysis.findings import Findings

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 66em; padding: 0 1em }
h1 { font-size: 1.5em; margin-bottom: .2em }
h2 { font-size: 1.2em; margin-top: 2em; border-top: 1px solid #ccc;
padding-top: 1em } table { border-collapse: collapse; margin: .8em 0 } th, td { text-align: left;
padding: .2em .9em .2em 0; vertical-align: top; border-bottom: 1px solid #eee } th { font-weight: 600 }
img { max-width: 100% } .mark { background: #D55E00; color: white; padding: .1em .5em; border-radius: .3em;
font-weight: 600; font-size: .8em; vertical-align: middle } .bad { color: #b00020 } .dim { color: #666 }
details > summary { cursor: pointer; color: #0072B2 } pre { white-space: pre-wrap; font-size: 12px }
@media print { h2 { break-before: page } }
"""


def page(title: str, parts: Iterable[str]) -> str:
    """A whole page of HTML from its *parts*."""
    body = "\n".join(parts)
    return (
        f"<!doctype html>\n<html lang='en'><head><meta charset='utf-8'><title>{text(title)}</title>"
        f"<style>{_STYLE}</style></head><body>\n<h1>{text(title)}</h1>\n{body}\n</body></html>\n"
    )


def run_section(path: Path) -> str:
    """One run file: what it shows, what is doubtful in it, how it was made."""
    from antistokes.analysis import describe, load
    from antistokes.analysis.bands import AnalysisError

    dataset, facts = load(path), describe(path)
    mark = " <span class='mark'>simulated</span>" if facts["simulated"] else ""
    reason = f": {text(facts['reason'])}" if facts["reason"] else ""
    parts = [
        f"<h2>{text(facts['title'].removesuffix(' (simulated)'))}{mark}</h2>",
        f"<p class='dim'>{text(path.name)} · {text(facts['start'][:19])} UTC · {facts['points']} of "
        f"{facts['planned']} points · {text(facts['status'])}{reason}</p>",
    ]
    for found in found_in(dataset):
        parts.append(_findings(found))
        try:
            parts += [image(found.figure())] if found.figure is not None else []
        except AnalysisError as error:
            parts.append(f"<p class='bad'>no figure: {text(error)}</p>")
    parts.append(_quality(dataset))
    parts.append(_provenance(facts))
    return "\n".join(parts)


def damaged_section(problem: str) -> str:
    """In place of a run whose file cannot be read."""
    return f"<h2>not in this page</h2>\n<p class='bad'>{text(problem)}</p>"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """An HTML table; cells are HTML already."""
    top = "".join(f"<th>{text(cell)}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{top}</tr>{body}</table>"


def image(figure: Figure) -> str:
    """A figure as part of the page."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return image_of(buffer.getvalue())


def image_of(png: bytes) -> str:
    return f"<p><img alt='figure' src='data:image/png;base64,{base64.b64encode(png).decode()}'></p>"


def text(value: object) -> str:
    return html.escape(str(value))


def _findings(found: Findings) -> str:
    where = set_to(found.at)
    heading = f"<h3>{text(found.procedure)}{' at ' + text(where) if where else ''}</h3>"
    if found.problem:
        return f"{heading}<p class='bad'>not analysed: {text(found.problem)}</p>"
    rows = []
    for one in found.findings:
        value, stderr, unit = for_people(one.value, one.stderr, one.unit)
        rows.append(
            (
                text(one.of),
                text(", ".join(filter(None, [one.quantity, set_to(one.at)]))),
                text(with_error(value, stderr)),
                text(unit),
                f"<span class='dim'>{text(one.note)}</span>",
            )
        )
    warnings = "".join(f"<p class='bad'>{text(warning)}</p>" for warning in found.warnings)
    return heading + table(("", "quantity", "value ± standard error", "unit", ""), rows) + warnings


def _quality(dataset: xr.Dataset) -> str:
    """How many points have which flag."""
    flags = dataset["flags"]
    masks, names = flags.attrs.get("flag_masks", ()), str(flags.attrs.get("flag_meanings", "")).split()
    counts = [
        (name, int(np.count_nonzero(flags.values & mask))) for mask, name in zip(masks, names, strict=False)
    ]
    said = [f"{name.replace('_', ' ')}: {n}" for name, n in counts if n]
    total = len(flags)
    return f"<p>Flags of {total} point{'s'[: total > 1]}: {text('; '.join(said) or 'none')}</p>"


def _provenance(facts: dict[str, Any]) -> str:
    """Everything that is needed to repeat the run, folded away."""
    rows = []
    for key in ("parameters", "sample", "beam", "excitation_wavelength", "seed", "station", "software"):
        rows.append((text(key), f"<pre>{text(_pretty(facts[key]))}</pre>"))
    for name, settings in facts["devices"]["before"].items():
        rows.append((text(name), f"<pre>{text(_pretty(settings))}</pre>"))
    log = "\n".join(f"{moment:.1f} s {message}" for moment, _, message in facts["log"])
    rows.append(("log", f"<pre>{text(log)}</pre>"))
    return f"<details><summary>settings and provenance</summary>{table(('', ''), rows)}</details>"


def _pretty(value: Any) -> str:
    if isinstance(value, float) and math.isfinite(value):
        return f"{value:.9g}"
    return value if isinstance(value, str) else json.dumps(value, indent=1, ensure_ascii=False, default=str)
