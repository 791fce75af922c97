"""Tables for a journal: a value, one file a table that makes one, one file a format that writes it."""

from __future__ import annotations

from ra_bayes.tables.save import save
from ra_bayes.tables.table import Cell, Column, Table

__all__ = ["Cell", "Column", "Table", "save"]
