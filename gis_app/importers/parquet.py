"""GeoParquet: the primary geometry column as WKB, and its reference system, by pyarrow without threads."""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, BinaryIO

from gis_app.domain.errors import Refused
from gis_app.importers.geometry_columns import geometry_batch
from gis_app.importers.records import MAX_FIELDS, Batch, FileFacts, Wanted

_MAGIC = b"PAR1"
_ROWS_PER_READ = 20_000
_AUTHORITY = re.compile(r"EPSG|OGC")


def prepare(_name: str) -> None:
    """Load pyarrow with the system's allocator, and every module it takes along at its first use."""
    os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"
    import pyarrow as pa
    import pyarrow.parquet as pq

    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    made = io.BytesIO()
    pq.write_table(pa.table({"a": [datetime(2026, 1, 1)], "b": [b"x"]}), made)
    list(_opened(made.getvalue()).iter_batches(use_threads=False))


def _opened(content: bytes) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    return pq.ParquetFile(pa.BufferReader(content), memory_map=False, pre_buffer=False)


def read_geoparquet(source: BinaryIO, wanted: Wanted, facts: FileFacts) -> Iterator[Batch]:
    """Yield the rows of a GeoParquet file, numbered from 1.

    Raises
    ------
    Refused
        If it is not Parquet, has no geometry of the GeoParquet standard in WKB, or is damaged.
    """
    import pyarrow as pa

    content = source.read()
    if not content.startswith(_MAGIC):
        raise _unreadable("it does not begin with PAR1")
    try:
        yield from _rows(_opened(content), wanted, facts)
    except pa.lib.ArrowMemoryError:
        raise MemoryError from None
    except (pa.lib.ArrowException, OSError, ValueError, KeyError, TypeError, UnicodeDecodeError) as error:
        if "alloc" in str(error):
            raise MemoryError from None
        raise _unreadable(str(error).splitlines()[0][:160] if str(error) else "it is damaged") from None


def _unreadable(reason: str) -> Refused:
    return Refused(
        "The file is not GeoParquet: {reason}.",
        remedy="Export the data again as GeoParquet 1.x with WKB geometries.",
        reason=reason,
    )


def _rows(file: Any, wanted: Wanted, facts: FileFacts) -> Iterator[Batch]:
    primary = _primary_column(file, facts)
    schema = file.schema_arrow
    names = [name for name in schema.names if name != primary]
    if len(names) > MAX_FIELDS:
        raise Refused(
            "The file has {count} fields; at most {limit} are read.",
            remedy="Export the needed fields only.",
            count=len(names),
            limit=MAX_FIELDS,
        )
    done = 0
    for part in file.iter_batches(batch_size=_ROWS_PER_READ, columns=[primary, *names], use_threads=False):
        count = part.num_rows
        columns = {name: [_plain(cell) for cell in part.column(name).to_pylist()] for name in names}
        rows = list(range(done + 1, done + count + 1))
        yield geometry_batch(rows, columns, part.column(primary).to_pylist(), wanted.shape, facts=facts)
        done += count


def _primary_column(file: Any, facts: FileFacts) -> str:
    """Return the column of the geometries, and note what the file says of its reference system."""
    told = json.loads((file.schema_arrow.metadata or {}).get(b"geo", b"null"))
    if not isinstance(told, dict):
        raise _unreadable("it has no geo metadata")
    primary = str(told["primary_column"])
    column = dict(told["columns"][primary])
    if column.get("encoding") != "WKB":
        raise _unreadable(f"its geometries are {column.get('encoding')}, not WKB")
    facts.declared_datum = _datum(column["crs"]) if "crs" in column else "wgs84"
    if "crs" in column and facts.declared_datum is None:
        facts.note("The file's reference system has no EPSG number: {crs}.", crs=str(column["crs"])[:80])
    return primary


def _datum(crs: Any) -> str | None:
    """Return the datum of a reference system in PROJJSON; none if it says none."""
    identity = crs.get("id") if isinstance(crs, dict) else None
    if not isinstance(identity, dict) or not _AUTHORITY.fullmatch(str(identity.get("authority"))):
        return None
    return "wgs84" if identity["authority"] == "OGC" else f"EPSG:{identity.get('code')}"


def _plain(cell: object) -> object:
    if isinstance(cell, str | int | bool) or cell is None:
        return cell
    if isinstance(cell, float):
        return None if cell != cell else cell
    if isinstance(cell, datetime | date | time):
        return cell.isoformat()
    if isinstance(cell, Decimal):
        return float(cell)
    return None if isinstance(cell, bytes) else str(cell)[:1000]
