"""Key figures by area, period and category, and the cases behind each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from gis_app.analysis.kpis import KPIS, BoolArray, KpiFigure, hazard_times
from gis_app.domain.errors import NotFound
from gis_app.domain.periods import TimeWindow


def kpi_table(
    hazards: pd.DataFrame,
    moment: datetime,
    *,
    windows: Mapping[str, TimeWindow],
    by: Sequence[str] = (),
    names: Sequence[str] = tuple(KPIS),
) -> pd.DataFrame:
    """Return key figures for every group of hazards in every period.

    Parameters
    ----------
    hazards
        What ``hazard_times`` takes, and the columns of ``by``.
    moment
        The moment asked about, with a time zone.
    windows
        The periods by name.
    by
        Columns that group the hazards: an area of some level, the category, both, or none for one group of all. A
        missing value is a group of its own.
    names
        Keys of ``KPIS``.

    Returns
    -------
    One row per group, period and figure: the columns of ``by``, period, kpi, count, of (missing for a plain count),
    value (a count, a share from 0 to 1, or NaN for no data). Groups are those that occur, in order.

    Raises
    ------
    NotFound
        If there is no such figure.
    ValueError
        If a column is missing, or times have no time zone.
    """
    times = hazard_times(hazards)
    group, keys = _groups(hazards, by)
    wanted = [(period, name) for period in windows for name in names]
    figures = [_kpi(name)(times, moment, window=windows[period]) for period, name in wanted]
    count = _per_group([figure.numerator for figure in figures], group, len(keys))
    of = _per_group([figure.denominator for figure in figures], group, len(keys))
    table = keys.take(np.tile(np.arange(len(keys)), len(wanted))).reset_index(drop=True)
    is_share = ~np.isnan(of)
    share = np.divide(count, of, out=np.full(len(of), np.nan), where=is_share & (of > 0))
    return table.assign(
        period=np.repeat(np.array([period for period, _ in wanted], dtype=object), len(keys)),
        kpi=np.repeat(np.array([name for _, name in wanted], dtype=object), len(keys)),
        count=count.astype(np.int64),
        of=pd.Series(of).astype("Int64"),
        value=np.where(is_share, share, count),
    )


def kpi_figure(
    hazards: pd.DataFrame,
    name: str,
    moment: datetime,
    *,
    window: TimeWindow,
    where: Mapping[str, object] | None = None,
) -> KpiFigure:
    """Return one figure with its cases, of the hazards whose columns have the values of ``where`` (None: missing).

    ``hazards[figure.numerator]`` and ``hazards[figure.denominator]`` are the lists it opens.

    Raises
    ------
    NotFound
        If there is no such figure.
    """
    mask: BoolArray = np.ones(len(hazards), dtype=np.bool_)
    for column, value in (where or {}).items():
        mask &= np.asarray(hazards[column].isna() if value is None else hazards[column] == value, dtype=np.bool_)
    return _kpi(name)(hazard_times(hazards), moment, window=window).within(mask)


def _kpi(name: str) -> Callable[..., KpiFigure]:
    if name not in KPIS:
        raise NotFound("There is no figure {name}.", remedy="Choose one of {known}.", name=name, known=", ".join(KPIS))
    return KPIS[name]


def _groups(hazards: pd.DataFrame, by: Sequence[str]) -> tuple[npt.NDArray[np.intp], pd.DataFrame]:
    """Return the number of each hazard's group, and the groups' keys by number."""
    if not by:
        return np.zeros(len(hazards), dtype=np.intp), pd.DataFrame(index=[0])
    numbered = hazards[list(by)].assign(_group=hazards.groupby(list(by), dropna=False, observed=True).ngroup())
    keys = numbered.drop_duplicates("_group").sort_values("_group").drop(columns="_group")
    return numbered["_group"].to_numpy(dtype=np.intp), keys.reset_index(drop=True)


def _per_group(
    masks: Sequence[BoolArray | None], group: npt.NDArray[np.intp], group_count: int
) -> npt.NDArray[np.float64]:
    """Return the hazards of each mask in each group, mask by mask; NaN where there is no mask."""
    counts = [
        np.full(group_count, np.nan) if mask is None else np.bincount(group[mask], minlength=group_count)
        for mask in masks
    ]
    return np.concatenate(counts).astype(np.float64) if counts else np.empty(0)
