"""A joint page as a PyMC script: the density of the built model, outcome by outcome and what ties them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from joint_cohorts import BINARY, WEEKS, cohort, joint, outcome, pages, priors, two
from numpy.typing import NDArray
from pages import spec
from scipy import special
from test_joint_pieces import PIECES, arms_and_covariates, the_cohort
from test_joint_records import MATRIX
from test_script import density, natural, run, shipped

from ra_bayes.cli import main
from ra_bayes.cohort import Cohort
from ra_bayes.errors import RaBayesError
from ra_bayes.model import JointModel, ModelSpec, list_joint_models, load_joint_model
from ra_bayes.model.joint_build import build_joint
from ra_bayes.model.joint_draws import draw_joint_prior
from ra_bayes.model.joint_structure import JointRecords, make_joint_records
from ra_bayes.model.joint_ties import lkj_factor
from ra_bayes.model.namespace import NUMPY
from ra_bayes.model.priors import raw_name
from ra_bayes.model.script import as_pymc_script
from ra_bayes.model.script_priors import own_response

type Array = NDArray[np.float64]

_LOG = 0.5 * float(np.log(2.0 * np.pi))


class Moved:
    """A raw point of the built model, moved to what the script samples outcome by outcome.

    ``change`` is the log density that the script's point lacks beside the built model's: the derivative of
    the one in the other, and the density of what the built model samples though it says nothing.
    """

    def __init__(self, records: JointRecords, raw: dict[str, Array]) -> None:
        self.records, self.raw, self.joint = records, raw, records.joint
        self.n, self.measured, self.all = len(records.patients), records.measured, len(records.pages)
        self.sign = np.array([page.benefit_sign for page in records.pages], dtype=float)
        self.point: dict[str, Any] = {}
        self.change = 0.0
        if records.matrix:
            self.matrix()
        else:
            self.a = self.factor("loading", "responder_factor", self.sign)
            self.c = self.factor("baseline_loading", "baseline_factor", self.sign[: self.measured])
        if self.joint.related:
            self.point |= {
                f"{kind}common_step": raw[f"{kind}related_step"]
                for kind in ("", "effect_")
                if f"{kind}related_step" in raw
            }
        for place in range(self.all):
            self.outcome(place)

    def idle(self, each: Array) -> None:
        """Count standard normals that the script does not have."""
        self.change += float((-0.5 * np.square(each) - _LOG).sum())

    def matrix(self) -> None:
        raw, size = self.raw, 2 * self.all
        factor = lkj_factor(raw["partial_u"], size, NUMPY, np.concatenate)
        self.scores = factor @ np.concatenate([raw["patient_level_z"], raw["patient_score_z"]])
        self.point |= {"factor": factor, "scores": self.scores.T}
        self.change += self.n * np.log(np.diag(factor)).sum()
        for i, j in zip(*np.tril_indices(size, -1), strict=True):
            # dL_ij / du_ij: twice what the columns before leave of the row.
            self.change += np.log(2.0) + 0.5 * np.log(1.0 - (factor[i, :j] ** 2).sum())

    def factor(self, name: str, factor: str, sign: Array) -> Array:
        """The signed loadings."""
        prior, raw = getattr(self.joint, name), self.raw[f"{name}_z"]
        own = [page.binary or own_response(page) for page in self.records.pages]
        tied = (sign != 0.0) & (np.array(own) if name == "loading" else True) & (prior is not None)
        self.idle(raw[~tied])
        if not tied.any():
            self.idle(self.raw[factor])
            return np.zeros_like(sign)
        probit = prior.numbers[0] + prior.numbers[1] * raw
        self.point |= {f"{name}_probit": probit[tied], factor: self.raw[factor]}
        self.change += tied.sum() * np.log(prior.numbers[1])
        return np.where(tied, sign * special.ndtr(probit), 0.0)

    def own(self, place: int) -> dict[str, Array]:
        """What the built model samples of one outcome, under the names that a fit of it alone has."""
        common = ("baseline_mean_z", "baseline_sd_z", "response_sd_z", "correlation_u", "residual_sd_z")
        own = {name: self.raw[name][place] for name in common}
        several = [(f"{k}_", range(self.all)[kind.places]) for k, kind in enumerate(self.records.kinds)]
        several += [(f"noise{k}_", noise.places) for k, noise in enumerate(self.records.noises)]
        several += [(f"chain{k}_", chain.places) for k, chain in enumerate(self.records.chains)]
        for start, places in several:
            if place in places:
                at = list(places).index(place)
                own |= {
                    name.removeprefix(start): each[at]
                    for name, each in self.raw.items()
                    if name.startswith(start)
                }
        for c, each in enumerate(self.records.covariates):
            if each.place == place:
                own[raw_name(each.covariate.parameter)] = self.raw["covariate_z"][c]
        return own

    def related(self, page: ModelSpec, sign: float, own: dict[str, Array]) -> None:
        gaps = np.diff(np.minimum(self.records.weeks, page.reference_week))
        share = self.joint.related * sign**2
        for kind in ("", "effect_"):
            step = self.raw.get(f"{kind}related_step")
            if step is None:
                continue
            common = (np.sqrt(gaps / gaps.sum()) * step).sum()
            moved = {f"{kind}change_z": common, f"{kind}bend_1_z": common, f"{kind}walk_step": step}
            if page.binary and not kind:
                moved = {"baseline_mean_z": common}
            for name in own.keys() & moved.keys():
                own[name] = sign * np.sqrt(share) * moved[name] + np.sqrt(1.0 - share) * own[name]
                self.change += np.size(own[name]) * 0.5 * np.log(1.0 - share)

    def composed(self, loading: float, factor: str, own: Array) -> Array:
        self.change += self.n * 0.5 * np.log(1.0 - loading**2)
        return np.asarray(loading * self.raw[factor] + np.sqrt(1.0 - loading**2) * own)

    def patients(self, place: int, page: ModelSpec, own: dict[str, Array]) -> None:
        """Compose the standard normal scores of level and of response given the level."""
        if self.records.matrix:
            own["patient_level_z"], own["patient_response_z"] = (
                self.scores[place],
                self.scores[self.all + place],
            )
        elif page.binary:
            rate = self.raw["rate_level_z"][place - self.measured]
            own["patient_level_z"] = self.composed(self.a[place], "responder_factor", rate)
            own["patient_response_z"] = np.zeros(self.n)
        else:
            u, w = self.raw["patient_level_z"][place], self.raw["patient_response_z"][place]
            own["patient_level_z"] = self.composed(self.c[place], "baseline_factor", u)
            own["patient_response_z"] = self.composed(self.a[place], "responder_factor", w)
            if not own_response(page):
                self.idle(w)

    def outcome(self, place: int) -> None:
        page, own = self.records.pages[place], self.own(place)
        if self.joint.related:
            self.related(page, self.sign[place], own)
        self.patients(place, page, own)
        found, log_slope = natural(page, self.records.grids[place], own)
        self.change += log_slope
        if self.records.matrix:
            # Levels and responses are scores in the script.
            sds = [found["baseline_sd"]]
            if found.pop("patient_response", None) is not None:
                rho = 2.0 * found["correlation_u"] - 1.0
                sds.append(found["response_sd"] * np.sqrt(1.0 - rho**2))
            self.change -= self.n * np.log(sds).sum()
            del found["patient_level"]
        if self.records.matrix or not own_response(page):
            self.change += float(page.prior("correlation").log_density(found.pop("correlation_u")))
        for prior in page.priors:
            if prior.fixed:
                self.idle(own[f"{prior.parameter.name}_z"])
        if "residual_sd" not in {prior.parameter.name for prior in page.priors}:
            self.idle(own["residual_sd_z"])
        median, sd = self.joint.placebo(page.outcome.id)
        if sd:
            found["placebo_response"] = median + sd * self.raw["placebo_z"][place]
            self.change += np.log(sd)
        elif "placebo_z" in self.raw:
            self.idle(self.raw["placebo_z"][place])
        self.point |= {f"{page.outcome.id}::{name}": each for name, each in found.items()}


def assert_same_density(model: JointModel, of: Cohort, outcomes: tuple[str, ...]) -> str:
    records = make_joint_records(model, of, outcomes)
    script = as_pymc_script(model, of, outcomes)
    scripted, built = density(run(script)["model"]), density(build_joint(records, "non-centred"))
    drawn = draw_joint_prior(records, 3, np.random.default_rng(5))
    for k, chain in enumerate(records.chains):
        if chain.cells:
            shape = 3, len(chain.places), *records.grids[0].shape
            drawn[f"chain{k}_residual_z"] = np.random.default_rng(6).normal(size=shape)
    for k in range(3):
        raw = {name: np.asarray(each[k]) for name, each in drawn.items()}
        moved = Moved(records, raw)
        assert scripted(moved.point) + moved.change == pytest.approx(built(raw), rel=0.0, abs=1e-5)
    return script


@pytest.mark.parametrize("name", list_joint_models())
def test_a_shipped_joint_page_has_the_built_models_density(name: str) -> None:
    # Normal records, records below a limit of quantification, and yes or no.
    script = assert_same_density(load_joint_model(name), shipped(), ("vas", "il10", "acr20"))
    assert "pm.Censored" in script
    assert "pm.Bernoulli" in script


def made(of: dict[str, ModelSpec], *, censored: bool = False) -> Cohort:
    rng = np.random.default_rng(1)
    values = {}
    for name, page in of.items():
        values[name] = rng.uniform(5.0, 15.0, (3, len(WEEKS))) if not page.binary else np.eye(3, len(WEEKS))
        if page.binary:
            values[name][:, 0] = np.nan
        elif censored:
            values[name][1, 2] *= -1.0
    next(iter(values.values()))[2, 1] = np.nan
    return cohort(values, of)


def met() -> ModelSpec:
    fixed = {"residual_sd": {"fixed": 1.0}, "response_sd": {"fixed": 0.0}, "correlation": None}
    numbers: dict[str, Any] = {
        "baseline_mean": {"median": 0.3, "sd": 0.5},
        "baseline_sd": {"median": 0.8, "sdlog": 0.4},
    }
    return spec("visits", outcome=BINARY, priors={**fixed, **numbers}, link="probit")


def test_a_matrix_of_correlations_has_the_built_models_density() -> None:
    of = {**two("linear"), **pages(met())}
    script = assert_same_density(joint(of, **MATRIX), made(of, censored=True), tuple(of))
    assert 'pm.LKJCorr("factor", n=6, eta=1.5)' in script


@pytest.mark.parametrize("trajectory", ["visits", "piecewise"])
def test_related_effects_have_the_built_models_density(trajectory: str) -> None:
    of = {**two(trajectory), **pages(met())}
    model = joint(of, related={"correlation": 0.4}, **priors())
    assert "relatedness = 0.4" in assert_same_density(model, made(of), tuple(of))


def test_outcomes_that_nothing_ties_have_the_built_models_density() -> None:
    loose = spec("visits", outcome=outcome("loose", None))
    still = spec(
        "linear", outcome=outcome("still"), priors={"response_sd": {"fixed": 0.0}, "correlation": None}
    )
    of = {**two(), **pages(loose, still)}
    script = assert_same_density(joint(of, **priors()), made(of), tuple(of))
    assert 'responding = ["down", "up"]' in script
    assert 'starting = ["down", "up", "still"]' in script
    nothing = priors(loading={"fixed": 0.0, "why": "a test"}, baseline_loading=None)
    assert "responder_factor" not in assert_same_density(joint(of, **nothing), made(of), tuple(of))


def test_heavy_tails_and_rounded_records_have_the_built_models_density() -> None:
    heavy = spec(
        "onset",
        outcome=outcome("heavy"),
        likelihood="student_t",
        priors={"dof": {"median": 5.0, "sdlog": 0.5}},
        rounding=0.5,
    )
    of = {**two("washout"), **pages(heavy)}
    assert_same_density(joint(of, **priors()), made(of, censored=True), tuple(of))


@pytest.mark.parametrize("piece", PIECES)
def test_every_piece_has_the_built_models_density(piece: Any) -> None:
    """Arms and covariates, residuals in order, categories, counts: tied by factors, effects related."""
    of = piece()
    related = {"related": {"correlation": 0.3}} if piece is arms_and_covariates else {}
    assert_same_density(joint(of, **priors(), **related), the_cohort(of), tuple(of))


def test_names_that_are_no_names_in_python_are_mended() -> None:
    of = pages(*(spec("linear", outcome=outcome(name)) for name in ("a b", "a.b")))
    script = as_pymc_script(joint(of, **priors()), made(of), tuple(of))
    assert {"a_b::change", "a_b_1::change"} <= {each.name for each in run(script)["model"].free_RVs}


def test_a_reviewer_is_told_what_the_joint_page_makes_of_a_prior() -> None:
    script = as_pymc_script(load_joint_model("sceptical"), shipped(), ("vas", "acr20"))
    words = " ".join(script.replace("#", " ").split())
    assert (
        "Here 0.5 times as wide as the outcome's page has it: half of what arms of other trials moved"
        in words
    )
    assert "Here centred on placebo, and 0.5 times as wide" in words
    assert "Synthetic data: no patient was measured." in words
    assert "_z" not in script
    assert "import ra_bayes" not in script


def test_what_a_script_of_a_joint_page_does_not_do_is_said_with_its_mend() -> None:
    model = load_joint_model("wide")
    with pytest.raises(
        RaBayesError, match=r"write outcomes=\(\"vas\", \"sdai\"\) \(published counts need none"
    ):
        as_pymc_script(model, shipped())
    with pytest.raises(
        RaBayesError, match="is of one outcome, vas; leave outcomes out, or take a joint page"
    ):
        as_pymc_script(model.pages["vas"], shipped(), ("vas", "il10"))


def test_the_command_prints_the_script_of_a_joint_page() -> None:
    asked = ["models", "records", "--pymc", "--outcome", "vas", "--outcome", "il10"]
    done = CliRunner().invoke(main, asked)
    assert done.exit_code == 0, done.output
    assert (
        done.stdout.strip() == as_pymc_script(load_joint_model("records"), shipped(), ("vas", "il10")).strip()
    )
    for wrong, mend in (
        (["models", "records", "--pymc"], "write --outcome NAME at least twice"),
        (
            ["models", "vas", "--pymc", "--outcome", "vas", "--outcome", "sdai"],
            "shipped are placebo_informed",
        ),
        (["models", "records", "--outcome", "vas"], "write: ra-bayes models NAME --pymc"),
    ):
        refused = CliRunner().invoke(main, wrong)
        assert refused.exit_code != 0
        assert mend in " ".join(refused.output.split()), refused.output
