"""Numbers read as whole columns: the values of the rows, none, and what is refused."""

import numpy as np
import pytest

from gis_app.storage.bulk_read import read_numbers
from gis_app.storage.engine import scoped, system_scope

TYPES = {"whole": "int8", "part": "float8", "small": "int2"}
QUERY = """
SELECT CAST(n AS bigint) AS whole, CAST(n AS float8) / 3 AS part, CAST(mod(n, 100) AS smallint) AS small
FROM generate_series(1, %(most)s) n ORDER BY n"""


@pytest.fixture
def connection(migrated_database):
    with scoped(migrated_database.app, system_scope()) as connection:
        yield connection


def test_columns_are_the_values_of_the_rows(connection):
    found = read_numbers(connection, QUERY, {"most": 70_000}, TYPES)
    counted = np.arange(1, 70_001)
    assert {name: column.dtype for name, column in found.items()} == {"whole": "i8", "part": "f8", "small": "i2"}
    assert (found["whole"] == counted).all()
    assert (found["part"] == counted / 3).all()
    assert (found["small"] == counted % 100).all()


def test_no_row_is_columns_of_no_length(connection):
    found = read_numbers(connection, QUERY, {"most": 0}, TYPES)
    assert {name: column.shape for name, column in found.items()} == dict.fromkeys(TYPES, (0,))


@pytest.mark.parametrize(
    ("query", "types"),
    [
        ("SELECT NULL::bigint AS whole FROM generate_series(1, 3)", {"whole": "int8"}),
        ("SELECT n::int AS whole FROM generate_series(1, 3) n", {"whole": "int8"}),
        ("SELECT 1::bigint AS whole, 2::bigint AS other FROM generate_series(1, 9)", {"whole": "int8"}),
        ("SELECT nullif(n, 2)::bigint AS whole FROM generate_series(1, 3) n", {"whole": "int8"}),
    ],
)
def test_other_columns_and_nothing_known_are_refused(connection, query, types):
    with pytest.raises(ValueError, match="NULL"):
        read_numbers(connection, query, {}, types)
