"""The example of docs/hotspots.md runs as it stands there, and its frames hold what the text says."""

import re

import pandas as pd
import pytest

from gis_app import analysis, paths
from gis_app.analysis import HOTSPOT_METHODS, hotspot_cells, method_scores, score_map


@pytest.fixture(scope="module")
def example():
    guide = (paths.layers().parent / "docs" / "hotspots.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    names = {}
    exec(code, names)  # noqa: S102 - our own guide
    return names


def test_the_cells_are_ranked_and_hold_every_event_near_them(example):
    cells, events, until = (example[name] for name in ("cells", "events", "until"))
    assert list(cells.columns) == ["cell_i", "cell_j", "score", "rank", "event_count", "later_count", "geometry"]
    assert cells["score"].is_monotonic_decreasing
    assert cells["score"].is_unique
    assert cells["event_count"].sum() == (events["time"] < until).sum()
    end = until + pd.Timedelta(days=cells.attrs["horizon_days"])
    came = events[(events["time"] >= until) & (events["time"] < end)]
    assert cells["later_count"].sum() == came.sjoin(cells, predicate="within").index.nunique() == len(came)
    assert cells.crs == events.crs


def test_what_comes_later_has_no_say(example):
    events, until = example["events"], example["until"]
    moved = events.copy()
    later = moved["time"] >= until
    moved.loc[later, "geometry"] = moved.loc[later, "geometry"].translate(2_000, 2_000)
    columns = ["cell_i", "cell_j", "score", "rank", "event_count"]
    pd.testing.assert_frame_equal(
        pd.DataFrame(hotspot_cells(moved, until)[columns]), pd.DataFrame(example["cells"][columns]), check_exact=True
    )


def test_every_method_is_scored_beside_foresight(example):
    scores, cells = example["scores"], example["cells"]
    assert set(scores["method"]) == {*HOTSPOT_METHODS, "perfect_foresight"}
    assert (scores.groupby("method").size() == 4).all()
    foresight = scores[scores["method"] == "perfect_foresight"]
    assert (foresight["pei"] == 1).all()
    counting = scores[scores["method"] == "count_so_far"]
    by_hand = score_map(cells["event_count"], cells["later_count"])
    assert counting["pai"].tolist() == pytest.approx([area.pai for area in by_hand])


def test_nothing_later_cannot_be_scored(example):
    events, until = example["events"], example["until"]
    with pytest.raises(ValueError, match="nothing to score on"):
        method_scores(events[events["time"] < until], until)


def test_the_names_for_notebooks_are_those_that_are_there():
    assert all(callable(getattr(analysis, name)) or name == "HOTSPOT_METHODS" for name in analysis.__all__)
    with pytest.raises(AttributeError):
        _ = analysis.astrology
