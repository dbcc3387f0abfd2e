"""A city whose every table with an area holds rows of every area, and whose every text column tells whose row it is.

Tables and columns are read from the catalogue: a table added later is planted too, or the planting fails and names it.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

import numpy as np
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from gis_app.storage.hazard_cells import refresh_hazard_month_cells
from tests.access.places import NORTH, PLACES, SOUTH, mark, place_of

NOW = datetime(2026, 6, 15, 4, tzinfo=UTC)
MAP_RUN = "00000000-0000-4000-8000-00000000ac1d"
"""The one map of hotspots, with a part in every area."""
REFERENCE = (
    """
    INSERT INTO city_profile (id, name_zh, name_en, is_synthetic, metric_srid, west, south, east, north)
    VALUES (1, '瑞安市', 'Rui''an', true, 4549, 120.5, 27.7, 120.9, 27.9)""",
    """
    INSERT INTO hazard_category VALUES
        ('fire', '消防', 'Fire', 5, 'work_day', 1), ('road', '道路', 'Road', 5, 'work_day', 2)""",
    """
    INSERT INTO unit (code, name_zh, name_en, area_code)
    VALUES ('fire', '消防', 'Fire', 'kanarcity'), ('town:kanarwest', '镇', 'Town', 'kanarwest'),
           ('town:kanareast', '街道', 'Street', 'kanareast')""",
    """
    INSERT INTO routing_rule (category_code, limit_value, limit_unit, valid_from)
    SELECT code, 5, 'work_day', '2020-01-01' FROM hazard_category""",
    # Streets and the basemap are everybody's; here they keep to the first village, so that whatever lies east strayed.
    """
    INSERT INTO street_segment (name_zh, name_en, kind, length_m, geom)
    VALUES ('塘下路', 'Tangxia Road', 'trunk', 1, ST_GeomFromText('LINESTRING(120.55 27.8, 120.56 27.8)', 4326))""",
    """
    INSERT INTO basemap_feature (kind, name_zh, geom)
    SELECT kind, kind, ST_MakeEnvelope(120.51, 27.71, 120.52, 27.72, 4326) FROM unnest(ARRAY['hill', 'river']) kind""",
    """
    INSERT INTO analysis_run (id, kind, parameters, data_from, data_to, code_version, input_digest, is_current)
    SELECT gen_random_uuid(), kind, '{}', '2026-05-15Z', '2026-06-15Z', '0', 'x', true
    FROM unnest(ARRAY['gi_star_lattice', 'gi_star_grid', 'kernel_density', 'grid_coverage', 'street_pieces']) kind""",
    "SELECT prepare_track_month('2026-06-14')",
)
ADD_MAP = text("""
INSERT INTO analysis_run (id, kind, parameters, data_from, data_to, code_version, input_digest, is_current, result)
VALUES (:id, :kind, '{}', '2025-06-15Z', '2026-05-11 16:00Z', '0', 'x', true, CAST(:result AS jsonb))""")
MAP_RESULT = {
    **{"is_map": True, "later_digest": "x", "trials": None, "method": "kernel_density", "is_guess": False},
    **{"window_count": 4, "mean_pei": {}, "methods": ["kernel_density"], "params": {}},
}
OWN_PART = text("""
INSERT INTO hotspot_part (run_id, scope_path, cells, event_count, scores, later_count)
SELECT :id, scope_path, cells, event_count, scores, later_count FROM hotspot_part
WHERE scope_path = :path AND run_id = :whole""")
ADD_AREA = text("""
INSERT INTO area (code, level, name_zh, name_en, parent_id, scope_path, geom, label_point, area_m2, valid_from,
                  is_synthetic)
SELECT :word, :level, :name_zh, :name_en, (SELECT id FROM area WHERE code = :parent), :path, ST_Multi(box),
       ST_Centroid(box), 1e6 * :rows, '2020-01-01', true
