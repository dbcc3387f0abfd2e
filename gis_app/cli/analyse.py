"""`jingwei analyse`."""

from __future__ import annotations

from datetime import UTC, date, datetime

import click
from sqlalchemy import Engine

from gis_app.cli.progress import StageProgress
from gis_app.cli.words import in_words, tell
from gis_app.services import hotspot_runs, plan_following, street_walks
from gis_app.services.analyses import ANALYSIS_GROUPS, run_all
from gis_app.services.database import opened
from gis_app.settings import Settings


@click.command()
@click.argument("which", type=click.Choice([*ANALYSIS_GROUPS, "all"]), default="all")
def analyse(which: str) -> None:
    """Compute hotspots, density and coverage anew and store them; hotspots of the last half year with their scores.

    What was computed from the same data with the same parameters by the same version is left as it is.
    """
    settings = Settings.from_environment()
    now = datetime.now(UTC)
    kinds = None if which == "all" else ANALYSIS_GROUPS[which]
    with opened(settings, tell) as database:
        computed = run_all(database.app, now=now, srid=settings.metric_srid, kinds=kinds, progress=StageProgress())
        maps = {}
        if which in ("hotspots", "all"):
            maps = hotspot_runs.refresh(database.app, now=now, srid=settings.metric_srid, progress=StageProgress())
        walked = _walked(database.app, settings, which, now)
    for kind, outcome in computed.items():
        click.echo(f"{kind:18} {outcome}")
    for group, count in maps.items():
        click.echo(in_words("hotspots of {group}: {count} maps", {"group": group, "count": count}))
    for kind, nights in walked.items():
        click.echo(f"{kind:18} {f'computed for {len(nights)} nights' if nights else 'unchanged'}")


def _walked(engine: Engine, settings: Settings, which: str, now: datetime) -> dict[str, list[date]]:
    if which not in ("coverage", "all"):
        return {}
    return {
        "street_walks": street_walks.update(engine, now=now, srid=settings.metric_srid),
        "plan_following": plan_following.update(engine, now=now, srid=settings.metric_srid),
    }
