"""The words a file may use for stages, severities, ways of discovery and kinds, in Chinese and English."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gis_app.domain.hazards import DiscoveryWay, Severity, Stage
from gis_app.importers.headers import plain

Words = Mapping[str, str]
"""From the plain form of a word to the value that is stored."""


def words(table: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Return every word of ``table`` (value to its words) in plain form; a value is a word for itself.

    Raises
    ------
    ValueError
        If one word stands for two values.
    """
    found: dict[str, str] = {}
    for value, names in table.items():
        for name in (value, *names):
            if found.setdefault(plain(name), value) != value:
                raise ValueError(f"{name!r} stands for {found[plain(name)]!r} and {value!r}.")
    return found


SEVERITIES = words(
    {
        Severity.LOW: ("低", "低风险", "轻微", "minor"),
        Severity.GENERAL: ("一般", "一般风险", "一般隐患", "moderate"),
        Severity.MAJOR: ("较大", "较大风险", "较大隐患"),
        Severity.SEVERE: ("重大", "重大风险", "重大隐患", "critical"),
    }
)

STAGES = words(
    {
        Stage.REPORTED: ("发现", "信息收集", "上报", "已上报"),
        Stage.FILED: ("立案", "已立案", "案卷建立"),
        Stage.ASSIGNED: ("交办", "已交办", "派遣", "任务派遣"),
        Stage.HANDLING: ("处置", "处置中", "任务处理"),
        Stage.FEEDBACK: ("反馈", "已反馈", "处理反馈"),
        Stage.VERIFIED: ("核查", "已核查"),
        Stage.CLOSED: ("结案", "已结案", "销号", "已销号"),
        Stage.VOID: ("作废", "已作废"),
    }
)

DISCOVERY_WAYS = words(
    {
        DiscoveryWay.RESIDENT: ("群众", "群众上报", "居民", "居民上报"),
        DiscoveryWay.HOTLINE: ("热线", "12345", "12345热线"),
        DiscoveryWay.SENSOR: ("感知", "物联感知", "感知设备"),
        DiscoveryWay.PATROL: ("巡逻", "夜查", "夜间巡逻"),
        DiscoveryWay.INSPECTION: ("巡查", "检查", "暗访"),
    }
)

GRID_KINDS = words(
    {
        "residential": ("居住", "住宅", "居民小区"),
        "commercial": ("商业", "商贸"),
        "industrial": ("工业", "产业", "园区"),
        "rural": ("农村", "乡村"),
    }
)

TEAM_KINDS = words(
    {
        "volunteer": ("志愿队", "义务队", "平安志愿队", "村级义务队"),
        "grid": ("网格", "网格巡查组", "专职网格"),
        "police": ("公安", "巡警", "派出所"),
    }
)

TRAVEL_MODES = words(
    {
        "foot": ("步行", "徒步", "walk"),
        "ebike": ("电动车", "电瓶车", "e_bike"),
        "car": ("汽车", "机动车", "巡逻车"),
    }
)

BOOLEANS = words({"true": ("yes", "y", "t", "1", "是", "有"), "false": ("no", "n", "f", "0", "否", "无")})
