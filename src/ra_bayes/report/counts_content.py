"""What the page says of published counts, as plain data for the template."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ra_bayes.conditioning.comparison_blocks import (
    Answer,
    Block,
    Comparison,
    Row,
    arrange,
    relation_words,
)
from ra_bayes.conditioning.comparison_text import counted_weeks, explanation, places_of
from ra_bayes.numbers import interval, number, probability
from ra_bayes.outcomes import OUTCOMES
from ra_bayes.published import Publication
from ra_bayes.rates import response_rates
from ra_bayes.report.rows import rows
from ra_bayes.results import CountsResult
from ra_bayes.tree import outcome_trees, provenance, spec_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["counts_content", "facts_content"]


def facts_content(publication: Publication, ci_prob: float) -> dict[str, Any]:
    """Return what needs no sampling: the facts and their simple rates."""
    return _facts(publication, response_rates(publication, ci_prob=ci_prob))


def counts_content(result: CountsResult, figures: list[dict[str, str]]) -> dict[str, Any]:
    """Return what a result says: the facts, the honest table with its figure, the rates, one posterior."""
    comparison = arrange(result.comparison)
    entries = provenance(result.tree)
    return _facts(result.publication, result.rates) | {
        "comparison": _comparison(comparison, result.publication),
        "figures": figures,
        "posterior": {
            "model": entries["model"]["name"],
            "reading": entries["published"]["reading"],
            "seed": entries["seed"],
            "gate": result.gate,
            "rows": None if result.table is None else list(_estimands(result)),
        },
    }


def _facts(publication: Publication, rates: pd.DataFrame) -> dict[str, Any]:
    several = len(publication.arms) > 1
    return {
        "name": publication.name,
        "hash": publication.hash,
        "paper": publication,
        "arms": several,
        "rates": list(_rates(rates, several=several)),
        "rates_ci": f"{rates['ci_prob'].iloc[0]:.0%}",
        "comparison": None,
        "figures": [],
        "posterior": None,
    }


def _rates(table: pd.DataFrame, *, several: bool) -> Iterator[dict[str, Any]]:
    """Yield each count with its rates; a prior that there is not has no row."""
    for fact, each in table[table["estimate"].notna()].groupby("fact", sort=False):
        first = each.iloc[0]
        rate = first["quantity"] == "rate"
        where = f", arm {first['arm']}" if several and rate else ""
        yield {
            "fact": str(fact),
            "words": str(first["words"]),
            "count": f"{first['r']} of {first['n']}" if rate else "difference",
            "where": f"week {first['week']:g}{where}",
            "rows": [
                {
                    "prior": str(row["prior"]),
                    "rate": _share(row["estimate"]),
                    "interval": f"{_share(row['lower'])} to {_share(row['upper'])}",
                    "above": probability(row["p_above_control"]),
                }
                for row in each.to_dict("records")
            ],
        }


def _share(share: float) -> str:
    """Return a share in whole percent; what is not zero is not shown as zero."""
    return "< 1" if 0.0 < share < 0.005 else number(100.0 * share, 0)


def _comparison(comparison: Comparison, publication: Publication) -> dict[str, Any]:
    several = len(comparison.arms) > 1
    return {
        "ci": f"{comparison.ci_prob:.0%}",
        "better": any(block.better for block in comparison.blocks),
        "relations": [relation_words(each) for each in comparison.related],
        "blocks": [_block(block, publication, several=several) for block in comparison.blocks],
        "evidence": list(_evidence(comparison)),
        "explanation": list(explanation(comparison)),
        "readings": {each.id: each.words for each in publication.readings},
    }


def _block(block: Block, publication: Publication, *, several: bool) -> dict[str, Any]:
    weeks = counted_weeks(publication, block.outcome.id, block.arm)
    counted = f"; counted at week {', '.join(f'{week:g}' for week in weeks)}"
    side = f"; {block.better} {block.zero:g} is better" if block.better else ""
    prior, posterior = places_of(block)
    return {
        "label": f"{block.outcome.label}, arm {block.arm}" if several else block.outcome.label,
        "what": f"{block.what} at week {block.week:g}{'' if block.week in weeks else counted}{side}",
        "groups": [
            {
                "reading": reading,
                "rows": [
                    {
                        "model": row.model.replace("_", " "),
                        "prior": interval(row.prior_lower, row.prior_upper, prior),
                        "answers": [_answer(answer, posterior) for answer in row.answers],
                    }
                    for row in group
                ],
            }
            for reading, group in _by_reading(block)
        ],
    }


def _by_reading(block: Block) -> Iterator[tuple[str, list[Row]]]:
    for reading in dict.fromkeys(row.reading for row in block.rows):
        yield reading, [row for row in block.rows if row.reading == reading]


def _answer(answer: Answer, places: int) -> dict[str, str]:
    return {
        "estimate": f"{'' if answer.sound else '! '}{number(answer.estimate, places)}",
        "interval": interval(answer.lower, answer.upper, places),
        "better": probability(answer.p_benefit),
    }


def _evidence(comparison: Comparison) -> Iterator[dict[str, Any]]:
    for each in comparison.evidence:
        yield {
            "reading": each.reading,
            "model": each.model.replace("_", " "),
            "log": [number(log) for log in each.log],
        }


def _estimands(result: CountsResult) -> Iterator[dict[str, Any]]:
    """Yield the estimands of every arm and outcome at its reference week and where patients were counted."""
    table = result.table
    assert table is not None
    several = len(result.publication.arms) > 1
    weeks = {
        (arm, outcome): spec_of(node).reference_week for arm, outcome, node in outcome_trees(result.tree)
    }
    for (arm, outcome), own in table.groupby(["arm", "outcome"], sort=False):
        week = weeks.get((str(arm), str(outcome)))
        # A note says that no count of the row's week was published.
        told = own["week"].isna() | (own["week"] == week) | (own["note"] == "")
        label = OUTCOMES[str(outcome)].label if outcome else "The counts themselves"
        yield {
            "label": f"{label}, arm {arm}" if several else label,
            "rows": rows(own if week is None else own[told]),
        }
