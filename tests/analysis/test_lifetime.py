"""Lifetimes from counts: certified fits, honest errors, measured decays, pile-up and definitions."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from antistokes.analysis.bands import AnalysisError
from antistokes.analysis.decay_counts import histogram_of, live_share
from antistokes.analysis.decay_fit import averaged, fit_decay
from antistokes.analysis.decay_models import MODELS, Decay, Model
from antistokes.analysis.decay_times import Counted, mean_arrival, measured, rise_to_peak, tail, to_one_over_e
from antistokes.analysis.lifetime import analyse, decay_of
from antistokes.analysis.maximum_likelihood import maximise

DECAYS = Path(os.environ.get("ANTISTOKES_DECAYS", Path(__file__).parents[3] / "shared/data/decays"))
MONO, STRETCHED, BI, RISE = MODELS[:4]

# -- certified problems: NIST StRD, https://www.itl.nist.gov/div898/strd/nls/nls_main.shtml

LANCZOS3_Y = (
    2.5134, 2.0443, 1.6684, 1.3664, 1.1232, 0.9269, 0.7679, 0.6389, 0.5338, 0.4479, 0.3776, 0.3197,
    0.2720, 0.2325, 0.1997, 0.1723, 0.1493, 0.1301, 0.1138, 0.1000, 0.0883, 0.0783, 0.0698, 0.0624,
)  # fmt: skip
MGH09_X = (4.0, 2.0, 1.0, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625)
MGH09_Y = (0.1957, 0.1947, 0.1735, 0.1600, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246)
MISRA_X = (77.6, 114.9, 141.1, 190.8, 239.9, 289.0, 332.8, 378.4, 434.8, 477.3, 536.8, 593.1, 689.1, 760.0)
MISRA_Y = (
    10.07, 14.73, 17.94, 23.93, 29.61, 35.18, 40.02, 44.82, 50.76, 55.05, 61.01, 66.40, 75.47, 81.78,
)  # fmt: skip


def lanczos(x, b):
    return b[0] * np.exp(-b[1] * x) + b[2] * np.exp(-b[3] * x) + b[4] * np.exp(-b[5] * x)


def mgh09(x, b):
    return b[0] * (x**2 + x * b[1]) / (x**2 + x * b[2] + b[3])


def misra(x, b):
    return b[0] * (1 - np.exp(-b[1] * x))


LANCZOS3 = (
    lanczos, np.arange(24) * 0.05, LANCZOS3_Y,
    (8.6816414977e-02, 9.5498101505e-01, 8.4400777463e-01, 2.9515951832, 1.5825685901, 4.9863565084),
    (0.017197908859, 0.097041624475, 0.041488663282, 0.10766312506, 0.058371576281, 0.034436403035),
    1.6117193594e-08,
)  # fmt: skip
MGH09 = (
    mgh09, MGH09_X, MGH09_Y,
    (1.9280693458e-01, 1.9128232873e-01, 1.2305650693e-01, 1.3606233068e-01),
    (1.1435312227e-02, 1.9633220911e-01, 8.0842031232e-02, 9.0025542308e-02), 3.0750560385e-04,
)  # fmt: skip
MISRA1A = (
    misra, MISRA_X, MISRA_Y, (2.3894212918e02, 5.5015643181e-04), (2.7070075241, 7.2668688436e-06),
    1.2455138894e-01,
)  # fmt: skip


@pytest.mark.parametrize(
    ("problem", "start"),
    [
        (LANCZOS3, (1.2, 0.3, 5.6, 5.5, 6.5, 7.6)),
        (LANCZOS3, (0.5, 0.7, 3.6, 4.2, 4.0, 6.3)),
        (MGH09, (25.0, 39.0, 41.5, 39.0)),
        (MGH09, (0.25, 0.39, 0.415, 0.39)),
        (MISRA1A, (500.0, 1e-4)),
        (MISRA1A, (250.0, 5e-4)),
    ],
)
def test_certified_parameters_and_errors_come_back_from_both_starts(problem, start):
    function, x, y, certified, errors, squares = problem
    found = maximise(
        lambda b: function(np.array(x), b), np.array(y), np.array(start), likelihood="least squares"
    )
    assert found.converged
    assert found.theta == pytest.approx(certified, rel=1e-5)
    assert np.sqrt(np.diag(found.covariance)) == pytest.approx(errors, rel=1e-4)
    assert found.deviance == pytest.approx(squares, rel=1e-7)


# -- honest errors

BINS, WIDTH, PERIOD = 250, 4e-5, 1e-2
TIME = np.arange(BINS) * WIDTH
IRF = np.exp(-0.5 * ((np.arange(BINS) - 10) / 2.0) ** 2)
IRF /= IRF.sum()


def theta(*numbers: float) -> np.ndarray:
    """Amplitudes, times and β as logarithms; r and background as they are."""
    return np.array([x if kind == "=" else np.log(x) for kind, x in numbers])


def logs(*values):
    return [("ln", value) for value in values]


TRUTHS = {
    "mono": (MONO, theta(*logs(500, 1e-3), ("=", 2.0)), None),
    "bi": (BI, theta(*logs(500, 3e-4, 200, 1.5e-3), ("=", 2.0)), None),
    "stretched": (STRETCHED, theta(*logs(500, 8e-4, 0.7), ("=", 2.0)), None),
    "rise": (RISE, theta(*logs(800, 1e-3), ("=", 0.9), *logs(2e-4), ("=", 2.0)), None),
    "response": (MONO, theta(*logs(500, 1e-3), ("=", 2.0)), IRF),
    "rise and response": (RISE, theta(*logs(800, 1e-3), ("=", 0.9), *logs(2e-4), ("=", 2.0)), IRF),
}


def expected(model: Model, true: np.ndarray, response=None) -> np.ndarray:
    return model.expected(true, Decay(TIME, np.ones(BINS), period=PERIOD, response=response))


@pytest.mark.parametrize("name", TRUTHS)
def test_errors_of_lifetimes_are_honest(name):
    model, true, response = TRUTHS[name]
    mean = expected(model, true, response)
    pulls = []
    for seed in range(50):
        counts = np.random.default_rng(seed).poisson(mean).astype(float)
        best = fit_decay(Decay(TIME, counts, period=PERIOD, response=response), [model])[0]
        pairs = [
            *zip(best.lifetimes, model.lifetimes(true), strict=True),
            (best.lifetime, model.mean_lifetime(true)),
        ]
        pairs += [(best.beta, model.beta(true))] if model.stretched else []
        pairs += [(best.rise_time, model.rise_time(true))] if model.rise else []
        pulls.append([(value - right) / error for (value, error), right in pairs])
    assert np.abs(np.mean(pulls, axis=0)).max() <= 0.4
    deviations = np.std(pulls, axis=0, ddof=1)
    assert deviations.min() >= 0.75
    assert deviations.max() <= 1.3


@pytest.mark.parametrize("name", ["mono", "bi", "stretched", "rise"])
def test_the_right_model_is_chosen_nearly_always(name):
    model, true, _ = TRUTHS[name]
    mean = expected(model, true)
    chosen = [
        fit_decay(Decay(TIME, np.random.default_rng(seed).poisson(mean).astype(float), period=PERIOD))[
            0
        ].model
        for seed in range(3)
    ]
    assert chosen.count(model) >= 2


def test_least_squares_of_few_counts_would_be_biased_and_likelihood_is_not():
    model, true = MONO, theta(*logs(6, 1e-3), ("=", 0.2))
    mean = expected(model, true)
    likely, squares = [], []
    for seed in range(40):
        counts = np.random.default_rng(seed).poisson(mean).astype(float)
        likely.append(fit_decay(Decay(TIME, counts, period=PERIOD), [model])[0].lifetime[0])
        seen = counts > 0
        slope = np.polyfit(TIME[seen], np.log(counts[seen]), 1, w=np.sqrt(counts[seen]))[0]
        squares.append(-1 / slope)
    error = np.std(likely) / np.sqrt(len(likely))
    assert abs(np.mean(likely) - 1e-3) < 3 * error
    assert np.mean(squares) > 1.3e-3


def test_a_component_that_noise_pretends_is_not_believed():
    """AIC alone would take a stretched exponential in one of six runs."""
    mean = expected(*TRUTHS["mono"][:2])
    by_aic = 0
    for seed in range(30):
        counts = np.random.default_rng(seed).poisson(mean).astype(float)
        fits = fit_decay(Decay(TIME, counts, period=PERIOD), [MONO, STRETCHED])
        assert fits[0].model == MONO
        by_aic += min(fits, key=lambda fit: fit.aic).model != MONO
    assert by_aic > 0


def test_light_left_from_the_pulse_before_is_not_taken_for_this_ones():
    true = theta(*logs(20_000, 8e-4, 0.8), ("=", 50.0))
    short = 4e-3
    bins = int(short / WIDTH)
    mean = STRETCHED.expected(true, Decay(TIME[:bins], np.ones(bins), period=short))
    known, ignored = (
        fit_decay(Decay(TIME[:bins], mean, period=period), [STRETCHED])[0] for period in (short, np.inf)
    )
    assert known.lifetime[0] == pytest.approx(STRETCHED.mean_lifetime(true), rel=1e-3)
    assert ignored.lifetime[0] > 1.01 * known.lifetime[0]


def test_a_background_from_the_dark_narrows_the_error():
    mean = expected(*TRUTHS["bi"][:2])
    counts = np.random.default_rng(3).poisson(mean).astype(float)
    free = fit_decay(Decay(TIME[:75], counts[:75], period=PERIOD), [BI])[0]
    known = fit_decay(Decay(TIME[:75], counts[:75], period=PERIOD, dark=(20_000.0, 10_000.0)), [BI])[0]
    assert known.background[0] == pytest.approx(2.0, abs=0.05)
    assert known.lifetimes[1][1] < 0.8 * free.lifetimes[1][1]


# -- measured decays


def counted(name: str) -> Decay:
    """As photons: some files give shares of the highest bin."""
    path = DECAYS / f"decay_{name}.txt"
    if not path.is_file():
        pytest.skip("the measured decays are not here")
    time, values = np.loadtxt(path).T
    positive = values[values > 0]
    units = (positive.min() / k for k in range(1, 13))
    unit = next((u for u in units if np.abs(positive / u - np.round(positive / u)).max() < 2e-3), 1.0)
    return Decay(np.linspace(0.0, time[-1] - time[0], len(time)), np.round(values / unit))


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("Tm_1G4_exc_Vis_473_0.0Yb_0.1Tm", 0.98 * 0.745e-3, 1.02 * 0.745e-3),
        ("Tm_1G4_exc_Vis_473_0.0Yb_2.0Tm", 0.24e-3, 0.30e-3),
        ("Tm_1D2_exc_Vis_473_0.0Yb_0.1Tm", 0.30e-3, 0.40e-3),
        ("Tm_1G4_exc_NIR_980_25.0Yb_0.3Tm", 0.75e-3, 1.10e-3),
        ("Tm_3H4_exc_NIR_980_25.0Yb_0.3Tm", 1.85e-3, 2.30e-3),
    ],
)
def test_measured_decays_have_sensible_lifetimes(name, low, high):
    best = fit_decay(counted(name))[0]
    value, error = best.lifetime
    assert low < value < high
    assert error < 0.05 * value
    assert best.model.rise == ("NIR" in name or "1D2" in name)


# -- what the counter hides


def piled_up(photons: float, lifetime: float, cycles: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Time and counts of a counter that keeps the first photon of each cycle; s and counts."""
    time = np.arange(500) * 1e-10
    mean = photons * -np.diff(np.exp(-np.append(time, time[-1] + 1e-10) / lifetime))
    chances = -np.expm1(-mean) * np.exp(-(np.cumsum(mean) - mean))
    missed = 1 - chances.sum()
    counts = np.random.default_rng(seed).multinomial(int(cycles), [*chances, missed])[:-1]
    return time, counts.astype(float)


