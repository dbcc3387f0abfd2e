"""`jingwei plan`: routes from files, without a database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from gis_app.cli.plan_files import SUFFIXES, in_metres, read_streets, read_text, write_plan
from gis_app.cli.words import in_words, tell
from gis_app.domain.errors import InvalidInput
from gis_app.importers import datums
from gis_app.planning.feasibility import faults_of
from gis_app.planning.orienteering import greedy_plan, plan_patrols
from gis_app.planning.patrol_area import PatrolArea, patrol_area
from gis_app.planning.patrol_plan import PatrolPlan
from gis_app.planning.plain_instance import collected_score, read_plain_instance, route_time
from gis_app.planning.plain_solver import solve_plain
from gis_app.planning.search import SearchLimit
from gis_app.planning.task_tables import read_stops, read_teams
from gis_app.planning.travel_modes import TRAVEL_MODES
from gis_app.planning.variation import STANDARD_LOSS, varied_plan
from gis_app.settings import Settings

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option("--teams", type=_FILE, help="CSV of the teams on duty.")
@click.option("--stops", type=_FILE, help="CSV of the stops with the parts of their prizes.")
@click.option("--streets", type=_FILE, help="GeoJSON of the streets.")
@click.option("--datum", help="Datum of all three: wgs84, cgcs2000, gcj02, bd09 or EPSG:n. Never guessed.")
@click.option("--closed", default="", help="Ids of streets that are closed, between commas.")
@click.option("--minimum", "minimums", multiple=True, metavar="VILLAGE=N", help="Least visits in a village.")
@click.option("--night", type=click.IntRange(0, 2**31), help="Vary the plan by chance with this seed.")
@click.option(
    "--loss",
    type=click.FloatRange(0, 100),
    default=100 * STANDARD_LOSS,
    show_default=True,
    help="Most a varied plan loses, %.",
)
@click.option("--top", type=_FILE, help="Instead of all these: a plain team-orienteering instance (Chao).")
@click.option("--seconds", type=click.FloatRange(0.1, 86_400), default=10.0, show_default=True, help="Time to search.")
@click.option("--steps", type=click.IntRange(1), help="Steps to search instead: the same routes every time.")
@click.option("--seed", type=click.IntRange(0, 2**31), default=0, show_default=True, help="Seed of the search.")
@click.option(
    "--out",
    "outs",
    type=click.Path(dir_okay=False, path_type=Path),
    multiple=True,
    required=True,
    help="File of the plan: .json, .geojson or .gpx; may be given more than once.",
)
def plan(
    *, top: Path | None, seconds: float, steps: int | None, seed: int, outs: tuple[Path, ...], **files: Any
) -> None:
    """Plan patrol routes from files, without a database. docs/planning.md describes the files.

    Example: jingwei plan --teams teams.csv --stops stops.csv --streets streets.geojson --datum wgs84 --out plan.json
    """
    limit = SearchLimit(seconds, steps)
    given = [name for name in ("teams", "stops", "streets") if files[name] is not None]
    if top is not None and not given and len(outs) == 1:
        _plan_plainly(top, limit, seed=seed, out=outs[0])
        return
    if top is not None or len(given) < 3 or any(out.suffix not in SUFFIXES for out in outs):
        raise InvalidInput(
            "These files do not make a plan.",
            remedy="Give --teams, --stops and --streets with --out files ending in .json, .geojson or .gpx, "
            "or --top with one --out file.",
        )
    _plan_patrols(limit, seed=seed, outs=outs, **files)


def _plan_plainly(file: Path, limit: SearchLimit, *, seed: int, out: Path) -> None:
    instance = read_plain_instance(read_text(file))
    routes = solve_plain(instance, limit=limit, seed=seed)
    out.write_text(json.dumps([[point + 1 for point in route] for route in routes]) + "\n", encoding="utf-8")
    longest = max((route_time(instance, route) for route in routes), default=0.0)
    said = {"file": out, "score": collected_score(instance, routes), "routes": len(routes), "longest": longest}
    template = "{file}: score {score:g} on {routes} routes, the longest {longest:.3f} of {limit:g}"
    click.echo(in_words(template, said | {"limit": instance.time_limit}))


def _plan_patrols(
    limit: SearchLimit, *, seed: int, outs: tuple[Path, ...], night: int | None, loss: float, **files: Any
) -> None:
    srid = Settings.from_environment().metric_srid
    area = _area(srid=srid, **files)
    for mode in sorted({team.mode for team in area.task.teams}):
        parts = area.network.unconnected(TRAVEL_MODES[mode], closed=area.closed)
        if parts.part_count:
            template = "{mode}: {parts} parts of the streets ({segments} streets, {km:.1f} km) cannot be reached."
            said = {"mode": mode, "parts": parts.part_count, "segments": parts.segment_count}
            tell(in_words(template, said | {"km": parts.length_m / 1000}))
    greedy, best = greedy_plan(area.task), plan_patrols(area.task, limit=limit, seed=seed)
    chosen = best if night is None else varied_plan(area.task, best, seed=night, loss=loss / 100)
    faults = faults_of(area.task, chosen)
    if faults:
        raise ValueError("; ".join(fault.sentence for fault in faults))
    extra = {"best_value": round(best.value, 6), "greedy_value": round(greedy.value, 6), "seed": seed, "night": night}
    write_plan(area, chosen, outs, srid=srid, extra=extra)
    _say(chosen, best, greedy)


def _area(
    *, teams: Path, stops: Path, streets: Path, datum: str | None, closed: str, minimums: tuple[str, ...], srid: int
) -> PatrolArea:
    named = datums.settle(datum, None, file_name=teams.name)
    team_rows = read_teams(read_text(teams), file=teams.name)
    if not team_rows:
        raise InvalidInput("{file} has no teams.", remedy="Add a row for each team on duty.", file=teams.name)
    begins = min(team.starts_at for team in team_rows)
    stop_rows = read_stops(read_text(stops), file=stops.name, begins=begins)
    places = [*(row.start for row in team_rows), *(row.end for row in team_rows), *(row.place for row in stop_rows)]
    return patrol_area(
        team_rows,
        stop_rows,
        read_streets(streets, datum=named, srid=srid),
        points=in_metres(places, datum=named, srid=srid),
        closed=frozenset(filter(None, (one.strip() for one in closed.split(",")))),
        village_minimums=dict(_minimum(text) for text in minimums),
    )


def _minimum(text: str) -> tuple[str, int]:
    village, _, least = text.rpartition("=")
    if not village or not least.isdecimal():
        raise InvalidInput("--minimum is {text!r}.", remedy="Write it as 330381001201=2.", text=text)
    return village, int(least)


def _say(plan: PatrolPlan, best: PatrolPlan, greedy: PatrolPlan) -> None:
    said = {"visits": len(plan.visited), "teams": sum(bool(route.visits) for route in plan.routes), "value": plan.value}
    template = "Stops: {visits}, teams: {teams}, value: {value:g} (best {best:g}, greedy {greedy:g})"
    click.echo(in_words(template, said | {"best": best.value, "greedy": greedy.value}))
    if plan.missed_required:
        tell(in_words("Required but out of reach: {stops}", {"stops": ", ".join(plan.missed_required)}))
    if plan.short_villages:
        tell(in_words("Villages with too few visits: {villages}", {"villages": ", ".join(plan.short_villages)}))
