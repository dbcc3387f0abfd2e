"""What `jingwei hotspots` says: the choice and why, the scores beside the baselines, and where they lose."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click
import numpy as np

from gis_app.analysis.event_history import far_from_the_rest
from gis_app.analysis.hotspot_map import HotspotMap, baseline_maps
from gis_app.analysis.lattice import count_in_cells
from gis_app.analysis.rolling_origin import BASELINE, score_beside
from gis_app.analysis.scoring import AREA_SHARES, AreaScore
from gis_app.cli.event_file import PointEvents
from gis_app.cli.words import in_words


def tell_choice(learnt: HotspotMap, events: PointEvents, out: Path) -> None:
    """Print what was learnt, by which method, how it did on the past, and what was left out."""
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
    verdict = (
        "Too few events to choose by: {window_events} in {windows} windows of {horizon:g} days. The method is a guess."
    )
    if not choice.is_guess:
        facts |= {"pei": choice.records[choice.name].mean_pei, "base": choice.records[BASELINE].mean_pei}
        verdict = "On {windows} past windows of {horizon:g} days: mean PEI {pei:.3f}, {baseline} {base:.3f}."
    click.echo(in_words(verdict, facts))
    for count, template in (
        (events.placeless_count, "{count} rows without a place were left out."),
        (events.timeless_count, "{count} rows without a time were left out."),
        (learnt.far_count, "{count} events far from all others were left out: their coordinates must be wrong."),
    ):
        if count:
            click.echo(in_words(template, {"count": count}))


def tell_scores(learnt: HotspotMap, events: PointEvents) -> None:
    """Print how the map did on the later events of the file, beside baselines and foresight, and where it loses."""
    later = events.day >= learnt.past.until
    is_far = far_from_the_rest(events.x, y=events.y, cell_m=learnt.lattice.cell_m)
    came = count_in_cells(learnt.lattice, events.x[later], y=events.y[later])
    total = max(int(np.count_nonzero(later & ~is_far)), int(came.sum()))
    if not total:
        click.echo(in_words("No later events in the file: there is nothing to score on."))
        return
    facts = {"count": total, "outside": total - int(came.sum())}
    click.echo(in_words("{count} later events, {outside} of them outside the known cells", facts))
    ours = learnt.choice.name
    others = {name: values for name, values in baseline_maps(learnt.past).items() if name != ours}
    scores = score_beside({ours: learnt.scores, **others}, came, event_total=total)
    _tell_table(scores)
    for name in others:
        lost = [area.share for area, mine in zip(scores[name], scores[ours], strict=True) if area.pai > mine.pai]
        if lost:
            shares = ", ".join(f"{100 * share:g} %" for share in lost)
            sentence = "{method} loses to {baseline} on these events at {shares} of the area."
            click.echo(in_words(sentence, {"method": ours, "baseline": name, "shares": shares}))


def _tell_table(scores: Mapping[str, tuple[AreaScore, ...]]) -> None:
    width = max(len(name) for name in scores)
    heads = "".join(f" | {f'{100 * share:g} %':>7} {'PAI':>7} {'PEI':>5}" for share in AREA_SHARES)
    click.echo(" " * width + heads)
    for name, areas in scores.items():
        figures = (f" | {100 * area.hit_rate:5.1f} % {area.pai:7.2f} {area.pei:5.3f}" for area in areas)
        click.echo(name.ljust(width) + "".join(figures))