def test_pile_up_at_half_a_photon_per_pulse_biases_and_is_put_right():
    cycles, right = 1e6, 5e-9
    pulls, wrong = [], []
    for seed in range(50):
        time, counts = piled_up(0.5, right, cycles, seed)
        naive = fit_decay(Decay(time, counts, period=5e-8), [MONO])[0].lifetime
        live = live_share(counts, cycles, 1000)
        value, error = fit_decay(Decay(time, counts, live, period=5e-8), [MONO])[0].lifetime
        pulls.append((value - right) / error)
        wrong.append(naive[0])
    assert np.mean(wrong) < 0.93 * right
    assert abs(np.mean(pulls)) <= 0.4
    assert 0.75 <= np.std(pulls, ddof=1) <= 1.3


@pytest.mark.parametrize("dead_bins", [0.4, 3.0, 40.0])
def test_dead_time_is_put_right_whether_shorter_than_a_bin_or_longer(dead_bins):
    """A counter that wakes again, simulated cycle by cycle."""
    rng, cycles, bins, rate = np.random.default_rng(5), 40_000, 200, 0.03
    counts = np.zeros(bins)
    photons = np.cumsum(rng.exponential(1 / rate, (cycles, 40)), axis=1)
    asleep = np.full(cycles, -np.inf)
    for arrival in photons.T:
        seen = (arrival >= asleep) & (arrival < bins)
        np.add.at(counts, arrival[seen].astype(int), 1)
        asleep[seen] = arrival[seen] + dead_bins
    live = live_share(counts, cycles, dead_bins)
    settled = slice(3 * int(np.ceil(dead_bins)) + 1, None)
    assert (counts / live)[settled].mean() == pytest.approx(rate * cycles, rel=0.01)
    assert live[settled].max() < 1


