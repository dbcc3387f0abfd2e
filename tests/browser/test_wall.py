"""The wall in a real Chromium: it fits screens, reads from afar, takes turns, obeys keys and a desk."""

import re

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import PHONE

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

DUTY_OF = """async (count) => {
  const { src } = document.querySelector("script[src$='wall.js']");
  const { drawDuty } = await import(src.replace("wall.js", "wall_figures.js"));
  const hours = { starts_at: "2026-06-15T20:00:00+08:00", ends_at: "2026-06-15T23:00:00+08:00" };
  const one = { zh: "之江社区平安志愿队", en: "Zhijiang Community Volunteers", teams: 1, on_the_way: 0, ...hours };
  const night = { planned: count, on_the_way: 0, inspections: { under_way: 0 }, night: "2026-06-15", is_tonight: true };
  drawDuty({ ...night, entries: Array.from({ length: count }, () => one) });
  const boxOf = (chosen) => document.querySelector(chosen).getBoundingClientRect();
  const rows = [...document.querySelectorAll("#duty li")].map((each) => each.getBoundingClientRect());
  const [alerts, news, duty] = [".wall-alerts", ".wall-news", ".wall-duty"].map(boxOf);
  return {
    rows: rows.length,
    cut: rows.filter(({ bottom }) => bottom > boxOf("#duty").bottom + 1).length,
    apart: alerts.bottom < news.top && news.bottom < duty.top,
    alertsShare: alerts.height / innerHeight,
  };
}"""


FIGURES_OF = """async (value) => {
  const { src } = document.querySelector("script[src$='wall.js']");
  const { drawFigures } = await import(src.replace("wall.js", "wall_figures.js"));
  const keys = [...document.querySelectorAll(".wall-figure")].map((each) => each.dataset.figure);
  drawFigures(keys.map((key, n) => ({ key, value, bars: [value, value + (n % 2 ? 1 : -4321)] })));
  return [...document.querySelectorAll(".wall-figure-value")].map((each) => {
    const [card, whole] = [each.closest(".wall-figure"), document.createRange()];
    whole.selectNodeContents(each);
    const { right } = card.getBoundingClientRect();
    return right - parseFloat(getComputedStyle(card).paddingRight) - whole.getBoundingClientRect().right;
  });
}"""


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


@pytest.mark.parametrize("viewport", [FHD, UHD, TWO])
@pytest.mark.parametrize("value", [7, 13_764, 1_110_068])
def test_long_figures_and_their_change_stand_whole(wall, viewport, value):
    page = wall(viewport, "?lang=en").page
    room = page.evaluate(FIGURES_OF, value)
    assert len(room) == 7
    assert min(room) >= 0
    assert page.evaluate(UNREADABLE) == {"small": [], "beyond": [0, 0]}


@pytest.mark.parametrize(("count", "rows"), [(1, 1), (5, 5), (10, 10), (40, 10)])
def test_every_unit_on_duty_that_is_listed_is_seen_whole_and_alerts_keep_their_room(wall, count, rows):
    told = wall(query="?lang=en").page.evaluate(DUTY_OF, count)
    assert (told["rows"], told["cut"], told["apart"]) == (rows, 0, True)
    assert told["alertsShare"] > 0.2


def test_on_a_phone_the_wall_is_a_page_whose_panels_stand_open(visit):
    page = visit("screen", viewport=PHONE).open("/wall?lang=zh")
    heights = page.evaluate(
        "[...document.querySelectorAll('.wall-side:not([hidden])')].map((each) => each.offsetHeight)"
    )
    assert len(heights) == 3 and min(heights) > 60
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


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
