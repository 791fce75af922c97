"""A results folder: one sub-folder a model or a publication, each whole or absent.

Of a fit:

DIR/MODEL/posterior.nc     the fit (see :mod:`ra_bayes.tree`)
DIR/MODEL/estimands.csv    what it says, in clinical units; absent if the gate failed
DIR/MODEL/gate.txt         whether the sampler worked
DIR/MODEL/model.toml       the page it was fitted with
DIR/MODEL/figures/         PDF and PNG, once a report was written
DIR/MODEL/trust/           how far it can be believed, as tables and trust.txt, once ra-bayes trust was run

Of several outcomes fitted together, the same without figures and trust, under the joint model's name.

Of models of one outcome compared:

DIR/comparison-OUTCOME/    how well each predicts, as tables and comparison.txt, estimands of their mixture

Of published counts, the same with

DIR/NAME/facts.toml        the page of counts, in place of model.toml
DIR/NAME/comparison.csv    posterior beside prior, by reading of the words and prior
DIR/NAME/rates.csv         the simple rates
"""

from __future__ import annotations

from ra_bayes.results.comparisons import (
    StoredComparison,
    find_comparisons,
    place_of_comparison,
    save_comparison,
)
from ra_bayes.results.counts import CountsResult, counts_findings, place_of_counts, save_counts
from ra_bayes.results.fits import Result, place_of_fit, read_result, save_result
from ra_bayes.results.folder import Found, find_results, holds_fits, write_estimands
from ra_bayes.results.joint import joint_headline, joint_outcomes
from ra_bayes.results.place import FIGURES, TRUST
from ra_bayes.results.summary import findings, headline, main_row, read_order, records
from ra_bayes.results.trust import TRUST_TEXT, read_trust, save_trust

__all__ = [
    "FIGURES",
    "TRUST",
    "TRUST_TEXT",
    "CountsResult",
    "Found",
    "Result",
    "StoredComparison",
    "counts_findings",
    "find_comparisons",
    "find_results",
    "findings",
    "headline",
    "holds_fits",
    "joint_headline",
    "joint_outcomes",
    "main_row",
    "place_of_comparison",
    "place_of_counts",
    "place_of_fit",
    "read_order",
    "read_result",
    "read_trust",
    "records",
    "save_comparison",
    "save_counts",
    "save_result",
    "save_trust",
    "write_estimands",
]
