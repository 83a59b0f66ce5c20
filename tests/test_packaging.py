"""What is built, imported and named: the rules that hold for the tree as a whole."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = ("analysis", "cli", "gui", "instruments", "procedures", "simulated_hw", "tests/conformance")
SETUP: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
    "setuptools"
]
PACKAGE_DIR: dict[str, str] = SETUP["package-dir"]
#: may wait in real time: the clock itself, and what measures or imitates real programs
MAY_SLEEP = ("instruments/clock.py", "benchmarks/", "tests/")
SLOW = ("matplotlib", "scipy", "pymeasure", "pyvisa", "pandas", "xarray", "h5py", "PySide6", "PyQt5", "PyQt6")


def folder_of(package: str) -> Path:
    """Where the files of *package* are, by the mapping."""
    known = max((name for name in PACKAGE_DIR if f"{package}.".startswith(f"{name}.")), key=len)
    return ROOT / PACKAGE_DIR[known] / package.removeprefix(known).lstrip(".").replace(".", "/")


def ours(*patterns: str) -> Iterator[Path]:
    """Files below our folders."""
    for folder in FOLDERS:
        for pattern in patterns:
            for path in sorted((ROOT / folder).rglob(pattern)):
                if "__pycache__" not in path.parts:
                    yield path


def python_files() -> list[Path]:
    rest = {
        p for folder in ("benchmarks", "docs", "examples", "tests") for p in (ROOT / folder).rglob("*.py")
    }
    return sorted({*ours("*.py"), *rest})


def test_every_folder_with_python_files_is_a_package() -> None:
    packaged = {folder_of(package) for package in SETUP["packages"]}
    assert {path.parent for path in ours("*.py")} == packaged
    assert all((folder / "__init__.py").is_file() for folder in packaged)


def test_every_mapping_leads_to_a_package() -> None:
    assert set(PACKAGE_DIR) <= set(SETUP["packages"])


def test_every_data_file_is_packaged() -> None:
    packaged = {
        path
        for package, patterns in SETUP["package-data"].items()
        for pattern in patterns
        for path in folder_of(package).glob(pattern)
    }
    wanted = {path for path in ours("*") if path.is_file() and path.suffix not in (".py", ".pyc")}
    assert wanted == packaged


def test_every_top_folder_is_typed() -> None:
    tops = {folder_of(package) for package in SETUP["packages"] if package.count(".") == 1}
    assert all((folder / "py.typed").is_file() for folder in tops)


@pytest.mark.parametrize("path", python_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_follows_the_rules_of_the_house(path: Path) -> None:
    name = path.relative_to(ROOT).as_posix()
    tree = ast.parse(path.read_text(encoding="utf-8"), name)
    for node in ast.walk(tree):
        for module in imported(node):
            top = module.partition(".")[0]
            assert top not in FOLDERS, f"{name}:{node.lineno}: import antistokes.{module}"  # type: ignore[attr-defined]
        if not name.startswith(MAY_SLEEP):
            assert not sleeps(node), f"{name}:{node.lineno}: time.sleep"  # type: ignore[attr-defined]


def imported(node: ast.AST) -> list[str]:
    """Absolute names that an import statement names."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and not node.level:
        return [node.module or ""]
    return []


def sleeps(node: ast.AST) -> bool:
    """Is it ``time.sleep``, called, handed on or imported?"""
    if isinstance(node, ast.Attribute) and node.attr == "sleep":
        return isinstance(node.value, ast.Name) and node.value.id == "time"
    return (
        isinstance(node, ast.ImportFrom)
        and node.module == "time"
        and any(alias.name in ("sleep", "*") for alias in node.names)
    )


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("time.sleep(1)", True),
        ("wait = time.sleep", True),
        ("from time import sleep", True),
        ("self.clock.sleep(1)", False),
        ("from time import monotonic", False),
    ],
)
def test_a_sleep_is_recognised(line: str, found: bool) -> None:
    assert any(map(sleeps, ast.walk(ast.parse(line)))) is found


@pytest.mark.parametrize(("module", "most"), [("instruments", 0.3), ("cli.main", 0.6)])
def test_an_import_is_quick_and_pulls_in_nothing_slow(module: str, most: float) -> None:
    program = f"""
import sys, time
begin = time.thread_time()  # what others do is no matter, numpy's own idle threads neither
import antistokes.{module}
print(time.thread_time() - begin)
print(*sorted({{name.partition(".")[0] for name in sys.modules}} & {set(SLOW)!r}))
"""
    seconds = []
    for _ in range(3):
        run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        duration, slow = run.stdout.split("\n")[:2]
        assert slow == ""
        seconds.append(float(duration))
    assert min(seconds) < most
