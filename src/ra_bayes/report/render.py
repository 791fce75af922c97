"""From a template and what it shows to the text of a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["PAGE", "render"]

PAGE = "index.html"


def render(template: str, content: Mapping[str, Any]) -> str:
    """Return a page; whatever is put into it is escaped, and a name without a value is an error."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("ra_bayes.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(content)
