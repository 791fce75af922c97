"""The documentation site has every page, every public name once, and nothing from elsewhere.

`make docs` builds it, with warnings as errors; what that cannot see is here.
"""

from __future__ import annotations

import ast
import importlib
import re
import sys
from pathlib import Path

import pytest

import ra_bayes as rb
from ra_bayes.cli import main

pytest.importorskip("mkdocs")
REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.append(str(REPOSITORY / "scripts"))
site_commands = importlib.import_module("site_commands")
site_names = importlib.import_module("site_names")
site_pages = importlib.import_module("site_pages")

API = "\n".join(
    path.read_text(encoding="utf-8") for path in sorted((REPOSITORY / "docs" / "api").glob("*.md"))
)


def public(package: str) -> list[str]:
    """The names that a package lists as its own, read without importing it."""
    tree = ast.parse((REPOSITORY / "src" / "ra_bayes" / package / "__init__.py").read_text(encoding="utf-8"))
    (names,) = (
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    )
    return [str(name) for name in names]


@pytest.mark.parametrize("package", ["", "figures", "mixtures", "tables", "report"])
def test_every_public_name_stands_in_the_api_once(package: str) -> None:
    module = ".".join(["ra_bayes", package]).rstrip(".")
    shown = re.findall(rf"^::: {module}\.(\w+)$", API, flags=re.MULTILINE)
    assert sorted(shown) == sorted(public(package)), f"write '::: {module}.NAME' on a page of docs/api/"


def test_names_are_found_where_they_are_written() -> None:
    found = {name: site_names.home("ra_bayes", name) for name in rb.__all__}
    assert {name for name, home in found.items() if home is None} == {"figures", "mixtures", "tables"}
    for name, home in found.items():
        if home is not None:
            place = REPOSITORY / "src" / Path(*home.split("."))
            file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
            assert re.search(
                rf"^(def|class) {name}\b|^{name}\b.* = ", file.read_text("utf-8"), re.MULTILINE
            ), name


def test_a_name_that_is_a_module_s_too_is_shown_as_the_verb() -> None:
    assert site_names.at_home("::: ra_bayes.fit").startswith("::: ra_bayes.inference.fit.fit\n")
    assert site_names.at_home("::: ra_bayes.figures") == "::: ra_bayes.figures"


@pytest.mark.parametrize(
    ("text", "source", "here", "mended"),
    [
        ("[data](docs/data.md#units)", "README.md", "index.md", "[data](data.md#units)"),
        ("[docs/data.md](docs/data.md)", "README.md", "index.md", "[Data](data.md)"),
        ("[x](../CONTRIBUTING.md)", "docs/data.md", "data.md", "[x](contributing.md)"),
        ("[x](../docs/data.md)", "notebooks/fit.ipynb", "stories/fit.md", "[x](../data.md)"),
        ("![a [b] c](docs/images/x.png)", "README.md", "index.md", "![a [b] c](images/x.png)"),
        ("[CITATION.cff](CITATION.cff)", "README.md", "index.md", "CITATION.cff"),
        ("[x](https://doi.example/1)", "README.md", "index.md", "[x](https://doi.example/1)"),
        ("[x](gone.md)", "README.md", "index.md", "[x](gone.md)"),
    ],
)
def test_links_lead_where_the_page_is_on_the_site(text: str, source: str, here: str, mended: str) -> None:
    assert site_pages.LINK.sub(lambda link: site_pages.mended(link, source, here), text) == mended


def test_a_story_keeps_code_printed_text_and_pictures() -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# A story"]},
        {
            "cell_type": "code",
            "source": ["%matplotlib inline\n", "print(1)"],
            "outputs": [
                {"output_type": "stream", "text": ["1\n"]},
                {"data": {"image/png": "iVBORw==", "text/plain": ["A line [mm]"]}},
            ],
        },
    ]
    text, pictures = site_pages.story({"cells": cells}, "one")
    assert text == ("# A story\n\n```python\nprint(1)\n```\n\n```text\n1\n```\n\n![A line (mm)](one-1.png)\n")
    assert pictures == {"one-1.png": b"\x89PNG"}


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ('<script src="https://cdn.example/a.js"></script>', ["https://cdn.example/a.js"]),
        ('<link rel="stylesheet" href="//fonts.example/a.css">', ["//fonts.example/a.css"]),
        ("<img alt=x src=http://a.example/b.png>", ["http://a.example/b.png"]),
        ('<a href="https://doi.example/1">doi</a> <img src="a.png">', []),
    ],
)
def test_what_a_page_would_load_from_elsewhere_is_seen(html: str, found: list[str]) -> None:
    assert site_pages.loaded_from_elsewhere(html) == found


def test_every_command_is_on_the_page_of_commands() -> None:
    page = site_commands.commands_page()
    headings = re.findall(r"^## (.+)$", page, flags=re.MULTILINE)
    assert set(headings) > {f"ra-bayes {name}" for name in main.commands}
    assert "ra-bayes plan simon" in headings
    assert "--allow-builder" in page
