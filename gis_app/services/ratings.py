"""Star rating of villages by what the database knows, and what other weights and thresholds would make of it."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache

import numpy as np
import pandas as pd
from sqlalchemy import Engine, RowMapping

from gis_app import paths
from gis_app.analysis.ratings import RatingScheme, rate_villages, rating_scheme, what_if
from gis_app.domain.errors import InvalidInput
from gis_app.domain.periods import CITY_TIME, TimeWindow, last_days
from gis_app.domain.rights import Scope
from gis_app.storage import village_counts
from gis_app.storage.engine import scoped, system_scope

DAYS = 365
"""Figures are those of a year."""
PER_RESIDENTS, PER_VILLAGE = "1000_residents", "village"


@dataclass(frozen=True)
class Source:
    """Which hazards stand for an indicator; empty lists stand for all."""

    indicator: str
    name_zh: str
    name_en: str
    per: str
    categories: Sequence[str] = ()
    severities: Sequence[str] = ()
    discovered_by: Sequence[str] = ()


@dataclass(frozen=True)
class Sources:
    """Where the figures come from, by indicator."""

    by_indicator: Mapping[str, Source]
    residents_per_household: float


@dataclass(frozen=True)
class RatedVillages:
    """The villages with their figures and stars.

    Parameters
    ----------
    table
        A row a village, by code: the columns of ``rate_villages``, and those of ``what_if`` that begin ``changed_``,
        and gain; with figures in columns named by the indicators' keys.
    """

    window: TimeWindow
    scheme: RatingScheme
    changed: RatingScheme
    villages: Mapping[str, RowMapping]
    table: pd.DataFrame


@cache
def scheme() -> RatingScheme:
    """Return the scheme of ``data/village_rating.toml``."""
    return rating_scheme(tomllib.loads((paths.data() / "village_rating.toml").read_text(encoding="utf-8")))


@cache
def sources() -> Sources:
    """Return the sources of ``data/rating_sources.toml``.

    Raises
    ------
    InvalidInput
        If one is for no indicator, or is not counted per anything known; names it.
    """
    table = tomllib.loads((paths.data() / "rating_sources.toml").read_text(encoding="utf-8"))
    listed = [Source(**row) for row in table["source"]]
    keys = {each.key for each in scheme().indicators}
    for each in listed:
        if each.indicator not in keys or each.per not in (PER_RESIDENTS, PER_VILLAGE):
            raise InvalidInput(
                "The source of {indicator!r} fits no indicator.",
                remedy="Correct it as data/rating_sources.toml explains.",
                indicator=each.indicator,
            )
    return Sources({each.indicator: each for each in listed}, float(table["residents_per_household"]))


def rated(engine: Engine, scope: Scope, *, wishes: Mapping[str, str], now: datetime) -> RatedVillages:
    """Return the villages in the caller's scope with their stars, now and under a changed scheme.

    Raises
    ------
    InvalidInput
        As ``changed_scheme``.
    """
    changed = changed_scheme(scheme(), wishes)
    window = last_days(now.astimezone(CITY_TIME).date(), DAYS)
    with scoped(engine, scope) as connection:
        villages = {row["code"]: row for row in village_counts.villages(connection)}
        found = village_counts.hazards_found(connection, start=window.start, end=window.end)
        households = village_counts.households(connection)
    figures = _figures(list(villages), found, households)
    after = what_if(figures, scheme(), changed=changed)[["changed_score", "changed_stars", "gain"]]
    table = figures.join(rate_villages(figures, scheme())).join(after)
    return RatedVillages(window, scheme(), changed, villages, table)


def store(engine: Engine, *, now: datetime) -> int:
    """Rate all villages and keep their stars for the map; return how many have stars."""
    known = rated(engine, system_scope(), wishes={}, now=now)
    rows = [
        {
            "code": code,
            "stars": None if pd.isna(row["stars"]) else int(row["stars"]),
            "score": None if pd.isna(row["score"]) else float(row["score"]),
            "vetoed_by": row["vetoed_by"],
            "data_from": known.window.first_day,
            "data_to": known.window.last_day,
        }
        for code, row in zip(known.table.index, known.table.to_dict("records"), strict=True)
    ]
    with scoped(engine, system_scope()) as connection:
        village_counts.store_stars(connection, rows)
    return sum(row["stars"] is not None for row in rows)


def changed_scheme(base: RatingScheme, wishes: Mapping[str, str]) -> RatingScheme:
    """Return a scheme with what is wished: ``weight_``, ``worst_`` and ``veto_`` of an indicator, ``star_`` a number.

    An empty wish changes nothing, but an empty veto takes it away; an indicator of weight 0 is left out.

    Raises
    ------
    InvalidInput
        If a value is no number or makes no sense; names it.
    """
    indicators = []
    for each in base.indicators:
        row = {**asdict(each), "veto_at": _wish(wishes, f"veto_{each.key}", each.veto_at, may_go=True)}
        row |= {name: _wish(wishes, f"{name}_{each.key}", getattr(each, name)) for name in ("weight", "worst")}
        if row["weight"] != 0:
            indicators.append({name: value for name, value in row.items() if value is not None})
    stars = [{**asdict(each), "least": _wish(wishes, f"star_{each.stars}", each.least)} for each in base.stars]
    return rating_scheme({"indicator": indicators, "star": stars, "least_known_share": base.least_known_share})


def _wish(wishes: Mapping[str, str], name: str, default: float | None, *, may_go: bool = False) -> float | None:
    given = wishes.get(name)
    if given is None or (not given.strip() and not may_go):
        return default
    if not given.strip():
        return None
    try:
        value = float(given)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or abs(value) > 1e6:
        raise InvalidInput(
            "{name} is {value!r}, not a number.", remedy="Write it as 12.5.", name=name, value=given[:40]
        )
    return value


def _figures(codes: Sequence[str], found: Sequence[RowMapping], households: Mapping[str, int]) -> pd.DataFrame:
    """Return the figures of the indicators by village; NaN for what is not known."""
    known, table = sources(), {}
    residents = np.array([households.get(code, np.nan) for code in codes]) * known.residents_per_household
    for each in scheme().indicators:
        source = known.by_indicator.get(each.key)
        if source is None:
            table[each.key] = np.full(len(codes), np.nan)
            continue
        count = dict.fromkeys(codes, 0)
        for row in found:
            if row["code"] in count and _is_counted(row, source):
                count[row["code"]] += row["count"]
        counted = np.array([count[code] for code in codes], dtype=np.float64)
        table[each.key] = counted / residents * 1000 if source.per == PER_RESIDENTS else counted
    return pd.DataFrame(table, index=list(codes))


def _is_counted(row: RowMapping, source: Source) -> bool:
    return (
        (not source.categories or row["category_code"] in source.categories)
        and (not source.severities or row["severity"] in source.severities)
        and (not source.discovered_by or row["discovered_by"] in source.discovered_by)
    )
