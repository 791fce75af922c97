from __future__ import annotations

from pathlib import Path

import pytest

from ra_bayes import resources
from ra_bayes.errors import RaBayesError

REPOSITORY = Path(__file__).resolve().parent.parent


def test_checkout_reads_the_top_level_folders() -> None:
    assert resources.models_dir() == REPOSITORY / "models"
    assert resources.data_dir() == REPOSITORY / "data"


def test_shipped_folder_is_preferred(tmp_path: Path) -> None:
    shipped = tmp_path / "src" / "ra_bayes" / "_shipped" / "data"
    shipped.mkdir(parents=True)
    (tmp_path / "data").mkdir()
    (tmp_path / "pyproject.toml").touch()
    assert resources._folder("data", tmp_path / "src" / "ra_bayes") == shipped


def test_stranger_folder_does_not_count(tmp_path: Path) -> None:
    # lib/python3.13/data next to site-packages is not ours.
    package = tmp_path / "site-packages" / "ra_bayes"
    package.mkdir(parents=True)
    (tmp_path / "data").mkdir()
    with pytest.raises(RaBayesError, match=r"cannot find its 'data' folder.*install ra_bayes again"):
        resources._folder("data", package)
