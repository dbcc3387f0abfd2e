"""The streets walked of each night, computed when its tracks changed and left alone when they did not."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
from sqlalchemy import Engine

from gis_app.analysis.map_matching import match_fixes
from gis_app.analysis.matching_model import MatchModel
from gis_app.analysis.matching_streets import MatchingStreets
from gis_app.analysis.street_coverage import Stretches, merged, overlaps, stretches_of
from gis_app.analysis.tracks import NO_PIECE, Fixes, clean_fixes
from gis_app.domain.periods import night_end
from gis_app.planning.street_network import StreetNetwork
from gis_app.planning.street_segments import network_of
from gis_app.planning.travel_modes import TRAVEL_MODES, TravelMode
from gis_app.storage import street_walks
from gis_app.storage.engine import long_job

PATROLS_AT_ONCE = 60
LONGEST_PATROL = timedelta(days=2)
"""A device whose clock is ahead records beyond the end of its night."""


def streets_for(network: StreetNetwork, mode: TravelMode) -> MatchingStreets:
    """Return the streets that a mode of travel may use, and in which direction."""
    usable = np.isin(network.kinds, list(mode.speed_m_s))
    back = usable if mode.ignores_one_way else usable & ~network.one_way
    return MatchingStreets(network.nodes, network.lines, network.ends, usable, back)


def update(
    engine: Engine, *, now: datetime, srid: int, progress: Callable[[float], None] = lambda share: None
) -> list[date]:
    """Compute the streets walked of every night whose tracks, streets or grids changed, and return these nights.

    Each night is a transaction of its own. Nights whose tracks were forgotten keep what was computed.
    """
    with long_job(engine) as connection:
        base = f"{MatchModel()!r} {street_walks.streets_digest(connection)}"
        pieces = street_walks.pieces(connection)
        base += hashlib.sha256(pd.util.hash_pandas_object(pieces, index=False).to_numpy().tobytes()).hexdigest()
        words, known = street_walks.night_words(connection), street_walks.known_digests(connection)
        digests = {night: hashlib.sha256(f"{base} {word}".encode()).hexdigest() for night, word in words.items()}
        stale = [night for night, digest in digests.items() if known.get(night) != digest]
        if not stale or not len(pieces):
            return []
        network = network_of(street_walks.streets(connection, srid=srid))
    places = _Places(network, pieces)
    for number, night in enumerate(stale, start=1):
        with long_job(engine) as connection:
            start, end = night_end(night) - timedelta(days=1), night_end(night) + LONGEST_PATROL
            fixes = street_walks.fixes_of(connection, night, start=start, end=end, srid=srid)
            rows = places.walked(fixes)
            street_walks.replace_night(connection, night, rows, digest=digests[night], now=now)
        progress(number / len(stale))
    return stale


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
        """Return what was walked in which grid by anybody: area_id, segment_id, low, high, scope_path."""
        patrols = fixes["patrol_id"].unique()
        found = []
        for mode, of_mode in fixes.groupby("mode"):
            for first in range(0, len(patrols), PATROLS_AT_ONCE):
                some = of_mode[of_mode["patrol_id"].isin(patrols[first : first + PATROLS_AT_ONCE])]
                if len(some):
                    found.append(_matched(self._modes[str(mode)], some))
        whole = Stretches(
            np.concatenate([part.segment for part in found] or [np.zeros(0, dtype=np.int64)]),
            np.concatenate([part.low for part in found] or [np.zeros(0)]),
            np.concatenate([part.high for part in found] or [np.zeros(0)]),
        )
        part, walked = overlaps(self._parts, merged(whole))
        grid = self._pieces.iloc[part]
        rows = pd.DataFrame(
            {
                "area_id": grid["area_id"].to_numpy(),
                "segment_id": self._network.segment_ids[walked.segment].astype(np.int64),
                "low": walked.low,
                "high": walked.high,
                "scope_path": grid["scope_path"].to_numpy(),
            }
        )
        return rows[rows["high"] > rows["low"]].reset_index(drop=True)


def _matched(streets: MatchingStreets, fixes: pd.DataFrame) -> Stretches:
    cleaned = clean_fixes(
        Fixes(
            device=fixes["device"].to_numpy(),
            recorded_at=fixes["recorded_at"],
            sequence=fixes["sequence"].to_numpy(),
            x=fixes["x"].to_numpy(dtype=np.float64),
            y=fixes["y"].to_numpy(dtype=np.float64),
            patrol=fixes["patrol_id"].to_numpy(),
        )
    )
    on_track = cleaned.piece != NO_PIECE
    kept = fixes.iloc[cleaned.order[on_track]]
    moments = pd.to_datetime(kept["recorded_at"], utc=True)
    found = match_fixes(
        streets,
        kept[["x", "y"]].to_numpy(dtype=np.float64),
        seconds=(moments - moments.min()).dt.total_seconds().to_numpy(),
        piece=cleaned.piece[on_track],
        accuracy_m=kept["accuracy_m"].to_numpy(dtype=np.float64),
    ).walked
    return merged(stretches_of(found.segment, found.from_share, to_share=found.to_share))
