"""Models fitted to counts: honest errors, which model is believed, what several of them say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from antistokes.analysis.decay_fit import averaged, fit_decay
from antistokes.analysis.decay_models import MODELS, Decay, Model

MONO, STRETCHED, BI, RISE = MODELS[:4]

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
            (best.lifetime, model.lifetime(true)),
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
    assert known.lifetime[0] == pytest.approx(STRETCHED.lifetime(true), rel=1e-3)
    assert ignored.lifetime[0] > 1.01 * known.lifetime[0]


def test_a_background_from_the_dark_narrows_the_error():
    mean = expected(*TRUTHS["bi"][:2])
    counts = np.random.default_rng(3).poisson(mean).astype(float)
    free = fit_decay(Decay(TIME[:75], counts[:75], period=PERIOD), [BI])[0]
    known = fit_decay(Decay(TIME[:75], counts[:75], period=PERIOD, dark=(20_000.0, 10_000.0)), [BI])[0]
    assert known.background[0] == pytest.approx(2.0, abs=0.05)
    assert known.lifetimes[1][1] < 0.8 * free.lifetimes[1][1]


def test_the_error_of_a_lifetime_contains_how_far_models_as_good_are_apart():
    true = theta(*logs(1500, 1e-3, 150, 6e-4), ("=", 0.6), *logs(2e-4), ("=", 2.0))
    mean = Model(exponentials=2, rise=True).expected(true, Decay(TIME, np.ones(BINS), period=PERIOD))
    counts = np.random.default_rng(1).poisson(mean).astype(float)
    fits = fit_decay(Decay(TIME, counts, period=PERIOD))
    value, error, number = averaged(fits, lambda fit: (fit.lifetime[0], 1e-9))
    close = [fit.lifetime[0] for fit in fits if fit.is_distinct and fit.aic < fits[0].aic + 3]
    assert number > 1
    assert min(close) < value < max(close)
    assert 0.1 * np.ptp(close) < error < np.ptp(close)
    assert averaged(fits, lambda fit: fit.lifetime)[1] > fits[0].lifetime[1]


def test_the_lifetime_is_when_one_e_th_of_the_light_is_to_come_whatever_the_model():
    for model, true, _ in list(TRUTHS.values())[:4]:
        falling = Model(model.exponentials, model.stretched)
        parameters = np.delete(true, [-3, -2]) if model.rise else true
        left = falling.to_come(parameters, np.array([0.0, model.lifetime(true)]))
        assert left[1] == pytest.approx(left[0] / np.e)
    assert MONO.lifetime(TRUTHS["mono"][1]) == pytest.approx(1e-3)


def test_light_that_might_be_background_hardly_moves_the_lifetime():
    slow = BI.lifetime(theta(*logs(500, 1e-3, 1, 2e-2), ("=", 2.0)))
    assert slow == pytest.approx(1e-3, rel=0.07)  # ∫tI/∫I is 1.7 ms


@pytest.mark.parametrize("name", ["mono", "bi", "rise"])
def test_no_run_has_an_error_far_above_that_of_the_others(name):
    model, true, _ = TRUTHS[name]
    mean = expected(model, true)
    found = []
    for seed in (7, 8, 9, 7021) if name == "mono" else (7, 8):
        counts = np.random.default_rng(seed).poisson(mean).astype(float)
        found.append(averaged(fit_decay(Decay(TIME, counts, period=PERIOD)), lambda fit: fit.lifetime))
    values, errors, _ = np.transpose(found)
    assert errors.max() < 5 * np.median(errors)
    assert np.abs((values - model.lifetime(true)) / errors).max() < 3.5


def test_seeds_and_models_agree_within_the_error_where_no_model_is_right():
    """Light that comes in four steps."""
    middle = TIME + WIDTH / 2
    shape = (middle / 8e-4) ** 3 * np.exp(3 - 3 * middle / 8e-4)
    found = []
    for seed in (1, 2):
        counts = np.random.default_rng(seed).poisson(5000 * shape + 5.0).astype(float)
        fits = fit_decay(Decay(TIME, counts, period=PERIOD))
        assert fits[0].excess > 5
        found.append(averaged(fits, lambda fit: fit.lifetime)[:2])
        likely = min(fits, key=lambda fit: fit.estimate.deviance)
        assert abs(likely.lifetime[0] - found[-1][0]) < 2 * found[-1][1]
    values, errors = np.transpose(found)
    assert np.ptp(values) < 3 * errors.min()
    assert (errors / values).min() > 0.02


def test_a_model_that_does_not_determine_the_lifetime_has_no_say_in_it():
    mean = Model(exponentials=1).expected(theta(*logs(1500, 1e-3), ("=", 2.0)), Decay(TIME, np.ones(BINS)))
    fits = fit_decay(Decay(TIME, np.random.default_rng(1).poisson(mean).astype(float)))
    vague = replace(fits[0], estimate=replace(fits[0].estimate, covariance=fits[0].estimate.covariance))
    times = {id(fits[0]): (1.0, 0.01), id(vague): (60.0, 3000.0)}
    assert averaged([fits[0], vague], lambda fit: times[id(fit)]) == (1.0, 0.01, 1)
