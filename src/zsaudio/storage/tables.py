"""Tables between stages: every one is written and read here, and checked against its schema."""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq

from zsaudio.errors import ZsAudioError
from zsaudio.storage.files import replacing
from zsaudio.storage.spreadsheets import mark, unmark

BATCH = 4096  # rows of parquet that are decoded at once: vectors of bytes take 13 times their memory meanwhile


class Kind(Enum):
    """What a column holds: the Arrow types it may have, of which the first is written."""

    TEXT = (pa.string(), pa.large_string())
    COUNT = (pa.int64(), pa.int32(), pa.int16(), pa.int8())
    SMALL = (pa.int8(),)
    REAL = (pa.float64(), pa.float32())
    INDICES = (pa.list_(pa.int64()), pa.list_(pa.int32()), pa.list_(pa.int16()))
    VECTOR = ()  # fixed-size list of uint8, float16 or float32, of any length

    def accepts(self, dtype: pa.DataType) -> bool:
        """Whether a column of this Arrow type is of this kind."""
        if self is Kind.VECTOR:
            numbers = (pa.uint8(), pa.float16(), pa.float32())
            return pa.types.is_fixed_size_list(dtype) and dtype.value_type in numbers
        return dtype in self.value

    def __str__(self) -> str:
        return "fixed-size list of uint8, float16 or float32" if self is Kind.VECTOR else str(self.value[0])


@dataclass(frozen=True)
class Schema:
    """The columns of a table.

    Attributes:
        name: what messages call the table.
        columns: kind of each column, in the order they are written.
        unique: a column without duplicates.
        nullable: columns that may have empty cells.
        optional: columns that may be absent.
        metadata: keys that the file's schema metadata must have.
    """

    name: str
    columns: Mapping[str, Kind]
    unique: str | None = None
    nullable: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    metadata: tuple[str, ...] = ()


def write_table(
    path: Path, schema: Schema, columns: Mapping[str, Any], metadata: Mapping[str, str] | None = None
) -> None:
    """Check columns (Arrow arrays, numpy arrays or lists) against a schema and write them, whole or not at all.

    The suffix decides the format: .csv; .feather, Arrow's own, which is read without decoding; else parquet. The
    latter two store `metadata` in the schema.
    """
    table = build_table(schema, columns, metadata)
    _check(table, schema, str(path))
    with replacing(path) as temporary:
        if path.suffix == ".csv":
            # Quotes only where needed: the files are easier to read and to compare.
            pa.csv.write_csv(mark(table), temporary, pa.csv.WriteOptions(quoting_style="needed"))
        elif path.suffix == ".feather":
            # A single chunk, which reading does not copy.
            rows = max(len(table), 1)
            pa.feather.write_feather(table.combine_chunks(), temporary, compression="uncompressed", chunksize=rows)
        else:
            pq.write_table(table, temporary, **_parquet_options(table.schema))


def build_table(schema: Schema, columns: Mapping[str, Any], metadata: Mapping[str, str] | None = None) -> pa.Table:
    """A table from columns (Arrow arrays, numpy arrays or lists), with the order and types of a schema."""
    arrays = {}
    for name, kind in schema.columns.items():
        if name in columns:
            values = columns[name]
            ready = isinstance(values, (pa.Array, pa.ChunkedArray)) or kind is Kind.VECTOR
            arrays[name] = values if ready else pa.array(values, type=kind.value[0], from_pandas=True)
    fields = [pa.field(name, array.type, schema.columns[name] is not Kind.VECTOR) for name, array in arrays.items()]
    return pa.table(arrays, pa.schema(fields, dict(metadata or {})))


