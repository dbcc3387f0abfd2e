"""Tables. Every table with an area carries ``scope_path`` and stands under row-level security (see migrations)."""

from gis_app.storage.models.accounts import Account, AccountSession, ApiToken, LogInAttempt
from gis_app.storage.models.areas import Area, CityProfile, Facility, Grid
from gis_app.storage.models.audit import AuditEntry, AuditHead, ClientWrite, JobRun
from gis_app.storage.models.base import Base
from gis_app.storage.models.geography import BasemapFeature, StreetSegment
from gis_app.storage.models.hazards import Hazard, HazardCategory, HazardMonthCell, ImportRun, VillageChange
from gis_app.storage.models.imports import ImportChange, ImportJob, ImportProfile
from gis_app.storage.models.inspections import Finding, Inspection
from gis_app.storage.models.loop import HazardEvent, ProfessionalPost, RoutingRule, Unit
from gis_app.storage.models.notices import Notice, Webhook
from gis_app.storage.models.patrols import (
    Absence,
    Patrol,
    PatrolPlan,
    PatrolPlanVersion,
    PatrolRoute,
    PlannedStop,
    Team,
    TrackPoint,
)
from gis_app.storage.models.pictures import HazardPicture
from gis_app.storage.models.questions import KeptAnswer, KeptQuestion
from gis_app.storage.models.results import (
    AnalysisRun,
    DensityCell,
    GridCoverage,
    HotspotCell,
    HotspotPart,
    VillageStars,
)
from gis_app.storage.models.screens import (
    Alert,
    AlertProgress,
    AlertRule,
    AlertSubject,
    MapScene,
    ScreenEvent,
    WallCommand,
)
from gis_app.storage.models.shift_log import MapMark, ShiftEntry
from gis_app.storage.models.tracks import (
    FollowedNight,
    GridSweep,
    LivePosition,
    RouteWalk,
    StopVisit,
    StreetPiece,
    StreetWalk,
    SweptNight,
    TrackBatch,
    UncountedChange,
    WalkedNight,
)
from gis_app.storage.models.workspaces import WorkspaceDataset, WorkspaceFeature

REFERENCE_TABLES = frozenset(
    {
        *("city_profile", "hazard_category", "street_segment", "basemap_feature", "analysis_run", "alembic_version"),
        *("routing_rule", "unit"),
    }
)
"""Tables without an area: geography and terms that every account may read."""

SYSTEM_TABLES = frozenset(
    {
        *("alert_progress", "audit_head", "followed_night", "job_run", "log_in_attempt", "swept_night"),
        *("uncounted_change", "walked_night"),
    }
)
"""Tables of the service itself, which say nothing of the city. All others are scoped."""

__all__ = [
    "REFERENCE_TABLES",
    "SYSTEM_TABLES",
    "Absence",
    "Account",
    "AccountSession",
    "Alert",
    "AlertProgress",
    "AlertRule",
    "AlertSubject",
    "AnalysisRun",
    "ApiToken",
    "Area",
    "AuditEntry",
    "AuditHead",
    "Base",
    "BasemapFeature",
    "CityProfile",
    "ClientWrite",
    "DensityCell",
    "Facility",
    "Finding",
    "FollowedNight",
    "Grid",
    "GridCoverage",
    "GridSweep",
    "Hazard",
    "HazardCategory",
    "HazardEvent",
    "HazardMonthCell",
    "HazardPicture",
    "HotspotCell",
    "HotspotPart",
    "ImportChange",
    "ImportJob",
    "ImportProfile",
    "ImportRun",
    "Inspection",
    "JobRun",
    "KeptAnswer",
    "KeptQuestion",
    "LivePosition",
    "LogInAttempt",
    "MapMark",
    "MapScene",
    "Notice",
    "Patrol",
    "PatrolPlan",
    "PatrolPlanVersion",
    "PatrolRoute",
    "PlannedStop",
    "ProfessionalPost",
    "RouteWalk",
    "RoutingRule",
    "ScreenEvent",
    "ShiftEntry",
    "StopVisit",
    "StreetPiece",
    "StreetSegment",
    "StreetWalk",
    "SweptNight",
    "Team",
    "TrackBatch",
    "TrackPoint",
    "UncountedChange",
    "Unit",
    "VillageChange",
    "VillageStars",
    "WalkedNight",
    "WallCommand",
    "Webhook",
    "WorkspaceDataset",
    "WorkspaceFeature",
]
