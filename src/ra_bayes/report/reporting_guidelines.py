"""Two reporting guidelines with where each item is answered on the page, or why it is not.

BARG: Kruschke 2021, Bayesian analysis reporting guidelines, Nature Human Behaviour 5:1282, Table 1: a
preamble and six steps, in our own words. Preamble and steps 1 and 2 were held against a copy of that table;
of steps 3 to 6 only what they are about could be checked when this was written. ROBUST: Sung et al. 2005, J
Clin Epidemiol 58:261: seven items, three on the prior (specified, justified, sensitivity), two on the
analysis (model, technique), two on the presentation of results (central tendency, variance), as its
abstract has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["BARG", "BARG_SOURCE", "ROBUST", "ROBUST_SOURCE", "Known", "answered"]

BARG_SOURCE = (
    "Kruschke JK. Bayesian analysis reporting guidelines. Nature Human Behaviour 2021;5:1282-1291, "
    "doi:10.1038/s41562-021-01177-7 (open access: PMC8526359), Table 1; items in our own words"
)
ROBUST_SOURCE = (
    "Sung L, Hayden J, Greenberg ML, Koren G, Feldman BM, Tomlinson GA. Seven items were identified for "
    "inclusion when reporting a Bayesian analysis of a clinical study. J Clin Epidemiol 2005;58:261-268, "
    "doi:10.1016/j.jclinepi.2004.08.010; items in our own words"
)

# Key of the answer, step and item.
BARG: tuple[tuple[str, str, str], ...] = (
    ("why", "Preamble", "why a Bayesian analysis"),
    ("goals", "Preamble", "what the analysis is for"),
    ("variables", "1 Model", "the variables: what is predicted, from what"),
    (
        "likelihood",
        "1 Model",
        "likelihood and every parameter, those of interest and the others; levels of the hierarchy",
    ),
    ("prior", "1 Model", "the prior of every parameter, and why"),
    ("formal", "1 Model", "the model in formulas or code"),
    ("prior-check", "1 Model", "what the prior predicts before any data"),
    ("software", "2 Computation", "software, packages and versions"),
    ("convergence", "2 Computation", "convergence of the chains, for every parameter and derived value"),
    ("resolution", "2 Computation", "effective sample size, for every parameter and derived value"),
    ("not-mcmc", "2 Computation", "if not MCMC: how good the approximation is"),
    ("check", "3 Posterior", "posterior predictive check"),
    ("posterior", "3 Posterior", "centre and credible interval of what matters, the interval named"),
    ("bayes-factor", "3 Posterior", "Bayes factors and posterior model probabilities, if used"),
    ("decision", "4 Decisions", "why a decision is made, and how"),
    ("loss", "4 Decisions", "loss function, if one is used"),
    ("rope", "4 Decisions", "region of practical equivalence and the mass asked for, if used"),
    (
        "threshold",
        "4 Decisions",
        "threshold of model probabilities, and the least prior one that reaches it, if used",
    ),
    ("estimates-too", "4 Decisions", "the estimate beside every decision"),
    ("sensitivity", "5 Sensitivity", "how the posterior moves with the prior"),
    ("decision-sensitivity", "5 Sensitivity", "whether a decision moves with it"),
    (
        "reproducible",
        "6 Reproducibility",
        "what another needs to get the same numbers: software, data, script, seed",
    ),
)

ROBUST: tuple[tuple[str, str, str], ...] = (
    ("prior", "Prior", "the prior is specified"),
    ("prior", "Prior", "the prior is justified"),
    ("sensitivity", "Prior", "sensitivity to the prior is assessed"),
    ("formal", "Analysis", "the statistical model is given"),
    ("software", "Analysis", "the technique of analysis is given"),
    ("posterior", "Results", "a central tendency is given"),
    ("posterior", "Results", "a variance, standard error or interval is given"),
)


@dataclass(frozen=True, slots=True)
class Known:
    """What the page holds, as far as the answers depend on it.

    Parameters
    ----------
    first
        Anchor of the first outcome with results; empty if there is none.
    trusted
        Anchor of the first outcome of which it is stored how far it can be believed; empty if there is none.
    some
        Whether it is not stored of every outcome.
    decided
        Whether a decision is stored there.
    askable
        Whether ra-bayes trust could ask it of one that has none.
    """

    first: str
    trusted: str
    some: bool
    decided: bool
    askable: bool = True


def answered(items: tuple[tuple[str, str, str], ...], known: Known) -> list[dict[str, str]]:
    """Return a guideline's items, each with ``step``, ``item``, ``where`` (an anchor), ``link``, ``words``.

    An item with an empty ``where`` is not answered, and ``words`` say why.
    """
    told = _answers(known)
    return [
        {"step": step, "item": item, **dict(zip(("where", "link", "words"), told[key], strict=True))}
        for key, step, item in items
    ]


def _answers(known: Known) -> Mapping[str, tuple[str, str, str]]:
    """Return by key where an item is answered, the link's words, and what is added."""
    no_factor = ("", "", "not used: no hypothesis is tested and no models are weighed on this page")
    outcome = (
        (known.first, "first outcome", "and under each other outcome")
        if known.first
        else ("", "", "withheld: no fit passed its gate")
    )
    more = "; not asked of every outcome" if known.some else ""
    rest = "; ra-bayes trust asks for the rest" if known.askable else ""
    sensitivity = (
        (
            f"trust-{known.trusted}",
            "How far this can be trusted",
            f"and “What the prior did” under each outcome{more}",
        )
        if known.trusted
        else ("", "", f"only prior beside posterior under each outcome{rest}")
    )
    decision = (
        (
            f"trust-{known.trusted}",
            "Each patient left out",
            "the rule and its threshold stand under the table",
        )
        if known.decided
        else ("", "", "no decision is made on this page: estimates and probabilities only")
    )
    return {
        "why": ("", "", "not known here: the authors' to say"),
        "goals": ("asked", "What was asked", ""),
        "variables": ("methods-data", "Data", ""),
        "likelihood": (
            "methods-likelihood",
            "Likelihood",
            "parameters under each outcome, “Model and priors”",
        ),
        "prior": ("methods-priors", "Priors", "numbers, reasons and sources under each outcome"),
        "formal": ("methods-model", "Model", "and each model page as fitted, under its outcome"),
        "prior-check": (*outcome[:2], "“What the priors imply before any data”") if known.first else outcome,
        "software": ("methods-computation", "Computation", ""),
        "convergence": ("methods-gate", "When a fit is believed", "worst values under each outcome, “Gate”"),
        "resolution": ("methods-gate", "When a fit is believed", "worst values under each outcome, “Gate”"),
        "not-mcmc": ("", "", "does not apply: posteriors of the fits were sampled by MCMC"),
        "check": outcome,
        "posterior": ("results", "Results in words", "tables under each outcome") if known.first else outcome,
        "bayes-factor": no_factor,
        "decision": decision,
        "loss": ("", "", "not used: no loss function is defined"),
        "rope": ("", "", "not used; the MCID stands beside each estimate where the outcome has one"),
        "threshold": no_factor,
        "estimates-too": ("results", "Results in words", "") if known.first else outcome,
        "sensitivity": sensitivity,
        "decision-sensitivity": (
            "",
            "",
            "whether the decision turns is asked of each patient left out, not of other priors"
            if known.decided
            else "no decision is made",
        ),
        "reproducible": ("run", "How to get these numbers again", "the table itself travels apart"),
    }