FROM ST_MakeEnvelope(:west, :south, :east, :north, 4326) box""")
SCOPED_TABLES = text("""
SELECT c.oid, c.relname AS name FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'scope_path')
ORDER BY c.relname""")
COLUMNS = text("""
SELECT a.attname AS name, t.typname AS type, a.attidentity <> '' AS is_identity, a.atthasdef AS has_default,
       format_type(a.atttypid, a.atttypmod) AS full_type,
       (SELECT r.relname FROM pg_constraint f JOIN pg_class r ON r.oid = f.confrelid
        WHERE f.conrelid = a.attrelid AND f.contype = 'f' AND f.conkey = ARRAY[a.attnum] LIMIT 1) AS referenced,
       (SELECT k.attname FROM pg_constraint f
        JOIN pg_attribute k ON k.attrelid = f.confrelid AND k.attnum = f.confkey[1]
        WHERE f.conrelid = a.attrelid AND f.contype = 'f' AND f.conkey = ARRAY[a.attnum] LIMIT 1) AS referenced_key,
       EXISTS (SELECT FROM pg_constraint f JOIN pg_attribute k ON k.attrelid = f.confrelid
               WHERE f.conrelid = a.attrelid AND f.contype = 'f' AND f.conkey = ARRAY[a.attnum]
                 AND k.attname = 'scope_path') AS refers_to_an_area,
       (SELECT string_agg(pg_get_constraintdef(c.oid), ' ') FROM pg_constraint c
        WHERE c.conrelid = a.attrelid AND c.contype = 'c' AND a.attnum = ANY (c.conkey)) AS checked
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = :table AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
ORDER BY a.attnum""")
TEXTS = frozenset({"text", "varchar", "bpchar", "json", "jsonb", "_text", "_varchar"})
DERIVED = frozenset({"hazard_month_cell"})
"""Filled by our own code from the planted hazards."""
RUNS_OF = {
    "hotspot_part": ("hotspots:all",),
    "density_cell": ("kernel_density",),
    "grid_coverage": ("grid_coverage",),
    "hotspot_cell": ("gi_star_lattice", "gi_star_grid"),
    "street_piece": ("street_pieces",),
}


@dataclass(frozen=True)
class Column:
    """A column as the catalogue tells it."""

    name: str
    type: str
    is_identity: bool
    has_default: bool
    full_type: str
    referenced: str | None
    referenced_key: str | None
    refers_to_an_area: bool
    checked: str | None

    @cached_property
    def allowed(self):
        return re.findall(r"'([^']+)'::", self.checked or "")

    @property
    def holds_a_mark(self):
        """Whether any text may stand in it."""
        return self.type in TEXTS and not self.referenced and not self.allowed and self.name != "scope_path"


def scoped_tables(connection):
    """Return the columns of every table with an area, by table; those that others refer to come first."""
    tables = {
        row.name: [Column(**column) for column in connection.execute(COLUMNS, {"table": row.oid}).mappings()]
        for row in connection.execute(SCOPED_TABLES)
    }
    ordered = {}
    while len(ordered) < len(tables):
        for name, columns in tables.items():
            missing = {each.referenced for each in columns} & tables.keys() - ordered.keys() - {name}
            if name not in ordered and not missing:
                ordered[name] = columns
    return ordered


def plant(connection):
    """Fill an empty database at the newest revision, as a superuser."""
    for statement in REFERENCE:
        connection.execute(text(statement))
    connection.execute(ADD_MAP, {"id": MAP_RUN, "kind": "hotspots:all", "result": json.dumps(MAP_RESULT)})
    for place in PLACES:
        names = {name: mark(place, "area", name, 0) for name in ("name_zh", "name_en")}
        connection.execute(ADD_AREA, {**vars(place), **names, "path": place.path, "south": SOUTH, "north": NORTH})
    for table, columns in scoped_tables(connection).items():
        if table == "area" or table in DERIVED:
            continue
        for place in PLACES:
            for number in range(place.rows):
                _plant_row(connection, table, columns, place=place, number=number)
    for place in PLACES:
        own = {"id": map_of(place), "kind": f"hotspots:{place.word}", "result": json.dumps(MAP_RESULT)}
        connection.execute(ADD_MAP, own)
        connection.execute(OWN_PART, {"id": map_of(place), "path": place.path, "whole": MAP_RUN})
    refresh_hazard_month_cells(connection)
    connection.execute(text("UPDATE audit_head SET sequence = (SELECT max(sequence) FROM audit_entry)"))


def map_of(place):
    """Return the id of the map that has cells of one area only."""
    return hashlib.md5(f"{place.word}.map".encode(), usedforsecurity=False).hexdigest()


def _plant_row(connection, table, columns, *, place, number):
    expressions, values = {}, {"own_path": place.path, "nth_row": number, "own_lon": _lon(place, number)}
    for column in columns:
        expression = _expression(table, column, place=place, number=number, values=values)
        if expression is not None:
            expressions[column.name] = expression
    names, listed = ", ".join(f'"{name}"' for name in expressions), ", ".join(expressions.values())
    try:
        connection.execute(text(f"INSERT INTO {table} ({names}) SELECT {listed} ON CONFLICT DO NOTHING"), values)
    except DBAPIError as error:
        raise AssertionError(f"{table} cannot be planted: say in planted_city.CHOSEN what it needs. {error}") from error


def _expression(table, column, *, place, number, values):
    """Return SQL for one column, its values added to ``values``; None leaves it to its default."""
    chosen = CHOSEN.get((table, column.name))
    if chosen is not None:
        values[column.name] = chosen(place, number)
        return f"CAST(:{column.name} AS {column.full_type})"
    if column.is_identity or (column.type == "bool" and column.has_default):
        return None
    if column.name == "scope_path":
        return ":own_path"
    if column.referenced:
        return _reference(table, column)
    if column.type == "geometry":
        return _shape(column.full_type)
    values[column.name] = _value(column, mark(place, table, column.name, number), number)
    return f"CAST(:{column.name} AS {column.full_type})"


def _reference(table, column):
    """Return SQL for the key of a row of the same area; of a table without areas, of any row that fits."""
    rows = f"FROM {column.referenced} WHERE scope_path = :own_path"
    if not column.refers_to_an_area:
        kinds = ", ".join(f"'{kind}'" for kind in RUNS_OF.get(table, ()))
        rows = f"FROM {column.referenced}" + (
            f" WHERE kind IN ({kinds})" if kinds and column.referenced == "analysis_run" else ""
        )
    key = f'"{column.referenced_key}"'
    # Row after row of it in turn.
    return f"(SELECT {key} {rows} ORDER BY 1 OFFSET :nth_row % greatest((SELECT count(*) {rows}), 1) LIMIT 1)"


def _lon(place, number):
    """Return where the n-th row of an area lies; the city's own rows lie in its east."""
    west = 120.72 if place.level == "city" else place.west
    width = 0.01 if place.level == "city" else place.east - place.west
    return west + width * (number + 0.5) / place.rows


