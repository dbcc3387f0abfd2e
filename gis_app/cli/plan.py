"""`jingwei plan`: routes from files, without a database."""

from __future__ import annotations

import json
from pathlib import Path

import click

from gis_app.cli.words import in_words
from gis_app.domain.errors import InvalidInput
from gis_app.planning.plain_instance import collected_score, read_plain_instance, route_time
from gis_app.planning.plain_solver import solve_plain
from gis_app.planning.search import SearchLimit

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option("--top", type=_FILE, required=True, help="A plain team-orienteering instance in the layout of Chao.")
@click.option("--seconds", type=click.FloatRange(0.1, 86_400), default=10.0, show_default=True, help="Time to search.")
@click.option("--steps", type=click.IntRange(1), help="Steps to search instead: the same routes every time.")
@click.option("--seed", type=click.IntRange(0, 2**31), default=0, show_default=True, help="Seed of all chance.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="File of the routes.")
def plan(top: Path, *, seconds: float, steps: int | None, seed: int, out: Path) -> None:
    """Plan patrol routes from files, without a database.

    Example: jingwei plan --top p4.2.a.txt --seconds 10 --out routes.json
    """
    instance = read_plain_instance(_text(top))
    routes = solve_plain(instance, limit=SearchLimit(seconds, steps), seed=seed)
    out.write_text(json.dumps([[point + 1 for point in route] for route in routes]) + "\n", encoding="utf-8")
    longest = max((route_time(instance, route) for route in routes), default=0.0)
    click.echo(
        in_words(
            "{file}: score {score:g} on {routes} routes, the longest {longest:.3f} of {limit:g}",
            {
                "file": out,
                "score": collected_score(instance, routes),
                "routes": len(routes),
                "longest": longest,
                "limit": instance.time_limit,
            },
        )
    )


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InvalidInput(
            "{file} is not a text in UTF-8.", remedy="Save it as UTF-8 and run again.", file=file
        ) from None
