"""The files that figures become, and what drawing leaves behind: nothing."""

from __future__ import annotations

import hashlib
import os
import struct
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import pytest
from drawn import FIGURES, WIDTH, drawn, fitted, words
from matplotlib.text import Text

from ra_bayes import figures
from ra_bayes.errors import RaBayesError
from ra_bayes.tree import save as save_tree


def test_nothing_global_is_touched() -> None:
    from matplotlib import pyplot

    before = dict(mpl.rcParams)
    with mpl.rc_context({"font.size": 30.0, "axes.grid": True}):
        figure = figures.forest(fitted("vas"))
    assert dict(mpl.rcParams) == before
    assert pyplot.get_fignums() == []
    # Nor does the user's own style reach into a figure.
    assert max(text.get_fontsize() for text in figure.findobj(Text)) <= 7.0
    assert words(figure) == words(drawn("forest", "vas"))


def png_width(path: Path) -> int:
    return int(struct.unpack(">I", path.read_bytes()[16:20])[0])


@pytest.mark.parametrize("name", FIGURES)
def test_files_have_the_printed_size_and_real_text(name: str, tmp_path: Path) -> None:
    pdf, png = figures.save(drawn(name, "tnf_alpha"), tmp_path / "deep" / "figure-1.a")
    assert (pdf.name, png.name) == ("figure-1.a.pdf", "figure-1.a.png")
    assert png_width(png) == int(WIDTH[name] / 25.4 * 300)
    content = pdf.read_bytes()
    assert b"/Type3" not in content
    assert b"CIDFontType2" in content or b"TrueType" in content
    assert b"CreationDate" not in content
    assert [path.name for path in pdf.parent.iterdir() if path.name.startswith(".")] == []


def test_savefig_has_the_same_look(tmp_path: Path) -> None:
    with mpl.rc_context({"pdf.fonttype": 3}):
        drawn("forest", "vas").savefig(tmp_path / "a.pdf")
    assert b"/Type3" not in (tmp_path / "a.pdf").read_bytes()


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RaBayesError, match="'jpg' is none of pdf, png, svg, tiff"):
        figures.save(drawn("forest", "vas"), tmp_path / "a", formats=("jpg",))


SCRIPT = """
import sys
from ra_bayes import figures
from ra_bayes.tree import load
tree = load(sys.argv[1])
for name in ("trajectories", "forest", "prior_posterior", "predictive_check"):
    figures.save(getattr(figures, name)(tree), f"{sys.argv[2]}/{name}", formats=("pdf", "png", "svg"))
"""


def test_two_processes_write_the_same_bytes(tmp_path: Path) -> None:
    path = save_tree(fitted("tnf_alpha"), tmp_path / "tree.nc")
    for name in FIGURES:
        figures.save(drawn(name, "tnf_alpha"), tmp_path / "here" / name, formats=("pdf", "png", "svg"))
    command = [sys.executable, "-c", SCRIPT, str(path), str(tmp_path / "there")]
    # Sets and dictionaries of objects are walked in another order there.
    subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": "1"})
    here, there = (
        {each.name: hashlib.sha256(each.read_bytes()).hexdigest() for each in (tmp_path / folder).iterdir()}
        for folder in ("here", "there")
    )
    assert len(here) == 12
    assert here == there
