"""Pages of the site that lie elsewhere in the repository: a hook of mkdocs.yml brings them in, links mended.

A page links to files as they lie in the repository, so that it reads there too. On the site a link to a
page that the site has leads there, under that page's title where a file's name stood; one to another file of
the repository becomes its name.
"""

from __future__ import annotations

import base64
import json
import logging
import posixpath
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

# mkdocs loads a hook by its path, without its folder.
sys.path.append(str(Path(__file__).resolve().parent))
from site_commands import commands_page
from site_names import at_home

LOG = logging.getLogger("mkdocs.plugins.site_pages")
REPOSITORY = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((REPOSITORY / "notebooks").glob("*.ipynb"))
# From the repository to the site.
BROUGHT = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "data/README.md": "data-dictionary.md",
    "benchmarks/README.md": "benchmark-scripts.md",
    "notebooks/README.md": "stories/index.md",
    **{f"notebooks/{path.name}": f"stories/{path.stem}.md" for path in NOTEBOOKS},
}
SOURCE = {page: source for source, page in BROUGHT.items()}
# What a page loads: pictures, scripts, styles, frames; a link that a reader follows is no such thing.
LOADED = re.compile(
    r"<(?:img|script|iframe|source|audio|video|embed|object)\b[^>]*?\s(?:src|data)=[\"']?((?:https?:)?//[^\s\"'>]+)"
    r"|<link\b[^>]*?\shref=[\"']?((?:https?:)?//[^\s\"'>]+)",
)
# A link or picture, not in code; its words may hold brackets of their own.
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s#]*)(#[^)\s]+)?\)")
FILE = re.compile(r"`?[\w./-]+\.(md|ipynb)`?")
CODE = re.compile(r"^(```.*?^```[ \t]*$|(?: {4}[^\n]*\n)+)", flags=re.MULTILINE | re.DOTALL)


def on_files(files: Files, config: MkDocsConfig, **_: Any) -> Files:
    """Add the pages, and the pictures of the notebooks."""
    for source, page in BROUGHT.items():
        path = REPOSITORY / source
        if path.suffix == ".ipynb":
            text, pictures = story(json.loads(path.read_text(encoding="utf-8")), path.stem)
            for name, picture in pictures.items():
                files.append(File.generated(config, f"stories/{name}", content=picture))
        else:
            text = path.read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=text))
    files.append(File.generated(config, "commands.md", content=commands_page()))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Mend links, and fences that a test marks for itself."""
    here = page.file.src_uri
    markdown = markdown.replace("```toml complete\n", "```toml\n")
    if here.startswith("api/"):
        markdown = at_home(markdown)
    source = SOURCE.get(here, f"docs/{here}")
    parts = CODE.split(markdown)
    parts[::2] = [
        LINK.sub(lambda link: mended(link, source, here), part) if part else part for part in parts[::2]
    ]
    return "".join(parts)


def on_post_page(output: str, page: Page, **_: Any) -> None:
    """Refuse a page that would load anything from elsewhere."""
    if found := loaded_from_elsewhere(output):
        LOG.warning(f"{page.file.src_uri} loads from elsewhere: {', '.join(found)}")


def loaded_from_elsewhere(html: str) -> list[str]:
    """Return the addresses that a page would load from another host."""
    return [source or link for source, link in LOADED.findall(html)]


def mended(link: re.Match[str], source: str, here: str) -> str:
    """Return a link of a file of the repository as it is on the site."""
    mark, words, target, anchor = link.groups()
    if not target or ":" in target:
        return link.group()
    named = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
    page = BROUGHT.get(named) or (named.removeprefix("docs/") if named.startswith("docs/") else None)
    if page is None:
        # A file that is missing stays a link, so that the build refuses it.
        return words if (REPOSITORY / named).exists() else link.group()
    if FILE.fullmatch(words):
        words = title(REPOSITORY / named)
    return f"{mark}[{words}]({posixpath.relpath(page, posixpath.dirname(here) or '.')}{anchor or ''})"


def title(path: Path) -> str:
    """Return a page's first heading."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        text = "".join(json.loads(text)["cells"][0]["source"])
    return text.partition("# ")[2].partition("\n")[0]


def story(notebook: dict[str, Any], name: str) -> tuple[str, dict[str, bytes]]:
    """Return a notebook as Markdown with its stored outputs, and its pictures by file name."""
    parts: list[str] = []
    pictures: dict[str, bytes] = {}
    for cell in notebook["cells"]:
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(text)
            continue
        code = "\n".join(line for line in text.splitlines() if not line.startswith("%"))
        parts.append(f"```python\n{code.strip()}\n```")
        for output in cell["outputs"]:
            parts += shown(output, f"{name}-{len(pictures) + 1}.png", pictures)
    return "\n\n".join(parts) + "\n", pictures


def shown(output: dict[str, Any], name: str, pictures: dict[str, bytes]) -> Iterator[str]:
    """Yield an output: a picture with its text alternative, or text as it was printed."""
    data = output.get("data", {"text/plain": output.get("text", [])})
    text = "".join(data["text/plain"]).rstrip()
    if "image/png" in data:
        pictures[name] = base64.b64decode(data["image/png"])
        alternative = " ".join(text.split()).replace("[", "(").replace("]", ")")
        yield f"![{alternative}]({name})"
    else:
        yield f"```text\n{text}\n```"
