"""``antistokes new-driver``: a package with a driver, its twin and their tests, which pass as they stand.

What all roles share is in ``templates/*.txt``, what one role needs in ``templates/roles/ROLE.toml``.
"""

from __future__ import annotations

import importlib.util
import keyword
import re
import tomllib
from importlib.metadata import entry_points
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Annotated

import typer

from antistokes.cli import options
from antistokes.cli.output import emit, screen
from antistokes.instruments.errors import Refused, nearest
from antistokes.instruments.roles import ROLES

#: file in the new package, and its template
_FILES = {
    "pyproject.toml": "pyproject.txt",
    "README.md": "readme.txt",
    "src/{name}/__init__.py": "init.txt",
    "src/{name}/py.typed": "",
    "src/{name}/driver.py": "driver.txt",
    "src/{name}/twin.py": "twin.txt",
    "tests/test_driver.py": "test_driver.txt",
}
_TEMPLATES = files("antistokes.cli") / "templates"
# what a distribution, a module and an entry point may all be called
_NAME = re.compile(r"[a-z][a-z0-9_]{0,38}[a-z0-9]")
# goes into strings of Python and TOML, and into an answer with commas in between
_MODEL = re.compile(r"[A-Za-z0-9][-+./() \w]{0,58}", re.ASCII)


def register(app: typer.Typer) -> None:
    app.command()(new_driver)


def new_driver(
    name: Annotated[str, typer.Argument(metavar="NAME", help="what station files call it, e.g. acme_laser5")],
    role: Annotated[str, typer.Option(metavar="ROLE", help=", ".join(ROLES))],
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="where the folder NAME is made")] = Path(),
    model: Annotated[str | None, typer.Option(metavar="'MAKER MODEL'", help="as its label says")] = None,
    json: options.Json = False,
) -> None:
    """Write a package with a driver, its twin and their tests, to be filled in from the manual."""
    texts = render(name, role, f"MAKER {name}" if model is None else model)
    folder = out / name
    try:
        if folder.exists() and any(folder.iterdir()):
            raise Refused(f"{folder}: exists and is not empty")
        for path, text in texts.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise Refused(f"{folder}: cannot be written: {error}") from error
    for path in texts:
        screen.print(str(folder / path), markup=False)
    screen.print(f"next: {folder / 'README.md'}", markup=False)
    if json:
        emit({"files": [str(folder / path) for path in texts]})


def render(name: str, role: str, model: str) -> dict[str, str]:
    """The files of the package *name*, by their path in it.

    :param role: a key of :data:`~antistokes.instruments.roles.ROLES`
    :param model: maker and model
    :raises Refused: one of them cannot be used
    """
    if role not in ROLES:
        raise Refused(f"--role {role}: no such role; {nearest(role, ROLES)}")
    if not _MODEL.fullmatch(model) or model != model.strip():
        raise Refused(f"--model {model!r}: must be 1 to 59 letters, digits, blanks and - + . / ( ) _")
    driver = "".join(word.capitalize() for word in name.split("_"))
    _check_name(name)
    maker, _, word = model.rpartition(" ")
    words = {
        "name": name,
        "model": model,
        "role": ROLES[role].__name__,
        "driver": driver,
        "twin": f"{driver}Twin",
        "identity": f"{maker or 'MAKER'},{word},0001,1.0",
        "word": f"{maker or 'MAKER'},{word}",
        "station_name": role,
    }
    special = tomllib.loads((_TEMPLATES / "roles" / f"{role}.toml").read_text(encoding="utf-8"))
    for part, pieces in special.items():
        words |= {f"{part}_{key}": str(piece).strip("\n") for key, piece in pieces.items()}
    _check_class(name, driver, words["driver_imports"] + "\n" + words["twin_imports"])
    return {path.format(name=name): _fill(template, words) for path, template in _FILES.items()}


def _fill(template: str, words: dict[str, str]) -> str:
    if not template:
        return ""
    return Template((_TEMPLATES / template).read_text(encoding="utf-8")).substitute(words)


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise Refused(
            f"{name!r} cannot be a driver's name: must be 2 to 40 small letters, digits and underscores, "
            "a letter first, no word of Python; e.g. acme_laser5"
        )
    for kind in ("drivers", "twins"):
        if name in entry_points(group=f"antistokes.{kind}").names:
            raise Refused(f"'{name}': there is a driver of this name; 'antistokes instruments' lists them")
    found = importlib.util.find_spec(name)
    # a folder beside us is found, too, as a namespace without an origin; antistokes itself is one
    if name in ("antistokes", "tests") or (found is not None and found.origin is not None):
        raise Refused(f"'{name}' is the name of another package; e.g. acme_{name}")


def _check_class(name: str, driver: str, imports: str) -> None:
    """:raises Refused: the class would be called like something its file imports"""
    if re.search(rf"\b{driver}(Twin)?\b", imports):
        raise Refused(f"'{name}' is no model: the class would be called {driver}; e.g. acme_{name}")
