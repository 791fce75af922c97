"""Look at figures of the gallery in every preset: ``python tests/contact_sheet.py FOLDER NAME...``.

Each becomes a picture of all presets side by side, in their sizes to one another (slides at half size).
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

from gallery_inputs import drawn_for, sources
from PIL import Image

from ra_bayes.figures.gallery import GALLERY, entry

PRESETS = ("house", "ard", "bmc", "slides")
_DPI, _GAP = 150, 40


def picture(preset: str, figure: str, source: str) -> Image.Image:
    buffer = io.BytesIO()
    dpi = _DPI // 2 if preset == "slides" else _DPI
    drawn_for(preset, figure, source).savefig(buffer, format="png", dpi=dpi)
    return Image.open(buffer).convert("RGB")


def sheet(pictures: list[Image.Image]) -> Image.Image:
    width = max(each.width for each in pictures)
    rows = [pictures[at : at + 2] for at in range(0, len(pictures), 2)]
    height = sum(max(each.height for each in row) + _GAP for row in rows)
    paper = Image.new("RGB", (2 * (width + _GAP), height), "#777777")
    down = 0
    for row in rows:
        for column, each in enumerate(row):
            paper.paste(each, (column * (width + _GAP), down))
        down += max(each.height for each in row) + _GAP
    return paper


def main(folder: str, *names: str) -> None:
    Path(folder).mkdir(parents=True, exist_ok=True)
    for name in names or [each.name for each in GALLERY]:
        for source in sources(entry(name)):
            target = Path(folder) / f"{name}-{source}.png"
            sheet([picture(preset, name, source) for preset in PRESETS]).save(target)
            print(target)


if __name__ == "__main__":
    main(*sys.argv[1:])
