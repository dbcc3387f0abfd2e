"""A real Chromium before a real server; each test also proves that the page kept quiet and kept to this machine."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect

DESKTOP = {"width": 1920, "height": 1080}
PHONE = {"width": 390, "height": 844}
# Machines are shared and noisy: no test fails for being slow.
READY_MS = 180_000
expect.set_options(timeout=READY_MS)
VIOLATIONS = "window.violations ?? []"
NOTE_VIOLATIONS = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
"""


@dataclass
class Watched:
    """A page, and everything it did that it should not."""

    page: Page
    address: str
    faults: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def open(self, place: str = "") -> Page:
        """Open an address of the server and wait until every tile is drawn."""
        self.page.goto(self.address + place)
        self.wait_until_drawn()
        return self.page

    def wait_until_drawn(self) -> None:
        self.wait_for("window.jingwei")
        self.wait_for("jingwei.isReady()")
        self.page.evaluate("jingwei.whenReady()")

    def wait_for(self, condition: str) -> None:
        """Wait for an expression; Playwright's own waiting evaluates strings, which our policy forbids."""
        self.page.evaluate(
            f"""async () => {{
              const end = Date.now() + {READY_MS};
              while (!({condition})) {{
                if (Date.now() > end) throw new Error('never came true: ' + {json.dumps(condition)});
                await new Promise((resolve) => setTimeout(resolve, 50));
              }}
            }}"""
        )

    def tiles(self, layer: str) -> list[str]:
        """Return the addresses of a layer's tiles asked for so far."""
        return [address for address in self.requests if f"/tiles/{layer}/" in address]

    def collect(self) -> list[str]:
        try:
            violations = self.page.evaluate(VIOLATIONS)
        except Error:
            # A list that follows events was loading itself anew just then.
            self.page.wait_for_load_state()
            violations = self.page.evaluate(VIOLATIONS)
        return self.faults + [f"policy: {violation}" for violation in violations]


def _watch(browser: Browser, server, *, login: str | None = "city", **options) -> Watched:
    address = server.address
    context = browser.new_context(locale="zh-CN", timezone_id="Asia/Shanghai", **options)
    context.add_init_script(NOTE_VIOLATIONS)
    if login:
        log_in(context, server, login)
    page = context.new_page()
    page.set_default_timeout(READY_MS)
    watched = Watched(page, address.rstrip("/"))
    host = urlsplit(address).netloc

    def note_request(request):
        watched.requests.append(request.url)
        if urlsplit(request.url).scheme not in ("blob", "data") and urlsplit(request.url).netloc != host:
            watched.faults.append(f"outside: {request.url}")

    def note_failure(request):
        # Tiles of a view that was left are given up on purpose.
        if request.failure != "net::ERR_ABORTED":
            watched.faults.append(f"failed: {request.url} {request.failure}")

    page.on("request", note_request)
    page.on("requestfailed", note_failure)
    page.on("response", lambda answer: answer.status >= 400 and watched.faults.append(f"{answer.status}: {answer.url}"))
    page.on("pageerror", lambda error: watched.faults.append(f"error: {error}"))
    page.on("console", lambda line: line.type == "error" and watched.faults.append(f"console: {line.text}"))
    return watched


def log_in(context: BrowserContext, server, login: str) -> None:
    """Log a browser in with one of the demo's accounts; its pages share the cookie."""
    form = {"login": login, "password": server.passwords[login]}
    answer = context.request.post(f"{server.address}/login", form=form, headers={"Origin": server.address})
    assert answer.ok
    assert not answer.url.endswith("/login")


@pytest.fixture
def watched(browser, live_server) -> Iterator[Watched]:
    """A desktop page whose faults fail the test at its end."""
    made = _watch(browser, live_server, viewport=DESKTOP)
    yield made
    faults = made.collect()
    made.page.context.close()
    assert faults == []


@pytest.fixture
def phone(browser, live_server) -> Iterator[Watched]:
    """The same on a phone."""
    made = _watch(browser, live_server, viewport=PHONE, device_scale_factor=2, is_mobile=True, has_touch=True)
    yield made
    faults = made.collect()
    made.page.context.close()
    assert faults == []


@pytest.fixture
def unwatched(browser, live_server) -> Iterator[Watched]:
    """A page for tests that break something on purpose and look at the faults themselves."""
    made = _watch(browser, live_server, viewport=DESKTOP)
    yield made
    made.page.context.close()


@pytest.fixture
def visit(browser, live_server) -> Iterator[Callable[..., Watched]]:
    """Make pages of other accounts, or of nobody, desktop or phone; faults count unless they are expected."""
    made: list[tuple[Watched, bool]] = []

    def make(login: str | None, *, viewport=DESKTOP, expects_faults=False) -> Watched:
        page = _watch(browser, live_server, login=login, viewport=viewport)
        made.append((page, expects_faults))
        return page

    yield make
    faults = [fault for page, expected in made if not expected for fault in page.collect()]
    for page, _ in made:
        page.page.context.close()
    assert faults == []
