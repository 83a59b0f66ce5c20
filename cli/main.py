"""``antistokes``: the command line. Thin: every command does what a few lines of Python could do.

Exit codes: 0 done, 1 failed run, 2 wrong usage or refused plan, 3 measured but nothing could be analysed,
130 interrupted.
"""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
import typer.core

from antistokes.cli import (
    catalogue,
    doctor,
    experiments,
    files,
    models,
    new_driver,
    procedures,
    resuming,
    safe,
    serve,
    window,
)
from antistokes.cli.output import emit, notes
from antistokes.cli.reproduce import command as reproduction
from antistokes.instruments.errors import AntistokesError, PlanRefused, Refused, nearest


class Interrupted(Exception):
    """Ctrl-C outside of a run, which typer would turn into a silent end."""


class _Commands(typer.core.TyperGroup):
    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        word = args[0]
        if word in self.commands or word.startswith("-"):
            return super().resolve_command(ctx, args)
        if word in {point.name for point in importlib.metadata.entry_points(group="antistokes.procedures")}:
            raise Refused(f"command '{word}': there is none; did you mean 'antistokes run {word}'?")
        raise Refused(f"command '{word}': there is none; {nearest(word, self.commands)}")

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise Interrupted from None


app = typer.Typer(
    cls=_Commands,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
experiments.register(app)
resuming.register(app)
files.register(app)
catalogue.register(app)
models.register(app)
procedures.register(app)
new_driver.register(app)
reproduction.register(app)
serve.register(app)
window.register(app)
doctor.register(app)
safe.register(app)


# typer may carry a click of its own; what it exports leads to the base of that click's usage errors
_WrongUsage: Any = typer.BadParameter.__mro__[2]


@app.callback(invoke_without_command=True)
def options(
    version: Annotated[
        bool, typer.Option("--version", help="print the version and end", is_eager=True)
    ] = False,
) -> None:
    """Photon-upconversion experiments, on real instruments or on a virtual bench."""
    if version:
        print(importlib.metadata.version("antistokes"))
        raise typer.Exit


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; ends the process with its exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    sys.exit(_run(arguments or ["--help"]))


def _run(arguments: list[str]) -> int:
    as_json = "--json" in arguments
    try:
        code = app(arguments, prog_name="antistokes", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except typer.Exit as ended:
        return ended.exit_code
    except _WrongUsage as error:
        return _fail(error.format_message(), 2, as_json)
    except (Interrupted, KeyboardInterrupt, typer.Abort):
        return _fail("interrupted", 130, as_json)
    except PlanRefused as error:
        return _fail(str(error), 2, as_json, error.problems)
    except Refused as error:
        return _fail(str(error), 2, as_json)
    except AntistokesError as error:
        return _fail(str(error), 1, as_json)


def _fail(problem: str, code: int, as_json: bool, parts: Sequence[str] = ()) -> int:
    """One line for people on stderr, or one for each of *parts*; one object for programs on stdout."""
    lines = [f"{len(parts)} problems:", *parts] if len(parts) > 1 else [problem]
    notes.print("antistokes: " + "\n  ".join(lines), markup=False)
    if as_json:
        emit({"error": problem, "exit_code": code} | ({"problems": list(parts)} if parts else {}))
    return code
