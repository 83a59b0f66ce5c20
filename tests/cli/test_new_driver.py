"""The packages that ``antistokes new-driver`` writes work as they stand, for every role."""

import os
import re
import subprocess
import sys
import tomllib

import pytest
from typer.testing import CliRunner

from antistokes.cli.main import app
from antistokes.instruments.roles import ROLES

NAMES = {f"my_{role}": role for role in ROLES}
#: slow, and the same for all: one of the new drivers is enough
SLOW = "two_threads or another_model_on"


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """A package for every role, made by the command itself."""
    folder = tmp_path_factory.mktemp("packages")
    for name, role in NAMES.items():
        made = CliRunner().invoke(app, ["new-driver", name, "--role", role, "--out", str(folder)])
        assert made.exit_code == 0, made.output
    return folder


def install(packages, names):
    """What pip would do: a folder with the metadata of each; returns the folders for the path."""
    site = packages / "site"
    for name in names:
        project = tomllib.loads((packages / name / "pyproject.toml").read_text())["project"]
        info = site / f"{name}-{project['version']}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {project['version']}\n"
        )
        lines = []
        for group, points in project["entry-points"].items():
            lines += [f"[{group}]", *(f"{point} = {target}" for point, target in points.items())]
        (info / "entry_points.txt").write_text("\n".join(lines))
    return [site, *(packages / name / "src" for name in names)]


def test_driver_and_twin_of_every_role_pass_the_conformance_suite_and_their_own_tests(packages):
    path = install(packages, NAMES)
    own = packages / "own"
    own.mkdir()
    for name in NAMES:
        (own / f"test_{name}.py").write_text((packages / name / "tests" / "test_driver.py").read_text())
    which = f"my_ and (my_laser or not ({SLOW})) or has_a_twin or model_has_one_driver"
    run = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error"),
            *("--rootdir", str(own), "-k", which, "--pyargs", str(own), "antistokes.conformance"),
        ],
        cwd=own,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, path))},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr
    passed = int(re.search(r"(\d+) passed", run.stdout)[1])
    assert passed > (4 + 25) * len(NAMES)  # of their own, of the suite


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]], ids=" ".join)
def test_what_is_written_follows_the_rules_of_the_house(packages, command):
    pytest.importorskip("ruff")
    ruff = [sys.executable, "-m", "ruff", *command, "--no-cache", *NAMES]
    run = subprocess.run(ruff, cwd=packages, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_it_says_which_files_it_has_written_and_what_to_read_next(antistokes, tmp_path):
    done = antistokes("new-driver", "acme_x1", "--role", "laser", "--out", "lab/drivers", "--json")
    assert done.code == 0
    written = {str(p.relative_to(tmp_path)) for p in (tmp_path / "lab/drivers").rglob("*") if p.is_file()}
    assert set(done.data["files"]) == written
    assert "README.md" in done.out


def test_the_model_is_in_the_driver_the_twin_and_the_answer_to_idn(antistokes, tmp_path):
    assert antistokes("new-driver", "acme_x1", "--role", "shutter", "--model", "Acme Inc. X-1").code == 0
    driver = (tmp_path / "acme_x1/src/acme_x1/driver.py").read_text()
    twin = (tmp_path / "acme_x1/src/acme_x1/twin.py").read_text()
    assert 'MODEL = "Acme Inc. X-1"' in driver
    assert 'IDN_WORDS = ("Acme Inc.,X-1",)' in driver
    assert "class AcmeX1(ScpiInstrument)" in driver
    assert 'model = "Acme Inc. X-1"' in twin
    assert '"Acme Inc.,X-1,0001,1.0"' in twin


def test_everything_to_be_replaced_is_marked(packages):
    for name in NAMES:
        driver = (packages / name / "src" / name / "driver.py").read_text()
        assert driver.count("YOURS") > 6
        assert "$" not in driver


def test_an_empty_folder_may_be_there_already(antistokes, tmp_path):
    (tmp_path / "acme_x1").mkdir()
    assert antistokes("new-driver", "acme_x1", "--role", "laser").code == 0


def test_a_folder_that_is_not_empty_is_left_alone(antistokes, tmp_path):
    (tmp_path / "acme_x1").mkdir()
    (tmp_path / "acme_x1" / "work.py").write_text("")
    done = antistokes("new-driver", "acme_x1", "--role", "laser")
    assert done.code == 2
    assert done.err == "antistokes: acme_x1: exists and is not empty\n"
    assert [p.name for p in (tmp_path / "acme_x1").iterdir()] == ["work.py"]


@pytest.mark.parametrize("taken", ["acme_x1", "file/acme_x1"])
def test_a_folder_that_cannot_be_made_is_refused(antistokes, tmp_path, taken):
    (tmp_path / taken.partition("/")[0]).write_text("")
    done = antistokes("new-driver", "acme_x1", "--role", "laser", "--out", (tmp_path / taken).parent)
    assert done.code == 2
    assert "acme_x1: cannot be written" in done.err


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("acme-x1", "must be"),
        ("1acme", "must be"),
        ("AcmeX1", "must be"),
        ("läser", "must be"),
        ("acme_", "must be"),
        ("", "must be"),
        ("../acme", "must be"),
        ("a" * 41, "must be"),
        ("lambda", "must be"),
        ("thorlabs_pm100d", "there is a driver"),
        ("json", "another package"),
        ("antistokes", "another package"),
        ("laser", "no model"),
        ("scpi", "no model"),
        ("instrument", "no model"),
    ],
)
def test_a_name_that_cannot_be_is_refused_and_nothing_written(antistokes, tmp_path, name, reason):
    done = antistokes("new-driver", name, "--role", "laser", "--json")
    assert done.code == 2
    assert reason in done.data["error"]
    assert len(done.err.splitlines()) == 1
    assert not any(tmp_path.iterdir())


def test_an_unknown_role_is_refused_with_the_nearest_one(antistokes, tmp_path):
    done = antistokes("new-driver", "acme_x1", "--role", "lazer")
    assert done.code == 2
    assert done.err == "antistokes: --role lazer: no such role; did you mean 'laser'?\n"
    assert not any(tmp_path.iterdir())


def test_a_role_must_be_given(antistokes):
    assert antistokes("new-driver", "acme_x1").code == 2


@pytest.mark.parametrize("model", ["", " ", 'a"b', "a\\b", "a,b", "a\nb", "a$b", "Mü", " a", "a ", "a" * 60])
def test_a_model_that_would_break_the_code_is_refused(antistokes, tmp_path, model):
    done = antistokes("new-driver", "acme_x1", "--role", "laser", "--model", model)
    assert done.code == 2
    assert "--model" in done.err
    assert not any(tmp_path.iterdir())