_POINT = "ST_SetSRID(ST_MakePoint(:own_lon, 27.8), 4326)"


def _shape(full_type):
    box = f"ST_Envelope(ST_Buffer({_POINT}, 0.002))"
    line = f"ST_MakeLine({_POINT}, ST_Translate({_POINT}, 0.002, 0.002))"
    shape = box if "Polygon" in full_type else line if "LineString" in full_type else _POINT
    return f"ST_Multi({shape})" if "Multi" in full_type else shape


def _value(column, planted, number):
    moment = NOW - timedelta(days=1, hours=number)
    by_type = {
        "bool": False,
        "bytea": hashlib.sha256(planted.encode()).digest(),
        "date": moment.date(),
        "float4": 0.5,
        "float8": 0.5,
        "int2": number + 1,
        "int4": number + 1,
        "int8": number + 1,
        "interval": timedelta(hours=1),
        "json": json.dumps({"mark": planted}),
        "jsonb": json.dumps({"mark": planted}),
        "numeric": number + 1,
        "time": moment.time(),
        "timestamptz": moment,
        "uuid": hashlib.md5(planted.encode(), usedforsecurity=False).hexdigest(),
    }
    if column.type.startswith("_"):
        return [planted] if column.type in TEXTS else []
    if column.allowed:
        return column.allowed[number % len(column.allowed)]
    return by_type.get(column.type, planted)


def _night(place, number):
    """Return a night that no other area of the level has, so that a foreign night is seen in a list of them."""
    return NOW.date() - timedelta(days=1 + PLACES.index(place))


def _request(place, number):
    """Return a request as the loop stores it, of an account that tells whose row it is."""
    asker = {"account": mark(place, "hazard", "requests", number), "level": place.level.replace("grid", "village")}
    return json.dumps([{"kind": "extension", "at": NOW.isoformat(), "value": 1, **asker}])


def _office(place, number):
    codes = place.path.strip("/").split("/")
    return f"town:{codes[1]}" if len(codes) > 1 else "fire"


def _packed(kind, length):
    """Return what packs so many numbers, all of one area: its place in the list, so that a foreign one is seen."""
    return lambda place, number: np.full(length, PLACES.index(place) + 1, dtype=kind).tobytes()


_PART_CELLS = 2
_RANKED = ("hot_99", "hot_95")


