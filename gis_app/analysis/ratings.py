"""Star rating of villages by weighted indicators: a pure function of the figures and the configuration."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from gis_app.domain.errors import InvalidInput

FloatArray = npt.NDArray[np.float64]
_Part = TypeVar("_Part")


@dataclass(frozen=True)
class Indicator:
    """One thing a village is rated by.

    Parameters
    ----------
    weight
        What its points count, above 0.
    best, worst
        Figures that give 100 points and none; in proportion between. More is better if ``worst`` is below ``best``.
    veto_at
        Figure from which, towards ``worst`` and beyond, a village gets at most ``veto_stars``; None for no veto.
    """

    key: str
    name_zh: str
    name_en: str
    weight: float
    best: float
    worst: float
    unit_zh: str = ""
    unit_en: str = ""
    veto_at: float | None = None
    veto_stars: int = 0


@dataclass(frozen=True)
class Star:
    """So many stars from a score on."""

    stars: int
    least: float
    name_zh: str
    name_en: str


@dataclass(frozen=True)
class RatingScheme:
    """How villages are rated; stars from the fewest to the most.

    ``least_known_share`` is the share of the weight that has to be known of a village for it to be rated.
    """

    indicators: tuple[Indicator, ...]
    stars: tuple[Star, ...]
    least_known_share: float = 0.6


def rating_scheme(table: Mapping[str, Any]) -> RatingScheme:
    """Return the scheme that a parsed TOML table describes, such as ``data/village_rating.toml``.

    Raises
    ------
    InvalidInput
        If a key is unknown, missing, twice there or of a wrong kind, or a value makes no sense; names it.
    """
    unknown = set(table) - {"indicator", "star", "least_known_share"}
    if unknown:
        raise _wrong("the scheme", ", ".join(sorted(unknown)), "unknown")
    indicators = tuple(_part(Indicator, row, f"indicator {at}") for at, row in enumerate(table.get("indicator", ()), 1))
    stars = tuple(_part(Star, row, f"star {at}") for at, row in enumerate(table.get("star", ()), 1))
    share = table.get("least_known_share", RatingScheme.least_known_share)
    if not _is_kind(share, "float") or not 0 < share <= 1:
        raise _wrong("the scheme", "least_known_share", "not between 0 and 1")
    scheme = RatingScheme(indicators, tuple(sorted(stars, key=lambda star: star.stars)), float(share))
    _refuse_senseless(scheme)
    return scheme


def rate_villages(figures: pd.DataFrame, scheme: RatingScheme) -> pd.DataFrame:
    """Return score and stars of every village.

    Parameters
    ----------
    figures
        One row a village, a column for each indicator's key; NaN for what is not known. An indicator that is not
        known plays no part, and the others weigh accordingly more.

    Returns
    -------
    Same index: ``points_<key>`` for every indicator (0 to 100), score (0 to 100), known_share (of the weight), stars
    (missing if too little is known, 0 below the fewest stars) and vetoed_by (keys, with a space between).

    Raises
    ------
    InvalidInput
        If the column of an indicator is missing; names it.
    """
    missing = [each.key for each in scheme.indicators if each.key not in figures.columns]
    if missing:
        raise InvalidInput(
            "The figures have no column {columns}.",
            remedy="Add the column, or take the indicator out of the rating.",
            columns=", ".join(missing),
        )
    values = figures[[each.key for each in scheme.indicators]].to_numpy(dtype=np.float64)
    best, worst, weight = (
        np.array([getattr(each, name) for each in scheme.indicators]) for name in ("best", "worst", "weight")
    )
    points = 100 * np.clip((worst - values) / (worst - best), 0, 1)
    known = np.where(np.isnan(values), 0, weight)
    total = known.sum(axis=1)
    earned = np.nansum(points * weight, axis=1)
    score = np.divide(earned, total, out=np.full(len(values), np.nan), where=total > 0)
    known_share = total / weight.sum()
    vetoed = _vetoed(values, scheme)
    stars = np.minimum(_stars(score, scheme), _cap(vetoed, scheme))
    is_rated = known_share >= scheme.least_known_share - 1e-9
    table = {f"points_{each.key}": points[:, column] for column, each in enumerate(scheme.indicators)}
    keys = np.array([each.key for each in scheme.indicators], dtype=object)
    return pd.DataFrame(
        table
        | {
            "score": score,
            "known_share": known_share,
            "stars": pd.array(np.where(is_rated, stars, np.nan), dtype="Int64"),
            "vetoed_by": [" ".join(keys[row]) for row in vetoed],
        },
        index=figures.index,
    )


def what_if(figures: pd.DataFrame, scheme: RatingScheme, *, changed: RatingScheme) -> pd.DataFrame:
    """Return stars now and under a changed scheme: columns score, stars, changed_score, changed_stars, gain.

    ``gain`` is missing where a village is unrated under either.
    """
    before, after = rate_villages(figures, scheme), rate_villages(figures, changed)
    return pd.DataFrame(
        {
            "score": before["score"],
            "stars": before["stars"],
            "changed_score": after["score"],
            "changed_stars": after["stars"],
            "gain": after["stars"] - before["stars"],
        }
    )


def _stars(score: FloatArray, scheme: RatingScheme) -> FloatArray:
    number = np.array([0, *(star.stars for star in scheme.stars)], dtype=np.float64)
    # A score that misses its threshold by rounding only has reached it.
    reached = np.searchsorted([star.least for star in scheme.stars], np.round(score, 9), side="right")
    return number[np.where(np.isnan(score), 0, reached)]


def _vetoed(values: FloatArray, scheme: RatingScheme) -> npt.NDArray[np.bool_]:
    """Return which indicator vetoes which village, shape ``(villages, indicators)``."""
    limit = np.array([np.nan if each.veto_at is None else each.veto_at for each in scheme.indicators])
    more_is_worse = np.array([each.worst > each.best for each in scheme.indicators])
    return np.asarray(np.where(more_is_worse, values >= limit, values <= limit), dtype=np.bool_)


def _cap(vetoed: npt.NDArray[np.bool_], scheme: RatingScheme) -> FloatArray:
    cap = np.array([each.veto_stars for each in scheme.indicators], dtype=np.float64)
    return np.asarray(np.where(vetoed, cap, np.inf).min(axis=1), dtype=np.float64)


def _part(kind: type[_Part], row: Mapping[str, Any], where: str) -> _Part:
    known = {each.name: each for each in fields(kind)}  # type: ignore[arg-type]
    values = {}
    for name, value in row.items():
        if name not in known:
            raise _wrong(where, name, "unknown")
        if not _is_kind(value, str(known[name].type)):
            raise _wrong(where, name, "of a wrong kind")
        values[name] = value
    needed = [name for name, each in known.items() if name not in values and each.default is MISSING]
    if needed:
        raise _wrong(where, ", ".join(needed), "missing")
    return kind(**values)


def _is_kind(value: object, kind: str) -> bool:
    if kind == "str":
        return isinstance(value, str)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return False
    return kind.startswith("float") or isinstance(value, int)


def _refuse_senseless(scheme: RatingScheme) -> None:
    if not scheme.indicators or not scheme.stars:
        raise _wrong("the scheme", "star" if scheme.indicators else "indicator", "missing")
    _refuse_repeated((each.key for each in scheme.indicators), "key")
    _refuse_repeated((star.stars for star in scheme.stars), "stars")
    for each in scheme.indicators:
        if each.weight <= 0:
            raise _wrong(f"indicator {each.key}", "weight", "not above 0")
        if each.best == each.worst:
            raise _wrong(f"indicator {each.key}", "worst", "the same as best")
    thresholds = [star.least for star in scheme.stars]
    if scheme.stars[0].stars < 1 or sorted(set(thresholds)) != thresholds:
        raise _wrong("the scheme", "least", "not higher for more stars")


def _refuse_repeated(names: Iterable[object], key: str) -> None:
    listed = list(names)
    if len(set(listed)) < len(listed):
        raise _wrong("the scheme", key, "repeated")


def _wrong(where: str, key: str, fault: str) -> InvalidInput:
    return InvalidInput(
        "In the village rating, {key} of {where} is {fault}.",
        remedy="Correct it as data/village_rating.toml explains.",
        where=where,
        key=key,
        fault=fault,
    )
