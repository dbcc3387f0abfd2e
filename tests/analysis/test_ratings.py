import copy
import tomllib
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_app import paths
from gis_app.analysis.ratings import rate_villages, rating_scheme, what_if
from gis_app.domain.errors import InvalidInput

TABLE = tomllib.loads((paths.data() / "village_rating.toml").read_text(encoding="utf-8"))
RUIAN = rating_scheme(TABLE)
KEYS = ["petitions", "public_order", "complaints", "lawsuits", "safety_accidents", "community_culture"]

# Two indicators: accidents weigh 3 (0 is best, 10 worst, veto at 8), culture weighs 1 (100 is best).
SMALL = rating_scheme(
    {
        "indicator": [
            {"key": "accidents", "name_zh": "事故", "name_en": "Accidents", "weight": 3, "best": 0, "worst": 10}
            | {"veto_at": 8, "veto_stars": 1},
            {"key": "culture", "name_zh": "文化", "name_en": "Culture", "weight": 1, "best": 100, "worst": 0}
            | {"veto_at": 5},
        ],
        "star": [
            {"stars": 5, "least": 90, "name_zh": "五", "name_en": "Five"},
            {"stars": 1, "least": 20, "name_zh": "一", "name_en": "One"},
            {"stars": 3, "least": 60, "name_zh": "三", "name_en": "Three"},
        ],
        "least_known_share": 0.5,
    }
)


def villages(*rows):
    return pd.DataFrame(
        rows, columns=["accidents", "culture"], index=[f"village {number}" for number in range(len(rows))]
    )


@pytest.mark.parametrize(
    ("accidents", "culture", "score", "stars", "vetoed_by"),
    [
        (0, 100, 100, 5, ""),
        (2, 40, 70, 3, ""),  # (3 x 80 + 40) / 4
        (1, 90, 90, 5, ""),  # (3 x 90 + 90) / 4: just reached
        (1, 89, 89.75, 3, ""),
        (7, 20, 27.5, 1, ""),  # (3 x 30 + 20) / 4
        (7.9, 7, 17.5, 0, ""),  # (3 x 21 + 7) / 4: below the fewest stars
        (8, 100, 40, 1, "accidents"),  # (3 x 20 + 100) / 4, one star by score, one by veto
        (0, 5, 76.25, 0, "culture"),
        (99, 300, 25, 1, "accidents"),  # points end at 0 and 100
        (20, -5, 0, 0, "accidents culture"),
    ],
)
def test_score_stars_and_vetoes_by_hand(accidents, culture, score, stars, vetoed_by):
    row = rate_villages(villages((accidents, culture)), SMALL).iloc[0]
    assert row["score"] == pytest.approx(score)
    assert (row["stars"], row["vetoed_by"]) == (stars, vetoed_by)


def test_a_veto_caps_the_stars_it_does_not_give_them():
    lenient = replace(SMALL, indicators=(replace(SMALL.indicators[0], veto_at=0, veto_stars=3), SMALL.indicators[1]))
    rated = rate_villages(villages((0, 100), (9, 100)), lenient)
    assert rated["stars"].tolist() == [3, 1]


def test_what_is_not_known_plays_no_part_and_too_little_known_is_not_rated():
    rated = rate_villages(villages((2, np.nan), (np.nan, 100), (np.nan, np.nan)), SMALL)
    assert rated["known_share"].tolist() == [0.75, 0.25, 0]
    assert rated["score"].tolist()[:2] == pytest.approx([80, 100])
    assert np.isnan(rated["score"].iloc[2])
    assert rated["stars"].iloc[0] == 3
    assert rated["stars"].iloc[1:].isna().all()


def test_points_show_where_a_score_comes_from():
    rated = rate_villages(villages((2, 40)), SMALL)
    assert rated[["points_accidents", "points_culture"]].iloc[0].tolist() == pytest.approx([80, 40])