def picture_content(place, number):
    """Return what stands in the file of a planted picture: whose it is."""
    return mark(place, "hazard_picture", "content", number).encode()


def _picture_name(place, number):
    return hashlib.sha256(picture_content(place, number)).hexdigest()


def _answer_content(place, number):
    word = mark(place, "kept_answer", "content", number)
    return json.dumps({"columns": ["title"], "kinds": {"title": "text"}, "rows": [[word]], "shapes": [], "notes": []})


def _plan_content(place, number):
    """Return a plan as the services store it: one team on its way to one stop, both named after the area."""
    lon, lat = 120.555, 27.8  # beside the one street
    team, stop = mark(place, "team", "code", 0), mark(place, "patrol_plan", "content", number)
    shift = {"starts_at": "2026-06-20T20:00:00+08:00", "ends_at": "2026-06-20T23:00:00+08:00"}
    visit = dict.fromkeys(("arrives_at", "begins_at"), "2026-06-20T20:10:00+08:00")
    station = {"code": team, "name_zh": team, "name_en": team, "kind": "grid", "mode": "foot", "lon": lon, "lat": lat}
    spot = {"code": stop, "lon": lon, "lat": lat, "dwell_s": 600.0, "village": None, "village_zh": stop}
    content = {
        "settings": {**shift, "loss": 0.0, "most_stops": 1},
        "teams": [{**station, **shift}],
        "stops": [{**spot, "village_en": stop, "prize_parts": {"risk": 1.0}, "last_visit": None, "is_required": False}],
        **{name: [] for name in ("closed", "dropped", "locks", "absent")},
        "done": {},
        "result": {
            **dict.fromkeys(("value", "best_value", "greedy_value"), 1.0),
            "stop_count": 1,
            "team_count": 1,
            "missed_required": [],
            "reuse": None,
            "idleness": {"mean_days_without": None, "mean_days_with": None},
            "left_out": [],
            "routes": [
                {
                    "team": team,
                    "departs_at": "2026-06-20T20:00:00+08:00",
                    "returns_at": "2026-06-20T20:30:00+08:00",
                    "length_m": 10.0,
                    "line": [[lon, lat], [lon + 0.0001, lat]],
                    "visits": [{"stop": stop, **visit, "leaves_at": "2026-06-20T20:20:00+08:00"}],
                }
            ],
        },
    }
    return json.dumps(content)


_IMPORT_STATES = ("uploading", "uploaded", "checked", "failed", "cancelled")


def import_file(word, lon):
    """Return what stands in the file of a planted import, and in the rows it refused: whose it is."""
    line = {"values": {"标题": word}, "problems": [], "place": {"lon": lon, "lat": 27.8}}
    return f"标题,lon,lat\n{word},{lon},27.8\n".encode(), json.dumps(line).encode()


def _import_report(place, number):
    """Return what a check found, as the services store it, in texts of the area."""
    lon, word = _lon(place, number), mark(place, "import_job", "report", number)
    problem = {"row": 2, "field": word, "template": "{told}", "remedy": "", "params": {"told": word}}
    return json.dumps(
        {
            **{"added": 1, "changed": 0, "unchanged": 0, "ended": 0, "refused": 1, "was_known": False},
            **{"is_kept": False, "row_count": 2, "without_grid": {"count": 0, "places": []}, "boundaries": None},
            "notes": [{"template": word, "params": {}}],
            "problems": [{**problem, "lon": lon, "lat": 27.8}],
            "places": [[lon, 27.8, 2]],
            "doubles": [],
        }
    )


def _own_columns(place, number):
    """Return the columns of a data set as the services store them: one, whose header is the area's."""
    title = mark(place, "workspace_dataset", "columns", number)
    return json.dumps([{"name": "mark", "title": title, "kind": "text"}])


