"""The wall in a real Chromium: it fits screens, reads from afar, takes turns, obeys a desk, outlives a lost stream."""

import contextlib
import re
import socket
import threading
from dataclasses import replace

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import _watch

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
    desk.post(f"{live_server.address}/login", data=form, timeout=30).raise_for_status()
    account = desk.get(f"{live_server.address}/account", timeout=30).text
    desk.headers["X-CSRF-Token"] = re.search(r'name="csrf" value="([^"]+)"', account)[1]
    scene = {"name": "东门", "view": {"layers": ["hazards"], "bounds": [120.6, 27.75, 120.65, 27.8]}, "on_wall": True}
    made = desk.post(f"{live_server.address}/api/scenes", json=scene, timeout=30).json()
    watched.wait_for("document.getElementById('scene-name').textContent === '东门'")
    told = {"scene": made["id"], "paused": True}
    assert desk.post(f"{live_server.address}/api/wall/command", json=told, timeout=30).ok
    watched.wait_for("jingwei.carousel.paused && jingwei.carousel.current.name === '东门'")
    assert desk.delete(f"{live_server.address}/api/scenes/{made['id']}", timeout=30).ok
    watched.wait_for("jingwei.carousel.count === 3")


class Cable:
    """A way to the server that can be cut: what is connected falls silent, what connects anew is turned away."""

    def __init__(self, address):
        self._target = ("127.0.0.1", int(address.rsplit(":", 1)[1]))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.is_cut = False
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                if self.is_cut:
                    near.close()
                    continue
                far = socket.create_connection(self._target)
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=ends, daemon=True).start()

    def _carry(self, source, sink):
        with contextlib.suppress(OSError), source, sink:
            while data := source.recv(65536):
                if not self.is_cut:
                    sink.sendall(data)

    def close(self):
        self._listener.close()


@pytest.fixture
def cable(live_server):
    made = Cable(live_server.address)
    yield made
    made.close()


def test_a_wall_that_hears_nothing_turns_grey_says_since_when_and_comes_back(browser, live_server, cable):
    watched = _watch(browser, replace(live_server, address=cable.address), login="screen", viewport=FHD)
    page = watched.open("/wall?lang=en")
    watched.wait_for("jingwei.state === 'fresh'")
    cable.is_cut = True
    watched.wait_for("jingwei.state === 'stale'")
    assert page.inner_text("#as-of").startswith("Connection lost, data as of ")
    assert "grayscale" in page.evaluate("getComputedStyle(document.querySelector('.wall-figures')).filter")
    connections = page.evaluate("jingwei.counts.connections")
    cable.is_cut = False
    watched.wait_for(f"jingwei.state === 'fresh' && jingwei.counts.connections > {connections}")
    assert page.inner_text("#as-of").startswith("Data as of ")
    page.context.close()
