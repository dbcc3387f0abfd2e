"""Create the views that map layers read.

All are security_invoker: the caller's own row-level security applies. Joins are LEFT JOINs on a primary key, so that
the planner drops them where a tile does not ask for their columns.

Revision ID: 0002
Revises: 0001
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_AREA_COLUMNS = "a.id, a.code, a.name_zh, a.name_en, p.name_zh AS parent_zh, p.name_en AS parent_en, a.area_m2 / 1e6 AS area_km2, a.is_synthetic"
_AREA_OF_LEVEL = (
    "SELECT {columns}, a.geom FROM area a LEFT JOIN area p ON p.id = a.parent_id {join} "
    "WHERE a.level = '{level}' AND a.valid_to IS NULL"
)

VIEWS = {
    "township_map": _AREA_OF_LEVEL.format(columns=_AREA_COLUMNS, join="", level="township"),
    "village_map": _AREA_OF_LEVEL.format(columns=_AREA_COLUMNS, join="", level="village"),
    "grid_map": _AREA_OF_LEVEL.format(
        columns=_AREA_COLUMNS + ", g.kind, g.household_count", join="LEFT JOIN grid g ON g.area_id = a.id", level="grid"
    ),
    "place_name_map": """
        SELECT a.id, a.level, a.name_zh, a.name_en,
               CASE a.level WHEN 'township' THEN 8 ELSE 13 END AS min_zoom, a.is_synthetic, a.label_point AS geom
        FROM area a WHERE a.level IN ('township', 'village') AND a.valid_to IS NULL""",
    "hazard_map": """
        SELECT h.id, h.number, h.title, h.description, h.place, h.category_code,
               c.name_zh AS category_zh, c.name_en AS category_en, h.severity, h.stage, h.discovered_by,
               CASE WHEN h.stage IN ('closed', 'void') THEN 'closed'
                    WHEN h.due_at < now() THEN 'overdue' ELSE 'open' END AS state,
               h.is_supervised, h.discovered_at, h.due_at, h.closed_at,
               v.name_zh AS village_zh, v.name_en AS village_en, g.code AS grid_code, h.is_synthetic, h.geom
        FROM hazard h
        LEFT JOIN hazard_category c ON c.code = h.category_code
        LEFT JOIN area v ON v.id = h.village_id
        LEFT JOIN area g ON g.id = h.grid_id""",
    "patrol_map": """
        SELECT p.id, p.night, t.code AS team_code, t.name_zh AS team_zh, t.name_en AS team_en, t.kind AS team_kind,
               p.mode, p.started_at, p.ended_at, p.length_m, p.fix_count, p.is_synthetic, p.geom
        FROM patrol p LEFT JOIN team t ON t.id = p.team_id""",
    "planned_stop_map": """
        SELECT s.id, r.night, t.name_zh AS team_zh, t.name_en AS team_en, s.ordinal, s.dwell_min, s.is_synthetic, s.geom
        FROM planned_stop s JOIN patrol_route r ON r.id = s.route_id LEFT JOIN team t ON t.id = r.team_id""",
    "hotspot_lattice_map": """
        SELECT c.id, c.event_count, c.z, c.p, c.is_significant, c.hotspot_class, r.data_from, r.data_to, c.geom
        FROM hotspot_cell c JOIN analysis_run r ON r.id = c.run_id AND r.is_current AND r.kind = 'gi_star_lattice'""",
    "hotspot_grid_map": """
        SELECT c.id, a.code, c.event_count, c.z, c.p, c.is_significant, c.hotspot_class, r.data_from, r.data_to, c.geom
        FROM hotspot_cell c JOIN analysis_run r ON r.id = c.run_id AND r.is_current AND r.kind = 'gi_star_grid'
        LEFT JOIN area a ON a.id = c.area_id""",
    "density_map": """
        SELECT c.id, c.density, c.level, r.data_from, r.data_to, c.geom
        FROM density_cell c JOIN analysis_run r ON r.id = c.run_id AND r.is_current AND r.kind = 'kernel_density'""",
    "coverage_map": """
        SELECT c.id, c.night, a.code, a.name_zh, a.name_en, c.area_share, c.state, c.last_visit_at, c.idle_days, a.geom
        FROM grid_coverage c JOIN analysis_run r ON r.id = c.run_id AND r.is_current AND r.kind = 'grid_coverage'
        JOIN area a ON a.id = c.grid_id""",
    "facility_map": """
        SELECT f.id, f.kind, f.name_zh, f.name_en, a.name_zh AS village_zh, a.name_en AS village_en, f.is_synthetic, f.geom
        FROM facility f LEFT JOIN area a ON a.id = f.area_id""",
    "street_map": """
        SELECT s.id, s.name_zh, s.name_en, s.kind, s.is_bridge, s.one_way, s.length_m,
               CASE s.kind WHEN 'trunk' THEN 8 WHEN 'primary' THEN 10 WHEN 'ferry' THEN 10 WHEN 'secondary' THEN 12
                           WHEN 'residential' THEN 14 ELSE 15 END AS min_zoom, s.is_synthetic, s.geom
        FROM street_segment s""",
    "land_map": "SELECT id, kind, name_zh, name_en, rank, is_synthetic, geom FROM basemap_feature WHERE kind IN ('hill', 'island', 'coast')",
    "water_map": "SELECT id, kind, name_zh, name_en, rank, is_synthetic, geom FROM basemap_feature WHERE kind IN ('sea', 'river')",
}


def upgrade() -> None:
    """Create the views and let the app's role read them."""
    for name, query in VIEWS.items():
        op.execute(f"CREATE VIEW {name} WITH (security_invoker = true) AS {query}")
        op.execute(f"GRANT SELECT ON {name} TO jingwei_app")


def downgrade() -> None:
    """Drop the views."""
    for name in VIEWS:
        op.execute(f"DROP VIEW {name}")
