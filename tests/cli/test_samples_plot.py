"""``antistokes samples plot``: a figure of a sample's physics, or a refusal in one line."""

import pytest


def test_the_figure_is_named_after_the_sample(antistokes, tmp_path):
    done = antistokes("samples", "plot", "yber-micro")
    assert done.code == 0
    assert done.out.strip() == "yber-micro.png"
    assert (tmp_path / "yber-micro.png").read_bytes().startswith(b"\x89PNG")


def test_file_temperature_and_irradiance_may_be_chosen(antistokes, tmp_path):
    arguments = ["--out", "b.svg", "--temperature", 77, "--irradiance", 250, "--json"]
    done = antistokes("samples", "plot", "yber-micro", *arguments)
    assert done.data == {"sample": "yber-micro", "figure": "b.svg"}
    assert b"<svg" in (tmp_path / "b.svg").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--out", "a.docx"], "suffix '.docx' must be one of .png, .svg, .pdf"),
        (["--out", "nowhere/a.png"], "there is no folder nowhere"),
        (["--irradiance", "-1"], "irradiance = -1 W/cm²"),
        (["--irradiance", "0"], "must be above 0"),
        (["--temperature", "0"], "sample temperature = 0 K"),
    ],
)
def test_what_cannot_be_drawn_is_refused(antistokes, tmp_path, arguments, problem):
    done = antistokes("samples", "plot", "yber-micro", *arguments, "--json")
    assert done.code == 2
    assert problem in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert done.data["exit_code"] == 2
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_sample_is_refused(antistokes):
    assert "did you mean 'yber-micro'" in antistokes("samples", "plot", "yber-mirco").err
