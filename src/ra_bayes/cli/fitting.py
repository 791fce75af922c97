"""Reading and fitting as several commands do it, one model after the other."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ra_bayes.cli.group import GATE_FAILED
from ra_bayes.cli.terminal import say, steps
from ra_bayes.errors import RaBayesError

if TYPE_CHECKING:
    from ra_bayes.cohort import Cohort
    from ra_bayes.model import ModelSpec
    from ra_bayes.outcome import Outcome
    from ra_bayes.results import Result

__all__ = ["fit_all", "load_all", "own_outcomes", "read", "shipped_for", "tell"]


def load_all(names: Sequence[str]) -> list[ModelSpec]:
    """Read model pages, each once."""
    from ra_bayes.model import load_model

    return [load_model(name) for name in dict.fromkeys(names)]


def shipped_for(cohort: Cohort) -> list[ModelSpec]:
    """Read the shipped pages of the outcomes that a cohort has.

    A score that was only computed is passed over, and told, where the week that its page asks about was
    not visited: nobody asked for it, and the other models should not be refused for it.
    """
    from ra_bayes.model import list_models

    computed = Counter(each.outcome for each in cohort.computed)
    found = []
    for spec in load_all([name for name in list_models() if name in cohort.outcomes]):
        records = cohort.of(spec.outcome.id)
        given = len(records) > computed[spec.outcome.id]
        if given or any(record.week == spec.reference_week for record in records):
            found.append(spec)
        else:
            why = f"{spec.outcome.id} was computed, and not at week {spec.reference_week:g}"
            print(f"model {spec.name!r} is passed over: {why}", file=sys.stderr)
    return found


def read(
    file: Path,
    specs: Sequence[ModelSpec],
    *,
    sheet: str | None = None,
    layout: str | None = None,
    mapping: Path | None = None,
) -> Cohort:
    """Read a table, with the outcomes that the pages bring."""
    from ra_bayes.cohort import read_cohort
    from ra_bayes.outcomes import OUTCOMES

    own = own_outcomes(specs)
    known = {*OUTCOMES, *(outcome.id for outcome in own)}
    columns = {covariate.column: None for spec in specs for covariate in spec.covariates}
    return read_cohort(
        file,
        outcomes=own,
        sheet=sheet,
        layout=layout,
        mapping=mapping,
        covariates=[column for column in columns if column not in known],
    )


def own_outcomes(specs: Sequence[ModelSpec]) -> list[Outcome]:
    """Return the outcomes that pages define themselves."""
    from ra_bayes.outcomes import OUTCOMES

    return [spec.outcome for spec in specs if spec.outcome.id not in OUTCOMES]


def fit_all(
    specs: Sequence[ModelSpec],
    cohort: Cohort,
    out: Path,
    *,
    seed: int,
    ci_prob: float = 0.90,
    draws: int = 1000,
    chains: int = 4,
    allow_builder: bool = False,
) -> dict[str, Result]:
    """Fit and save one model after the other; what is done is kept if a later one fails."""
    from ra_bayes.model.records import grid
    from ra_bayes.results import place_of_fit, save_result

    twice = [spec.name for spec in specs if [each.name for each in specs].count(spec.name) > 1]
    if twice:
        raise RaBayesError(
            f"two model pages are called {twice[0]!r}: their results would share a folder; rename one"
        )
    if not specs:
        raise RaBayesError(f"{cohort.name}: no shipped model is of an outcome it has; name one with --model")
    for spec in specs:
        # What cannot be fitted or saved should not be found out after ten others were.
        grid(spec, cohort)
        place_of_fit(out, spec.name)
    results = {}
    with steps("fit", len(specs) + 1) as step:
        step("importing PyMC")
        from ra_bayes.inference import fit as fit_model

        for spec in specs:
            step(spec.name)
            tree = fit_model(spec, cohort, seed=seed, draws=draws, chains=chains, allow_builder=allow_builder)
            results[spec.name] = save_result(tree, out, ci_prob=ci_prob)
    return results


def tell(results: dict[str, Result], out: Path, *, as_json: bool) -> None:
    """Print what was found, and leave with the gate's code if a fit did not pass."""
    from ra_bayes.results import findings, headline

    if as_json:
        say({"out": str(out), "results": findings(results)})
    else:
        say("\n".join(headline(results, out)))
    if not all(result.gate.passed for result in results.values()):
        sys.exit(GATE_FAILED)
