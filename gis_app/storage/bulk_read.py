"""The fast way out: numbers of many rows as whole columns, by COPY in binary; no row ever becomes an object.

Format: PostgreSQL 15 manual, COPY, "Binary Format"; see ``binary_rows`` for the way in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from psycopg import Connection as PsycopgConnection
from psycopg import sql
from sqlalchemy import Connection

from gis_app.storage.binary_rows import HEADER, TRAILER

_AS_NUMPY = {"float8": ">f8", "int8": ">i8", "int4": ">i4", "int2": ">i2"}


def read_numbers(
    connection: Connection, query: str, values: Mapping[str, Any], types: Mapping[str, str]
) -> dict[str, npt.NDArray[Any]]:
    """Return the columns of a query's answer.

    Parameters
    ----------
    query
        In psycopg's words: ``%(name)s`` stands for a value. Its columns hold no NULL.
    types
        Name and SQL type of each column in order: float8, int8, int4 or int2.

    Returns
    -------
    An array of shape ``(n,)`` for each name, in the machine's byte order.

    Raises
    ------
    ValueError
        If the answer has other columns, or a NULL.
    """
    driver = connection.connection.driver_connection
    if not isinstance(driver, PsycopgConnection):
        raise TypeError("Numbers are read through psycopg.")
    data = bytearray()
    statement = sql.SQL("COPY ({}) TO STDOUT (FORMAT BINARY)").format(sql.SQL(query))
    with driver.cursor() as cursor, cursor.copy(statement, values) as copy:
        for block in copy:
            data += block
    fields = [("count", ">i2")]
    for name, kind in types.items():
        fields += [(f"length {name}", ">i4"), (name, _AS_NUMPY[kind])]
    row = np.dtype(fields)
    count, rest = divmod(len(data) - len(HEADER) - len(TRAILER), row.itemsize)
    rows = np.frombuffer(data, row, count=max(count, 0), offset=len(HEADER))
    if rest or (rows["count"] != len(types)).any() or not _are_whole(rows, types):
        raise ValueError("The answer is not of these columns, or holds a NULL.")
    return {name: rows[name].astype(rows[name].dtype.newbyteorder("=")) for name in types}


def _are_whole(rows: npt.NDArray[Any], types: Mapping[str, str]) -> bool:
    return all((rows[f"length {name}"] == rows.dtype[name].itemsize).all() for name in types)
