"""The commands that look: info, plot, recover, samples, solve, instruments, doctor."""

import importlib.metadata
import json

import pytest

from antistokes.cli.output import emit
from antistokes.simulated_hw.samples.sample import shipped


def test_info_says_what_is_in_a_run_file(antistokes, run_file):
    done = antistokes("info", run_file, "--json")
    assert done.code == 0
    assert done.data["points"] == 5
    assert done.data["simulated"] is True
    assert done.data["channels"]["irradiance_mean"]["units"] == "W/cm^2"
    assert "irradiance_peak (W/cm^2)" in done.out
    seen = [done.out.index(word) for word in ("5 of 5 points", "5 set-points", "along wavelength (2048): ")]
    assert [*seen, done.out.index("\ntook 0:"), done.out.index("\nparameters ")] == sorted(
        [*seen, done.out.index("\ntook 0:"), done.out.index("\nparameters ")]
    )


@pytest.mark.parametrize("command", ["info", "plot", "recover"])
def test_what_is_no_run_file_is_refused(antistokes, tmp_path, command):
    (tmp_path / "text.h5").write_text("not HDF5")
    assert "no such file" in antistokes(command, "none.h5").err
    for file in ("none.h5", "text.h5"):
        done = antistokes(command, file, "--json")
        assert done.code in (1, 2)
        assert file in done.data["error"]


def test_plot_draws_beside_the_file_and_takes_bands_by_hand(antistokes, run_file):
    assert antistokes("plot", run_file, "--json").data["figure"] == str(run_file.with_suffix(".png"))
    done = antistokes("plot", run_file, "--band", "lime=530:550", "--out", "b.svg", "--json")
    assert list(done.data["bands"]) == ["lime"]


def test_a_run_of_one_power_is_drawn_without_an_exponent(antistokes):
    settings = ["--set", "start=100", "--set", "stop=100", "--set", "order=up"]
    done = antistokes("run", "power-sweep", *settings, "--out", "one.h5", "--json")
    assert "needs 3 at different irradiances" in done.data["problem"]
    drawn = antistokes("plot", "one.h5", "--json")
    assert (done.code, drawn.code) == (3, 3)
    assert drawn.data["figure"] == "one.png"
    assert drawn.data["problem"] == done.data["problem"]
    assert f"not analysed: {drawn.data['problem']}" in drawn.out


def test_a_band_that_cannot_be_fitted_is_told(antistokes, run_file):
    both = ["--band", "green=515:560", "--band", "nothing=350:360"]
    done = antistokes("plot", run_file, *both, "--json")
    assert list(done.data["bands"]) == ["green"]
    (warning,) = (text for text in done.data["warnings"] if "nothing" in text)
    assert warning.startswith("no exponent: band 'nothing': ")
    assert f"note: {warning}" in done.out


@pytest.mark.parametrize(
    "arguments",
    ["--band lime", "--band lime=2000:3000", "--band =515:560", "--band lime=nan:560", "--out b.xyz"],
)
def test_plot_refuses_what_it_cannot_draw(antistokes, run_file, arguments):
    done = antistokes("plot", run_file, *arguments.split())
    assert done.code == 2
    assert len(done.err.strip().splitlines()) == 1


def test_solve_prints_one_object_per_irradiance(antistokes):
    done = antistokes("samples", "solve", "yber-micro", "--irradiance", 0.1, 1, 10, "--json")
    rows = [json.loads(line) for line in done.out.splitlines()]
    assert [row["irradiance"] for row in rows] == [0.1, 1, 10]
    assert rows[1]["populations"]["Yb:2F5/2"] == pytest.approx(1.0335e-5, rel=1e-3)
    assert rows[1]["populations"]["Er:4S3/2"] == pytest.approx(1.0801e-7, rel=1e-3)
    assert rows[1]["quantum_yield"] == pytest.approx(0.0164, abs=5e-5)
    assert set(rows[1]["bands"]) >= {"green", "red"}


@pytest.mark.parametrize("value", ["-1", "nan", "inf", "bright"])
def test_solve_refuses_an_irradiance_that_is_none(antistokes, value):
    done = antistokes("samples", "solve", "yber-micro", f"--irradiance={value}")
    assert done.code == 2
    assert value in done.err


