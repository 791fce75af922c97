"""The command line: parse, call one verb, print. Nothing is imported before a command needs it."""

from __future__ import annotations

import itertools
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ra_bayes.errors import RaBayesError

if TYPE_CHECKING:
    from ra_bayes.cohort import Cohort
    from ra_bayes.model import ModelSpec
    from ra_bayes.results import Result

GATE_FAILED = 3

_json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
_seed_option = click.option(
    "--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Seed of every random number."
)
_ci_option = click.option(
    "--ci-prob",
    type=click.FloatRange(0.0, 1.0, min_open=True, max_open=True),
    default=0.90,
    show_default=True,
    help="Probability of the equal-tailed credible intervals.",
)


class _Group(click.Group):
    """Bad input ends in one plain message and exit code 2, never in a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command, turning our errors into messages."""
        try:
            return super().invoke(ctx)
        except RaBayesError as error:
            click.echo(f"ra-bayes: {error}", err=True)
            ctx.exit(2)
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            click.echo(f"ra-bayes: {where}{error.strerror or error}", err=True)
            ctx.exit(2)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="ra_bayes", prog_name="ra-bayes")
def main() -> None:
    """Bayesian modelling of very small clinical cohorts.

    \b
    ra-bayes demo                                        the whole journey on a synthetic cohort
    ra-bayes check cohort.csv                            is the table as it should be?
    ra-bayes fit cohort.csv --model sdai --out results   sample the posterior
    ra-bayes report results                              figures and results/index.html

    Exit codes: 0 done, 1 interrupted, 2 bad input, 3 a fit did not pass its gate.
    """


@main.command(short_help="Read a table and say what is in it and what is wrong with it.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--model", "models", multiple=True, help="A model page whose own outcome FILE holds.")
@_json_option
def check(file: Path, models: Sequence[str], as_json: bool) -> None:
    """Read FILE (a long table, CSV) and say what is in it and what is wrong with it."""
    from ra_bayes.cohort import overview, overview_text

    cohort = _read(file, _load_all(models) if models else [])
    _say(overview(cohort) if as_json else overview_text(cohort))


@main.command(short_help="List the models, or print one's page.")
@click.argument("name", required=False)
@_json_option
def models(name: str | None, as_json: bool) -> None:
    """List the shipped models, or print the page of the model NAME (or of a TOML file)."""
    from ra_bayes.model import list_models, load_model

    if name is None:
        titles = {each: load_model(each).title for each in list_models()}
        width = max(len(each) for each in titles)
        _say(
            titles
            if as_json
            else "\n".join(f"{each.ljust(width)}  {title}" for each, title in titles.items())
        )
        return
    from ra_bayes.model.page import equations, implied, page_text, prior_rows

    spec = load_model(name)
    if as_json:
        _say(
            {
                "name": spec.name,
                "title": spec.title,
                "about": spec.about,
                "outcome": spec.outcome.id,
                "hash": spec.hash,
                "equations": equations(spec),
                "priors": prior_rows(spec),
                "implied": implied(spec),
            }
        )
    else:
        _say(page_text(spec))


@main.command(short_help="Sample the posterior of one or more models.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--model",
    "models",
    multiple=True,
    required=True,
    help="A shipped model's name, a TOML file, or 'all': each shipped one FILE has records for. Repeatable.",
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write results to.")
@_seed_option
@click.option(
    "--draws", type=click.IntRange(min=100), default=1000, show_default=True, help="Draws per chain."
)
@click.option("--chains", type=click.IntRange(min=2), default=4, show_default=True, help="Chains.")
@_ci_option
@_json_option
def fit(
    file: Path,
    models: Sequence[str],
    out: Path,
    seed: int,
    draws: int,
    chains: int,
    ci_prob: float,
    as_json: bool,
) -> None:
    """Fit models to the cohort in FILE and write posteriors and estimands to a folder."""
    own = [name for name in models if name != "all"]
    specs = _load_all(own)
    cohort = _read(file, specs)
    if "all" in models:
        specs += _shipped_for(cohort)
    results = _fit_all(specs, cohort, out, seed=seed, draws=draws, chains=chains, ci_prob=ci_prob)
    _tell(results, out, as_json=as_json)


@main.command(short_help="Draw the figures and write the page of a results folder.")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--published",
    type=click.Path(path_type=Path),
    help="A page of published counts (TOML) to set beside the fits: data/published/jamshidi2024.toml.",
)
@_ci_option
@_json_option
def report(folder: Path, published: Path | None, ci_prob: float, as_json: bool) -> None:
    """Draw the figures and write the page index.html for the fits in FOLDER."""
    from ra_bayes.published import read_publication
    from ra_bayes.report import write_report
    from ra_bayes.results import find_results, write_estimands

    paper = read_publication(published) if published is not None else None
    results = find_results(folder, ci_prob=ci_prob)
    for name, result in results.items():
        write_estimands(result, folder / name)
    with _steps("report", len(results)) as step:
        page = write_report(results, folder, ci_prob=ci_prob, step=step, paper=paper, workers=_cores())
    failed = [name for name, result in results.items() if not result.gate.passed]
    warning = f"\nwithheld, the gate failed: {', '.join(failed)}" if failed else ""
    _say(
        {"page": str(page), "models": list(results), "failed": failed}
        if as_json
        else f"wrote {page}{warning}"
    )
    if failed:
        sys.exit(GATE_FAILED)


