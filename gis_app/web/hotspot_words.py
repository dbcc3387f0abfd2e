"""What a map of hotspots says of itself, in plain sentences of the reader's language."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from flask_babel import gettext, lazy_gettext

from gis_app.analysis.places import PlaceKind
from gis_app.analysis.scoring import AreaScore
from gis_app.domain.periods import CITY_TIME
from gis_app.services.hotspot_maps import HIT_SHARE, Judged, ShownMap, Verdict
from gis_app.services.hotspot_trials import GuardEffect
from gis_app.web.pages import word

_VERDICTS = {
    Verdict.BETTER: lazy_gettext("This map does better than counting so far."),
    Verdict.WORSE: lazy_gettext("This map does worse than counting so far."),
    Verdict.ALIKE: lazy_gettext("This map does as well as counting so far."),
    Verdict.BASELINE: lazy_gettext("This map is the count so far itself."),
    Verdict.TOO_FEW: lazy_gettext("Too few data for a judgement."),
}
_OTHERWISE = {
    Verdict.BETTER: lazy_gettext("Not so on the hottest {shares}: there counting does better."),
    Verdict.WORSE: lazy_gettext("Not so on the hottest {shares}: there the map does better."),
}
_ALIKE = 1e-9
_PARAMS = {
    "half_life_days": lazy_gettext("half-life {value} days"),
    "bandwidth_cells": lazy_gettext("bandwidth {value} cells"),
    "bandwidth_m": lazy_gettext("bandwidth {value} m"),
}


def statement(shown: ShownMap, guard: GuardEffect | None = None) -> Iterator[tuple[str, str]]:
    """Yield sentences with their kind: ``made``, ``chosen``, ``score``, a verdict's value, ``then``, ``guard``."""
    yield "made", _made(shown)
    yield "chosen", _chosen(shown)
    held_back = shown.held_back
    if held_back is None:
        yield Verdict.TOO_FEW.value, gettext("No earlier map can be scored yet: too few data for a judgement.")
    else:
        if held_back.ours:
            yield "score", _score(held_back)
        yield held_back.verdict.value, verdict_words(held_back)
    if shown.id is not None:
        yield "then", _then(shown)
    if guard is not None:
        yield "guard", _guard(guard)


def page_words() -> dict[str, str]:
    """Return the words that the page fills in itself."""
    return {
        "map_of": gettext("Map of {day}, for the days until {end}"),
        "newest": gettext("newest"),
        "share": gettext("Hottest"),
        "hit_rate": gettext("Hit rate"),
        "pai": gettext("PAI"),
        "pei": gettext("PEI"),
        "held_back": gettext("Score on the latest held-back window"),
        "then": gettext("What then happened"),
        "calibration": gettext("Expected and found, from the coldest places to the hottest"),
        "cells": gettext("Places"),
        "expected": gettext("Expected"),
        "observed": gettext("Found"),
        "cell": gettext("Rank {rank}: {count} hazards before"),
        "later": gettext("{count} hazards after"),
        "hazards": gettext("{count} hazards, {year} in the last year"),
        "trend": gettext("{recent} in the last four weeks, {before} in the four before"),
        "repeats": gettext("{share} followed another within 100 m and a week"),
        "latest": gettext("Latest:"),
        "nothing": gettext("No place stands out: no hazards were found in your area."),
        "failed": gettext("The map could not be loaded. Try again."),
    }


def verdict_words(judged: Judged) -> str:
    """Return the verdict as a sentence, and the shares of the area on which it is otherwise as a second one."""
    told = [str(_VERDICTS[judged.verdict])]
    if judged.verdict in _OTHERWISE:
        against = -1 if judged.verdict is Verdict.BETTER else 1
        pairs = zip(judged.ours, judged.baseline, strict=True)
        shares = [mine.share for mine, other in pairs if against * (mine.pei - other.pei) > _ALIKE]
        if shares:
            told.append(
                str(_OTHERWISE[judged.verdict]).format(shares=", ".join(f"{100 * each:g} %" for each in shares))
            )
    return " ".join(told)