def test_nothing_is_lost_without_dead_time():
    assert live_share(np.array([0.0, 5.0, 3.0]), 10.0, 0.0) == pytest.approx(1.0)


# -- definitions without a model


@pytest.mark.parametrize("name", ["mono", "bi", "rise"])
def test_times_without_a_model_have_honest_errors(name):
    model, true, _ = TRUTHS[name]
    mean = 2 * (expected(model, true) - true[-1]) + 8.0
    grid = np.linspace(0, 8e-3, 80_001)
    light = -np.gradient(model.to_come(true, grid), grid)
    right = [f(grid, light) for f in (tail(0.3, 0.01), to_one_over_e, rise_to_peak)]
    scale = {"mono": 5e-4, "bi": 1.5e-4, "rise": 1.6e-4}[name]
    ones = np.ones(BINS)
    pulls = []
    for seed in range(50):
        rng = np.random.default_rng(seed)
        counts = rng.poisson(mean).astype(float)
        level = 8.0 + 0.1 * rng.standard_normal()
        shown = Counted(TIME, counts, ones, (level, 0.1), scale)[: 145 if name != "bi" else 205]
        found = measured(shown, tail(0.3, 0.01), to_one_over_e, rise_to_peak)
        pulls.append([(value - x) / error for (value, error), x in zip(found, right, strict=True)])
    for column, x in zip(np.transpose(pulls), right, strict=True):
        if np.isfinite(x) and x > 0:
            assert abs(column.mean()) <= 0.6
            assert 0.7 <= column.std(ddof=1) <= 1.4


