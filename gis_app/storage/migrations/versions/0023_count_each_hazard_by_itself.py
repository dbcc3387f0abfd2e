"""Make the counts of hazards one row per cell, so that a hazard is counted by itself, not with its village's month.

Revision ID: 0023
Revises: 0022
"""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_NAME = "uq_hazard_month_cell_scope_path"
# Two reports from one village at one moment could count it twice; what was counted is therefore counted anew.
_COUNT_ANEW = """
INSERT INTO hazard_month_cell (zoom, cell_x, cell_y, month, severity, scope_path, hazard_count, open_count, geom)
SELECT z.zoom, h.world_x >> 26 - z.zoom, h.world_y >> 26 - z.zoom,
       date_trunc('month', h.discovered_at AT TIME ZONE 'Asia/Shanghai')::date, h.severity, h.scope_path,
       count(*), count(*) FILTER (WHERE h.stage NOT IN ('closed', 'void')),
       ST_SetSRID(ST_MakePoint(avg(ST_X(h.geom)), avg(ST_Y(h.geom))), 4326)
FROM hazard h CROSS JOIN generate_series(7, 12) AS z (zoom)
GROUP BY 1, 2, 3, 4, 5, 6"""


def upgrade() -> None:
    """Count anew, and keep one row per cell from now on."""
    op.execute("SELECT set_config('jingwei.scope', '/', true)")
    op.execute("DELETE FROM hazard_month_cell")
    op.execute(_COUNT_ANEW)
    op.create_unique_constraint(
        _NAME, "hazard_month_cell", ["scope_path", "month", "zoom", "cell_x", "cell_y", "severity"]
    )


def downgrade() -> None:
    """Allow several rows per cell again."""
    op.drop_constraint(_NAME, "hazard_month_cell", type_="unique")