CHOSEN = {
    ("workspace_dataset", "columns"): _own_columns,
    ("workspace_dataset", "shape"): lambda place, number: "point",
    # The accounts that brought them belong to nobody who asks: within its area a shared one is everybody's.
    ("workspace_dataset", "is_shared"): lambda place, number: True,
    **dict.fromkeys((("workspace_dataset", "west"), ("workspace_dataset", "east")), _lon),
    **dict.fromkeys((("workspace_dataset", each) for each in ("south", "north")), lambda place, number: 27.8),
    ("import_job", "kind"): lambda place, number: "hazards",
    ("import_job", "state"): lambda place, number: _IMPORT_STATES[number % len(_IMPORT_STATES)],
    ("import_job", "file_format"): lambda place, number: "csv",
    ("import_job", "datum"): lambda place, number: "wgs84",
    ("import_job", "version"): lambda place, number: 1,
    ("import_job", "report"): _import_report,
    ("import_job", "size_bytes"): lambda place, number: 1,
    ("import_job", "received_bytes"): lambda place, number: 0,
    ("import_job", "claim"): lambda place, number: None,
    ("import_job", "claimed_until"): lambda place, number: None,
    ("import_run", "kind"): lambda place, number: "hazards",
    ("patrol_plan", "content"): _plan_content,
    ("patrol_plan", "state"): lambda place, number: "draft",
    ("kept_question", "content"): lambda place, number: json.dumps({"layer": "hazards"}),
    ("kept_question", "next_at"): lambda place, number: None,
    # The accounts that keep them belong to nobody who asks: within its area a shared one is everybody's.
    ("kept_question", "is_shared"): lambda place, number: True,
    ("kept_answer", "content"): _answer_content,
    ("patrol_plan", "version"): lambda place, number: 1,
    ("patrol_plan_version", "content"): _plan_content,
    ("patrol_plan_version", "state"): lambda place, number: "draft",
    ("patrol_plan_version", "version"): lambda place, number: 1,
    ("planned_stop", "prize_parts"): lambda place, number: json.dumps(
        {mark(place, "planned_stop", "prize_parts", number): 1.0}
    ),
    ("hazard_picture", "full_name"): _picture_name,
    ("hazard_picture", "thumbnail_name"): _picture_name,
    ("hazard_picture", "withdrawn_at"): lambda place, number: None,
    ("account", "unit_code"): _office,
    ("audit_entry", "sequence"): lambda place, number: PLACES.index(place) * 100 + number + 1,
    ("alert", "desk_path"): lambda place, number: place.path,
    ("alert", "state"): lambda place, number: "open",
    ("alert", "unit_code"): _office,
    ("alert", "version"): lambda place, number: 1,
    ("screen_event", "desk_path"): lambda place, number: place.path,
    ("screen_event", "id"): lambda place, number: PLACES.index(place) * 100 + number + 1,
    ("map_scene", "dwell_s"): lambda place, number: 30,
    ("map_scene", "version"): lambda place, number: 1,
    ("grid_coverage", "night"): _night,
    # Every other one in a month that has ended, so that it is published.
    ("hazard", "discovered_at"): lambda place, number: NOW - timedelta(days=1 if number % 2 else 20, hours=number),
    ("hazard", "due_at"): lambda place, number: NOW + timedelta(days=number % 2 * 2 - 1),
    ("hazard", "limit_unit"): lambda place, number: "work_day",
    ("hazard", "requests"): _request,
    ("hazard", "suspended_at"): lambda place, number: None,
    ("hazard", "unit_code"): _office,
    ("inspection", "area_code"): lambda place, number: place.word,
    ("inspection", "by_path"): lambda place, number: (place_of(place.parent) if place.parent else place).path,
    ("inspection", "unit_code"): _office,
    ("patrol", "night"): _night,
    ("patrol_route", "night"): _night,
    ("street_walk", "night"): _night,
    ("grid_sweep", "night"): _night,
    ("grid_sweep", "cells"): lambda place, number: "1010",
    ("grid_sweep", "cell_count"): lambda place, number: 4,
    ("absence", "kind"): lambda place, number: ("unit", "night_check")[number % 2],
    ("absence", "levels"): lambda place, number: ["city", "township", "village"],
    ("absence", "ended_at"): lambda place, number: None,
    # The first row of each area keeps its mark: no class is drawn of it, so it must not be seen either.
    ("hazard_event", "version"): lambda place, number: 1,
    ("hotspot_part", "cells"): _packed("<i4", 2 * _PART_CELLS),
    ("hotspot_part", "event_count"): _packed("<i4", _PART_CELLS),
    ("hotspot_part", "scores"): _packed("<f4", _PART_CELLS),
    ("hotspot_part", "later_count"): _packed("<i4", _PART_CELLS),
    ("hotspot_part", "sizes"): lambda place, number: None,
    ("hotspot_cell", "hotspot_class"): lambda place, number: (
        _RANKED[number % 2] if number else mark(place, "hotspot_cell", "hotspot_class", 0)
    ),
}
"""What the catalogue does not tell: values that our own code would have to make sense of."""
