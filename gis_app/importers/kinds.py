"""What can be imported, and the columns of each kind: one table per kind, as data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gis_app.importers import vocabulary
from gis_app.importers.headers import plain
from gis_app.importers.records import Shape


class ImportKind(StrEnum):
    """What the rows of a file are."""

    HAZARDS = "hazards"
    VILLAGES = "villages"
    GRIDS = "grids"
    FACILITIES = "facilities"
    STREETS = "streets"
    TRACKS = "tracks"
    TEAMS = "teams"


COVERED_KINDS = (ImportKind.TRACKS, ImportKind.GRIDS, ImportKind.STREETS)
"""What coverage is computed from."""


class ColumnType(StrEnum):
    """How a value is read and checked."""

    TEXT = "text"
    CODE = "code"
    TIME = "time"
    DAY = "day"
    WHOLE = "whole number"
    NUMBER = "number"
    YES_NO = "yes or no"
    CHOICE = "choice"


@dataclass(frozen=True)
class Column:
    """One column: its name, the headers it is known by, and what its values may be.

    ``words`` are the choices; None for a choice whose words the caller brings (hazard categories).
    ``limit`` is the most characters of a text, or the greatest number.
    """

    name: str
    type: ColumnType
    aliases: tuple[str, ...] = ()
    required: bool = False
    default: str | int | bool | None = None
    words: vocabulary.Words | None = None
    limit: float = 200
    may_lie_ahead: bool = False


@dataclass(frozen=True)
class KindTable:
    """The columns of a kind, the shape of its rows, and the columns that together name a row."""

    shape: Shape
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    def header_names(self) -> dict[str, str]:
        """Return the plain form of every accepted header and the column it stands for."""
        return {plain(name): column.name for column in self.columns for name in (column.name, *column.aliases)}


_TEXT, _CODE, _TIME, _CHOICE = ColumnType.TEXT, ColumnType.CODE, ColumnType.TIME, ColumnType.CHOICE
_EXTERNAL_ID = Column("external_id", _TEXT, ("id", "编号"), limit=64)
_NAME_ZH = Column("name_zh", _TEXT, ("name", "名称", "中文名", "中文名称"), required=True)
_NAME_EN = Column("name_en", _TEXT, ("english_name", "英文名", "英文名称"))
_VALID_FROM = Column("valid_from", ColumnType.DAY, ("生效日期", "启用日期"), may_lie_ahead=True)

KINDS: dict[ImportKind, KindTable] = {
    ImportKind.HAZARDS: KindTable(
        Shape.POINT,
        (
            Column("external_id", _TEXT, ("id", "number", "编号", "案件编号", "隐患编号"), limit=64),
            Column("category_code", _CHOICE, ("category", "隐患类别", "类别"), required=True),
            Column("severity", _CHOICE, ("level", "等级", "隐患等级", "风险等级"), True, words=vocabulary.SEVERITIES),
            Column("stage", _CHOICE, ("status", "阶段", "状态"), default="reported", words=vocabulary.STAGES),
            Column("discovered_by", _CHOICE, ("source", "发现方式", "来源"), True, words=vocabulary.DISCOVERY_WAYS),
            Column("title", _TEXT, ("标题", "隐患名称"), required=True),
            Column("description", _TEXT, ("描述", "隐患描述", "详情"), default="", limit=4000),
            Column("place", _TEXT, ("address", "地点", "地址", "位置"), default="", limit=300),
            Column("discovered_at", _TIME, ("time", "发现时间", "上报时间"), required=True),
            Column("filed_at", _TIME, ("立案时间",)),
            Column("assigned_at", _TIME, ("交办时间", "派遣时间")),
            Column("due_at", _TIME, ("deadline", "时限", "截止时间", "处置时限"), may_lie_ahead=True),
            Column("feedback_at", _TIME, ("反馈时间",)),
            Column("verified_at", _TIME, ("核查时间",)),
            Column("closed_at", _TIME, ("结案时间", "销号时间")),
            Column("is_supervised", ColumnType.YES_NO, ("supervised", "挂牌督办", "是否挂牌"), default=False),
            Column("reopened_count", ColumnType.WHOLE, ("返工次数",), default=0, limit=1000),
        ),
        key=("external_id",),
    ),
    ImportKind.VILLAGES: KindTable(
        Shape.POLYGON,
        (
            Column("code", _CODE, ("village_code", "村社代码", "区划代码", "行政区划代码", "代码"), required=True),
            _NAME_ZH,
            _NAME_EN,
            Column("township_code", _CODE, ("parent_code", "乡镇代码", "街道代码", "上级代码"), required=True),
            _VALID_FROM,
        ),
        key=("code",),
    ),
    ImportKind.GRIDS: KindTable(
        Shape.POLYGON,
        (
            Column("code", _CODE, ("grid_code", "网格代码", "网格编码", "代码"), required=True),
            _NAME_ZH,
            _NAME_EN,
            Column("village_code", _CODE, ("parent_code", "村社代码", "上级代码"), required=True),
            Column("kind", _CHOICE, ("type", "类型", "网格类型"), required=True, words=vocabulary.GRID_KINDS),
            Column("household_count", ColumnType.WHOLE, ("households", "户数"), limit=100_000),
            _VALID_FROM,
        ),
        key=("code",),
    ),
    ImportKind.FACILITIES: KindTable(
        Shape.POINT,
        (
            _EXTERNAL_ID,
            Column("kind", _CODE, ("type", "类型", "类别", "设施类型"), required=True),
            _NAME_ZH,
            _NAME_EN,
        ),
        key=("external_id",),
    ),
    ImportKind.STREETS: KindTable(
        Shape.LINE,
        (
            _EXTERNAL_ID,
            Column("name_zh", _TEXT, ("name", "名称", "路名", "道路名称")),
            _NAME_EN,
            Column("kind", _CODE, ("highway", "class", "类型", "道路等级"), required=True),
            Column("is_bridge", ColumnType.YES_NO, ("bridge", "桥梁", "是否桥梁"), default=False),
            Column("one_way", ColumnType.YES_NO, ("oneway", "单行", "单行道"), default=False),
        ),
        key=("external_id",),
    ),
    ImportKind.TRACKS: KindTable(
        Shape.FIX,
        (
            Column("device", _CODE, ("device_id", "设备", "设备编号", "终端编号"), required=True),
            Column("recorded_at", _TIME, ("time", "timestamp", "时间", "定位时间"), required=True),
            Column("sequence", ColumnType.WHOLE, ("seq", "序号"), limit=2_147_483_647),
            Column("team_code", _CODE, ("team", "队伍", "队伍代码", "队伍编号")),
            Column("speed_mps", ColumnType.NUMBER, ("speed", "速度"), limit=200),
            Column("accuracy_m", ColumnType.NUMBER, ("accuracy", "精度", "定位精度"), limit=100_000),
        ),
        key=("device", "recorded_at", "sequence"),
    ),
    # The place is the station a team starts from; who is in it is never asked.
    ImportKind.TEAMS: KindTable(
        Shape.POINT,
        (
            Column("code", _CODE, ("team_code", "队伍代码", "队伍编号", "编号", "代码"), required=True),
            Column("name_zh", _TEXT, ("name", "名称", "队伍名称", "队伍"), required=True),
            _NAME_EN,
            Column("kind", _CHOICE, ("type", "类型", "队伍类型"), required=True, words=vocabulary.TEAM_KINDS),
            Column("mode", _CHOICE, ("出行方式", "巡逻方式"), required=True, words=vocabulary.TRAVEL_MODES),
            Column("area_code", _CODE, ("区域代码", "村社代码", "乡镇代码", "所属区域代码")),
        ),
        key=("code",),
    ),
}
