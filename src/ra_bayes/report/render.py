"""From a template and what it shows to the text of a page that needs no other file and may load none."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from importlib import resources
from typing import Any

from ra_bayes.plain import plain

__all__ = ["PAGE", "render"]

PAGE = "index.html"


def render(template: str, content: Mapping[str, Any]) -> str:
    """Return a page; whatever is put into it is escaped, and a name without a value is an error."""
    import jinja2
    from markupsafe import Markup

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("ra_bayes.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_tame,
    )
    style, script = _own("page.css"), _own("page.js")
    return environment.get_template(template).render(
        content,
        policy=_policy(style, script),
        style=Markup(style),
        script=Markup(script),
    )


def _tame(value: Any) -> Any:
    """Return what is shown without characters that are no text, or turn the text behind them; lines stay."""
    from markupsafe import Markup

    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return "\n".join(map(plain, value.split("\n")))


def _policy(style: str, script: str) -> str:
    """Return a Content-Security-Policy: pictures inside the page, this one style and script, nothing else.

    So that no text of a cohort can make a browser run or load anything, were it ever to escape its quotes.

    Examples
    --------
    >>> _policy("p {}", "1").split(";")[0]
    "default-src 'none'"
    """

    def of(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"

    return (
        f"default-src 'none'; img-src data:; style-src {of(style)}; script-src {of(script)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _own(name: str) -> str:
    return (resources.files("ra_bayes.report") / "templates" / name).read_text(encoding="utf-8")
