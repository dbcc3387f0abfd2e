"""Settings: each declared once, read from the environment once, passed on as a frozen value."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gis_app.domain.errors import InvalidInput


@dataclass(frozen=True)
class Settings:
    """What an operator may set; the environment variable stands in each field's comment."""

    home: Path  # JINGWEI_HOME: folder of the embedded cluster and of exports
    database_url: str | None = None  # DATABASE_URL: the operator's own PostGIS instead of the embedded one
    host: str = "127.0.0.1"  # JINGWEI_HOST
    port: int = 8000  # JINGWEI_PORT
    workers: int = 2  # JINGWEI_WORKERS: gunicorn processes
    threads: int = 64  # JINGWEI_THREADS: per worker; an open page holds one for its stream of events
    connections: int = 8  # JINGWEI_CONNECTIONS: to the database, per worker
    metric_srid: int = 4549  # JINGWEI_METRIC_SRID: projected CRS for areas and lengths
    locale: str = "zh"  # JINGWEI_LOCALE: zh or en
    basemaps: tuple[Path, ...] = ()  # JINGWEI_BASEMAPS: files .pmtiles or .mbtiles of the operator's, between colons
    basemap_tiles: str = ""  # JINGWEI_BASEMAP_TILES: address template of a tile server, with {z}, {x}, {y}
    basemap_datum: str = "wgs84"  # JINGWEI_BASEMAP_DATUM: of these basemaps' images: wgs84 or gcj02
    tile_cache_mb: int = 64  # JINGWEI_TILE_CACHE_MB: per worker; 0 keeps no tiles
    proxies: int = 0  # JINGWEI_PROXIES: reverse proxies in front, whose word on address and https is taken
    track_days: int = 90  # JINGWEI_TRACK_DAYS: raw tracks are deleted after so many days
    sheet_font: Path | None = None  # JINGWEI_SHEET_FONT: font file with Chinese for PDFs; one of the machine's if unset
    audit_heads: Path | None = None  # JINGWEI_AUDIT_HEADS: file of the audit's heads; below home by default
    oidc_issuer: str = ""  # JINGWEI_OIDC_ISSUER: address of the identity provider; empty for none
    oidc_client: str = ""  # JINGWEI_OIDC_CLIENT: our client id there
    oidc_secret: str = field(default="", repr=False)  # JINGWEI_OIDC_SECRET: our client secret there
    oidc_login_claim: str = "preferred_username"  # JINGWEI_OIDC_LOGIN_CLAIM: which claim is the login

    @property
    def heads_file(self) -> Path:
        """The file of the audit's heads."""
        return self.audit_heads or self.home / "audit" / "heads.log"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Read the settings; unset variables keep their defaults.

        Raises
        ------
        InvalidInput
            If a number is not one; names the variable.
        """

        def number(name: str, default: int) -> int:
            text = environment.get(name, "")
            if not text:
                return default
            if not text.isdecimal():
                raise InvalidInput(
                    "{name} is {text!r}, not a whole number.",
                    remedy="Set it to digits or unset it.",
                    name=name,
                    text=text,
                )
            return int(text)

        return cls(
            home=Path(environment.get("JINGWEI_HOME") or _default_home(environment)).absolute(),
            database_url=environment.get("DATABASE_URL") or None,
            host=environment.get("JINGWEI_HOST") or cls.host,
            port=number("JINGWEI_PORT", cls.port),
            workers=number("JINGWEI_WORKERS", cls.workers),
            threads=number("JINGWEI_THREADS", cls.threads),
            connections=number("JINGWEI_CONNECTIONS", cls.connections),
            metric_srid=number("JINGWEI_METRIC_SRID", cls.metric_srid),
            locale=environment.get("JINGWEI_LOCALE") or cls.locale,
            basemaps=tuple(Path(each) for each in environment.get("JINGWEI_BASEMAPS", "").split(":") if each),
            basemap_tiles=environment.get("JINGWEI_BASEMAP_TILES") or "",
            basemap_datum=environment.get("JINGWEI_BASEMAP_DATUM") or cls.basemap_datum,
            tile_cache_mb=number("JINGWEI_TILE_CACHE_MB", cls.tile_cache_mb),
            proxies=number("JINGWEI_PROXIES", cls.proxies),
            track_days=number("JINGWEI_TRACK_DAYS", cls.track_days),
            sheet_font=Path(font).absolute() if (font := environment.get("JINGWEI_SHEET_FONT")) else None,
            audit_heads=Path(heads).absolute() if (heads := environment.get("JINGWEI_AUDIT_HEADS")) else None,
            oidc_issuer=environment.get("JINGWEI_OIDC_ISSUER") or cls.oidc_issuer,
            oidc_client=environment.get("JINGWEI_OIDC_CLIENT") or cls.oidc_client,
            oidc_secret=environment.get("JINGWEI_OIDC_SECRET") or "",
            oidc_login_claim=environment.get("JINGWEI_OIDC_LOGIN_CLAIM") or cls.oidc_login_claim,
        )


def _default_home(environment: Mapping[str, str]) -> Path:
    """Root's own folder is closed to the database's user, so root gets a system folder."""
    if os.geteuid() == 0:
        return Path("/var/lib/jingwei")
    data_home = environment.get("XDG_DATA_HOME") or Path(environment.get("HOME", "/tmp")) / ".local" / "share"  # noqa: S108
    return Path(data_home) / "jingwei"
