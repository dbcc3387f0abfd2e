"""Transformers between coordinate systems, made once: PROJ takes over 0.1 s to find the way from one to the other."""

from __future__ import annotations

from functools import lru_cache

from pyproj import Transformer

MOST_KEPT = 64


@lru_cache(maxsize=MOST_KEPT)
def transformer(source: int | str, target: int | str) -> Transformer:
    """Return what turns coordinates of one system into another's; x before y, lon before lat.

    Parameters
    ----------
    source, target
        EPSG number, or what pyproj takes as a CRS.
    """
    # Several threads may use it at once: it keeps a state for each.
    return Transformer.from_crs(source, target, always_xy=True)
