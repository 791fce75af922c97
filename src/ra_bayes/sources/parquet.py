"""Parquet -> a table of text, batch by batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from ra_bayes.sources.cells import cell_text
from ra_bayes.sources.problems import Problems
from ra_bayes.sources.table import MOST_ROWS, Rows, Table

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]

__all__ = ["read_parquet"]

_BATCH = 4096


def read_parquet(file: BinaryIO, source: str, problems: Problems) -> Table:
    """Read a Parquet file; its first row is row 2, as if it had been written to a CSV file."""
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile  # type: ignore[import-untyped]

    damaged = "write it anew, or as CSV"
    try:
        schema = ParquetFile(file).schema_arrow
        # A text repeated a million times is one entry of a dictionary, and must not be unpacked.
        texts = [field.name for field in schema if _is_text(field.type)]
        file.seek(0)
        parquet = ParquetFile(file, read_dictionary=texts)
        count = parquet.metadata.num_rows
        if count > MOST_ROWS:
            what = f"the file has {count} rows, and at most {MOST_ROWS} are read"
            problems.stop("size", what, "keep only the rows of your patients and outcomes, and export again")
        nested = [i for i, field in enumerate(schema) if pa.types.is_nested(field.type)]
        rows = Rows(len(schema), problems)
        row = 1
        for batch in parquet.iter_batches(batch_size=_BATCH):
            # A damaged file may hold indices beyond its dictionary, or bytes that are no text.
            batch.validate(full=True)
            columns = [
                [""] * batch.num_rows if i in nested else _texts(column)
                for i, column in enumerate(batch.columns)
            ]
            for cells in zip(*columns, strict=True):
                row += 1
                rows.add(row, cells)
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        why = str(error).partition("\n")[0][:120]
        problems.stop("file", f"the Parquet file is damaged ({why})", damaged)
    header = tuple(name.strip() for name in schema.names)
    decimal = frozenset(i for i, field in enumerate(schema) if pa.types.is_floating(field.type))
    lists = ", ".join(repr(header[i]) for i in nested)
    notes = (f"columns that hold lists or structures were not read: {lists}",) if nested else ()
    return Table(source, "Parquet file", header, rows.kept, decimal_columns=decimal, notes=notes)


def _is_text(type: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(type) or pa.types.is_large_string(type) or pa.types.is_binary(type))


def _texts(column: pa.Array) -> list[str]:
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        words = [cell_text(word) for word in column.dictionary.to_pylist()]
        return ["" if i is None else words[i] for i in column.indices.to_pylist()]
    if pa.types.is_timestamp(column.type):
        # Python's datetime has no nanoseconds.
        column = column.cast(pa.timestamp("us", tz=column.type.tz), safe=False)
    if pa.types.is_float32(column.type) or pa.types.is_float16(column.type):
        # As a double, 0.1 would be 0.10000000149011612.
        return [
            "" if cell is None else cell for cell in column.cast(pa.float32()).cast(pa.string()).to_pylist()
        ]
    return [cell_text(cell) for cell in column.to_pylist()]
