"""``ra-bayes figures``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ra_bayes.cli.group import GATE_FAILED
from ra_bayes.cli.options import ci_option, json_option
from ra_bayes.cli.pseudonyms import pseudonymised_copy, pseudonyms_options
from ra_bayes.cli.terminal import cores, say, steps
from ra_bayes.errors import RaBayesError

if TYPE_CHECKING:
    from ra_bayes.figures.draw_folder import Drawn

__all__ = ["FORMATS", "STYLES", "figures"]

# The names in figures.journals and figures.save, which cost an import of matplotlib; a test compares.
STYLES = ("house", "ard", "nature", "bmc", "elsevier", "slides")
FORMATS = ("pdf", "png", "svg", "tiff")


@click.command(short_help="Draw the figures of a results folder for a journal.")
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@click.option(
    "--style",
    type=click.Choice(STYLES),
    default="house",
    show_default=True,
    help="Widths, text and lines, formats and dpi of a journal; ard: Annals of the Rheumatic Diseases.",
)
@click.option(
    "--format",
    "formats",
    type=click.Choice(FORMATS),
    multiple=True,
    help="Repeatable.  [default: the style's, such as pdf and tiff]",
)
@click.option(
    "--dpi", type=click.IntRange(72, 1200), help="Of png and tiff.  [default: the style's, 300 or 600]"
)
@click.option("--only", multiple=True, metavar="FIGURE", help="Only this figure. Repeatable.  [default: all]")
@click.option(
    "--model", "models", multiple=True, help="Only this fit or publication. Repeatable.  [default: all]"
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder of the files.  [default: FOLDER/figures/STYLE]"
)
@click.option(
    "--list", "listing", is_flag=True, help="Name the figures, what each shows and needs; draw none."
)
@pseudonyms_options
@ci_option
@json_option
def figures(
    folder: Path | None,
    style: str,
    formats: Sequence[str],
    dpi: int | None,
    only: Sequence[str],
    models: Sequence[str],
    out: Path | None,
    listing: bool,
    pseudonymise: bool,
    key: Path | None,
    ci_prob: float,
    as_json: bool,
) -> None:
    """Draw the figures of what is in FOLDER, at a journal's size and in its formats.

    \b
    ra-bayes figures --list                              what there is
    ra-bayes figures results --style ard                 PDF and 600 dpi TIFF for the Annals
    ra-bayes figures results --style slides --only forest
    ra-bayes figures results --style bmc --model sdai --format tiff --dpi 600

    Beside each figure lies a .txt: its heading, its text alternative (in the files' metadata too) and what
    stands under it. Other files there are left alone. A fit that did not pass its gate is not drawn.
    """
    if listing:
        say(_listed(as_json=as_json))
        return
    if folder is None:
        raise RaBayesError("which results? write ra-bayes figures FOLDER, or --list for the names of figures")
    from ra_bayes.figures.draw_folder import draw_folder, missing
    from ra_bayes.figures.journals import JOURNALS
    from ra_bayes.figures.style import other_font
    from ra_bayes.results import find_results

    folder = pseudonymised_copy(folder, pseudonymise, key)
    preset = JOURNALS[style]
    target = folder / "figures" / style if out is None else out
    found = find_results(folder, ci_prob=ci_prob)
    failed = [name for name, each in {**found.fits, **found.joints}.items() if not each.gate.passed]
    with steps("figures", len(models) or len(found.every) + 1) as step:
        drawn = draw_folder(
            found,
            folder,
            target,
            style=style,
            formats=formats or None,
            dpi=dpi,
            only=only,
            models=models,
            ci_prob=ci_prob,
            step=step,
            workers=cores(),
        )
    absent = missing(found, folder, drawn, only)
    told = {
        "out": str(target),
        "figures": [
            {"figure": each.figure, "of": each.source, "files": [str(file) for file in each.files]}
            | {"alt": each.alt}
            for each in drawn
        ],
        "not_drawn": absent,
        "failed": failed,
    }
    note = other_font(preset)
    if note:
        click.echo(f"figures: {note}", err=True)
    say(told if as_json else _told(drawn, target, absent, failed))
    if failed:
        sys.exit(GATE_FAILED)


def _told(drawn: Sequence[Drawn], target: Path, absent: Sequence[str], failed: Sequence[str]) -> str:
    by_source: dict[str, list[str]] = {}
    for each in drawn:
        by_source.setdefault(each.source or "across fits", []).append(each.figure)
    width = max(map(len, by_source))
    lines = [f"{source.ljust(width)}  {', '.join(names)}" for source, names in by_source.items()]
    lines += [f"not drawn: {each}" for each in absent]
    lines += [f"withheld, the gate failed: {', '.join(failed)}"] if failed else []
    kinds = ", ".join(dict.fromkeys(file.suffix[1:] for each in drawn for file in each.files))
    number = f"{len(drawn)} figure{'s' * (len(drawn) > 1)}"
    return "\n".join([*lines, f"wrote {number} ({kinds}) into {target}"])


def _listed(*, as_json: bool) -> object:
    from ra_bayes.figures.gallery import GALLERY, NEEDS

    if as_json:
        return [
            {"figure": each.name, "title": each.title, "needs": each.needs, "shows": each.shows}
            for each in GALLERY
        ]
    width = max(len(each.name) for each in GALLERY)
    lines = []
    for need, words in NEEDS.items():
        own = [f"  {each.name.ljust(width)}  {each.shows}" for each in GALLERY if each.needs == need]
        lines += [f"from {words}:", *own] if own else []
    return "\n".join(
        [*lines, "Figures of plans and designs are drawn by ra-bayes plan DESIGN --out FOLDER --style STYLE."]
    )
