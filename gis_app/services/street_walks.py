"""The streets walked and grids swept of each night, computed when its tracks changed and left alone otherwise."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import cast

import numpy as np
import pandas as pd
import shapely
from sqlalchemy import Engine

from gis_app.analysis.coverage import SWEEP_M_BY_MODE
from gis_app.analysis.map_matching import match_fixes
from gis_app.analysis.matching_model import MatchModel
from gis_app.analysis.matching_streets import MatchingStreets
from gis_app.analysis.street_coverage import Stretches, merged, overlaps, stretches_of
from gis_app.analysis.swept_cells import CELL_M
from gis_app.domain.shifts import BEGINS_AT_HOUR
from gis_app.planning.street_network import StreetNetwork
from gis_app.planning.street_segments import network_of
from gis_app.planning.travel_modes import TRAVEL_MODES, TravelMode
from gis_app.services import night_fixes
from gis_app.services.grid_sweeps import SweptGrids
from gis_app.services.night_fixes import CLASS
from gis_app.storage import analysis_runs, street_walks
from gis_app.storage.engine import long_job

PATROLS_AT_ONCE = 60
_CLASS_IN_NETWORK = ("shift", "team_kind")
"""The mode decides on the network; these two do not change where somebody walked."""


def streets_for(network: StreetNetwork, mode: TravelMode) -> MatchingStreets:
    """Return the streets that a mode of travel may use, and in which direction."""
    usable = np.isin(network.kinds, list(mode.speed_m_s))
    back = usable if mode.ignores_one_way else usable & ~network.one_way
    return MatchingStreets(network.nodes, network.lines, network.ends, usable, back)


def update(
    engine: Engine, *, now: datetime, srid: int, progress: Callable[[float], None] = lambda share: None
) -> list[date]:
    """Compute streets walked and grids swept of nights whose tracks, streets or grids changed; return these nights.

    Each night is a transaction of its own. Nights whose tracks were forgotten keep what was computed; nights that have
    no patrol any more lose it.
    """
    with long_job(engine) as connection:
        street_walks.forget_unwalked(connection)
        grids = analysis_runs.current_areas(connection, "grid", srid=srid)
        pieces = street_walks.pieces(connection)
        # Those of grids that ended since streets were cut are no grid's any more.
        pieces = pieces[pieces["area_id"].isin(grids["id"])].reset_index(drop=True)
        pieces["scope_path"] = pieces["area_id"].map(grids.set_index("id")["scope_path"])
        base = _base(f"{srid} {street_walks.streets_digest(connection)}", grids, pieces)
        words, known = street_walks.night_words(connection), street_walks.known_digests(connection)
        digests = {night: hashlib.sha256(f"{base} {word}".encode()).hexdigest() for night, word in words.items()}
        stale = [night for night, digest in digests.items() if known.get(night) != digest]
        if not stale or not len(grids):
            return []
        network = network_of(street_walks.streets(connection, srid=srid)) if len(pieces) else None
    streets, ground = (_Places(network, pieces) if network else None), SweptGrids(grids)
    for number, night in enumerate(stale, start=1):
        with long_job(engine) as connection:
            fixes = night_fixes.fixes_of(connection, night, srid=srid)
            rows = streets.walked(fixes) if streets else pd.DataFrame()
            street_walks.replace_night(connection, night, rows, ground.swept(fixes), digest=digests[night], now=now)
        progress(number / len(stale))
    return stale


def _base(word: str, grids: pd.DataFrame, pieces: pd.DataFrame) -> str:
    """Return a word that changes with whatever all nights are computed from."""
    facts = (MatchModel(), sorted(SWEEP_M_BY_MODE.items()), CELL_M, sorted(BEGINS_AT_HOUR.items()))
    digest = hashlib.sha256(f"{facts!r} {word}".encode())
    for frame in (pieces, grids[["id", "scope_path"]]):
        digest.update(pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes())
    for shape in shapely.to_wkb(grids["shape"].to_numpy()):
        digest.update(shape)
    return digest.hexdigest()


class _Places:
    """Streets by mode and the pieces of them in each grid, for many nights."""

    def __init__(self, network: StreetNetwork, pieces: pd.DataFrame) -> None:
        self._network = network
        self._modes: Mapping[str, MatchingStreets] = {
            name: streets_for(network, mode) for name, mode in TRAVEL_MODES.items()
        }
        number = pd.Series(np.arange(len(network.segment_ids)), index=network.segment_ids)
        self._pieces = pieces
        self._parts = Stretches(
            pieces["segment_id"].map(number).to_numpy(dtype=np.int64),
            pieces["low"].to_numpy(dtype=np.float64),
            pieces["high"].to_numpy(dtype=np.float64),
        )

    def walked(self, fixes: pd.DataFrame) -> pd.DataFrame:
        """Return what was walked in which grid by which kind of work.

        Returns
        -------
        Columns area_id, segment_id, low, high, shift, mode, team_kind, scope_path; merged within each kind.
        """
        found = [
            self._rows(merged(part), {"mode": str(mode), **kind})
            for mode, of_mode in fixes.groupby("mode", observed=True)
            for kind, part in _walked_by_kind(self._modes[str(mode)], of_mode)
        ]
        return pd.concat(found, ignore_index=True) if found else pd.DataFrame()

    def _rows(self, whole: Stretches, kind: Mapping[str, str]) -> pd.DataFrame:
        part, walked = overlaps(self._parts, whole)
        grid = self._pieces.iloc[part]
        rows = pd.DataFrame(
            {
                "area_id": grid["area_id"].to_numpy(),
                "segment_id": self._network.segment_ids[walked.segment].astype(np.int64),
                "low": walked.low,
                "high": walked.high,
                **{name: np.full(len(grid), kind[name], dtype=object) for name in CLASS},
                "scope_path": grid["scope_path"].to_numpy(),
            }
        )
        return rows[rows["high"] > rows["low"]].reset_index(drop=True)


def _walked_by_kind(streets: MatchingStreets, fixes: pd.DataFrame) -> list[tuple[dict[str, str], Stretches]]:
    """Return the stretches of each kind of work of one mode, not united yet."""
    patrols, found = fixes["patrol_id"].unique(), []
    for first in range(0, len(patrols), PATROLS_AT_ONCE):
        some = fixes[fixes["patrol_id"].isin(patrols[first : first + PATROLS_AT_ONCE])]
        found.append(_matched(streets, _split_at_shifts(some)))
    rows = pd.concat(found, ignore_index=True)
    return [
        (
            dict(zip(_CLASS_IN_NETWORK, map(str, cast("tuple[str, str]", kind)), strict=True)),
            stretches_of(part["segment"], part["from_share"], to_share=part["to_share"]),
        )
        for kind, part in rows.groupby(list(_CLASS_IN_NETWORK), observed=True)
    ]


def _split_at_shifts(fixes: pd.DataFrame) -> pd.DataFrame:
    """Return the fixes with pieces that end where a shift does: the first fix of the next ends this one too."""
    fixes = fixes.reset_index(drop=True)
    shift, piece = fixes["shift"].cat.codes.to_numpy(), fixes["piece"].to_numpy()
    turns = np.nonzero((np.diff(piece) == 0) & (np.diff(shift) != 0))[0] + 1
    number = np.cumsum(np.r_[False, (np.diff(piece) != 0) | (np.diff(shift) != 0)][: len(fixes)])
    fixes = fixes.assign(piece=number, place=np.arange(len(fixes), dtype=np.float64))
    ends = fixes.iloc[turns].assign(piece=number[turns - 1], shift=fixes["shift"].iloc[turns - 1].to_numpy())
    return pd.concat([fixes, ends.assign(place=turns - 0.5)]).sort_values("place").reset_index(drop=True)


def _matched(streets: MatchingStreets, fixes: pd.DataFrame) -> pd.DataFrame:
    """Return segment, from_share, to_share, shift and team_kind of what was walked."""
    second = fixes["second"].to_numpy()
    found = match_fixes(
        streets,
        fixes[["x", "y"]].to_numpy(dtype=np.float64),
        seconds=second - second.min(initial=np.inf) if len(second) else second,
        piece=fixes["piece"].to_numpy(),
        accuracy_m=fixes["accuracy_m"].to_numpy(dtype=np.float64),
    )
    _, first = np.unique(found.fixes.chain, return_index=True)
    kinds = fixes.iloc[first[found.walked.chain]].reset_index(drop=True)
    return pd.DataFrame({name: getattr(found.walked, name) for name in ("segment", "from_share", "to_share")}).assign(
        **{name: kinds[name].astype(str) for name in _CLASS_IN_NETWORK}
    )
