"""The whole database in a few words, to tell whether anything in it changed."""

from sqlalchemy import text

TABLES = text("""
SELECT relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition""")


def dump_of(engine):
    """Return count and hash of the rows of every table, by table."""
    with engine.connect() as connection:
        return {
            table: connection.execute(
                text(f"SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t")  # noqa: S608
            ).one()
            for table in connection.execute(TABLES).scalars()
        }


def changed_tables(before, after):
    """Return the tables in which two dumps differ."""
    return {table for table in before.keys() | after.keys() if before.get(table) != after.get(table)}