def test_the_mean_arrival_time_of_one_exponential_is_its_lifetime():
    mean = expected(*TRUTHS["mono"][:2]) * 10
    pulls = []
    for seed in range(50):
        counts = np.random.default_rng(seed).poisson(mean).astype(float)
        value, error = mean_arrival(Counted(TIME, counts, np.ones(BINS), (20.0, 0.0), 1e-4))
        pulls.append((value - 1e-3) / error)
    assert abs(np.mean(pulls)) <= 0.4
    assert 0.75 <= np.std(pulls, ddof=1) <= 1.3


# -- a whole run


def recorded(counts, *, dark=None, irf=None, share=1.0, width=1e-4, triggers=1e6, **parameters) -> xr.Dataset:
    """One point of a run."""
    channels = {
        "decay": (("point", "decay_time"), counts[None]),
        "triggers": ("point", [triggers]),
        "bin_width": ("point", [WIDTH]),
        "dead_time": ("point", [2e-8]),
        "gated": ("point", np.array([width > WIDTH], "i1")),
        "pulse_period": ("point", [PERIOD]),
        "power_share": ("point", [share]),
    }
    for name, values in (("decay_dark", dark), ("irf", irf)):
        if values is not None:
            channels[name] = (("point", "decay_time"), values[None])
            channels[f"triggers_{name.removeprefix('decay_')}"] = ("point", [triggers])
    coordinates = {"decay_time": TIME, "pulse_width": ("point", [width])}
    return xr.Dataset(channels, coordinates, {"parameters": {"band": "green", **parameters}})


def test_a_run_gives_lifetime_with_every_definition_and_a_figure():
    true = theta(*logs(2000, 1e-3), ("=", 2.0))
    counts = np.random.default_rng(1).poisson(expected(MONO, true)).astype(float)
    counts = np.concatenate([np.full(4, 2000.0), counts[:-4]])  # a pulse of four bins
    found = analyse(recorded(counts, dark=np.full(BINS, 2.0)))
    for quantity in (
        "lifetime",
        "lifetime 1",
        "lifetime of the tail",
        "lifetime to 1/e",
        "mean arrival time",
    ):
        one = found.find(quantity, "green")
        assert one.unit == "s"
        assert abs(one.value - 1e-3) < 4 * one.stderr < 2e-4
    assert "mono-exponential" in found.find("lifetime", "green").note
    assert found.warnings == []
    assert len(found.details["models"]) == len(MODELS)
    assert found.figure is not None
    assert len(found.figure().axes) == 2