def read_table(path: Path, schema: Schema) -> pa.Table:
    """Read a table and check it against its schema.

    Raises:
        ZsAudioError: it cannot be read, or a column is missing, has another type, empty cells or duplicates.
    """
    try:
        if path.suffix == ".csv":
            kinds = {name: kind.value[0] for name, kind in schema.columns.items()}
            texts = any(schema.columns[name] is Kind.TEXT for name in schema.nullable)  # else "null" is a text
            options = pa.csv.ConvertOptions(column_types=kinds, strings_can_be_null=texts)
            table = unmark(pa.csv.read_csv(path, convert_options=options))
        elif path.suffix == ".feather":
            table = pa.feather.read_table(path, memory_map=True)
        else:
            file = pq.ParquetFile(path)  # pq.read_table would import pyarrow.dataset
            table = pa.Table.from_batches(file.iter_batches(BATCH), file.schema_arrow)
    except FileNotFoundError as error:
        raise ZsAudioError(f"{path}: there is no table of {schema.name}; run the stage that writes it") from error
    except (OSError, pa.ArrowInvalid) as error:
        raise ZsAudioError(f"{path}: not a readable table of {schema.name} ({error})") from error
    _check(table, schema, str(path))
    return table


def concatenate(path: Path, schema: Schema, parts: Iterable[pa.Table], metadata: Mapping[str, str]) -> None:
    """Write tables of one schema one below the other as parquet, whole or not at all.

    The next table is made while one is written, so two are in memory. Tables without rows are left out. Duplicates
    in the column `schema.unique` are found within a table, not between tables.
    """
    with replacing(path) as temporary, ExitStack() as stack:
        writer = pool = None
        for part in parts:
            table = part.replace_schema_metadata(dict(metadata))
            _check(table, schema, str(path))
            if len(table):
                if writer is None or pool is None:
                    options = _parquet_options(table.schema)
                    writer = stack.enter_context(pq.ParquetWriter(temporary, table.schema, **options))
                    pool = stack.enter_context(ThreadPoolExecutor(1))
                    written: Future[None] = pool.submit(writer.write_table, table)
                else:
                    written.result()
                    written = pool.submit(writer.write_table, table)
        if writer is not None:
            written.result()


def read_column(path: Path, column: str) -> list[Any]:
    """One column of a parquet file, without reading the others."""
    values: list[Any] = pq.ParquetFile(path).read([column])[column].to_pylist()
    return values


def row_seconds(metadata: Mapping[str, str]) -> int:
    """Seconds that a row of each clip's audio embeddings is of, by the metadata of a table or an encoder."""
    return int(metadata.get("seconds", "1"))


def clip_seconds(path: Path) -> dict[str, int]:
    """Seconds of sound that each clip of a file of audio embeddings has rows of, the last row as if it was full."""
    table = pq.ParquetFile(path).read(["clip_id", "n_segments"])
    seconds = row_seconds(metadata(table))
    lengths = zip(*(table[name].to_pylist() for name in table.column_names), strict=True)
    return {clip: n * seconds for clip, n in lengths}


def file_metadata(path: Path) -> dict[str, str]:
    """The schema metadata of a parquet file, without reading the table."""
    return _decoded(pq.read_schema(path))


def metadata(table: pa.Table) -> dict[str, str]:
    """The schema metadata of a table."""
    return _decoded(table.schema)


def _decoded(schema: pa.Schema) -> dict[str, str]:
    return {key.decode(): value.decode() for key, value in (schema.metadata or {}).items()}


def _parquet_options(schema: pa.Schema) -> dict[str, Any]:
    """How to write parquet. Vectors are split into streams of bytes, since parquet's numbers have at least 32 bits."""
    lists = [field.name for field in schema if pa.types.is_fixed_size_list(field.type)]
    encoding = {f"{name}.list.element": "BYTE_STREAM_SPLIT" for name in lists}
    fast = {"compression": "zstd", "compression_level": -3, "use_dictionary": False, "write_statistics": False}
    return {**fast, "column_encoding": encoding}


