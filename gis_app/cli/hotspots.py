"""`jingwei hotspots`: where to expect events next, from a file, without a database, scored on what came later."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import click
import numpy as np
import pandas as pd

from gis_app.analysis.event_history import far_from_the_rest
from gis_app.analysis.hotspot_map import HotspotMap, baseline_maps, hotspot_map
from gis_app.analysis.hotspots import HOTSPOT_METHODS
from gis_app.analysis.lattice import count_in_cells
from gis_app.analysis.rolling_origin import BASELINE, score_beside
from gis_app.analysis.scoring import AREA_SHARES, AreaScore
from gis_app.cli.event_file import PointEvents, metric_crs, read_events
from gis_app.cli.words import in_words
from gis_app.domain.errors import InvalidInput

_SECONDS_PER_DAY = 86_400.0


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--crs", required=True, help="Projected CRS of the cells, metres, such as EPSG:32650.")
@click.option("--cell", "cell_m", type=click.FloatRange(1.0), default=250.0, show_default=True, help="Side, metres.")
@click.option("--train-until", required=True, help="Learn from events before this moment, ISO 8601 (UTC).")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="File of the scores.")
@click.option("--method", type=click.Choice(list(HOTSPOT_METHODS)), help="Method [default: the best in the past].")
@click.option("--horizon-days", type=click.FloatRange(0.1), help="Days to foretell [default: 7 to 30, by the past].")
@click.option("--time-column", help="Column of the times [default: time].")
def hotspots(
    file: Path,
    *,
    crs: str,
    cell_m: float,
    train_until: str,
    out: Path,
    method: str | None,
    horizon_days: float | None,
    time_column: str | None,
) -> None:
    """Learn from the events of FILE before a moment where to expect more; score it on the later ones.

    FILE is a CSV with columns time (ISO 8601), lon and lat (WGS-84), or a GeoJSON of points with a property time.
    OUT gets cell_i, cell_j and score of every known cell: cell = floor(x / cell), floor(y / cell) in the CRS.

    Example: jingwei hotspots events.csv --crs EPSG:32650 --train-until 2026-10-01 --out scores.csv
    """
    until = _days(train_until)
    events = read_events(file, metric_crs(crs), time_column=time_column)
    if not (events.day < until).any():
        raise InvalidInput(
            "No event of {file_name} lies before {moment}: there is nothing to learn from.",
            remedy="Set --train-until later; the events run from {first} to {last}.",
            file_name=file.name,
            moment=train_until,
            first=_date(events.day.min()),
            last=_date(events.day.max()),
        )
    learnt = _learnt(events, until, cell_m=cell_m, horizon_days=horizon_days, method=method)
    _write(learnt, out)
    _tell_learnt(learnt, events, out)
    _tell_scores(learnt, events)


def _days(moment: str) -> float:
    try:
        parsed = datetime.fromisoformat(moment.strip())
    except ValueError:
        raise InvalidInput(
            "{moment!r} is not a moment in ISO 8601.", remedy="Write it as 2026-10-01.", moment=moment
        ) from None
    aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    return aware.timestamp() / _SECONDS_PER_DAY


def _date(day: float) -> str:
    return datetime.fromtimestamp(day * _SECONDS_PER_DAY, UTC).date().isoformat()


def _learnt(
    events: PointEvents, until: float, *, cell_m: float, horizon_days: float | None, method: str | None
) -> HotspotMap:
    try:
        return hotspot_map(
            events.x,
            events.y,
            day=events.day,
            until=until,
            cell_m=cell_m,
            horizon_days=horizon_days,
            method=method,
        )
    except ValueError as error:
        raise InvalidInput("{reason}", remedy="", reason=str(error)) from None


def _write(learnt: HotspotMap, out: Path) -> None:
    cell_i, cell_j = learnt.lattice.cells.T
    table = pd.DataFrame({"cell_i": cell_i, "cell_j": cell_j, "score": learnt.scores})
    table.to_csv(out, index=False, lineterminator="\n")


def _tell_learnt(learnt: HotspotMap, events: PointEvents, out: Path) -> None:
    choice = learnt.choice
    facts = {
        "file": out,
        "cells": learnt.lattice.cell_count,
        "events": len(learnt.past),
        "method": choice.name,
        "params": "".join(f", {name} {value:g}" for name, value in choice.params.items()),
        "horizon": learnt.horizon_days,
        "windows": len(choice.window_events),
        "window_events": int(choice.window_events.sum()),
        "baseline": BASELINE,
    }
    click.echo(in_words("{file}: {cells} cells, learnt from {events} events; method {method}{params}", facts))
    if choice.is_guess:
        click.echo(
            in_words(
                "Too few events to choose by: {window_events} in {windows} windows of {horizon:g} days. "
                "The method is a guess.",
                facts,
            )
        )
    else:
        facts |= {"pei": choice.records[choice.name].mean_pei, "base": choice.records[BASELINE].mean_pei}
        verdict = "On {windows} past windows of {horizon:g} days: mean PEI {pei:.3f}, {baseline} {base:.3f}."
        click.echo(in_words(verdict, facts))
    for count, template in (
        (events.placeless_count, "{count} rows without a place were left out."),
        (learnt.far_count, "{count} events far from all others were left out: their coordinates must be wrong."),
    ):
        if count:
            click.echo(in_words(template, {"count": count}))


def _tell_scores(learnt: HotspotMap, events: PointEvents) -> None:
    later = events.day >= learnt.past.until
    if not later.any():
        click.echo(in_words("No later events in the file: there is nothing to score on."))
        return
    x, y = events.x[later], events.y[later]
    came = count_in_cells(learnt.lattice, x, y=y)
    everything = far_from_the_rest(events.x, y=events.y, cell_m=learnt.lattice.cell_m)
    total = max(int(np.count_nonzero(~everything[later])), int(came.sum()))
    if not total:
        click.echo(in_words("No later events in the file: there is nothing to score on."))
        return
    click.echo(
        in_words(
            "{count} later events, {outside} of them outside the known cells",
            {"count": total, "outside": total - int(came.sum())},
        )
    )
    _tell_table(score_beside({learnt.choice.name: learnt.scores, **_others(learnt)}, came, event_total=total))


def _others(learnt: HotspotMap) -> Mapping[str, np.ndarray]:
    return {name: values for name, values in baseline_maps(learnt.past).items() if name != learnt.choice.name}


def _tell_table(scores: Mapping[str, tuple[AreaScore, ...]]) -> None:
    width = max(len(name) for name in scores)
    heads = "".join(f" | {f'{100 * share:g} %':>7} {'PAI':>7} {'PEI':>5}" for share in AREA_SHARES)
    click.echo(" " * width + heads)
    for name, areas in scores.items():
        click.echo(
            name.ljust(width)
            + "".join(f" | {100 * area.hit_rate:5.1f} % {area.pai:7.2f} {area.pei:5.3f}" for area in areas)
        )
