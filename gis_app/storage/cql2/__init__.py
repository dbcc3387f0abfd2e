"""CQL2 filters compiled to SQLAlchemy over a closed world: an unknown property, operator or function is refused.

Source: OGC 21-065r2 (CQL2). The text and JSON forms are read by the ``cql2`` parser; its JSON is compiled here.
"""

from gis_app.storage.cql2.compiler import compile_filter
from gis_app.storage.cql2.functions import FUNCTIONS
from gis_app.storage.cql2.reading import read_json, read_text
from gis_app.storage.cql2.space import require_box
from gis_app.storage.cql2.terms import KINDS, Term

__all__ = ["FUNCTIONS", "KINDS", "Term", "compile_filter", "read_json", "read_text", "require_box"]
