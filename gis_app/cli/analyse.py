"""`jingwei analyse`."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from gis_app.cli.progress import StageProgress
from gis_app.cli.words import tell
from gis_app.services.analyses import ANALYSIS_GROUPS, run_all
from gis_app.services.database import opened
from gis_app.settings import Settings


@click.command()
@click.argument("which", type=click.Choice([*ANALYSIS_GROUPS, "all"]), default="all")
def analyse(which: str) -> None:
    """Compute hotspots, density and coverage anew and store them.

    What was computed from the same data with the same parameters by the same version is left as it is.
    """
    settings = Settings.from_environment()
    kinds = None if which == "all" else ANALYSIS_GROUPS[which]
    with opened(settings, tell) as database:
        computed = run_all(
            database.app, now=datetime.now(UTC), srid=settings.metric_srid, kinds=kinds, progress=StageProgress()
        )
    for kind, outcome in computed.items():
        click.echo(f"{kind:18} {outcome}")
