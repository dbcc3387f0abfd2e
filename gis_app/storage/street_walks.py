"""Streets walked: the pieces of streets in each grid, the fixes of a night, and what was walked of each night."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import geopandas as gpd
import pandas as pd
import shapely
from sqlalchemy import Connection, text

from gis_app.storage.bulk_load import copy_rows
from gis_app.storage.bulk_read import read_numbers
from gis_app.storage.frames import frame_of
from gis_app.storage.models import GridSweep, StreetWalk
from gis_app.storage.models.base import table_of

PIECES = "street_pieces"
_STREETS = text("""
SELECT id, kind, one_way, from_node, to_node, ST_AsBinary(ST_Transform(geom, :srid)) AS shape
FROM street_segment ORDER BY id""")
_STREETS_DIGEST = text("""
SELECT md5(string_agg(md5(ST_AsBinary(geom)) || id || kind || one_way, ',' ORDER BY id)) FROM street_segment""")
_FIXES = """
SELECT f.patrol_id, hashtextextended(f.device, 0) AS device,
       CAST(extract(epoch FROM f.recorded_at) * 1000000 AS bigint) AS microsecond, CAST(f.sequence AS bigint),
       coalesce(CAST(f.accuracy_m AS float8), 'NaN') AS accuracy_m, ST_X(m.xy) AS x, ST_Y(m.xy) AS y
FROM patrol p JOIN track_point f ON f.patrol_id = p.id
CROSS JOIN LATERAL (SELECT ST_Transform(f.geom, %(srid)s) AS xy) m
WHERE p.night = %(night)s AND f.recorded_at >= %(start)s AND f.recorded_at < %(end)s"""
_FIX_TYPES = {
    **dict.fromkeys(("patrol_id", "device", "microsecond", "sequence"), "int8"),
    **dict.fromkeys(("accuracy_m", "x", "y"), "float8"),
}
_KINDS = text("SELECT p.id, p.mode, t.kind FROM patrol p JOIN team t ON t.id = p.team_id WHERE p.night = :night")
# A night of which a track was forgotten is never computed again: what is stored is all that is left of it.
_NIGHT_WORDS = text("""
SELECT night, md5(string_agg(coalesce(md5(ST_AsBinary(geom)), '') || mode || fix_count, ',' ORDER BY id)) AS word
FROM patrol GROUP BY night HAVING bool_and(geom IS NOT NULL) AND NOT bool_or(is_stale) ORDER BY night""")
_KNOWN = text("SELECT night, digest FROM walked_night")
_NOTE = text("""
INSERT INTO walked_night (night, digest, computed_at) VALUES (:night, :digest, :now)
ON CONFLICT (night) DO UPDATE SET digest = excluded.digest, computed_at = excluded.computed_at""")
_SWEPT = text("SELECT night, digest FROM swept_night")
_FORGET_SWEPT = text("DELETE FROM swept_night")
_NOTE_SWEPT = text("INSERT INTO swept_night (night, digest) VALUES (:night, :digest)")
_FORGET = text("DELETE FROM street_walk WHERE night = :night")
_FORGET_SWEEPS = text("DELETE FROM grid_sweep WHERE night = :night")
_UNWALKED = text("""
SELECT night FROM walked_night w WHERE NOT EXISTS (SELECT FROM patrol p WHERE p.night = w.night)""")
_FORGET_NIGHT = text("DELETE FROM walked_night WHERE night = :night")
_PIECES = """
SELECT s.area_id, s.segment_id, s.low, s.high, s.length_m
FROM street_piece s JOIN analysis_run r ON r.id = s.run_id AND r.is_current AND r.kind = 'street_pieces'
ORDER BY s.area_id, s.segment_id, s.low"""
_WALKS = """
SELECT area_id, segment_id, low, high FROM street_walk
WHERE night BETWEEN %(first)s AND %(last)s AND (%(shift)s = '' OR shift = %(shift)s)
  AND (%(mode)s = '' OR mode = %(mode)s) AND (%(team_kind)s = '' OR team_kind = %(team_kind)s)"""
_STRETCH_TYPES = {**dict.fromkeys(("area_id", "segment_id"), "int8"), **dict.fromkeys(("low", "high"), "float8")}


def streets(connection: Connection, *, srid: int) -> gpd.GeoDataFrame:
    """Return all street segments, projected: id, kind, one_way, from_node, to_node."""
    result = connection.execute(_STREETS, {"srid": srid})
    frame = frame_of(result)
    lines = shapely.from_wkb([bytes(shape) for shape in frame.pop("shape")])
    return gpd.GeoDataFrame(frame, geometry=list(lines), crs=srid)


def streets_digest(connection: Connection) -> str:
    """Return a word that changes with any street; empty without streets."""
    return str(connection.execute(_STREETS_DIGEST).scalar() or "")


def night_words(connection: Connection) -> dict[date, str]:
    """Return a word for each night that changes with any of its tracks; nights with forgotten tracks are left out."""
    return {row.night: row.word for row in connection.execute(_NIGHT_WORDS)}


def known_digests(connection: Connection) -> dict[date, str]:
    """Return what each night's streets were computed from."""
    return {row.night: row.digest for row in connection.execute(_KNOWN)}


