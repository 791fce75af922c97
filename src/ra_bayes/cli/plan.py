"""``ra-bayes plan``: a design page, or one of the named binary designs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ra_bayes.cli.figures import STYLES
from ra_bayes.cli.options import json_option, seed_option
from ra_bayes.cli.plan_named import bop2, predictive, simon, thall_simon
from ra_bayes.cli.terminal import progress, say, steps
from ra_bayes.errors import RaBayesError

if TYPE_CHECKING:
    import xarray as xr

    from ra_bayes.planning.design import Design
    from ra_bayes.planning.plan import Plan

__all__ = ["plan"]


class _DesignOrName(click.Group):
    """What is not the name of a command is a design: ``plan NAME`` is ``plan design NAME``."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if self.get_command(ctx, args[0]) is None:
            args = ["design", *args]
        return super().resolve_command(ctx, args)


@click.group(
    cls=_DesignOrName,
    short_help="What a trial would show, and how many patients it needs.",
    subcommand_metavar="DESIGN [OPTIONS] | COMMAND [ARGS]...",
    invoke_without_command=True,
)
@click.pass_context
def plan(ctx: click.Context) -> None:
    """Plan a trial: DESIGN is a shipped design's name or a TOML file.

    \b
    ra-bayes plan                                        the shipped designs
    ra-bayes plan acr20_one_arm                          a design: sizes, error rates, assurance
    ra-bayes plan acr20_one_arm --posterior results      with a fitted posterior as design prior
    ra-bayes plan acr20_one_arm --out plans              with figures and a page
    ra-bayes plan simon --p0 0.1 --p1 0.3                a named binary design
    """
    if ctx.invoked_subcommand is None:
        from ra_bayes.planning.design_reader import list_designs, load_design

        titles = {name: load_design(name).title for name in list_designs()}
        width = max(map(len, titles))
        say("\n".join(f"{name.ljust(width)}  {title}" for name, title in titles.items()))


@plan.command("design", short_help="A design page (the word may be left out).")
@click.argument("design", metavar="DESIGN")
@click.option(
    "--posterior",
    type=click.Path(path_type=Path),
    help="Results folder whose posterior is the design prior's source.",
)
@click.option("--arm", help="Arm of a posterior given counts that was treated as the new patients will be.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write tables, figures and a page to.")
@click.option(
    "--style",
    type=click.Choice(STYLES),
    help="With --out: the figures for a journal too, in OUT/figures/STYLE (see ra-bayes figures).",
)
@click.option(
    "--target",
    type=click.FloatRange(0.0, 1.0, min_open=True, max_open=True),
    default=0.8,
    show_default=True,
    help="Wanted power, and wanted assurance.",
)
@click.option("--sizes", metavar="FROM:TO[:STEP]", help="Sizes to choose among.  [default: the page's]")
@click.option(
    "--trials",
    type=click.IntRange(min=2),
    help="Simulated trials a truth, where there are any.  [default: 10000; 200 with --engine nuts]",
)
@click.option(
    "--engine",
    type=click.Choice(["fast", "nuts"]),
    default="fast",
    show_default=True,
    help="nuts samples the PyMC model of every simulated trial (longitudinal); with --out a run that is "
    "stopped goes on where it was.",
)
@click.option("--scheduler", metavar="ADDRESS", help="Dask scheduler to spread --engine nuts over.")
@seed_option
@json_option
def design_command(design: str, out: Path | None, as_json: bool, **options: Any) -> None:
    """Say what the trial of a design page would show: error rates, sizes, assurance."""
    from ra_bayes.planning.design_reader import load_design
    from ra_bayes.planning.plan_text import plan_data, plan_text

    if options["style"] is not None and out is None:
        raise RaBayesError("--style: figures need a folder to go to; add --out FOLDER")
    page = load_design(design)
    chosen = _sizes(options["sizes"], page)
    if out is not None:
        from ra_bayes.results.plans import place_of_plan

        # What cannot be saved should not be found out after the computing.
        place_of_plan(out, page.name)
    made = _make(page, chosen, out, options)
    where = None if out is None else _write(made, out, options["style"])
    if as_json:
        say(plan_data(made) | ({} if where is None else {"page": str(where)}))
    else:
        say(plan_text(made) + ("" if where is None else f"\n\nwrote {where}"))


def _make(page: Design, sizes: tuple[int, ...] | None, out: Path | None, options: dict[str, Any]) -> Plan:
    from ra_bayes.planning.engines import Settings
    from ra_bayes.planning.plan import make_plan
    from ra_bayes.planning.prior_page import design_prior

    tree = _tree(options["posterior"], page)
    folder = None if out is None else out / f"{page.name}-trials"
    sampled = options["engine"] == "nuts"
    trials = options["trials"] or (200 if sampled else 10_000)
    asked = {"seed": options["seed"], "target": options["target"], "sizes": sizes}
    prior = design_prior(page, tree, arm=options["arm"])
    if sampled:
        with progress("plan: simulated trials, tens") as tell:
            settings = Settings(trials, "nuts", folder, options["scheduler"], tell)
            return make_plan(page, prior, settings=settings, **asked)
    with steps("plan", 3) as step:
        return make_plan(page, prior, settings=Settings(trials), step=step, **asked)


def _tree(folder: Path | None, page: Design) -> xr.DataTree | None:
    if folder is None:
        return None
    from ra_bayes.results.posterior import find_posterior

    return find_posterior(folder, page.endpoint.outcome)


def _write(made: Plan, out: Path, style: str | None) -> Path:
    from ra_bayes.figures.draw_folder import draw_plan
    from ra_bayes.report import write_plan_page
    from ra_bayes.results.plans import save_plan

    folder = save_plan(made, out, draw=lambda part: write_plan_page(made, part))
    if style is not None:
        draw_plan(made, out / "figures" / style, style=style)
    return folder / "index.html"


def _sizes(text: str | None, page: Design) -> tuple[int, ...] | None:
    if text is None:
        return None
    parts = text.split(":")
    numbers = [int(part) for part in parts if part.isdecimal()]
    if len(numbers) != len(parts) or len(parts) not in (2, 3):
        raise RaBayesError(f"--sizes {text}: not FROM:TO or FROM:TO:STEP; write such as 20:100:4")
    low, high, step = (*numbers, 1)[:3]
    if step < 1 or high < low or low < page.arms:
        raise RaBayesError(f"--sizes {text}: no sizes, or some below {page.arms}; write such as 20:100:4")
    return tuple(range(low, high + 1, step))


for _named in (simon, predictive, bop2, thall_simon):
    plan.add_command(_named)
