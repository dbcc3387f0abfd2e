"""Pure methods on arrays and GeoDataFrames: no Flask, no SQL, no clock, no files."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOME_OF = {
    "HOTSPOT_METHODS": "hotspots",
    "calibration": "scoring",
    "hotspot_cells": "hotspot_frames",
    "hotspot_places": "place_frames",
    "lattice_over": "lattice",
    "method_scores": "hotspot_frames",
    "network_kernel_density": "network_density",
    "score_map": "scoring",
    "street_pieces": "pieces_of_streets",
}
__all__ = list(_HOME_OF)


def __getattr__(name: str) -> Any:
    """Return one of the functions for notebooks; nothing is loaded before it is asked for."""
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
