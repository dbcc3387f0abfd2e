"""The state of the demo city in the database: what is there, and emptying it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

from gis_app.storage.models import Base

# The audit stays: what happened is not undone with the city.
CITY_TABLES = tuple(sorted(set(Base.metadata.tables) - {"audit_entry", "audit_head", "job_run", "log_in_attempt"}))
_STATE = text("""
SELECT (SELECT demo_key FROM city_profile) AS demo_key,
       EXISTS (SELECT FROM city_profile) AS has_profile,
       EXISTS (SELECT FROM city_profile WHERE NOT is_synthetic) OR EXISTS (SELECT FROM area WHERE NOT is_synthetic)
           OR EXISTS (SELECT FROM hazard WHERE NOT is_synthetic) AS has_real_data,
       EXISTS (SELECT FROM area) OR EXISTS (SELECT FROM street_segment) OR EXISTS (SELECT FROM basemap_feature)
           AS has_rows""")


@dataclass(frozen=True)
class DemoState:
    """What the database holds.

    Parameters
    ----------
    demo_key
        Size, seed and generator version of a finished demo city, None for none.
    is_half_built
        Rows but no profile: a build was interrupted, for the profile comes last.
    has_real_data
        Whether anything is not synthetic.
    """

    demo_key: str | None
    is_half_built: bool
    has_real_data: bool


def demo_state(connection: Connection) -> DemoState:
    """Return the state, read in the scope of the whole city."""
    row = connection.execute(_STATE).one()
    return DemoState(
        demo_key=row.demo_key,
        is_half_built=row.has_rows and not row.has_profile,
        has_real_data=row.has_real_data,
    )


def empty_city_tables(connection: Connection) -> None:
    """Empty every table of the city; only the owner may."""
    connection.execute(text(f"TRUNCATE {', '.join(CITY_TABLES)} RESTART IDENTITY CASCADE"))
