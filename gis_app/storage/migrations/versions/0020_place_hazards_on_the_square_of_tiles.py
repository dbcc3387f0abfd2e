"""Keep each hazard's place on the square of tiles, and an index that counts them by it.

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

# Bodies that are parsed here hold whatever search path a later caller has, one that restores a backup included.
_FUNCTIONS = {
    "world_x": "floor((ST_X(place) + 180) / 360 * 1073741824)",
    "world_y": "floor((1 - asinh(tan(radians(ST_Y(place)))) / pi()) / 2 * 1073741824)",
}


def upgrade() -> None:
    """Create the functions, the columns that are made of them, and the index."""
    for name, position in _FUNCTIONS.items():
        op.execute(
            f"CREATE FUNCTION {name}(place geometry) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE "
            f"RETURN greatest(least({position}, 1073741823), 0)::integer"
        )
    op.execute(
        "CREATE FUNCTION world_column(place geometry) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE "
        "RETURN world_x(place) >> 12"
    )
    for name in ("world_x", "world_y", "world_column"):
        made = sa.Computed(f"{name}(geom)", persisted=True)
        op.add_column("hazard", sa.Column(name, sa.Integer(), made, nullable=False))
    op.create_index(
        "ix_hazard_world",
        "hazard",
        ["world_column", "world_y"],
        postgresql_include=["world_x", "discovered_at", "stage", "scope_path"],
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_hazard_world", table_name="hazard")
    for name in ("world_column", "world_y", "world_x"):
        op.drop_column("hazard", name)
        op.execute(f"DROP FUNCTION {name}(geometry)")
