"""Create the city's tables, each with an area under row-level security.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

from gis_app.storage.row_security import PREPARE_TRACK_MONTH, protect

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

REFERENCE_TABLES = ("analysis_run", "basemap_feature", "city_profile", "hazard_category", "street_segment")
AREA_TABLES = (
    "account",
    "area",
    "density_cell",
    "facility",
    "grid",
    "grid_coverage",
    "hazard",
    "hazard_month_cell",
    "hotspot_cell",
    "import_run",
    "patrol",
    "patrol_route",
    "planned_stop",
    "team",
    "track_point",
)


def upgrade() -> None:
    """Create the tables, their policies and grants."""
    op.create_table(
        "analysis_run",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("parameters", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("data_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data_to", sa.DateTime(timezone=True), nullable=False),
        sa.Column("code_version", sa.String(), nullable=False),
        sa.Column("input_digest", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("is_current", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_analysis_run")),
    )
    op.create_index(
        "ix_analysis_run_current", "analysis_run", ["kind"], unique=True, postgresql_where=sa.text("is_current")
    )
    op.create_geospatial_table(
        "area",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("name_zh", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=True),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.Column(
            "geom",
            Geometry(
                geometry_type="MULTIPOLYGON",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column(
            "label_point",
            Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column("area_m2", sa.Double(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column("is_synthetic", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint(
            "level IN ('city', 'township', 'village', 'grid', 'micro_grid')", name=op.f("ck_area_level")
        ),
        sa.CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name=op.f("ck_area_validity")),
        sa.ForeignKeyConstraint(["parent_id"], ["area.id"], name=op.f("fk_area_parent_id_area")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_area")),
        sa.UniqueConstraint("code", "valid_from", name=op.f("uq_area_code")),
    )
    op.create_geospatial_index(
        "idx_area_geom", "area", ["geom"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
    op.create_geospatial_index(
        "idx_area_label_point", "area", ["label_point"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
    op.create_index("ix_area_level_current", "area", ["level"], unique=False, postgresql_where="valid_to IS NULL")
    op.create_index(op.f("ix_area_parent_id"), "area", ["parent_id"], unique=False)
    op.create_index(op.f("ix_area_scope_path"), "area", ["scope_path"], unique=False)
    op.create_geospatial_table(
        "basemap_feature",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name_zh", sa.String(), nullable=True),
        sa.Column("name_en", sa.String(), nullable=True),
        sa.Column("rank", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "geom",
            Geometry(
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column("is_synthetic", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_basemap_feature")),
    )
    op.create_geospatial_index(
        "idx_basemap_feature_geom",
        "basemap_feature",
        ["geom"],
        unique=False,
        postgresql_using="gist",
        postgresql_ops={},
    )
    op.create_table(
        "city_profile",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name_zh", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("is_synthetic", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("demo_key", sa.String(), nullable=True),
        sa.Column("metric_srid", sa.Integer(), nullable=False),
        sa.Column("west", sa.Double(), nullable=False),
        sa.Column("south", sa.Double(), nullable=False),
        sa.Column("east", sa.Double(), nullable=False),
        sa.Column("north", sa.Double(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_city_profile_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_city_profile")),
    )
    op.create_table(
        "hazard_category",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name_zh", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("limit_value", sa.Integer(), nullable=False),
        sa.Column("limit_unit", sa.String(), nullable=False),
        sa.Column("sort", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_hazard_category")),
    )
    op.create_geospatial_table(
        "hazard_month_cell",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("zoom", sa.Integer(), nullable=False),
        sa.Column("cell_x", sa.Integer(), nullable=False),
        sa.Column("cell_y", sa.Integer(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("hazard_count", sa.Integer(), nullable=False),
        sa.Column("open_count", sa.Integer(), nullable=False),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.Column(
            "geom",
            Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hazard_month_cell")),
    )
    op.create_geospatial_index(
        "idx_hazard_month_cell_geom",
        "hazard_month_cell",
        ["geom"],
        unique=False,
        postgresql_using="gist",
        postgresql_ops={},
    )
    op.create_index("ix_hazard_month_cell_month", "hazard_month_cell", ["zoom", "month"], unique=False)
    op.create_table(
        "import_run",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("file_sha256", sa.String(), nullable=False),
        sa.Column("datum", sa.String(), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_run")),
    )
    op.create_geospatial_table(
        "street_segment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("external_id", sa.String(), nullable=True),
        sa.Column("name_zh", sa.String(), nullable=True),
        sa.Column("name_en", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("is_bridge", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("one_way", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("from_node", sa.BigInteger(), nullable=True),
        sa.Column("to_node", sa.BigInteger(), nullable=True),
        sa.Column("length_m", sa.Double(), nullable=False),
        sa.Column(
            "geom",
            Geometry(
                geometry_type="LINESTRING",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column("is_synthetic", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_street_segment")),
        sa.UniqueConstraint("external_id", name=op.f("uq_street_segment_external_id")),
    )
    op.create_geospatial_index(
        "idx_street_segment_geom", "street_segment", ["geom"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
    op.create_geospatial_table(
        "track_point",
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("patrol_id", sa.BigInteger(), nullable=False),
        sa.Column("speed_mps", sa.REAL(), nullable=True),
        sa.Column("accuracy_m", sa.REAL(), nullable=True),
        sa.Column("flag", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.Column("is_synthetic", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "geom",
            Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("device", "recorded_at", "sequence", name=op.f("pk_track_point")),
        postgresql_partition_by="RANGE (recorded_at)",
    )
    op.create_index("ix_track_point_patrol", "track_point", ["patrol_id"], unique=False)
    op.create_table(
        "account",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("login", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("area_id", sa.BigInteger(), nullable=False),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.Column("locale", sa.String(), server_default="zh", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_account_area_id_area")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("login", name=op.f("uq_account_login")),
    )
    op.create_geospatial_table(
        "density_cell",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("cell_i", sa.Integer(), nullable=False),
        sa.Column("cell_j", sa.Integer(), nullable=False),
        sa.Column("density", sa.Double(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.Column(
            "geom",
            Geometry(
                geometry_type="POLYGON",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["analysis_run.id"], name=op.f("fk_density_cell_run_id_analysis_run"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_density_cell")),
    )
    op.create_geospatial_index(
        "idx_density_cell_geom", "density_cell", ["geom"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
    op.create_index(op.f("ix_density_cell_run_id"), "density_cell", ["run_id"], unique=False)
    op.create_geospatial_table(
        "facility",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("external_id", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name_zh", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=True),
        sa.Column("area_id", sa.BigInteger(), nullable=False),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.Column(
            "geom",
            Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column("is_synthetic", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_facility_area_id_area")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_facility")),
        sa.UniqueConstraint("external_id", name=op.f("uq_facility_external_id")),
    )
    op.create_geospatial_index(
        "idx_facility_geom", "facility", ["geom"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
    op.create_index(op.f("ix_facility_area_id"), "facility", ["area_id"], unique=False)
    op.create_table(
        "grid",
        sa.Column("area_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("household_count", sa.Integer(), nullable=True),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.Column("is_synthetic", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_grid_area_id_area"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("area_id", name=op.f("pk_grid")),
    )
    op.create_table(
        "grid_coverage",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("grid_id", sa.BigInteger(), nullable=False),
        sa.Column("area_share", sa.Double(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("last_visit_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("idle_days", sa.Double(), nullable=True),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.ForeignKeyConstraint(["grid_id"], ["area.id"], name=op.f("fk_grid_coverage_grid_id_area")),
        sa.ForeignKeyConstraint(
            ["run_id"], ["analysis_run.id"], name=op.f("fk_grid_coverage_run_id_analysis_run"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grid_coverage")),
    )
    op.create_index(op.f("ix_grid_coverage_grid_id"), "grid_coverage", ["grid_id"], unique=False)
    op.create_index("ix_grid_coverage_run_night", "grid_coverage", ["run_id", "night"], unique=False)
    op.create_geospatial_table(
        "hazard",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=True),
        sa.Column("category_code", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("discovered_by", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("description", sa.String(), server_default="", nullable=False),
        sa.Column("place", sa.String(), server_default="", nullable=False),
        sa.Column("discovered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("feedback_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_supervised", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("reopened_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("village_id", sa.BigInteger(), nullable=False),
        sa.Column("grid_id", sa.BigInteger(), nullable=True),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.Column(
            "geom",
            Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column("source_datum", sa.String(), server_default="wgs84", nullable=False),
        sa.Column("source_x", sa.Double(), nullable=True),
        sa.Column("source_y", sa.Double(), nullable=True),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column("is_synthetic", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint(
            "discovered_by IN ('resident', 'hotline', 'sensor', 'patrol', 'inspection')",
            name=op.f("ck_hazard_discovered_by"),
        ),
        sa.CheckConstraint("severity IN ('low', 'general', 'major', 'severe')", name=op.f("ck_hazard_severity")),
        sa.CheckConstraint(
            "stage IN ('reported', 'filed', 'assigned', 'handling', 'feedback', 'verified', 'closed', 'void')",
            name=op.f("ck_hazard_stage"),
        ),
        sa.ForeignKeyConstraint(
            ["category_code"], ["hazard_category.code"], name=op.f("fk_hazard_category_code_hazard_category")
        ),
        sa.ForeignKeyConstraint(["grid_id"], ["area.id"], name=op.f("fk_hazard_grid_id_area")),
        sa.ForeignKeyConstraint(["import_id"], ["import_run.id"], name=op.f("fk_hazard_import_id_import_run")),
        sa.ForeignKeyConstraint(["village_id"], ["area.id"], name=op.f("fk_hazard_village_id_area")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hazard")),
        sa.UniqueConstraint("external_id", name=op.f("uq_hazard_external_id")),
        sa.UniqueConstraint("number", name=op.f("uq_hazard_number")),
    )
    op.create_geospatial_index(
        "idx_hazard_geom", "hazard", ["geom"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
    op.create_index(op.f("ix_hazard_discovered_at"), "hazard", ["discovered_at"], unique=False)
    op.create_index(op.f("ix_hazard_grid_id"), "hazard", ["grid_id"], unique=False)
    op.create_index(
        "ix_hazard_open_due",
        "hazard",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("stage NOT IN ('closed', 'void')"),
    )
    op.create_index(op.f("ix_hazard_village_id"), "hazard", ["village_id"], unique=False)
    op.create_geospatial_table(
        "hotspot_cell",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("cell_i", sa.Integer(), nullable=True),
        sa.Column("cell_j", sa.Integer(), nullable=True),
        sa.Column("area_id", sa.BigInteger(), nullable=True),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.Column("z", sa.Double(), nullable=False),
        sa.Column("p", sa.Double(), nullable=False),
        sa.Column("is_significant", sa.Boolean(), nullable=False),
        sa.Column("hotspot_class", sa.String(), nullable=False),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.Column(
            "geom",
            Geometry(
                geometry_type="MULTIPOLYGON",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_hotspot_cell_area_id_area")),
        sa.ForeignKeyConstraint(
            ["run_id"], ["analysis_run.id"], name=op.f("fk_hotspot_cell_run_id_analysis_run"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hotspot_cell")),
    )
    op.create_geospatial_index(
        "idx_hotspot_cell_geom", "hotspot_cell", ["geom"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
    op.create_index(op.f("ix_hotspot_cell_run_id"), "hotspot_cell", ["run_id"], unique=False)
    op.create_geospatial_table(
        "team",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name_zh", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("area_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "station",
            Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.Column("is_synthetic", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_team_area_id_area")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team")),
        sa.UniqueConstraint("code", name=op.f("uq_team_code")),
    )
    op.create_geospatial_index(
        "idx_team_station", "team", ["station"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
    op.create_geospatial_table(
        "patrol_route",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("team_id", sa.BigInteger(), nullable=False),
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("length_m", sa.Double(), nullable=False),
        sa.Column(
            "geom",
            Geometry(
                geometry_type="LINESTRING",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.Column("is_synthetic", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(
            ["team_id"], ["team.id"], name=op.f("fk_patrol_route_team_id_team"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patrol_route")),
    )
    op.create_geospatial_index(
        "idx_patrol_route_geom", "patrol_route", ["geom"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
    op.create_index(op.f("ix_patrol_route_night"), "patrol_route", ["night"], unique=False)
    op.create_geospatial_table(
        "patrol",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("team_id", sa.BigInteger(), nullable=False),
        sa.Column("route_id", sa.BigInteger(), nullable=True),
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("length_m", sa.Double(), nullable=False),
        sa.Column("fix_count", sa.Integer(), nullable=False),
        sa.Column(
            "geom",
            Geometry(
                geometry_type="MULTILINESTRING",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.Column("is_synthetic", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(
            ["route_id"], ["patrol_route.id"], name=op.f("fk_patrol_route_id_patrol_route"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_patrol_team_id_team"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patrol")),
    )
    op.create_geospatial_index(
        "idx_patrol_geom", "patrol", ["geom"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
    op.create_index(op.f("ix_patrol_night"), "patrol", ["night"], unique=False)
    op.create_index(op.f("ix_patrol_team_id"), "patrol", ["team_id"], unique=False)
    op.create_geospatial_table(
        "planned_stop",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("route_id", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("dwell_min", sa.Double(), nullable=False),
        sa.Column(
            "geom",
            Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.Column("is_synthetic", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(
            ["route_id"], ["patrol_route.id"], name=op.f("fk_planned_stop_route_id_patrol_route"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_planned_stop")),
    )
    op.create_geospatial_index(
        "idx_planned_stop_geom", "planned_stop", ["geom"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
    op.create_index(op.f("ix_planned_stop_route_id"), "planned_stop", ["route_id"], unique=False)
    for table in AREA_TABLES:
        protect(op, table)
    for table in REFERENCE_TABLES:
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO jingwei_app")
    op.execute("GRANT SELECT ON alembic_version TO jingwei_app")
    op.execute(PREPARE_TRACK_MONTH)
    op.execute("REVOKE ALL ON FUNCTION prepare_track_month(date) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION prepare_track_month(date) TO jingwei_app")


def downgrade() -> None:
    """Drop everything."""
    op.execute("DROP FUNCTION prepare_track_month(date)")
    op.drop_index(op.f("ix_planned_stop_route_id"), table_name="planned_stop")
    op.drop_geospatial_index(
        "idx_planned_stop_geom", table_name="planned_stop", postgresql_using="gist", column_name="geom"
    )
    op.drop_geospatial_table("planned_stop")
    op.drop_index(op.f("ix_patrol_team_id"), table_name="patrol")
    op.drop_index(op.f("ix_patrol_night"), table_name="patrol")
    op.drop_geospatial_index("idx_patrol_geom", table_name="patrol", postgresql_using="gist", column_name="geom")
    op.drop_geospatial_table("patrol")
    op.drop_index(op.f("ix_patrol_route_night"), table_name="patrol_route")
    op.drop_geospatial_index(
        "idx_patrol_route_geom", table_name="patrol_route", postgresql_using="gist", column_name="geom"
    )
    op.drop_geospatial_table("patrol_route")
    op.drop_geospatial_index("idx_team_station", table_name="team", postgresql_using="gist", column_name="station")
    op.drop_geospatial_table("team")
    op.drop_index(op.f("ix_hotspot_cell_run_id"), table_name="hotspot_cell")
    op.drop_geospatial_index(
        "idx_hotspot_cell_geom", table_name="hotspot_cell", postgresql_using="gist", column_name="geom"
    )
    op.drop_geospatial_table("hotspot_cell")
    op.drop_index(op.f("ix_hazard_village_id"), table_name="hazard")
    op.drop_index(
        "ix_hazard_open_due", table_name="hazard", postgresql_where=sa.text("stage NOT IN ('closed', 'void')")
    )
    op.drop_index(op.f("ix_hazard_grid_id"), table_name="hazard")
    op.drop_index(op.f("ix_hazard_discovered_at"), table_name="hazard")
    op.drop_geospatial_index("idx_hazard_geom", table_name="hazard", postgresql_using="gist", column_name="geom")
    op.drop_geospatial_table("hazard")
    op.drop_index("ix_grid_coverage_run_night", table_name="grid_coverage")
    op.drop_index(op.f("ix_grid_coverage_grid_id"), table_name="grid_coverage")
    op.drop_table("grid_coverage")
    op.drop_table("grid")
    op.drop_index(op.f("ix_facility_area_id"), table_name="facility")
    op.drop_geospatial_index("idx_facility_geom", table_name="facility", postgresql_using="gist", column_name="geom")
    op.drop_geospatial_table("facility")
    op.drop_index(op.f("ix_density_cell_run_id"), table_name="density_cell")
    op.drop_geospatial_index(
        "idx_density_cell_geom", table_name="density_cell", postgresql_using="gist", column_name="geom"
    )
    op.drop_geospatial_table("density_cell")
    op.drop_table("account")
    op.drop_index("ix_track_point_patrol", table_name="track_point")
    op.drop_geospatial_table("track_point")
    op.drop_geospatial_index(
        "idx_street_segment_geom", table_name="street_segment", postgresql_using="gist", column_name="geom"
    )
    op.drop_geospatial_table("street_segment")
    op.drop_table("import_run")
    op.drop_index("ix_hazard_month_cell_month", table_name="hazard_month_cell")
    op.drop_geospatial_index(
        "idx_hazard_month_cell_geom", table_name="hazard_month_cell", postgresql_using="gist", column_name="geom"
    )
    op.drop_geospatial_table("hazard_month_cell")
    op.drop_table("hazard_category")
    op.drop_table("city_profile")
    op.drop_geospatial_index(
        "idx_basemap_feature_geom", table_name="basemap_feature", postgresql_using="gist", column_name="geom"
    )
    op.drop_geospatial_table("basemap_feature")
    op.drop_index(op.f("ix_area_scope_path"), table_name="area")
    op.drop_index(op.f("ix_area_parent_id"), table_name="area")
    op.drop_index("ix_area_level_current", table_name="area", postgresql_where="valid_to IS NULL")
    op.drop_geospatial_index(
        "idx_area_label_point", table_name="area", postgresql_using="gist", column_name="label_point"
    )
    op.drop_geospatial_index("idx_area_geom", table_name="area", postgresql_using="gist", column_name="geom")
    op.drop_geospatial_table("area")
    op.drop_index("ix_analysis_run_current", table_name="analysis_run", postgresql_where=sa.text("is_current"))
    op.drop_table("analysis_run")
