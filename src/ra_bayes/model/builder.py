"""A builder: a user's own function that builds the PyMC model of a page, in a module beside the page.

    builder = "my_module:build"        # my_module.py lies in the page's folder

The page keeps outcome, link, weeks and priors; `build(spec, records)` gets them and returns a
:class:`pymc.Model` in which, on the link's scale,

    expected(patient, visit) = patient_level + mean_change + patient_response * response_shape
    records scatter as Normal(expected, residual_sd), cells by their probability

hold under these names (:func:`ra_bayes.inference.fit_built.contract`). How the parts come about is the
builder's own. Importing a module runs it, so it is imported for a fit only, and only where that was allowed;
a saved fit holds its source, and is read without it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ra_bayes.errors import FitError, RaBayesError

__all__ = ["Builder", "import_builder", "read_builder", "refuse_builder"]

_NAME = re.compile(r"([A-Za-z_]\w*):([A-Za-z_]\w*)")


@dataclass(frozen=True, slots=True)
class Builder:
    """Where a page's own builder is.

    Parameters
    ----------
    module, function
        Names, as the page gives them.
    folder
        Folder of the page; None of a page that was read from a saved fit.
    """

    module: str
    function: str
    folder: Path | None = None

    @property
    def name(self) -> str:
        """What the page says."""
        return f"{self.module}:{self.function}"

    def source(self) -> str:
        """Return the text of the module.

        Raises
        ------
        RaBayesError
            If it does not lie beside the page.
        """
        if self.folder is None:
            raise FitError(
                f"the builder {self.name} is known from a saved fit only; load the model from its page, "
                f"beside which {self.module}.py lies"
            )
        path = self.folder / f"{self.module}.py"
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise RaBayesError(
                f"{path}: the builder's module cannot be read; put {self.module}.py, as UTF-8, beside the "
                "model page"
            ) from None

    def entry(self, source: str) -> dict[str, str]:
        """Return what a tree's provenance says of it, given the text that was run."""
        return {
            "name": self.name,
            "sha256": hashlib.sha256(source.encode()).hexdigest(),
            "source": source,
        }


def read_builder(text: str) -> Builder | None:
    """Return the builder that a page names, or None if the text is not one.

    Examples
    --------
    >>> read_builder("my_module:build").function
    'build'
    >>> read_builder("../elsewhere:build") is None
    True
    """
    found = _NAME.fullmatch(text)
    return None if found is None else Builder(found[1], found[2])


def refuse_builder(builder: Builder | None, model: str, what: str) -> None:
    """Refuse what is done with the page's own model, where the page has a builder.

    Parameters
    ----------
    builder
        The page's, if it has one.
    model
        Name of the page.
    what
        What takes no such model, in the plural.

    Raises
    ------
    FitError
        If it has one.
    """
    if builder is not None:
        raise FitError(
            f"model {model!r} is built by {builder.name}, and {what} take models that a page describes "
            "wholly; leave the builder out, or do it with the model that it returns"
        )


def import_builder(builder: Builder, source: str) -> Callable[..., Any]:
    """Import a builder's module, which runs it, and return the function.

    Parameters
    ----------
    builder
        The builder.
    source
        Text of its module, as it lies beside the page.

    Raises
    ------
    FitError
        If the module fails when it is imported, or has no such function.
    """
    assert builder.folder is not None
    path = builder.folder / f"{builder.module}.py"
    # Under a name of its own: a page's module takes the place of none that is installed.
    found = importlib.util.spec_from_loader(
        f"_ra_bayes_builder_{builder.module}", loader=None, origin=str(path)
    )
    assert found is not None
    module = importlib.util.module_from_spec(found)
    module.__file__ = str(path)
    try:
        exec(compile(source, str(path), "exec"), module.__dict__)
    except Exception as error:
        raise FitError(
            f"{path}: the builder's module fails when it is imported: {_said(error)}; mend it"
        ) from error
    function = getattr(module, builder.function, None)
    if not callable(function):
        raise FitError(
            f"{path}: there is no function {builder.function!r} in it; write "
            f"def {builder.function}(spec, records)"
        )
    return function  # type: ignore[no-any-return]


def _said(error: Exception) -> str:
    """Return an exception on one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())
