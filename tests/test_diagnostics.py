"""The gate: sound draws pass, and each way of failing is found by the check that is meant for it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

from ra_bayes.diagnostics import diagnose
from ra_bayes.errors import RaBayesError
from ra_bayes.tree import with_provenance

CHAINS, DRAWS = 4, 1000
type Arrays = dict[str, np.ndarray]


def sound() -> Arrays:
    """Independent draws, as of a sampler that works, with a mean change that is 0 at its anchor."""
    rng = np.random.default_rng(3)
    change = rng.normal(size=(CHAINS, DRAWS, 4))
    change[..., 0] = 0.0
    return {
        "residual_sd": np.exp(rng.normal(size=(CHAINS, DRAWS))),
        "patient_level": rng.normal(10.0, 2.0, size=(CHAINS, DRAWS, 3)),
        "mean_change": change,
        "diverging": np.zeros((CHAINS, DRAWS), dtype=bool),
        "energy": rng.normal(size=(CHAINS, DRAWS)),
    }


def as_tree(arrays: Arrays, attempts: tuple[str, ...] = ("first: 0 divergences",)) -> xr.DataTree:
    dims = {"patient_level": ("patient",), "mean_change": ("visit",)}
    variables = {name: (("chain", "draw", *dims.get(name, ())), each) for name, each in arrays.items()}
    stats = {name: variables.pop(name) for name in ("diverging", "energy")}
    posterior = xr.Dataset(variables, coords={"patient": ["a", "b", "c"], "visit": [0.0, 4.0, 8.0, 24.0]})
    tree = xr.DataTree.from_dict({"posterior": posterior, "sample_stats": xr.Dataset(stats)})
    return with_provenance(tree, {"attempts": list(attempts)})


def failed(arrays: Arrays) -> dict[str, str]:
    """Checks that failed, each with the variable it blames."""
    verdict = diagnose(as_tree(arrays))
    assert verdict.passed == all(check.passed for check in verdict.checks)
    return {check.name: check.where for check in verdict.checks if not check.passed}


def autocorrelated(x: np.ndarray, phi: float) -> np.ndarray:
    """The same innovations, each value remembering the one before (axis 1), of unit variance."""
    out = x.copy()
    for k in range(1, x.shape[1]):
        out[:, k] = phi * out[:, k - 1] + np.sqrt(1.0 - phi**2) * x[:, k]
    return out


def stick(arrays: Arrays) -> None:
    arrays["residual_sd"][2] = arrays["residual_sd"][2, 0]


def shift(arrays: Arrays) -> None:
    arrays["patient_level"][1, :, 2] += 3.0


def remember(arrays: Arrays) -> None:
    arrays["mean_change"][..., 3] = autocorrelated(arrays["mean_change"][..., 3], 0.97)


def diverge(arrays: Arrays) -> None:
    arrays["diverging"][3, 17] = True


def crawl(arrays: Arrays) -> None:
    # Var of the energy's steps over its variance is 2 (1 - phi): 0.1.
    arrays["energy"] = autocorrelated(arrays["energy"], 0.95)


def crawl_in_one_chain(arrays: Arrays) -> None:
    arrays["energy"][1] = autocorrelated(arrays["energy"], 0.95)[1]


def test_sound_draws_pass() -> None:
    verdict = diagnose(as_tree(sound()))
    assert verdict.passed
    assert [check.name for check in verdict.checks] == [
        "R-hat",
        "bulk ESS",
        "tail ESS",
        "divergences",
        "E-BFMI",
    ]
    values = {check.name: check.value for check in verdict.checks}
    assert 1.0 <= values["R-hat"] < 1.01
    assert 2000 < values["bulk ESS"] < 6000
    assert values["E-BFMI"] == pytest.approx(2.0, abs=0.2)  # independent energies
    assert str(verdict).startswith("gate: passed\n  R-hat 1.0")
    assert "FAIL" not in str(verdict)


@pytest.mark.parametrize(
    ("harm", "checks", "where"),
    [
        (stick, {"R-hat", "tail ESS"}, "residual_sd"),
        (shift, {"R-hat", "bulk ESS"}, "patient_level"),
        (remember, {"R-hat", "bulk ESS"}, "mean_change"),
        (diverge, {"divergences"}, ""),
        (crawl, {"E-BFMI"}, ""),
        (crawl_in_one_chain, {"E-BFMI"}, ""),
    ],
)
def test_each_harm_is_found(harm: Callable[[Arrays], None], checks: set[str], where: str) -> None:
    arrays = sound()
    harm(arrays)
    found = failed(arrays)
    assert checks <= set(found)
    # What has nothing to do with the harm still passes.
    unrelated = {"divergences", "E-BFMI"} if where else {"R-hat", "bulk ESS", "tail ESS"}
    assert not unrelated & set(found)
    assert all(found[name] == where for name in checks)


def test_the_report_says_what_to_do_and_what_was_tried() -> None:
    arrays = sound()
    diverge(arrays)
    text = str(diagnose(as_tree(arrays, ("first: 9 divergences", "second: 1 divergence"))))
    assert text.startswith("gate: FAILED")
    assert "divergences 1, wanted 0: FAIL: the posterior has a corner the sampler cannot enter" in text
    assert text.endswith("  tried in turn:\n    first: 9 divergences\n    second: 1 divergence")


def test_what_is_constant_by_definition_is_not_held_against_a_fit() -> None:
    arrays = sound()
    assert np.ptp(arrays["mean_change"][..., 0]) == 0.0
    arrays["response_shape"] = np.ones((CHAINS, DRAWS))
    assert failed(arrays) == {}


@pytest.mark.parametrize("name", ["patient_level", "mean_change"])
def test_draws_that_are_no_numbers_fail(name: str) -> None:
    arrays = sound()
    arrays[name][1, 5:, -1] = np.nan
    assert {"R-hat", "bulk ESS"} <= set(failed(arrays))


def test_a_tree_of_someone_elses_is_refused() -> None:
    tree = as_tree(sound())
    tree.attrs.clear()
    with pytest.raises(RaBayesError, match="was not made by ra_bayes"):
        diagnose(tree)