def test_the_definition_asked_for_is_called_lifetime():
    true = theta(*logs(3000, 3e-4, 800, 1.5e-3), ("=", 2.0))
    counts = np.random.default_rng(2).poisson(expected(BI, true)).astype(float)
    run = recorded(counts, width=1e-13)
    by = {
        name: analyse(run, definition=name).find("lifetime", "green").value
        for name in ("model", "tail", "1/e")
    }
    assert by["1/e"] < by["model"] < by["tail"]
    in_file = recorded(counts, width=1e-13, definition="tail")
    assert analyse(in_file).find("lifetime", "green").value == by["tail"]


def test_a_response_is_folded_in_and_a_rise_within_it_not_taken_for_the_samples():
    response = np.random.default_rng(3).poisson(1e5 * IRF).astype(float)
    true = theta(*logs(3000, 5e-4), ("=", 2.0))
    counts = np.random.default_rng(4).poisson(expected(MONO, true, IRF)).astype(float)
    found = analyse(recorded(counts, irf=response, dark=np.zeros(BINS), width=1e-13))
    one = found.find("lifetime", "green")
    assert "with rise" not in one.note
    assert abs(one.value - 5e-4) < 3 * one.stderr < 3e-5


def brief(lifetime: float, seed: int, dark: float = 2.0) -> xr.Dataset:
    """A run with pulses every 50 µs."""
    bins, width, period = BINS, 2e-7, 5e-5
    time = np.arange(bins) * width
    rng = np.random.default_rng(seed)
    mean = MONO.expected(theta(*logs(2000, lifetime), ("=", dark)), Decay(time, np.ones(bins), period=period))
    run = recorded(
        rng.poisson(mean).astype(float), dark=rng.poisson(np.full(bins, dark)).astype(float), width=1e-13
    )
    run = run.assign_coords(decay_time=time)
    run["bin_width"][:], run["pulse_period"][:] = width, period
    return run


def test_light_that_outlasts_the_period_is_named_and_that_of_earlier_pulses_known():
    pulls, errors = [], []
    for seed in range(3):
        found = analyse(brief(1e-4, seed))
        one = found.find("lifetime", "green")
        pulls.append((one.value - 1e-4) / one.stderr)
        said = "; ".join(found.warnings)
        assert "must be at least 5" in said
        assert re.search("period: 6[01] % of the highest light is left when the next pulse comes", said)
        errors.append(one.stderr)
    assert np.abs(pulls).max() < 3.5
    assert np.median(errors) < 1e-5  # of the light alone, its level free, 2e-5


def test_a_response_without_light_is_left_out_and_said():
    counts = np.random.default_rng(4).poisson(expected(*TRUTHS["mono"][:2])).astype(float)
    nothing = np.random.default_rng(3).poisson(np.full(BINS, 5.0)).astype(float)
    found = analyse(recorded(counts, irf=nothing, dark=np.full(BINS, 2.0), width=1e-13))
    one = found.find("lifetime", "green")
    assert abs(one.value - 1e-3) < 4 * one.stderr < 1e-4
    assert "instrument response: no light above the background" in "; ".join(found.warnings)


def test_the_error_of_a_lifetime_contains_how_far_models_as_good_are_apart():
    true = theta(*logs(1500, 1e-3, 150, 6e-4), ("=", 0.6), *logs(2e-4), ("=", 2.0))
    mean = Model(exponentials=2, rise=True).expected(true, Decay(TIME, np.ones(BINS), period=PERIOD))
    counts = np.random.default_rng(1).poisson(mean).astype(float)
    fits = fit_decay(Decay(TIME, counts, period=PERIOD))
    exact = [replace(f, estimate=replace(f.estimate, covariance=1e-12 * f.estimate.covariance)) for f in fits]
    value, error, number = averaged(exact, lambda fit: fit.lifetime)
    close = [fit.lifetime[0] for fit in exact if fit.is_distinct and fit.aic < fits[0].aic + 3]
    assert number > 1
    assert min(close) < value < max(close)
    assert 0.1 * np.ptp(close) < error < np.ptp(close)
    assert averaged(fits, lambda fit: fit.lifetime)[1] > fits[0].lifetime[1]


