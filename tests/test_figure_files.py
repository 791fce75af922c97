"""The files that figures become, and what drawing leaves behind: nothing."""

from __future__ import annotations

import hashlib
import html
import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import pytest
from drawn import FIGURES, WIDTH, drawn, fitted, words
from matplotlib.text import Text
from PIL import Image

from ra_bayes import figures
from ra_bayes.errors import RaBayesError
from ra_bayes.figures.journals import JOURNALS
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


def test_what_would_not_print_is_refused(tmp_path: Path) -> None:
    for formats, dpi, said in (
        (("jpg",), None, "'jpg' is none of pdf, png, svg, tiff"),
        (("eps",), None, "EPS has no transparency, so that bands would hide each other; write pdf"),
        (("png",), 30, "dpi=30 is not from 72 to 1200; write 300"),
    ):
        with pytest.raises(RaBayesError, match=said):
            figures.save(drawn("forest", "vas"), tmp_path / "a", formats, dpi=dpi)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", JOURNALS)
def test_a_pdf_has_a_columns_width_and_embedded_fonts(name: str, tmp_path: Path) -> None:
    with figures.journal(name):
        figure = figures.forest(fitted("vas"))
    # It was made for the journal, and is saved for it wherever that happens.
    (pdf,) = figures.save(figure, tmp_path / name, ("pdf",))
    content = pdf.read_bytes()
    box = re.search(rb"/MediaBox \[ ?0 0 ([0-9.]+) ([0-9.]+) ?\]", content)
    assert box is not None
    width, height = (float(each) / 72.0 * 25.4 for each in box.groups())
    assert min(abs(width - each) for each in JOURNALS[name].columns_mm) < 0.1
    assert height <= JOURNALS[name].tallest_mm + 0.1
    # Type 42: TrueType outlines, in the file.
    assert b"/FontFile2" in content
    assert b"/Type3" not in content


def test_a_tiff_is_what_a_printer_wants(tmp_path: Path) -> None:
    with figures.journal("ard"):
        figure = figures.forest(fitted("tnf_alpha"))
    pdf, tiff = figures.save(figure, tmp_path / "a")
    assert (pdf.suffix, tiff.suffix) == (".pdf", ".tiff")
    with Image.open(tiff) as picture:
        assert (picture.mode, picture.info["compression"]) == ("RGB", "tiff_lzw")
        assert picture.info["dpi"] == (600.0, 600.0)
        assert picture.width == pytest.approx(figure.get_figwidth() * 600, abs=1)
        assert picture.getpixel((0, 0)) == (255, 255, 255)
        assert picture.tag_v2.tagtype[270] == 2
    # Minus signs and Greek letters too.
    assert "TNF-α" in figure.alt
    assert figure.alt.encode() in tiff.read_bytes()


@pytest.mark.parametrize("kind", ["pdf", "png", "svg"])
def test_a_file_carries_its_text_alternative(kind: str, tmp_path: Path) -> None:
    figure = drawn("forest", "vas")
    (file,) = figures.save(figure, tmp_path / "a", (kind,), dpi=100)
    content = file.read_bytes()
    if kind == "png":
        with Image.open(file) as picture:
            assert picture.info["Description"] == figure.alt
    elif kind == "svg":
        assert figure.alt in html.unescape(content.decode())
    else:
        # Whatever is not Latin-1 turns a PDF's text into UTF-16.
        assert b"/Subject" in content
        assert "Change in Pain".encode("utf-16-be") in content.replace(b"\\", b"")


SCRIPT = """
import sys
from ra_bayes import figures
from ra_bayes.tree import load
tree = load(sys.argv[1])
for name in ("trajectories", "forest", "prior_posterior", "predictive_check"):
    figures.save(getattr(figures, name)(tree), f"{sys.argv[2]}/{name}", sys.argv[3:])
"""


def test_two_processes_write_the_same_bytes(tmp_path: Path) -> None:
    path = save_tree(fitted("tnf_alpha"), tmp_path / "tree.nc")
    # A TIFF is made of a PNG: what differs between processes would show in either.
    formats = ("pdf", "svg", "tiff")
    for name in FIGURES:
        figures.save(drawn(name, "tnf_alpha"), tmp_path / "here" / name, formats)
    command = [sys.executable, "-c", SCRIPT, str(path), str(tmp_path / "there"), *formats]
    # Sets and dictionaries of objects are walked in another order there.
    subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": "1"})
    here, there = (
        {each.name: hashlib.sha256(each.read_bytes()).hexdigest() for each in (tmp_path / folder).iterdir()}
        for folder in ("here", "there")
    )
    assert len(here) == 12
    assert here == there
