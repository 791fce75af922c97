"""Where the model pages and the data files are: in a wheel, or in the repository.

Both lie in top-level folders of the repository, where people look for them. A wheel carries
copies inside the package; an editable install reads the repository's own.
"""

from __future__ import annotations

from pathlib import Path

from ra_bayes.errors import RaBayesError

__all__ = ["data_dir", "models_dir"]

_PACKAGE = Path(__file__).resolve().parent


def models_dir() -> Path:
    """Return the folder of the model pages that ra_bayes comes with.

    Returns
    -------
    pathlib.Path
        A folder with ``outcomes/*.toml`` (one page per outcome model) in it.

    Raises
    ------
    RaBayesError
        If this installation has lost the folder.

    Examples
    --------
    >>> (models_dir() / "outcomes" / "sdai.toml").is_file()
    True
    """
    return _folder("models")


def data_dir() -> Path:
    """Return the folder of the data files that ra_bayes comes with.

    Returns
    -------
    pathlib.Path
        A folder of published facts and of the synthetic cohort, as CSV files.

    Raises
    ------
    RaBayesError
        If this installation has lost the folder.

    Examples
    --------
    >>> (data_dir() / "synthetic_cohort.csv").is_file()
    True
    """
    return _folder("data")


def _folder(name: str, package: Path = _PACKAGE) -> Path:
    shipped = package / "_shipped" / name
    if shipped.is_dir():
        return shipped
    # Two folders above a wheel's package is the interpreter's lib/, which may have a data/ of its own:
    # only a folder that is this project's source tree counts.
    root = package.parent.parent
    in_source = root / name
    if package.parent.name == "src" and (root / "pyproject.toml").is_file() and in_source.is_dir():
        return in_source
    raise RaBayesError(
        f"ra_bayes cannot find its {name!r} folder, neither at {shipped} nor at {in_source}; "
        "install ra_bayes again, or work in a full checkout of its repository"
    )
