"""A plan as one self-contained page, with its figures beside it."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from ra_bayes.files import write_text
from ra_bayes.report.draw import draw_plan
from ra_bayes.report.plan_content import plan_content
from ra_bayes.report.render import PAGE, render

if TYPE_CHECKING:
    from ra_bayes.planning.plan import Plan

__all__ = ["write_plan_page"]


def write_plan_page(plan: Plan, folder: str | PathLike[str]) -> Path:
    """Write ``folder/index.html`` and, in ``folder/figures``, its figures as PDF and PNG.

    Parameters
    ----------
    plan
        What :func:`~ra_bayes.planning.plan.make_plan` returned.
    folder
        Where to; made if it is not there.

    Returns
    -------
    Path
        The page: one file that needs no other and no network.

    Examples
    --------
    >>> import ra_bayes as rb
    >>> plan = rb.make_plan(rb.load_design("acr20_one_arm"), seed=1)   # doctest: +SKIP
    >>> write_plan_page(plan, "plan")                                  # doctest: +SKIP
    PosixPath('plan/index.html')
    """
    target = Path(folder)
    content = plan_content(plan, draw_plan(plan, target))
    return write_text(target / PAGE, render("plan.html.j2", content))
