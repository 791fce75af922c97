"""What stands at both ends of a PyMC script: what it is of and what it needs, and how it is sampled."""

from __future__ import annotations

from collections.abc import Iterable

from ra_bayes.cohort import Cohort
from ra_bayes.model.script_text import comment, listed

__all__ = ["head", "imports", "sampling"]


def head(title: str, of: str, cohort: Cohort, about: Iterable[str], pages: str) -> str:
    """Return what a script is of, as comments.

    Parameters
    ----------
    title
        The model's.
    of
        What is measured.
    cohort
        Whose records it holds.
    about
        Paragraphs.
    pages
        The pages whose numbers it holds, named.
    """
    said = f"{title}: a PyMC model of {of} in {cohort.name}, written by ra_bayes."
    needs = (
        f"It needs pymc and arviz, not ra_bayes, and holds every number of {pages} and every record. To "
        "sample it: python THIS_FILE"
    )
    warned = ["# Synthetic data: no patient was measured."] if cohort.synthetic else []
    return "\n#\n".join([comment(said), *warned, *map(comment, about), comment(needs)])


def imports(lines: str) -> str:
    """Return the imports that these lines need."""
    tensor = "import pytensor.tensor as pt\n" if "pt." in lines else ""
    scipy = "from scipy.special import ndtri\n" if "ndtri(" in lines else ""
    return f"import arviz as az\nimport numpy as np\nimport pymc as pm\n{tensor}{scipy}".rstrip()


def sampling(watched: Iterable[str]) -> str:
    """Return lines that sample the model where the script is run, and summarise these variables."""
    return _SAMPLE.format(watched=listed((f'"{each}"' for each in watched), " " * 8))


_SAMPLE = """
if __name__ == "__main__":
    # Small steps: a few patients leave narrow corners in the posterior.
    trace = pm.sample(1000, tune=2000, chains=4, target_accept=0.99, random_seed=1, model=model)
    watched = [
{watched}
    ]
    print(az.summary(trace, var_names=watched))
"""
