"""Hazards that come back after closing, and reports of one hazard that came twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from gis_app.analysis.instants import MICROSECONDS_PER_DAY, Instants, utc_instants
from gis_app.analysis.metric_crs import metric_geometries

IntArray = npt.NDArray[np.intp]
FloatArray = npt.NDArray[np.float64]

REOPEN, FLAG = "reopen", "flag"


@dataclass(frozen=True)
class RecurrenceRule:
    """How near and how soon after closing a hazard of the same category counts as the old one come back.

    Up to ``reopen_m`` the old case is reopened, from there up to ``flag_m`` the new one is flagged.

    Raises
    ------
    ValueError
        If a distance is negative, ``flag_m`` below ``reopen_m``, or ``days`` not above 0.
    """

    reopen_m: float = 20.0
    flag_m: float = 100.0
    days: float = 30.0

    def __post_init__(self) -> None:
        if not (0 <= self.reopen_m <= self.flag_m < np.inf and 0 < self.days < np.inf):
            raise ValueError("A recurrence needs 0 <= reopen_m <= flag_m and days above 0.")


class _Facts(NamedTuple):
    places: FloatArray
    times: Instants
    category: IntArray


def recurrences(reports: Any, closed: Any, *, rule: RecurrenceRule | None = None) -> pd.DataFrame:
    """Return which reports may be closed hazards come back.

    Parameters
    ----------
    reports
        GeoDataFrame of n points with columns category_code and discovered_at (with a time zone); what has no category
        matches nothing. CRS: projected, metres; raises if geographic.
    closed
        GeoDataFrame of m points in the same CRS with columns category_code and closed_at; one never closed matches
        nothing. May be the same frame: what was found after its own closing cannot be.

    Returns
    -------
    One row a pair: report and earlier (positions in the frames), distance_m, days (since closing) and advice (reopen,
    flag); by report, the nearest first, of equally near the last closed.

    Raises
    ------
    ValueError
        If a frame has no metric CRS, or holds anything but points.
    """
    rule = rule or RecurrenceRule()
    places, old_places = _coordinates(reports), _coordinates(closed)
    found, ended = utc_instants(reports["discovered_at"]), utc_instants(closed["closed_at"])
    category, old_category = _common_codes(reports, closed)
    new, old = _Facts(places, found, category), _Facts(old_places, ended, old_category)
    report, earlier = _near(new, old, distance_m=rule.flag_m, days=rule.days)
    pairs = _pairs(report, earlier, places, old_places, found[report] - ended[earlier])
    kept = pairs[(pairs["distance_m"] <= rule.flag_m) & (pairs["days"] > 0) & (pairs["days"] <= rule.days)]
    advice = np.where(kept["distance_m"] <= rule.reopen_m, REOPEN, FLAG)
    return kept.assign(advice=advice).sort_values(["report", "distance_m", "days", "earlier"], ignore_index=True)


def duplicates(reports: Any, *, distance_m: float = 30.0, days: float = 1.0) -> pd.DataFrame:
    """Return which reports may be of a hazard that was reported before: same category, near, soon after.

    Parameters
    ----------
    reports
        GeoDataFrame of n points with columns category_code and discovered_at (with a time zone). CRS: projected,
        metres; raises if geographic.
    distance_m, days
        How near and how soon, 0 or more.

    Returns
    -------
    One row a pair: report and earlier (positions), distance_m and days; by report, the nearest first. Of reports of
    the same moment the one that stands first is the earlier.
    """
    if not (0 <= distance_m < np.inf and 0 <= days < np.inf):
        raise ValueError("A duplicate needs a distance and days of 0 or more.")
    places, found = _coordinates(reports), utc_instants(reports["discovered_at"])
    facts = _Facts(places, found, _common_codes(reports, reports)[0])
    report, earlier = _near(facts, facts, distance_m=distance_m, days=days)
    pairs = _pairs(report, earlier, places, places, found[report] - found[earlier])
    is_after = (pairs["days"] > 0) | ((pairs["days"] == 0) & (pairs["report"] > pairs["earlier"]))
    kept = pairs[is_after & (pairs["distance_m"] <= distance_m) & (pairs["days"] <= days)]
    return kept.sort_values(["report", "distance_m", "days", "earlier"], ignore_index=True)


def cases_of(pairs: pd.DataFrame, reports: Any) -> IntArray:
    """Return the case each report belongs to: the position of the report that opens it, shape ``(n,)``.

    In the order of discovery a report joins the nearest case that is open for it, or opens one. It joins the report
    that opened the case, not the last that joined: a row of reports along a street does not become one case.

    Parameters
    ----------
    pairs
        What ``duplicates`` returned for the reports.
    """
    case = np.arange(len(reports), dtype=np.intp)
    found = utc_instants(reports["discovered_at"])
    order = np.lexsort((pairs["report"].to_numpy(), found[pairs["report"].to_numpy(dtype=np.intp)]))
    # Pairs of one report stay together, the nearest first: lexsort is stable.
    for report, earlier in pairs[["report", "earlier"]].to_numpy(dtype=np.intp)[order]:
        if case[report] == report and case[earlier] == earlier:
            case[report] = earlier
    return case


def _near(new: _Facts, old: _Facts, *, distance_m: float, days: float) -> tuple[IntArray, IntArray]:
    """Return pairs of positions of one category, each in the other's box of distance and of days before it.

    The box holds all that is near and soon, and a little more. Time and category are made further coordinates, in
    units of the distance, so that one tree finds them all.
    """
    # A thousandth more than the reach: rounding must lose nothing, the exact test comes after.
    reach, half = 1.001 * max(distance_m, 1e-3), max(days, 1e-6) / 2
    kept = [np.nonzero(~np.isnat(facts.times) & (facts.category >= 0))[0] for facts in (new, old)]
    if not all(len(each) for each in kept):
        return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
    origin = old.times[kept[1]].min()
    trees = []
    for facts, chosen, shift in ((new, kept[0], -half), (old, kept[1], 0.0)):
        elapsed = (facts.times[chosen] - origin).astype(np.int64) / MICROSECONDS_PER_DAY + shift
        apart = facts.category[chosen] * 4.0 * reach
        trees.append(cKDTree(np.column_stack([facts.places[chosen], elapsed * (reach / (1.001 * half)), apart])))
    near = trees[0].sparse_distance_matrix(trees[1], reach, p=np.inf, output_type="ndarray")
    return kept[0][near["i"]], kept[1][near["j"]]


def _pairs(
    report: IntArray, earlier: IntArray, places: FloatArray, old_places: FloatArray, elapsed: Any
) -> pd.DataFrame:
    apart = places[report] - old_places[earlier]
    return pd.DataFrame(
        {
            "report": report,
            "earlier": earlier,
            "distance_m": np.hypot(apart[:, 0], apart[:, 1]),
            "days": elapsed.astype(np.int64) / MICROSECONDS_PER_DAY,
        }
    )


def _coordinates(frame: Any) -> FloatArray:
    points = metric_geometries(frame)
    if np.any(shapely.get_type_id(points) != shapely.GeometryType.POINT) or np.any(shapely.is_empty(points)):
        raise ValueError("Hazards lie at points; another geometry, or none, was given.")
    return np.asarray(shapely.get_coordinates(points), dtype=np.float64)


def _common_codes(first: Any, second: Any) -> tuple[IntArray, IntArray]:
    """Return the categories of both frames as numbers, the same for the same category; -1 for none."""
    names = pd.concat([pd.Series(frame["category_code"].to_numpy(), dtype=object) for frame in (first, second)])
    codes = pd.factorize(names)[0].astype(np.intp)
    return codes[: len(first)], codes[len(first) :]
