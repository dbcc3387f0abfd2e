"""Alembic's entry: runs the migrations on the connection that storage.schema hands over."""

from alembic import context
from geoalchemy2 import alembic_helpers

from gis_app.storage.models import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    include_object=lambda thing, name, kind, reflected, other: (
        not (
            (kind == "table" and (name == "spatial_ref_sys" or name.startswith("track_point_2")))
            or not alembic_helpers.include_object(thing, name, kind, reflected, other)
        )
    ),
    process_revision_directives=alembic_helpers.writer,
    render_item=alembic_helpers.render_item,
)
with context.begin_transaction():
    context.run_migrations()
