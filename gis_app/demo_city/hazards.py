"""A year of hazards: lasting clusters, near repeats, seasons, hours, ways of discovery, stages that fit together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from gis_app.demo_city.hazard_places import near_repeats, place_hazards
from gis_app.demo_city.mosaic import Mosaic
from gis_app.demo_city.streets import Streets
from gis_app.demo_city.terrain import FloatArray, IntArray, Terrain, point_array
from gis_app.domain.periods import CITY_TIME

DAYS = 365


@dataclass(frozen=True)
class CategoryHabit:
    """When and how hazards of a category come up.

    ``months`` weighs January to December, ``hours`` is the hour of the day they peak at; ``titles`` are what is found.
    """

    share: float
    months: tuple[float, ...]
    hour: float
    patrol_share: float
    titles: tuple[str, ...]


_EVEN = (1.0,) * 12
_WINTER = (1.9, 1.7, 1.2, 0.9, 0.7, 0.6, 0.6, 0.7, 0.8, 1.0, 1.3, 1.8)
_TYPHOON = (0.2, 0.2, 0.4, 0.7, 1.2, 1.8, 2.6, 3.2, 2.4, 0.9, 0.3, 0.2)
_SUMMER = (0.7, 0.7, 0.9, 1.0, 1.2, 1.4, 1.5, 1.4, 1.1, 0.9, 0.8, 0.7)
HABITS: dict[str, CategoryHabit] = {
    "fire": CategoryHabit(
        0.22, _WINTER, 20, 0.45, ("消防通道堵塞", "电动车违规充电", "灭火器过期", "楼道堆放杂物", "私拉电线")
    ),
    "flood": CategoryHabit(0.07, _TYPHOON, 8, 0.25, ("路面积水", "排水口堵塞", "河道漂浮物阻水", "下穿通道积水")),
    "building": CategoryHabit(
        0.06, _EVEN, 10, 0.30, ("墙体开裂", "外墙瓷砖脱落", "自建房违规加层", "广告牌松动", "脚手架不稳")
    ),
    "traffic": CategoryHabit(
        0.14, _EVEN, 18, 0.30, ("路灯不亮", "护栏损坏", "路面坑洼", "标线不清", "视线受遮挡", "占道停车")
    ),
    "production": CategoryHabit(
        0.13, _EVEN, 10, 0.40, ("机械防护缺失", "危化品存放不规范", "违规动火作业", "安全出口上锁")
    ),
    "gas": CategoryHabit(0.05, _WINTER, 17, 0.30, ("气瓶间通风不良", "软管老化", "报警器失效", "气瓶超期未检")),
    "food": CategoryHabit(0.05, _SUMMER, 11, 0.35, ("食品过期", "后厨卫生不达标", "无证摊点", "冷藏温度超标")),
    "geological": CategoryHabit(0.03, _TYPHOON, 9, 0.30, ("边坡落石", "坡面裂缝", "挡墙鼓胀", "排水沟淤塞")),
    "dispute": CategoryHabit(0.03, _EVEN, 15, 0.10, ("租赁纠纷", "停车纠纷", "物业纠纷")),
    "wage_dispute": CategoryHabit(0.03, _EVEN, 15, 0.10, ("拖欠工资", "工伤赔偿争议")),
    "neighbour_dispute": CategoryHabit(0.03, _EVEN, 15, 0.10, ("邻里噪声纠纷", "采光通风纠纷", "宅基地界址纠纷")),
    "public_service": CategoryHabit(0.02, _EVEN, 15, 0.10, ("路灯报修求助", "办事指引求助", "惠民政策咨询")),
    "legal_service": CategoryHabit(0.01, _EVEN, 15, 0.10, ("法律咨询", "公证指引", "调解协议司法确认")),
    "public_order": CategoryHabit(0.07, _SUMMER, 22, 0.45, ("夜间噪声", "门面未上锁", "监控损坏", "聚众喧哗")),
    "environment": CategoryHabit(0.05, _SUMMER, 9, 0.20, ("露天焚烧", "污水直排", "垃圾堆积", "扬尘未覆盖")),
    "fishing": CategoryHabit(
        0.01, _TYPHOON, 7, 0.35, ("渔船缆绳老化", "救生设备不足", "定位终端离线", "船舱用电不规范")
    ),
}
HABITATS = {"geological": "hills", "fishing": "shore"}
"""Where categories come up that do not follow the town."""
AT_VILLAGE = frozenset({"dispute", "wage_dispute", "neighbour_dispute", "public_service", "legal_service"})
"""What takes place between people: told of the village, never of a house."""
SENSED = ("fire", "flood", "gas", "geological", "environment")
"""Categories a sensor can find."""
SEVERITIES, SEVERITY_SHARES = ("low", "general", "major", "severe"), (0.46, 0.42, 0.10, 0.02)
DESCRIPTIONS = (
    "{where}发现{what}，请核实处置。",
    "{where}存在{what}，影响周边居民，请尽快处理。",
    "巡查或反映：{where}{what}，需现场核查并反馈结果。",
    "{where}再次出现{what}，请落实长效整改。",
)
HOURS_OF_UNIT = {"urgent_hour": 1.0, "work_hour": 3.0, "work_day": 33.6, "natural_day": 24.0}
"""Hours of the calendar that one unit of a limit takes on average; the working calendar makes them exact later."""


def make_hazards(
    terrain: Terrain,
    mosaic: Mosaic,
    streets: Streets,
    villages: pd.DataFrame,
    *,
    categories: pd.DataFrame,
    count: int,
    end: datetime,
    land: BaseGeometry,
    chance: np.random.Generator,
) -> pd.DataFrame:
    """Return hazards, oldest first, with every column the database does not derive and ``point`` (metres).

    Parameters
    ----------
    villages
        Columns name_zh, shape (metres): what hazards are named after.
    categories
        Columns code, limit_value, limit_unit.
    end
        The present, with a time zone; hazards lie in the 365 days before it.
    land
        Where hazards may lie.
    """
    codes = np.asarray(list(HABITS))
    shares = np.array([habit.share for habit in HABITS.values()])
    day = _days(codes, shares, count, end=end, chance=chance)
    category = day["category"].to_numpy()
    age_days = day["age_days"].to_numpy()
    habitat = np.array([HABITATS.get(code, "town") for code in category])
    place = place_hazards(terrain, mosaic, streets, habitat=habitat, land=land, chance=chance)
    place = near_repeats(place, category, age_days, terrain=terrain, land=land, chance=chance)
    table = pd.DataFrame({"category_code": category, "age_days": age_days})
    table["point"] = point_array(np.round(place, 2))
    patrolled = np.array([HABITS[code].patrol_share for code in category])
    table["discovered_by"] = _ways(category, patrolled, mosaic, place, chance=chance)
    table["severity"] = chance.choice(SEVERITIES, count, p=SEVERITY_SHARES)
    table = table.sort_values("age_days", ascending=False, ignore_index=True)
    table = _with_times(table, categories, end=end, chance=chance)
    return _with_words(table, streets, villages, chance=chance)


def _days(
    codes: npt.NDArray[np.str_], shares: FloatArray, count: int, *, end: datetime, chance: np.random.Generator
) -> pd.DataFrame:
    """Draw category and age by season and hour of the day, both as the city's clocks show them."""
    ages = np.arange(DAYS)
    now = end.astimezone(CITY_TIME)
    months = np.array([(now - timedelta(days=int(age))).month - 1 for age in ages])
    weight = np.stack([np.array(HABITS[code].months)[months] for code in codes])
    weight = shares[:, None] * weight / weight.mean(axis=1, keepdims=True)
    drawn = chance.choice(weight.size, count, p=(weight / weight.sum()).ravel())
    category, age = codes[drawn // DAYS], ages[drawn % DAYS]
    peak = np.array([HABITS[code].hour for code in category])
    hour = (peak + chance.normal(0, 3.2, count)) % 24
    now_hour = now.hour + now.minute / 60
    since = age + (now_hour - hour) / 24
    # Hours of today that are still to come belong to yesterday.
    return pd.DataFrame({"category": category, "age_days": np.where(since < 0.01, since + 1, since)})


def _ways(
    category: npt.NDArray[np.str_],
    patrolled: FloatArray,
    mosaic: Mosaic,
    place: FloatArray,
    *,
    chance: np.random.Generator,
) -> npt.NDArray[np.str_]:
    """Draw how each was found: patrols and inspections find more where they go more, which is in town."""
    nearest = shapely.STRtree(point_array(mosaic.seeds)).nearest(point_array(place))
    looked = patrolled * (0.55 + 0.9 * mosaic.intensity[nearest])
    draw = chance.random(len(place))
    way = chance.choice(("resident", "hotline"), len(place), p=(0.62, 0.38))
    way = np.where(np.isin(category, SENSED) & (chance.random(len(place)) < 0.25), "sensor", way)
    way = np.where(draw < looked, "patrol", way)
    return np.where(draw < looked * 0.3, "inspection", way)


def _with_times(
    table: pd.DataFrame, categories: pd.DataFrame, *, end: datetime, chance: np.random.Generator
) -> pd.DataFrame:
    """Walk every hazard through its stages until the present; what would come later has not happened."""
    count = len(table)
    limits = categories.set_index("code")
    hours = limits["limit_value"].astype(float) * limits["limit_unit"].map(HOURS_OF_UNIT)
    limit = table["category_code"].map(hours).to_numpy()
    void = chance.random(count) < 0.012
    stuck = chance.random(count) < 0.004
    slow = np.where(chance.random(count) < 0.06, chance.uniform(1.05, 2.6, count), chance.beta(2.2, 2.6, count))
    steps = {
        "filed": chance.exponential(1.5, count) + 0.1,
        "assigned": chance.exponential(2.0, count) + 0.1,
        "feedback": limit * slow * 0.82 + np.where(stuck, 24 * 400, 0),
        "verified": chance.exponential(9.0, count) + 0.5,
        "closed": chance.exponential(5.0, count) + 0.3,
    }
    since = -table["age_days"].to_numpy() * 24
    moment = pd.Timestamp(end)
    table["discovered_at"] = (moment + pd.to_timedelta(since, unit="h")).round("s")
    stage = np.full(count, "reported", dtype=object)
    for name, took in steps.items():
        since = since + took
        reached = (since <= 0) & ~(void & (name != "filed"))
        times = pd.Series(moment + pd.to_timedelta(since, unit="h")).dt.round("s")
        table[f"{name}_at"] = times.where(reached)
        stage = np.where(reached, name, stage)
        if name == "assigned":
            table["due_at"] = (times + pd.to_timedelta(limit, unit="h")).where(reached)
    working = (stage == "assigned") & (chance.random(count) < 0.8)
    stage = np.where(working, "handling", stage)
    table["stage"] = np.where(void & (stage == "filed"), "void", stage)
    table["is_supervised"] = (table["severity"] == "severe") & (chance.random(count) < 0.05)
    table["reopened_count"] = (chance.random(count) < 0.015).astype(int)
    return table.drop(columns="age_days")


def _with_words(
    table: pd.DataFrame, streets: Streets, villages: pd.DataFrame, *, chance: np.random.Generator
) -> pd.DataFrame:
    """Give number, title, place and description; they speak of places only."""
    named = streets.table[streets.table["name_zh"].notna() & (streets.table["kind"] != "ferry")]
    nearest: IntArray = shapely.STRtree(named["line"].to_numpy()).nearest(table["point"].to_numpy())
    # "Nearest" is "within" for places on land, and names a village for those a hair outside too.
    own: IntArray = shapely.STRtree(villages["shape"].to_numpy()).nearest(table["point"].to_numpy())
    village = villages["name_zh"].to_numpy()[own]
    road = named["name_zh"].to_numpy()[nearest]
    house = chance.integers(1, 400, len(table))
    pick = chance.random(len(table))
    what = [
        HABITS[code].titles[int(share * len(HABITS[code].titles))]
        for code, share in zip(table["category_code"], pick, strict=True)
    ]
    table["title"] = [name + found for name, found in zip(village, what, strict=True)]
    spots = [f"{name}{way}{number}号附近" for name, way, number in zip(village, road, house, strict=True)]
    table["place"] = np.where(table["category_code"].isin(AT_VILLAGE), village, spots)
    form = chance.integers(0, len(DESCRIPTIONS), len(table))
    table["description"] = [
        DESCRIPTIONS[n].format(where=where, what=found)
        for n, where, found in zip(form, table["place"], what, strict=True)
    ]
    local = table["discovered_at"].dt.tz_convert(CITY_TIME)
    table["number"] = [f"RA{day:%Y%m%d}{n:06d}" for n, day in enumerate(local, start=1)]
    return table
