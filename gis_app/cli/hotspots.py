"""`jingwei hotspots`: where to expect events next, from a file, without a database, scored on what came later."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
import pandas as pd

from gis_app.analysis.hotspot_map import HotspotMap, hotspot_map
from gis_app.analysis.hotspots import HOTSPOT_METHODS
from gis_app.cli.choice_folder import ChoiceFolder
from gis_app.cli.event_file import metric_crs, read_events
from gis_app.cli.hotspot_report import tell_choice, tell_scores
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
@click.option("--cache", type=click.Path(file_okay=False, path_type=Path), help="Folder that keeps choices of methods.")
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
    cache: Path | None,
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
    choices = None if cache is None else ChoiceFolder(cache)
    try:
        learnt = hotspot_map(
            events.x,
            events.y,
            day=events.day,
            until=until,
            cell_m=cell_m,
            horizon_days=horizon_days,
            method=method,
            choices=choices,
        )
    except ValueError as error:
        raise InvalidInput("{reason}", remedy="", reason=str(error)) from None
    _write(learnt, out)
    tell_choice(learnt, events, out)
    tell_scores(learnt, events)


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


def _write(learnt: HotspotMap, out: Path) -> None:
    cell_i, cell_j = learnt.lattice.cells.T
    table = pd.DataFrame({"cell_i": cell_i, "cell_j": cell_j, "score": learnt.scores})
    table.to_csv(out, index=False, lineterminator="\n")
