"""A file of any format -> one table of text, with nothing converted on the way.

Everything stays text: an identifier such as ``001`` or ``01E5`` must not become a number. The formats
are told by their content. What each one takes to read (openpyxl, pyarrow, pyreadstat) is imported by the file
that needs it, so that reading a CSV stays quick.
"""

from __future__ import annotations

from ra_bayes.sources.problems import Problems
from ra_bayes.sources.read import read_table
from ra_bayes.sources.table import Source, Table, source_name

__all__ = ["Problems", "Source", "Table", "read_table", "source_name"]