def vectors(values: npt.NDArray[Any]) -> pa.FixedSizeListArray:
    """An (N, ...) array as a column of N vectors, row-major, without a copy."""
    flat = np.ascontiguousarray(values).reshape(-1)
    numbers = pa.array(flat)
    element = pa.field("element", numbers.type, nullable=False)  # reads twice as fast as with nulls allowed
    kind = pa.list_(element, int(np.prod(values.shape[1:], dtype=np.int64)))
    return pa.FixedSizeListArray.from_arrays(numbers, type=kind)


def matrix(table: pa.Table, column: str) -> npt.NDArray[Any]:
    """A column of vectors as an (N, width) array; no copy if the file is memory-mapped."""
    chunks = list(_chunks(table, column))
    if not chunks:
        return np.zeros((0, table.schema.field(column).type.list_size), np.float32)
    return chunks[0] if len(chunks) == 1 else np.concatenate(chunks)


def matrix_rows(table: pa.Table, column: str, rows: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    """Some rows of a column of vectors, by number and in that order: (len(rows), width). The others are not copied."""
    kind, start = table.schema.field(column).type, 0
    values = np.empty((len(rows), kind.list_size), kind.value_type.to_pandas_dtype())
    for chunk in _chunks(table, column):
        here = np.flatnonzero((rows >= start) & (rows < start + len(chunk)))
        values[here] = chunk[rows[here] - start]
        start += len(chunk)
    return values


def _chunks(table: pa.Table, column: str) -> Iterator[npt.NDArray[Any]]:
    """A column of vectors, chunk by chunk as it lies in memory: (rows, width) each."""
    width = table.schema.field(column).type.list_size
    for chunk in table[column].chunks:
        yield chunk.flatten().to_numpy(zero_copy_only=False).reshape(-1, width)


def _not_finite(table: pa.Table, name: str, kind: Kind) -> int:
    """How many rows of a column have NaN or infinity."""
    if kind is Kind.VECTOR and pa.types.is_floating(table.schema.field(name).type.value_type):
        return sum(_rows_not_finite(values) for values in _chunks(table, name))
    if kind is Kind.REAL:
        values = table[name].drop_null().to_numpy()
        return int((~np.isfinite(values)).sum())
    return 0


def _rows_not_finite(values: npt.NDArray[Any]) -> int:
    with np.errstate(over="ignore", invalid="ignore"):
        total = values.sum(dtype=np.float32)
    if np.isfinite(total):  # then every value is
        return 0
    return int((~np.isfinite(values).all(axis=1)).sum())


def _check(table: pa.Table, schema: Schema, where: str) -> None:
    required = [name for name in schema.columns if name not in schema.optional]
    missing = [name for name in required if name not in table.column_names]
    unknown = [name for name in table.column_names if name not in schema.columns]
    if missing or unknown:
        raise ZsAudioError(
            f"{where}: the table of {schema.name} needs the columns {', '.join(schema.columns)}; "
            f"missing: {', '.join(missing) or 'none'}; unknown: {', '.join(unknown) or 'none'}"
        )
    for name in table.column_names:
        kind, column = schema.columns[name], table[name]
        if not kind.accepts(column.type):
            raise ZsAudioError(f"{where}: column {name!r} of {schema.name} is {column.type}, expected {kind}")
        if column.null_count and name not in schema.nullable:
            raise ZsAudioError(f"{where}: column {name!r} of {schema.name} has {column.null_count} empty cells")
        broken = _not_finite(table, name, kind)
        if broken:
            raise ZsAudioError(
                f"{where}: column {name!r} of {schema.name} has NaN or infinity in {broken} rows; run the stage that "
                "writes it again"
            )
    if schema.unique and len(table[schema.unique].unique()) < len(table):
        raise ZsAudioError(f"{where}: column {schema.unique!r} of {schema.name} has duplicates")
    lacking = [key for key in schema.metadata if key.encode() not in (table.schema.metadata or {})]
    if lacking:
        raise ZsAudioError(f"{where}: the schema metadata of {schema.name} lacks {', '.join(lacking)}")
