"""The longitudinal posterior against the package's own PyMC model of the trial, sampled with NUTS.

NUTS samples patients' effects and all; of its draws only the SDs are used for the probability, with the
effect integrated out by a dense model (Rao-Blackwell), so that a few thousand draws are enough.
"""

from __future__ import annotations

import numpy as np
import pytest
from arviz_stats.base import array_stats
from longitudinal_trials import FLAT, SCALES, SHAPE, arms, dense, leaving, records, unseen
from scipy import special

from ra_bayes.errors import RaBayesError
from ra_bayes.inference.nuts_trial import sample_trial
from ra_bayes.model.trial import trial_data
from ra_bayes.planning.longitudinal.patterns import pattern_posterior
from ra_bayes.planning.longitudinal.posterior import effect_posterior, with_prior
from ra_bayes.planning.longitudinal.statistics import statistics

NAMES = ("baseline_sd", "response_sd", "correlation", "residual_sd")
PRIORS = {"baseline_sd": SCALES["level_sd"]} | {name: SCALES[name] for name in NAMES[1:]}
AT = -8.0


@pytest.mark.mcmc
def test_nuts_on_the_packages_own_model_gives_the_same_posterior_probability() -> None:
    """Monotone, with a prior of the effect, and with missed visits: one compiled model for all three."""
    rng = np.random.default_rng(1)
    arm = arms(8, 8)
    y, seen = records(rng, arm, 3), leaving(rng, 3, 16)
    trials = unseen(y, seen)
    trials[2][rng.random((16, 4)) < 0.15] = np.nan
    for case, effect in ((0, None), (1, (0.0, 15.0)), (2, None)):
        draws = sample_trial(trials[case], arm, SHAPE, PRIORS, effect, seed=case, draws=1500, cores=2)
        assert int(draws.stats["diverging"].sum()) == 0
        sds = np.stack([draws.scales[name].ravel() for name in NAMES], axis=1)[::5]
        known = np.array([dense(trials[case], arm, tuple(each))[1:] for each in sds])
        mean, variance = known.T
        if effect is not None:
            _, mean, variance = (
                each[0] for each in with_prior(np.ones((1, 1)), mean[None], variance[None], effect)
            )
        chance = special.ndtr((mean - AT) / np.sqrt(variance))
        if case < 2:
            data = statistics(y[case : case + 1], seen[case], arm)
            found = effect_posterior(data, SHAPE, FLAT).probability(AT, effect)[0]
        else:
            found = pattern_posterior(trials[2], arm, SHAPE, FLAT).probability(AT)[0]
        error = chance.std() / np.sqrt(chance.size)
        assert found == pytest.approx(chance.mean(), abs=0.002 + 5.0 * error)
        above = (draws.effect > AT).astype(float)
        assert found == pytest.approx(above.mean(), abs=4.5 * float(array_stats.mcse(above)))


def test_a_trial_without_records_is_refused() -> None:
    with pytest.raises(RaBayesError, match="no records"):
        trial_data(np.full((2, 2), np.nan), np.zeros(2), np.array([0.0, 1.0]), PRIORS, None)