def test_samples_and_instruments_are_listed(antistokes):
    listed = [json.loads(line) for line in antistokes("samples", "--json").out.splitlines()]
    assert [sample["id"] for sample in listed] == shipped()
    assert set(listed[0]) == {"id", "name", "mechanism", "references", "table1", "facts"}
    assert "yber-micro" in antistokes("samples").out
    drivers = {row["driver"]: row for row in antistokes("instruments", "--json").data["instruments"]}
    assert drivers["thorlabs_cld1015"]["roles"] == ["Laser"]
    assert {name for name, row in drivers.items() if not row["twin"]} == {
        "scanning_spectrometer",
        "shuttered_laser",
    }


def test_a_sample_is_shown_with_its_facts(antistokes):
    done = antistokes("samples", "show", "css82", "--json")
    facts = {fact["quantity"]: fact for fact in done.data["facts"]}
    assert done.data["table1"] is True
    assert facts["quantum yield"]["value"] == 0.054
    shown = antistokes("samples", "show", "css82").out
    assert "quantum yield" in shown
    assert "extends" in antistokes("samples", "show", "css82", "--toml").out


def test_text_in_brackets_is_shown_as_it_is(antistokes, tmp_path):
    text = antistokes("samples", "template", "power-law").out
    name = 'name = "[Ru(dmb)3](PF6)2 [/peak]"'
    (tmp_path / "dye.toml").write_text(text.replace("[sample]", f"[sample]\n{name}", 1), encoding="utf-8")
    assert "[Ru(dmb)3](PF6)2 [/peak]" in antistokes("samples", "show", "dye.toml").out
    refused = antistokes("samples", "solve", "dye.toml", "--irradiance", 1, "--wavelength", 0)
    assert refused.code == 2
    assert "excitation wavelength = 0" in refused.err


def test_a_template_is_a_sample_file(antistokes, tmp_path):
    text = antistokes("samples", "template", "energy-transfer").out
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    assert antistokes("samples", "show", "mine.toml", "--json").data["id"] == "my-sample"
    refused = antistokes("samples", "template", "energy-transfre")
    assert refused.code == 2
    assert "did you mean 'energy-transfer'" in refused.err
    told = antistokes("samples", "template", "energy-transfer", "--json").data
    assert told == {"template": "energy-transfer", "text": text}


def test_doctor_asks_the_built_in_bench_and_touches_no_hardware(antistokes):
    done = antistokes("doctor", "--json")
    assert done.code == 0
    assert {row["name"]: row["problem"] for row in done.data["instruments"]}["laser"] == ""
    assert "py" in done.data["backends"]


def test_doctor_says_which_device_does_not_open(antistokes, variant):
    nobody = "TCPIP::127.0.0.1::{}::SOCKET"  # ports that nobody listens on
    station = variant(
        ('"@sim"', '"@py"'),
        ("USB0::0x1313::0x804F::M00000001::INSTR", nobody.format(1)),
        ("ASRL1::INSTR", nobody.format(2)),
        ("USB0::0x1313::0x8078::P0012345::INSTR", nobody.format(3)),
        ("ASRL2::INSTR", nobody.format(4)),
    )
    done = antistokes("doctor", "--station", station, "--json")
    rows = {row["name"]: row for row in done.data["instruments"]}
    assert "Connection refused" in rows["laser"]["problem"]
    assert all(row["problem"].startswith(name) for name, row in rows.items())


def test_a_truncated_file_is_refused_at_once(antistokes, run_file):
    run_file.write_bytes(run_file.read_bytes()[:100_000])
    for command in ("info", "plot", "recover"):
        assert "a.h5" in antistokes(command, run_file).err


def test_version_and_help(antistokes):
    assert antistokes("--version").out.strip() == importlib.metadata.version("antistokes")
    assert "power dependence" in antistokes().out


def test_json_has_no_nan(capsys):
    emit({"a": float("nan"), "b": [1.0, float("inf")]})
    assert json.loads(capsys.readouterr().out) == {"a": None, "b": [1.0, None]}


def test_procedures_are_listed_with_their_parameters(antistokes):
    names = [row["name"] for row in antistokes("procedures", "--json").data["procedures"]]
    assert {"power-sweep", "lifetime", "quantum-yield"} <= set(names)
    for name in names:
        rows = antistokes("procedures", name, "--json").data["parameters"]
        assert rows
        assert all(row["description"] for row in rows)
    sweep = {row["name"]: row for row in antistokes("procedures", "power-sweep", "--json").data["parameters"]}
    assert (sweep["start"]["default"], sweep["start"]["unit"]) == (0.1, "W/cm^2")
    assert antistokes("procedures", "power-swep").code == 2