def swept_digests(connection: Connection) -> dict[date, str]:
    """Return what each night's swept shares were computed from."""
    return {row.night: row.digest for row in connection.execute(_SWEPT)}


def replace_swept(connection: Connection, digests: Mapping[date, str]) -> None:
    """Remember what the swept shares of the current run were computed from."""
    connection.execute(_FORGET_SWEPT)
    if digests:
        connection.execute(_NOTE_SWEPT, [{"night": night, "digest": digest} for night, digest in digests.items()])


def fixes_of(connection: Connection, night: date, *, start: datetime, end: datetime, srid: int) -> pd.DataFrame:
    """Return the fixes of a night's patrols, projected.

    Returns
    -------
    Columns patrol_id, mode, team_kind (the two of categories), device (a number that stands for it), microsecond (since
    1970, UTC), sequence, accuracy_m (NaN where unknown), x, y.
    """
    values = {"night": night, "start": start, "end": end, "srid": srid}
    fixes = pd.DataFrame(read_numbers(connection, _FIXES, values, _FIX_TYPES))
    kinds = pd.DataFrame(connection.execute(_KINDS, {"night": night}).all(), columns=["id", "mode", "kind"])
    known = kinds.set_index("id").reindex(fixes["patrol_id"])
    return fixes.assign(mode=pd.Categorical(known["mode"]), team_kind=pd.Categorical(known["kind"]))


def replace_night(
    connection: Connection, night: date, rows: pd.DataFrame, sweeps: pd.DataFrame, *, digest: str, now: datetime
) -> None:
    """Store what was walked and swept in a night in place of what was known: columns of the tables but the night."""
    for forget, model, frame in ((_FORGET, StreetWalk, rows), (_FORGET_SWEEPS, GridSweep, sweeps)):
        connection.execute(forget, {"night": night})
        if len(frame):
            columns = {str(name): frame[name].to_numpy() for name in frame.columns}
            copy_rows(connection, table_of(model), {"night": [night] * len(frame), **columns})
    connection.execute(_NOTE, {"night": night, "digest": digest, "now": now})


def forget_unwalked(connection: Connection) -> None:
    """Forget what was walked in nights that have no patrol any more, as when an import is undone."""
    for night in connection.execute(_UNWALKED).scalars().all():
        for forget in (_FORGET, _FORGET_SWEEPS, _FORGET_NIGHT):
            connection.execute(forget, {"night": night})


def pieces(connection: Connection) -> pd.DataFrame:
    """Return which part of which street lies in which grid: area_id, segment_id, low, high, length_m."""
    return pd.DataFrame(read_numbers(connection, _PIECES, {}, {**_STRETCH_TYPES, "length_m": "float8"}))


def walks(
    connection: Connection, first: date, last: date, *, shift: str = "", mode: str = "", team_kind: str = ""
) -> pd.DataFrame:
    """Return what was walked in some nights by some kinds of work: area_id, segment_id, low, high."""
    values = {"first": first, "last": last, "shift": shift, "mode": mode, "team_kind": team_kind}
    return pd.DataFrame(read_numbers(connection, _WALKS, values, _STRETCH_TYPES))


def nights(connection: Connection) -> Sequence[date]:
    """Return the nights of which the streets walked are known, oldest first."""
    return sorted(known_digests(connection))
