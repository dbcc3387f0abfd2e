"""A plan for a night of the whole city: 60 teams, 400 candidates; seconds of the request, and value against greedy.

Asked over HTTP as the page does, of a server of its own. Needs a built demo city that may be changed:
``PYTHONPATH=.:benchmarks .venv/bin/python benchmarks/city_plan.py --home /tmp/city [--teams 60] [--stops 400]``.
Printed for each time of search: the seconds from the request to the stored plan, its value, that of the best plan found
before it was varied, of the greedy one, and of last night's real tracks. At last one stop is dropped and solved anew.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
import uuid
from datetime import datetime, timedelta
from pathlib import Path

import requests
from own_server import demo_session, running_server

from gis_app.domain.periods import CITY_TIME

PORT = 8109
ADDRESS = f"http://127.0.0.1:{PORT}"


def main() -> None:
    """Serve, plan, edit, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--teams", type=int, default=60)
    parser.add_argument("--stops", type=int, default=400)
    parser.add_argument("--seconds", type=float, nargs="+", default=[2.0, 6.0, 20.0])
    arguments = parser.parse_args()
    os.environ["JINGWEI_HOME"] = str(arguments.home)
    command = [Path(sys.executable).with_name("jingwei"), "serve", "--port", str(PORT)]
    with running_server(command, {}, f"{ADDRESS}/api/health"):
        session = demo_session(ADDRESS, arguments.home, "city")
        page = session.get(f"{ADDRESS}/plans?area=330381").text
        options = re.search(r'<select id="p-teams".*?</select>', page, re.DOTALL)[0]
        codes = re.findall(r'<option value="([^"]+)"', options)
        chosen = codes[:: max(len(codes) // arguments.teams, 1)][: arguments.teams]
        plan = {}
        for seconds in arguments.seconds:
            plan, took = _made(session, chosen, stops=arguments.stops, seconds=seconds)
            content = plan["content"]
            result = content["result"]
            print(
                f"{len(chosen)} teams, {len(content['stops'])} candidates, search {seconds:.0f} s: "
                f"stored after {took:.1f} s; "
                f"{result['stop_count']} stops by {result['team_count']} teams, value {result['value']:.1f}, "
                f"best {result['best_value']:.1f}, greedy {result['greedy_value']:.1f} "
                f"({result['value'] / result['greedy_value']:.3f}x), last night {content['last_night']}",
                flush=True,
            )
        stop = next(route["visits"][0]["stop"] for route in plan["content"]["result"]["routes"] if route["visits"])
        began = time.perf_counter()
        answer = session.post(
            f"{ADDRESS}/api/plans/{plan['id']}/edits",
            json={"version": plan["version"], "drop": [stop]},
        )
        print(f"stop {stop} dropped and solved anew: {answer.status_code} after {time.perf_counter() - began:.1f} s")


def _made(session: requests.Session, teams: list[str], *, stops: int, seconds: float) -> tuple[dict, float]:
    evening = datetime.now(CITY_TIME).replace(hour=20, minute=0, second=0, microsecond=0)
    wish = {
        "id": str(uuid.uuid4()),
        "area": "330381",
        "starts_at": evening.isoformat(),
        "ends_at": (evening + timedelta(hours=4)).isoformat(),
        "teams": teams,
        "most_stops": stops,
        "seconds": seconds,
    }
    began = time.perf_counter()
    answer = session.post(f"{ADDRESS}/api/plans", json=wish)
    took = time.perf_counter() - began
    if not answer.ok:
        raise SystemExit(answer.text)
    return session.get(f"{ADDRESS}/api/plans/{wish['id']}").json(), took


if __name__ == "__main__":
    main()
