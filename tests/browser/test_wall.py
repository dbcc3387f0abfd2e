"""The wall in a real Chromium: it fits screens, reads from afar, takes turns, obeys keys and a desk."""

import re

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe

FHD, UHD, TWO = ({"width": w, "height": h} for w, h in ((1920, 1080), (3840, 2160), (3840, 1080)))
# Letters below 2.4 hundredths of the height, and what is cut off or reaches beyond the screen.
UNREADABLE = """() => {
  const unit = Math.min(innerHeight / 100, innerWidth * 0.005625);
  const worded = [...document.querySelectorAll('.wall *')].filter((each) =>
    [...each.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim()));
  const small = worded.filter((each) => parseFloat(getComputedStyle(each).fontSize) < 2.39 * unit);
  const { scrollWidth, scrollHeight } = document.documentElement;
  return { small: small.map((each) => each.className), beyond: [scrollWidth - innerWidth, scrollHeight - innerHeight] };
}"""
OVER_THE_SEAM = """() => [...document.querySelectorAll('.wall p, .wall h1, .wall h2, .wall li, .wall time')]
  .map((each) => each.getBoundingClientRect())
  .filter((box) => box.width && box.left < innerWidth / 2 && box.right > innerWidth / 2).length"""


@pytest.fixture
def wall(visit):
    def open_wall(viewport=FHD, query="", **options):
        watched = visit("screen", viewport=viewport, **options)
        watched.open(f"/wall{query}")
        return watched

    return open_wall


@pytest.mark.parametrize(("viewport", "theme"), [(FHD, "dark"), (UHD, "light"), (TWO, "dark")])
def test_the_wall_fits_its_screen_and_reads_from_five_metres(wall, viewport, theme):
    page = wall(viewport, f"?theme={theme}&lang=en").page
    assert page.evaluate(UNREADABLE) == {"small": [], "beyond": [0, 0]}
    assert page.evaluate("document.documentElement.dataset.theme") == theme
    assert page.locator(".wall-figure .wall-spark").count() == 7
    if viewport is TWO:
        assert page.evaluate(OVER_THE_SEAM) == 0
    if viewport is not UHD:
        faults = Axe().run(page).response["violations"]
        assert [each["id"] for each in faults if each["impact"] in ("serious", "critical")] == []


def test_scenes_take_turns_by_keys_and_by_the_desk(wall, live_server):
    watched = wall()
    page = watched.page
    assert page.evaluate("jingwei.carousel.count") == 3
    page.keyboard.press("ArrowRight")
    assert page.evaluate("jingwei.carousel.index") == 1
    page.keyboard.press("3")
    page.keyboard.press(" ")
    assert page.evaluate("[jingwei.carousel.index, jingwei.carousel.paused]") == [2, True]
    desk = requests.Session()
    desk.headers["Origin"] = live_server.address
    form = {"login": "dispatcher", "password": live_server.passwords["dispatcher"]}
    desk.post(f"{live_server.address}/login", data=form, timeout=120).raise_for_status()
    account = desk.get(f"{live_server.address}/account", timeout=120).text
    desk.headers["X-CSRF-Token"] = re.search(r'name="csrf" value="([^"]+)"', account)[1]
    scene = {"name": "东门", "view": {"layers": ["hazards"], "bounds": [120.6, 27.75, 120.65, 27.8]}, "on_wall": True}
    made = desk.post(f"{live_server.address}/api/scenes", json=scene, timeout=120).json()
    watched.wait_for("document.getElementById('scene-name').textContent === '东门'")
    told = {"scene": made["id"], "paused": True}
    assert desk.post(f"{live_server.address}/api/wall/command", json=told, timeout=120).ok
    watched.wait_for("jingwei.carousel.paused && jingwei.carousel.current.name === '东门'")
    assert desk.delete(f"{live_server.address}/api/scenes/{made['id']}", timeout=120).ok
    watched.wait_for("jingwei.carousel.count === 3")
