r"""A table as LaTeX with booktabs: a file that compiles by itself and can be \input into a paper.

The file is pure ASCII, so that pdflatex, lualatex and xelatex set it alike. Letters with accents, Greek
letters and mathematical signs are written as commands; what no command of plain LaTeX makes (other scripts,
emoji) is shown by its number in Unicode, as [U+1F9B4]: replaced visibly, never dropped.
"""

from __future__ import annotations

import re
import unicodedata

from ra_bayes.plain import broken, plain
from ra_bayes.tables.table import Cell, Column, Table
from ra_bayes.tables.widths import LANDSCAPE, PORTRAIT, needs_landscape, widths

__all__ = ["latex_text", "to_latex"]

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "_": r"\_",
    "%": r"\%",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    # A packet of babel may have made it a command; after \\ a bracket or a star would be an option.
    '"': r"{\char34}",
    "`": r"{\char96}",
    "[": "{[}",
    "]": "{]}",
    "*": "{*}",
    # Two of these would become another sign.
    "-": "-{}",
    "'": "'{}",
    ",": ",{}",
}
_SIGNS = {
    "−": r"$-$",
    "½": r"$\frac12$",
    "±": r"$\pm$",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "≤": r"$\le$",
    "≥": r"$\ge$",
    "≈": r"$\approx$",
    "≠": r"$\ne$",
    "∞": r"$\infty$",
    "→": r"$\to$",
    "°": r"${}^\circ$",
    "²": "${}^2$",
    "³": "${}^3$",
    "–": "--",
    "—": "---",
    "…": r"\ldots{}",
    "‘": "{`}",
    "’": "'{}",
    "“": "``{}",
    "”": "''{}",
    "•": r"\textbullet{}",
    "\u00a0": "~",
    "\u202f": r"\,",
    "µ": r"$\mu$",
    "ß": r"\ss{}",
    "æ": r"\ae{}",
    "Æ": r"\AE{}",
    "œ": r"\oe{}",
    "Œ": r"\OE{}",
    "ø": r"\o{}",
    "Ø": r"\O{}",
    "å": r"\aa{}",
    "Å": r"\AA{}",
    "ł": r"\l{}",
    "Ł": r"\L{}",
    "ı": r"\i{}",
    "§": r"\S{}",
}
_GREEK = frozenset(
    {
        "alpha",
        "beta",
        "gamma",
        "delta",
        "epsilon",
        "zeta",
        "eta",
        "theta",
        "iota",
        "kappa",
        "lambda",
        "mu",
        "nu",
    }
    | {"xi", "pi", "rho", "sigma", "tau", "phi", "chi", "psi", "omega"}
)
_ACCENTS = {
    "\u0300": "`",
    "\u0301": "'",
    "\u0302": "^",
    "\u0303": "~",
    "\u0304": "=",
    "\u0306": "u ",
    "\u0307": ".",
    "\u0308": '"',
    "\u030b": "H ",
    "\u030c": "v ",
    "\u0327": "c ",
}
_CAPITALS = frozenset({"gamma", "delta", "theta", "lambda", "xi", "pi", "sigma", "phi", "psi", "omega"})

_ALONE = r"""% {title}
% Compiles by itself; in a paper: \usepackage{{array,booktabs,longtable}}, then \input{{this file}}.
\expandafter\ifx\csname @notprerr\endcsname\usepackage
  \def\endofratable{{}}
\else
  \documentclass[10pt]{{article}}
  \usepackage[a4paper{landscape},margin=20mm]{{geometry}}
  \usepackage{{array,booktabs,longtable}}
  \pagestyle{{empty}}
  \def\endofratable{{\end{{document}}}}
  \begin{{document}}
\fi
"""
_TABLE = r"""\begingroup
\footnotesize
\setlength{{\tabcolsep}}{{4pt}}
\setlength{{\LTleft}}{{0pt}}
\setlength{{\LTcapwidth}}{{\dimexpr {width:.4f}\linewidth-2\tabcolsep\relax}}
\begin{{longtable}}{{{columns}}}
\caption{{{title}}}\label{{tab:{label}}}\\
\toprule
{heads} \\
\midrule
\endfirsthead
\toprule
{heads} \\
\midrule
\endhead
\bottomrule
\endfoot
{rows}
\end{{longtable}}
\raggedright
{said}
\endgroup
\endofratable
"""


