"""What the log of the closed loop says of each hazard: the stage it stands at, and when it first got where.

The oracle of every stored column and every key figure: whatever a page shows comes out of the log again.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gis_app.analysis.instants import utc_instants
from gis_app.domain.hazards import Stage
from gis_app.domain.transitions import TRANSITIONS, Action

FIRST_TIME_OF = {
    "reported_at": Action.REPORT,
    "filed_at": Action.FILE,
    "dispatched_at": Action.ASSIGN,
    "handled_at": Action.FEEDBACK,
    "reworked_at": Action.REWORK,
    "returned_at": Action.APPROVE_RETURN,
}
"""Columns of the key figures, and the action whose first time each of them is."""
_TARGETS = {action.value: row.target.value for action, row in TRANSITIONS.items() if row.target is not None}


def hazards_of_events(events: pd.DataFrame) -> pd.DataFrame:
    """Return one row a hazard from the log of its actions.

    Parameters
    ----------
    events
        Columns hazard_id, action (a value of ``Action``) and at (with a time zone); of actions of the same moment the
        one that stands first came first.

    Returns
    -------
    Index hazard_id, in order; stage, the columns of ``FIRST_TIME_OF``, closed_at (the last closing, missing once the
    hazard is reopened), times with the zone UTC and missing where it never came to that, and reopened_count.

    Raises
    ------
    ValueError
        If an action is not one of the loop, or times have no time zone.
    """
    unknown = sorted(set(events["action"]) - {each.value for each in Action})
    if unknown:
        raise ValueError(f"The loop has no action {', '.join(unknown)}.")
    ordered = events.assign(at=pd.DatetimeIndex(utc_instants(events["at"])).tz_localize("UTC"))
    ordered = ordered.sort_values("at", kind="stable")
    hazard = pd.Index(np.sort(ordered["hazard_id"].unique()), name="hazard_id")
    columns = {}
    for name, action in FIRST_TIME_OF.items():
        columns[name] = _times(ordered, action).first().reindex(hazard)
    moves = ordered.assign(stage=ordered["action"].map(_TARGETS)).dropna(subset="stage")
    stage = moves.groupby("hazard_id")["stage"].last().reindex(hazard)
    closed_at = _times(ordered, Action.CLOSE).last().reindex(hazard)
    reopened = _times(ordered, Action.REOPEN).size().reindex(hazard, fill_value=0)
    return pd.DataFrame(
        {
            "stage": stage,
            **columns,
            "closed_at": closed_at.where(stage == Stage.CLOSED.value),
            "reopened_count": reopened,
        }
    )


def _times(events: pd.DataFrame, action: Action) -> Any:
    """Return the times of an action, grouped by hazard."""
    return events[events["action"] == action.value].groupby("hazard_id")["at"]
