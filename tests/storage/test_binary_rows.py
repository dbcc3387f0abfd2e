"""Rows packed for COPY, compared with bytes put together by hand."""

import struct
import uuid

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Integer, Text, Uuid

from gis_app.storage.binary_rows import HEADER, TRAILER, packed_rows

ONE_ID = uuid.UUID(int=7)


def packed(types, columns, rows_per_block=50_000):
    return b"".join(bytes(memoryview(block)) for block in packed_rows(types, columns, rows_per_block=rows_per_block))


def by_hand(*rows):
    told = b"".join(
        struct.pack(">h", len(row))
        + b"".join(struct.pack(">i", -1) if field is None else struct.pack(">i", len(field)) + field for field in row)
        for row in rows
    )
    return HEADER + told + TRAILER


@pytest.mark.parametrize("rows_per_block", [1, 2, 50])
def test_fields_of_any_width_stand_in_their_rows(rows_per_block):
    types = {"a": Integer(), "b": Text(), "c": Integer(), "d": Text(), "e": Text()}
    columns = {"a": [1, 2, 3], "b": ["甲", "", None], "c": pd.Series([1, None, 3], dtype="Int64"),
               "d": ["x", "y", "z"], "e": pd.Series(["q", None, "long one"], dtype="object")}  # fmt: skip

    assert packed(types, columns, rows_per_block) == by_hand(
        [b"\0\0\0\1", "甲".encode(), b"\0\0\0\1", b"x", b"q"],
        [b"\0\0\0\2", b"", None, b"y", None],
        [b"\0\0\0\3", None, b"\0\0\0\3", b"z", b"long one"],
    )


@pytest.mark.parametrize(
    "texts",
    [
        ["5", None, "1.5"],
        [5, np.nan, 1.5],
        pd.Series(["5", None, "1.5"], dtype="str"),
        pd.Series(["0", "5", pd.NA, "1.5"], dtype="string[pyarrow]").iloc[1:],
        np.array(["5", None, "1.5"], dtype=object),
    ],
)
def test_texts_are_packed_alike_whatever_holds_them(texts):
    assert packed({"t": Text()}, {"t": texts}) == by_hand([b"5"], [None], [b"1.5"])


def test_an_id_that_all_rows_share_is_packed_as_others_are():
    other = uuid.UUID(int=8)

    assert packed({"u": Uuid()}, {"u": np.full(2, ONE_ID, dtype=object)}) == by_hand([ONE_ID.bytes], [ONE_ID.bytes])
    assert packed({"u": Uuid()}, {"u": [None, None]}) == by_hand([None], [None])
    assert packed({"u": Uuid()}, {"u": [ONE_ID, None, str(other)]}) == by_hand([ONE_ID.bytes], [None], [other.bytes])


def test_no_rows_are_only_header_and_trailer():
    assert packed({"a": Integer(), "t": Text()}, {"a": [], "t": []}) == HEADER + TRAILER
