"""Maps of hotspots as rows of runs and villages, and moments as the analyses and the database write them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy import RowMapping

from gis_app import __version__
from gis_app.analysis.hotspot_series import HORIZON_DAYS, SeriesMap, Step
from gis_app.analysis.lattice import DEFAULT_CELL_M, IntArray
from gis_app.analysis.places import PlaceKind
from gis_app.analysis.rolling_origin import History, WindowTrials
from gis_app.services.hotspot_ground import Ground, group_key
from gis_app.storage import hotspot_maps

ALL = "all"
"""The group of all hazards; the other groups are categories."""
_SECONDS_PER_DAY = 86_400.0
_IDENTITY = uuid.UUID("5bb34b6e-7f0b-4b0e-9d0a-6f9f0c1d2e3a")


@dataclass(frozen=True, eq=False)
class MappedCity:
    """What the maps of all groups are computed from.

    Parameters
    ----------
    ground
        The cells, grids or streets of the city.
    events
        As of ``storage.hotspot_maps.events``.
    end
        The moment of the newest map.
    """

    ground: Ground
    events: pd.DataFrame
    end: datetime

    def history(self, group: str) -> History:
        """Return the hazards of a group before the newest map."""
        rows = self.events if group == ALL else self.events[self.events["category_code"] == group]
        return self.ground.history(rows, day_of(self.end))

    def shares_of(
        self, group: str, until: float, *, has_passed: bool
    ) -> tuple[IntArray, npt.NDArray[np.object_], IntArray, IntArray | None]:
        """Return cells by village, with the village's own hazards: before a moment, and within the horizon after it.

        A cell on a border is there for each village that has hazards in it, so that nobody is told of another's; any
        other one for the village nearest to its middle.
        """
        rows = self.events if group == ALL else self.events[self.events["category_code"] == group]
        day = rows["day"].to_numpy(dtype=np.float64)
        place, paths = self.ground.locate(rows["x"], rows["y"]), self.ground.paths
        known = (day < (until + HORIZON_DAYS if has_passed else until)) & (place >= 0)
        names, village = np.unique(
            np.concatenate([paths, rows["scope_path"].to_numpy()]).astype(str), return_inverse=True
        )
        own, of_row = village[: len(paths)], village[len(paths) :]
        width = len(names)
        counted = place * width + of_row
        pairs = np.unique(np.concatenate([np.arange(len(own)) * width + own, counted[known]]))
        counts = [
            np.bincount(np.searchsorted(pairs, counted[chosen]), minlength=len(pairs)).astype(np.int64)
            for chosen in (known & (day < until), known & (day >= until))
        ]
        return pairs // width, names[pairs % width].astype(object), counts[0], counts[1] if has_passed else None


def day_of(moment: datetime) -> float:
    """Return a moment as days since 1970-01-01 UTC."""
    return moment.timestamp() / _SECONDS_PER_DAY


def moment_of(day: float) -> datetime:
    """Return the moment of days since 1970-01-01 UTC, to the second."""
    return datetime.fromtimestamp(round(day * _SECONDS_PER_DAY), UTC)


def run_id(kind: str, moment: datetime) -> uuid.UUID:
    """Return the id of a map: the same whenever it is made anew, so that links to it hold."""
    return uuid.uuid5(_IDENTITY, f"{kind}:{moment.astimezone(UTC).isoformat()}")


def is_kept_run(row: RowMapping | None, step: Step) -> bool:
    """Return whether a stored run was made by this code from what a step is made from."""
    if row is None or row["result"] is None:
        return False
    result = row["result"]
    made_from = (row["input_digest"], result["later_digest"], row["code_version"])
    return made_from == (step.digest, step.later_digest, __version__) and (result["is_map"] or not step.is_map)


def rows_of(
    city: MappedCity,
    group: str,
    step: Step,
    *,
    oldest: float,
    made: tuple[SeriesMap | None, WindowTrials | None],
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the row of a run, and those of its cells by village."""
    one, trial = made
    ground = city.ground
    kind, at = hotspot_maps.KIND + group_key(ground.kind, group), moment_of(step.until)
    parameters: dict[str, Any] = {"horizon_days": HORIZON_DAYS}
    if ground.kind == PlaceKind.CELLS:
        parameters["cell_m"] = DEFAULT_CELL_M
    run: dict[str, Any] = {
        "id": run_id(kind, at),
        "kind": kind,
        "parameters": parameters,
        "data_from": moment_of(min(oldest, step.until)),
        "data_to": at,
        "code_version": __version__,
        "input_digest": step.digest,
        # A moment that wants a map and has none, for too few events, is looked at again as quickly.
        "result": {"is_map": step.is_map, "later_digest": step.later_digest, "trials": _plain(trial)},
    }
    if one is None:
        return run, []
    choice = one.choice
    run["result"] |= {
        "method": choice.name,
        "is_guess": choice.is_guess,
        "window_count": len(choice.window_events),
        "mean_pei": {name: record.mean_pei for name, record in choice.records.items()},
        "methods": list(one.scores),
        "params": {name: dict(params) for name, params in one.params.items()},
    }
    scores = np.array(list(one.scores.values())).reshape(len(one.scores), len(ground.keys))
    cell, paths, event_count, later_count = city.shares_of(group, step.until, has_passed=one.later_count is not None)
    return run, hotspot_maps.packed_parts(
        paths,
        ground.keys[cell],
        event_count=event_count,
        scores=scores[:, cell],
        later_count=later_count,
        sizes=None if ground.sizes is None else ground.sizes[cell],
    )


def _plain(trial: WindowTrials | None) -> dict[str, Any] | None:
    if trial is None:
        return None
    pei, hit_rate = ({name: values.tolist() for name, values in kept.items()} for kept in (trial.pei, trial.hit_rate))
    return {"events": trial.event_count, "pei": pei, "hit_rate": hit_rate}


def kept_trials(kept: Mapping[str, Any] | None) -> WindowTrials | None:
    """Return trials as they were stored with a run."""
    if kept is None:
        return None
    pei, hit_rate = ({name: np.array(values) for name, values in kept[part].items()} for part in ("pei", "hit_rate"))
    return WindowTrials(kept["events"], pei, hit_rate)