def test_a_model_that_does_not_determine_the_lifetime_has_no_say_in_it():
    mean = Model(exponentials=1).expected(theta(*logs(1500, 1e-3), ("=", 2.0)), Decay(TIME, np.ones(BINS)))
    fits = fit_decay(Decay(TIME, np.random.default_rng(1).poisson(mean).astype(float)))
    vague = replace(fits[0], estimate=replace(fits[0].estimate, covariance=fits[0].estimate.covariance))
    times = {id(fits[0]): (1.0, 0.01), id(vague): (60.0, 3000.0)}
    assert averaged([fits[0], vague], lambda fit: times[id(fit)]) == (1.0, 0.01, 1)


def test_counts_that_no_model_describes_warn_and_times_without_a_model_keep_their_errors():
    """Four steps, one after the other."""
    middle = TIME + WIDTH / 2
    shape = (middle / 8e-4) ** 3 * np.exp(3 - 3 * middle / 8e-4)
    risen = float(np.interp(1 - np.exp(-1), shape[:20], middle[:20]))
    for seed in range(2):
        rng = np.random.default_rng(seed)
        counts = rng.poisson(5000 * shape + 5.0).astype(float)
        run = recorded(counts, dark=rng.poisson(np.full(BINS, 5.0)).astype(float), width=1e-13)
        run["gated"][:] = 1
        found = analyse(run)
        said = "; ".join(found.warnings)
        assert "none of the models is right" in said
        assert "believe the counts" in said
        for name, right in (
            ("rise time to 63 %", risen),
            ("mean arrival time", middle @ shape / shape.sum()),
        ):
            one = found.find(name, "green")
            assert abs(one.value - right) < 3.5 * one.stderr < 0.03 * right
        assert found.find("lifetime", "green").stderr > 2e-5


def test_a_dead_time_that_is_not_known_exactly_is_in_the_error():
    triggers, dead_bins = 3e5, 0.8
    rate = (expected(MONO, theta(*logs(6e4, 1e-3), ("=", 2.0)))) / triggers
    seen = np.random.default_rng(1).poisson(triggers * rate / (1 + dead_bins * rate)).astype(float)
    run = recorded(seen, dark=np.full(BINS, 2.0), width=1e-13, triggers=triggers)
    run["dead_time"][:] = dead_bins * WIDTH
    counted = fit_decay(decay_of(histogram_of(run)), [MONO])[0].lifetime[1]
    one = analyse(run).find("lifetime", "green")
    assert abs(one.value - 1e-3) < 3 * one.stderr
    assert one.stderr > 1.5 * counted


def test_doubtful_runs_say_what_is_wrong():
    true = theta(*logs(2000, 4e-3), ("=", 2.0))
    counts = np.random.default_rng(1).poisson(expected(MONO, true)).astype(float)
    said = "; ".join(analyse(recorded(counts, dark=np.zeros(BINS), width=1e-13, share=0.1)).warnings)
    assert "2.5 lifetimes; must be at least 5" in said
    assert "turned down to 10 %" in said
    shorter = np.random.default_rng(1).poisson(expected(*TRUTHS["mono"][:2])).astype(float)
    assert "without; light leaks" in analyse(recorded(shorter, dark=np.zeros(BINS), width=1e-13)).warnings[0]
    piled = recorded(counts, width=1e-13, triggers=1e6)
    piled["dead_time"][:] = 1.0
    assert "pile-up: " in "; ".join(analyse(piled).warnings)


def test_a_run_without_a_decay_is_refused():
    with pytest.raises(AnalysisError, match="not all zero"):
        analyse(recorded(np.zeros(BINS), width=1e-13))
    with pytest.raises(AnalysisError, match="no histogram without light"):
        analyse(recorded(np.ones(BINS), width=1e-13), background="dark")


def test_counts_that_show_no_course_are_told_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    from antistokes.analysis.decay_times import Counted, curve_through

    solve, calls = np.linalg.solve, iter([True])

    def only_once(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        if next(calls, False):
            return solve(a, b)
        raise np.linalg.LinAlgError("Singular matrix")

    monkeypatch.setattr(np.linalg, "solve", only_once)
    time = np.arange(200) * 1e-6
    counted = Counted(time, np.full(200, 2.0), np.ones(200), (0.1, 0.1), 1e-5)
    with pytest.raises(AnalysisError, match="400 counts show no course in time; needs more light or time"):
        curve_through(counted)


@pytest.mark.parametrize("seed", range(8))
def test_counts_alike_at_all_times_give_no_lifetime(seed: int) -> None:
    counts = np.random.default_rng(seed).poisson(np.full(BINS, 20.0)).astype(float)
    with pytest.raises(AnalysisError, match="no light that decays|describes it"):
        analyse(recorded(counts))
