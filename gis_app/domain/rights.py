"""Rights, the roles that hold them, and the scope a caller works in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType


class Right(StrEnum):
    """What a caller may do; routes and layers name the right they need."""

    VIEW_MAP = "view_map"
    VIEW_AGGREGATES = "view_aggregates"
    VIEW_NAMED_TRACKS = "view_named_tracks"
    VIEW_LIVE_POSITIONS = "view_live_positions"
    SEND_TRACKS = "send_tracks"
    REPORT_HAZARD = "report_hazard"
    CORRECT_HAZARD = "correct_hazard"
    INSPECT = "inspect"
    MOVE_HAZARD = "move_hazard"
    PLAN_PATROLS = "plan_patrols"
    APPROVE_PATROLS = "approve_patrols"
    MANAGE_RULES = "manage_rules"
    MANAGE_WEBHOOKS = "manage_webhooks"
    SAVE_SCENES = "save_scenes"
    STEER_WALL = "steer_wall"
    HANDLE_ALERTS = "handle_alerts"
    MANAGE_ALERT_RULES = "manage_alert_rules"
    EXPORT = "export"
    ASK_QUESTIONS = "ask_questions"
    RUN_SQL = "run_sql"
    MANAGE_OWN_ACCOUNT = "manage_own_account"
    MANAGE_ACCOUNTS = "manage_accounts"
    READ_AUDIT = "read_audit"


class Role(StrEnum):
    """What kind of work an account is for; its area says where."""

    ADMINISTRATOR = "administrator"
    SUPERVISOR = "supervisor"
    DISPATCHER = "dispatcher"
    HANDLER = "handler"
    GRID_WORKER = "grid_worker"
    ANALYST = "analyst"
    PATROL_PLANNER = "patrol_planner"
    KIOSK = "kiosk"


_SEES = frozenset({Right.VIEW_MAP, Right.MANAGE_OWN_ACCOUNT})
RIGHTS_OF: Mapping[Role, frozenset[Right]] = MappingProxyType(
    {
        # Who manages accounts sees no tracks: both together would let one person watch unseen.
        Role.ADMINISTRATOR: _SEES
        | {
            Right.VIEW_AGGREGATES,
            Right.MANAGE_ACCOUNTS,
            Right.MANAGE_RULES,
            Right.MANAGE_WEBHOOKS,
            Right.READ_AUDIT,
            Right.EXPORT,
            Right.ASK_QUESTIONS,
            Right.RUN_SQL,
        },
        Role.SUPERVISOR: _SEES
        | {
            Right.VIEW_AGGREGATES,
            Right.VIEW_NAMED_TRACKS,
            Right.REPORT_HAZARD,
            Right.CORRECT_HAZARD,
            Right.INSPECT,
            Right.MOVE_HAZARD,
            Right.PLAN_PATROLS,
            Right.APPROVE_PATROLS,
            Right.SAVE_SCENES,
            Right.STEER_WALL,
            Right.HANDLE_ALERTS,
            Right.MANAGE_ALERT_RULES,
            Right.READ_AUDIT,
            Right.EXPORT,
            Right.ASK_QUESTIONS,
        },
        Role.DISPATCHER: _SEES
        | {
            Right.VIEW_AGGREGATES,
            Right.VIEW_NAMED_TRACKS,
            Right.VIEW_LIVE_POSITIONS,
            Right.SEND_TRACKS,
            Right.REPORT_HAZARD,
            Right.CORRECT_HAZARD,
            Right.MOVE_HAZARD,
            Right.PLAN_PATROLS,
            Right.SAVE_SCENES,
            Right.STEER_WALL,
            Right.HANDLE_ALERTS,
            Right.ASK_QUESTIONS,
        },
        Role.HANDLER: _SEES | {Right.MOVE_HAZARD},
        Role.GRID_WORKER: _SEES | {Right.REPORT_HAZARD, Right.SEND_TRACKS},
        Role.ANALYST: _SEES
        | {Right.VIEW_AGGREGATES, Right.SAVE_SCENES, Right.EXPORT, Right.ASK_QUESTIONS, Right.RUN_SQL},
        Role.PATROL_PLANNER: _SEES
        | {
            Right.VIEW_AGGREGATES,
            Right.VIEW_NAMED_TRACKS,
            Right.PLAN_PATROLS,
            Right.SAVE_SCENES,
            Right.ASK_QUESTIONS,
        },
        # A screen on a wall changes nothing, not even its own password.
        Role.KIOSK: frozenset({Right.VIEW_MAP, Right.VIEW_AGGREGATES, Right.VIEW_LIVE_POSITIONS}),
    }
)


@dataclass(frozen=True)
class SessionLimits:
    """How long a log-in holds: unused (None: for ever), and at most."""

    idle: timedelta | None
    absolute: timedelta
    one_at_a_time: bool = False
    is_renewed: bool = False
    """Whether use puts the end off: a wall is never logged in again."""


_DESK = SessionLimits(idle=timedelta(minutes=30), absolute=timedelta(hours=12))
_FIELD = SessionLimits(idle=timedelta(hours=4), absolute=timedelta(hours=16))
"""A shift in the field: a phone sleeps in a pocket for hours."""
SESSION_LIMITS: Mapping[Role, SessionLimits] = MappingProxyType(
    {role: _DESK for role in Role}
    | {
        Role.HANDLER: _FIELD,
        Role.GRID_WORKER: _FIELD,
        Role.KIOSK: SessionLimits(idle=None, absolute=timedelta(days=366), one_at_a_time=True, is_renewed=True),
    }
)


@dataclass(frozen=True)
class Scope:
    """Who asks and from which area down.

    Parameters
    ----------
    account
        Login of the account, for the audit.
    area_path
        Scope path of the caller's area, such as ``/330381/330381001/``; empty sees nothing.
    rights
        The rights held.

    Raises
    ------
    ValueError
        If the path does not begin and end with a slash: ``/33038`` would also match ``/330381/``.
    """

    account: str
    area_path: str
    rights: frozenset[Right] = frozenset()

    def __post_init__(self) -> None:
        if self.area_path and not (self.area_path.startswith("/") and self.area_path.endswith("/")):
            raise ValueError(f"{self.area_path!r} is no scope path: it begins and ends with a slash.")