def method_words(shown: ShownMap) -> str:
    """Return the name of the method with its parameters."""
    told = [str(_PARAMS[name]).format(value=f"{value:g}") for name, value in shown.params.items() if name in _PARAMS]
    along = {PlaceKind.STREETS: "network_density"} if shown.method == "kernel_density" else {}
    return ", ".join([word("hotspot_method", along.get(shown.kind, shown.method)), *told])


def day(moment: datetime) -> str:
    """Return the day of a moment in the city."""
    return moment.astimezone(CITY_TIME).date().isoformat()


def percent(share: float) -> str:
    """Return a share as per cent with one decimal."""
    return f"{100 * share:.1f} %"


def _made(shown: ShownMap) -> str:
    return str(
        gettext(
            "Made by: {method}. Learnt from hazards found from {start} to {end}, {count} in your area, "
            "for the {days} days after."
        )
    ).format(
        method=method_words(shown),
        count=int(shown.parts.event_count.sum()),
        start=day(shown.data_from),
        end=day(shown.until),
        days=f"{shown.horizon_days:g}",
    )


def _chosen(shown: ShownMap) -> str:
    if shown.is_guess:
        return str(gettext("Too few hazards came to choose a method by: the method is a guess."))
    if shown.id is None and shown.method == shown.chosen:
        return str(gettext("It is the method that did best for all hazards of the group, not for these alone."))
    if shown.method != shown.chosen:
        return str(gettext("Over the past {windows} windows another method did best: {chosen}.")).format(
            windows=shown.window_count, chosen=word("hotspot_method", shown.chosen)
        )
    sentence = str(gettext("It is the method that did best over the past {windows} windows."))
    return sentence.format(windows=shown.window_count)


def _score(judged: Judged) -> str:
    ours, baseline = (_at_hit_share(areas) for areas in (judged.ours, judged.baseline))
    return str(
        gettext(
            "Score on the latest held-back window, {count} hazards found from {start} to {end}: the map made before by "
            "{method} held {hit} of them in its hottest places, 5 % (PAI {pai}); counting so far, {other_hit} "
            "(PAI {other_pai})."
        )
    ).format(
        count=judged.event_count,
        start=day(judged.start),
        end=day(judged.end),
        method=word("hotspot_method", judged.method),
        hit=percent(ours.hit_rate),
        pai=f"{ours.pai:.2f}",
        other_hit=percent(baseline.hit_rate),
        other_pai=f"{baseline.pai:.2f}",
    )


def _then(shown: ShownMap) -> str:
    later = shown.parts.later_count
    if later is None:
        return str(gettext("What then happens is known on {end}.")).format(end=day(shown.horizon_end))
    hits = int(later[shown.order[: shown.taken(HIT_SHARE)]].sum())
    return str(
        gettext(
            "What then happened: {count} hazards until {end}, {hits} in the hottest places (5 %), {misses} elsewhere."
        )
    ).format(count=int(later.sum()), end=day(shown.horizon_end), hits=hits, misses=int(later.sum()) - hits)


def _guard(effect: GuardEffect) -> str:
    sentence = str(
        gettext("The guard left out {count} hazards found by looking; {share} of the hottest places (5 %) are others.")
    ).format(count=effect.left_out, share=percent(effect.changed_share))
    if effect.guarded is None or effect.unguarded is None or not effect.guarded.ours:
        return sentence
    pai, other = (f"{_at_hit_share(each.ours).pai:.2f}" for each in (effect.guarded, effect.unguarded))
    told = str(gettext("PAI at 5 % with the guard {pai}, without {other}.")).format(pai=pai, other=other)
    return f"{sentence} {told}"


def _at_hit_share(areas: tuple[AreaScore, ...]) -> AreaScore:
    return next(area for area in areas if area.share == HIT_SHARE)
