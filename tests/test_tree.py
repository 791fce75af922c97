"""Saving and reading results: whole, atomic, and with an error that helps where a file is not a result."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from pages import page

from ra_bayes.errors import RaBayesError
from ra_bayes.tree import load, provenance, save, spec_of, with_provenance


@pytest.fixture
def tree() -> xr.DataTree:
    rng = np.random.default_rng(1)
    posterior = xr.Dataset(
        {
            "residual_sd": (("chain", "draw"), rng.normal(size=(2, 5))),
            "patient_level": (("chain", "draw", "patient"), rng.normal(size=(2, 5, 3))),
        },
        coords={"patient": ["01", "02", "Ägidius"]},
    )
    made = xr.DataTree.from_dict({"posterior": posterior, "prior": posterior + 1.0})
    entries = {
        "model": {"name": "test", "toml": page()},
        "synthetic": True,
        "nothing": None,
        "who": "Ägidius",
    }
    return with_provenance(made, entries)


def test_a_tree_is_read_back_as_it_was(tree: xr.DataTree, tmp_path: Path) -> None:
    path = save(tree, tmp_path / "new" / "sdai.nc")
    assert path == tmp_path / "new" / "sdai.nc"
    back = load(path)
    assert back.identical(tree)
    assert provenance(back) == provenance(tree)
    assert provenance(back)["synthetic"] is True
    assert provenance(back)["nothing"] is None
    assert os.listdir(path.parent) == ["sdai.nc"]  # noqa: PTH208


def test_a_loaded_file_can_be_saved_over(tree: xr.DataTree, tmp_path: Path) -> None:
    path = save(tree, tmp_path / "sdai.nc")
    again = with_provenance(load(path), {"model": "another"})
    save(again, path)
    assert provenance(load(path)) == {"model": "another"}


@pytest.mark.parametrize("breaks", ["to_netcdf", "fsync"])
def test_a_write_that_fails_leaves_the_old_file_whole(
    tree: xr.DataTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, breaks: str
) -> None:
    path = save(tree, tmp_path / "sdai.nc")
    before = path.read_bytes()

    def fail(*args: Any, **_: Any) -> None:
        for each in args:
            if isinstance(each, Path):
                each.write_bytes(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(xr.DataTree if breaks == "to_netcdf" else os, breaks, fail)
    with pytest.raises(OSError, match="No space left"):
        save(with_provenance(tree, {}), path)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["sdai.nc"]


def test_a_result_is_as_readable_as_any_other_file(tree: xr.DataTree, tmp_path: Path) -> None:
    (tmp_path / "other").touch()
    assert save(tree, tmp_path / "sdai.nc").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_what_is_no_result_is_refused(tree: xr.DataTree, tmp_path: Path) -> None:
    with pytest.raises(RaBayesError, match=r"none\.nc: there is no such file; fit a model"):
        load(tmp_path / "none.nc")
    (tmp_path / "text.nc").write_text("week,value", encoding="utf-8")
    with pytest.raises(RaBayesError, match=r"text\.nc: not a result of ra_bayes"):
        load(tmp_path / "text.nc")
    whole = save(tree, tmp_path / "whole.nc").read_bytes()
    (tmp_path / "cut.nc").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RaBayesError, match=r"cut\.nc: not a result of ra_bayes"):
        load(tmp_path / "cut.nc")
    xr.DataTree.from_dict({"posterior": xr.Dataset({"x": ("draw", [1.0])})}).to_netcdf(
        tmp_path / "other.nc", engine="h5netcdf"
    )
    with pytest.raises(RaBayesError, match="was not made by ra_bayes"):
        load(tmp_path / "other.nc")


def test_provenance_belongs_to_one_tree(tree: xr.DataTree) -> None:
    other = with_provenance(tree, {"seed": 2})
    assert provenance(other) == {"seed": 2}
    assert provenance(tree)["who"] == "Ägidius"
    with pytest.raises(RaBayesError, match=r"no attribute 'ra_bayes'\); fit it with"):
        provenance(xr.DataTree())


def test_the_page_comes_out_again(tree: xr.DataTree) -> None:
    assert spec_of(tree).toml == page()
    assert spec_of(tree).name == "test"
