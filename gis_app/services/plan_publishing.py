"""Publishing plans: each team that goes out gets its route, with stops that name what they are worth."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import RowMapping

from gis_app.domain.errors import Conflict
from gis_app.services.audit import Writing
from gis_app.storage import patrol_plans


def refuse_extra_teams(content: Mapping[str, Any]) -> None:
    """Refuse to publish routes to teams that were only tried out.

    Raises
    ------
    Conflict
        If a team that goes out does not exist.
    """
    extra = {team["code"]: team["name_zh"] for team in content["teams"] if team.get("is_extra")}
    out = [extra[route["team"]] for route in content["result"]["routes"] if route["team"] in extra and route["visits"]]
    if out:
        raise Conflict(
            "These teams were only tried out and cannot get a route: {teams}.",
            remedy="Take them off duty in this plan first.",
            teams=", ".join(out),
        )


def publish(work: Writing, plan: RowMapping) -> None:
    """Store the routes of a plan in place of those published before."""
    content = plan["content"]
    by_code = {stop["code"]: stop for stop in content["stops"]}
    patrol_plans.replace_routes(
        work.connection,
        plan["id"],
        (
            {
                "team": route["team"],
                "night": plan["night"],
                "starts_at": route["departs_at"],
                "ends_at": route["returns_at"],
                "length_m": route["length_m"],
                "line": json.dumps({"type": "LineString", "coordinates": route["line"]}),
                "stops": [
                    {
                        "ordinal": number,
                        "dwell_min": by_code[visit["stop"]]["dwell_s"] / 60,
                        "code": visit["stop"],
                        "begins_at": visit["begins_at"],
                        "prize_parts": by_code[visit["stop"]]["prize_parts"],
                        "lon": by_code[visit["stop"]]["lon"],
                        "lat": by_code[visit["stop"]]["lat"],
                    }
                    for number, visit in enumerate(route["visits"], start=1)
                ],
            }
            for route in content["result"]["routes"]
            if route["visits"]
        ),
    )