@main.command(short_help="The whole journey on the shipped synthetic cohort.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("out/demo"), show_default=True, help="Folder."
)
@_seed_option
@_json_option
def demo(out: Path, seed: int, as_json: bool) -> None:
    """Run the whole journey on the shipped synthetic cohort: read, fit every model, report."""
    from ra_bayes.published import read_publication
    from ra_bayes.report import write_report
    from ra_bayes.resources import data_dir

    cohort = _read(data_dir() / "synthetic_cohort.csv", [])
    paper = read_publication(data_dir() / "published" / "jamshidi2024.toml")
    results = _fit_all(_shipped_for(cohort), cohort, out, seed=seed)
    with _steps("report", len(results)) as step:
        write_report(results, out, step=step, paper=paper, workers=_cores())
    _tell(results, out, as_json=as_json)


def _cores() -> int:
    return os.process_cpu_count() or 1 if sys.version_info >= (3, 13) else os.cpu_count() or 1


def _load_all(names: Sequence[str]) -> list[ModelSpec]:
    from ra_bayes.model import load_model

    return [load_model(name) for name in dict.fromkeys(names)]


def _shipped_for(cohort: Cohort) -> list[ModelSpec]:
    from ra_bayes.model import list_models

    return _load_all([name for name in list_models() if name in cohort.outcomes])


def _read(file: Path, specs: Sequence[ModelSpec]) -> Cohort:
    from ra_bayes.cohort import read_cohort
    from ra_bayes.outcomes import OUTCOMES

    return read_cohort(file, outcomes=[spec.outcome for spec in specs if spec.outcome.id not in OUTCOMES])


def _fit_all(
    specs: Sequence[ModelSpec],
    cohort: Cohort,
    out: Path,
    *,
    seed: int,
    ci_prob: float = 0.90,
    draws: int = 1000,
    chains: int = 4,
) -> dict[str, Result]:
    """Fit and save one model after the other; what is done is kept if a later one fails."""
    from ra_bayes.model.records import grid
    from ra_bayes.results import place, save_result

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
        place(out, spec.name)
    results = {}
    with _steps("fit", len(specs) + 1) as step:
        step("importing PyMC")
        from ra_bayes.inference import fit as fit_model

        for spec in specs:
            step(spec.name)
            tree = fit_model(spec, cohort, seed=seed, draws=draws, chains=chains)
            results[spec.name] = save_result(tree, out, ci_prob=ci_prob)
    return results


@contextmanager
def _steps(what: str, total: int) -> Iterator[Callable[[str], None]]:
    """Show progress on standard error: a bar on a terminal, a line a step elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda name: click.echo(f"{what}: {name}", err=True)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(what, total=total)
        begun = itertools.count()

        def step(name: str) -> None:
            # What is named has begun, and what was named before it is done.
            progress.update(task, completed=next(begun), description=f"{what}: {name}")

        yield step
        progress.update(task, completed=total)


def _tell(results: dict[str, Result], out: Path, *, as_json: bool) -> None:
    """Print what was found, and leave with the gate's code if a fit did not pass."""
    from ra_bayes.results import findings, headline

    if as_json:
        _say({"out": str(out), "results": findings(results)})
    else:
        _say("\n".join(headline(results, out)))
    if not all(result.gate.passed for result in results.values()):
        sys.exit(GATE_FAILED)


def _say(result: object) -> None:
    click.echo(result if isinstance(result, str) else json.dumps(result, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