def to_latex(table: Table) -> str:
    """Return a table as a LaTeX file."""
    wide = needs_landscape(table)
    most = LANDSCAPE if wide else PORTRAIT
    shares = [width / most for width in widths(table, most)]
    columns = "".join(map(_column, table.columns, shares))
    heads = " & ".join(rf"\textbf{{{latex_text(column.head)}}}" for column in table.columns)
    said = [rf"\noindent\textbf{{{latex_text(warning)}}}\par" for warning in table.warnings]
    said += [rf"\noindent {latex_text(note)}\par" for note in table.notes]
    return _ALONE.format(
        title=" ".join(latex_text(table.title).split()), landscape=",landscape" if wide else ""
    ) + _TABLE.format(
        columns=f"@{{}}{columns}@{{}}",
        # A caption wider than its table would hang out on the left.
        width=sum(shares),
        title=latex_text(table.title),
        label=re.sub(r"[^a-z0-9]+", "-", table.name.lower()).strip("-"),
        heads=heads,
        rows="\n".join(_row(row) for row in table.rows),
        said="\n".join(said),
    )


def _column(column: Column, share: float) -> str:
    side = "raggedleft" if column.align == "right" else "raggedright"
    return rf">{{\{side}\arraybackslash}}p{{\dimexpr {share:.4f}\linewidth-2\tabcolsep\relax}}"


def _row(row: tuple[Cell, ...]) -> str:
    return " & ".join(latex_text(cell.text) for cell in row) + r" \\"


def latex_text(text: str) -> str:
    r"""Return a text as LaTeX sets it, in ASCII; a word too long for a column may be broken.

    Examples
    --------
    >>> print(latex_text("50% & é −1 🦴"))
    50\% \& \'{e} $-$1 \texttt{{[}U+1F9B4{]}}
    """
    return " ".join(
        r"\allowbreak{}".join(_piece(piece) for piece in broken(word)) for word in plain(text).split(" ")
    )


def _piece(text: str) -> str:
    """Write one piece; neighbours that no command makes are shown together."""
    out, unknown = [], []
    for char in unicodedata.normalize("NFC", text):
        written = _char(char)
        if written is None:
            unknown.append(f"U+{ord(char):04X}")
            continue
        out += [_numbers(unknown), written]
        unknown = []
    return "".join([*out, _numbers(unknown)])


def _numbers(unknown: list[str]) -> str:
    return rf"\texttt{{{{[}}{' '.join(unknown)}{{]}}}}" if unknown else ""


def _char(char: str) -> str | None:
    if char in _SPECIAL:
        return _SPECIAL[char]
    if char.isascii():
        return char
    return _SIGNS.get(char) or _greek(char) or _accented(char)


def _greek(char: str) -> str | None:
    kind, _, name = unicodedata.name(char, "").partition(" LETTER ")
    name = {"lamda": "lambda"}.get(name.lower(), name.lower())
    if kind == "GREEK SMALL" and name in _GREEK:
        return rf"$\{name}$"
    return rf"$\{name.title()}$" if kind == "GREEK CAPITAL" and name in _CAPITALS else None


def _accented(char: str) -> str | None:
    parts = unicodedata.normalize("NFD", char)
    if len(parts) != 2 or parts[1] not in _ACCENTS or not parts[0].isascii():
        return None
    return rf"\{_ACCENTS[parts[1]]}{{{parts[0]}}}"