def test_the_scheme_that_ships_has_the_six_indicators_with_names_and_three_levels():
    assert [each.key for each in RUIAN.indicators] == KEYS
    assert [each.name_zh for each in RUIAN.indicators] == [
        *("信访维稳", "刑事治安", "检举控告", "诉讼案件", "安全事故", "无邪创建")
    ]
    assert [(star.stars, star.least) for star in RUIAN.stars] == [(3, 60), (4, 75), (5, 90)]
    assert sum(each.weight for each in RUIAN.indicators) == 100
    perfect = pd.DataFrame([[0, 0, 0, 0, 0, 100], [0, 0, 0, 0, 5, 100]], columns=KEYS)
    assert rate_villages(perfect, RUIAN)["stars"].tolist() == [5, 0]


def test_what_if_says_who_would_gain_and_lose():
    accidents, culture = SMALL.indicators
    changed = replace(SMALL, indicators=(replace(accidents, weight=1), replace(culture, weight=3)))
    table = what_if(villages((0, 60), (5, 100), (1, np.nan)), SMALL, changed=changed)
    # Now (3 x 100 + 60) / 4 = 90 and (150 + 100) / 4 = 62.5; then 70 and 87.5; of the third only a quarter is known.
    assert table["score"].tolist() == pytest.approx([90, 62.5, 90])
    assert table["changed_score"].tolist()[:2] == pytest.approx([70, 87.5])
    assert table["stars"].tolist() == [5, 3, 5]
    assert table["changed_stars"].tolist()[:2] == [3, 3]
    assert table["gain"].tolist()[:2] == [-2, 0]
    assert pd.isna(table["gain"].iloc[2])


def test_a_missing_column_is_named():
    with pytest.raises(InvalidInput, match="no column culture"):
        rate_villages(pd.DataFrame({"accidents": [1]}), SMALL)


def test_a_city_without_villages_has_no_ratings():
    assert len(rate_villages(villages(), SMALL)) == 0


def changed_table(path, value):
    table = copy.deepcopy(TABLE)
    *parents, last = path
    inner = table
    for step in parents:
        inner = inner[step]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return table


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (("colour",), "red", "colour of the scheme is unknown"),
        (("indicator",), None, "indicator of the scheme is missing"),
        (("star",), [], "star of the scheme is missing"),
        (("least_known_share",), 1.5, "least_known_share of the scheme is not between"),
        (("indicator", 1, "colour"), "red", "colour of indicator 2 is unknown"),
        (("indicator", 1, "weight"), None, "weight of indicator 2 is missing"),
        (("indicator", 1, "weight"), "20", "weight of indicator 2 is of a wrong kind"),
        (("indicator", 1, "weight"), True, "weight of indicator 2 is of a wrong kind"),
        (("indicator", 1, "weight"), float("nan"), "weight of indicator 2 is of a wrong kind"),
        (("indicator", 1, "weight"), 0, "weight of indicator public_order is not above 0"),
        (("indicator", 1, "worst"), 0, "worst of indicator public_order is the same as best"),
        (("indicator", 1, "key"), "petitions", "key of the scheme is repeated"),
        (("indicator", 4, "veto_stars"), 1.5, "veto_stars of indicator 5 is of a wrong kind"),
        (("star", 1, "stars"), 3, "stars of the scheme is repeated"),
        (("star", 1, "least"), 60, "least of the scheme is not higher"),
        (("star", 0, "stars"), 0, "least of the scheme is not higher"),
    ],
)
def test_a_scheme_that_makes_no_sense_is_refused_with_its_place(path, value, sentence):
    with pytest.raises(InvalidInput, match=sentence):
        rating_scheme(changed_table(path, value))


FIGURE = st.one_of(st.just(np.nan), st.floats(-5, 120))


@settings(max_examples=60)
@given(st.lists(st.tuples(*[FIGURE] * 6), min_size=1, max_size=8), st.integers(0, 5), st.floats(0.1, 50))
def test_a_better_figure_never_costs_a_star(rows, place, step):
    figures = pd.DataFrame(rows, columns=KEYS, dtype=float)
    better = figures.copy()
    better[KEYS[place]] += step if KEYS[place] == "community_culture" else -step
    before, after = rate_villages(figures, RUIAN), rate_villages(better, RUIAN)
    assert ((before["score"] >= 0) & (before["score"] <= 100 + 1e-9) | before["score"].isna()).all()
    assert (after["stars"].fillna(0) >= before["stars"].fillna(0)).all()
    assert (after["score"].fillna(0) >= before["score"].fillna(0) - 1e-9).all()
