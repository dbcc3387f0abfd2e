"""Logging in, the pages of accounts, and what an open page does when its log-in ends."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
PHONE = {"width": 390, "height": 844}
PAGES = (("admin", "/accounts"), ("admin", "/audit"), ("city", "/account"), (None, "/login"))


def jingwei(server, *arguments):
    """Run a command of the operator on the live server's database and return what it prints."""
    environment = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
    command = [Path(sys.executable).with_name("jingwei"), *arguments]
    done = subprocess.run(
        command,
        env=environment | {"JINGWEI_HOME": str(server.home), "JINGWEI_LOCALE": "en"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def fill_in(page, login, password):
    page.fill("#login", login)
    page.fill("#password", password)
    page.keyboard.press("Enter")


def test_logging_in_leads_to_where_one_was_going_and_out_again(visit, live_server):
    watched = visit(None)
    page = watched.page
    page.goto(f"{watched.address}/account?lang=zh")
    expect(page.locator("h1")).to_have_text("登录")
    fill_in(page, "township", live_server.passwords["township"])
    expect(page.locator("h1")).to_have_text("我的账号")
    page.click("text=退出")
    expect(page.locator("h1")).to_have_text("登录")
    page.goto(f"{watched.address}/account")
    expect(page.locator("h1")).to_have_text("登录")


def test_a_wrong_password_is_told_in_words_and_the_login_stays(visit):
    page = visit(None, expects_faults=True).page
    for language, words in (("zh", "登录名或密码不正确"), ("en", "The login or the password is not right.")):
        page.goto(f"{visit(None).address}/login?lang={language}")
        fill_in(page, "nobody-here", "some wrong password")
        expect(page.get_by_role("alert")).to_contain_text(words)
        assert page.input_value("#login") == "nobody-here"
        assert page.input_value("#password") == ""


def test_an_administrator_makes_an_account_which_then_chooses_its_password(visit):
    desk = visit("admin")
    page = desk.page
    page.goto(f"{desk.address}/accounts?lang=en")
    page.fill("#login", "yuhai-worker-7")
    page.select_option("#role", "grid_worker")
    page.fill("#area", "330381002")
    page.click("text=Make the account")
    password = page.locator(".secret").inner_text()
    assert re.fullmatch(r"([a-z2-9]{4}-){3}[a-z2-9]{4}", password)
    expect(page.get_by_role("row", name="yuhai-worker-7")).to_contain_text("first password")
    worker = visit(None, viewport=PHONE)
    own = worker.page
    own.goto(f"{worker.address}/?lang=en")
    fill_in(own, "yuhai-worker-7", password)
    expect(own.locator("h1")).to_have_text("My account")
    for field, value in (("#old", password), ("#new", "a password of its own"), ("#again", "a password of its own")):
        own.fill(field, value)
    own.click("button:has-text('Change the password')")
    expect(own.get_by_role("status")).to_contain_text("The password is changed")
    fill_in(own, "yuhai-worker-7", "a password of its own")
    expect(own.locator("#figures")).to_be_visible()
    worker.wait_until_drawn()
    assert "玉海街道" in own.content() or "Yuhai" in own.content()
    page.goto(f"{desk.address}/accounts")
    page.get_by_role("row", name="yuhai-worker-7").get_by_role("button", name="Disable").click()
    expect(page.get_by_role("row", name="yuhai-worker-7")).to_contain_text("disabled")


def test_an_open_map_goes_to_the_log_in_within_seconds_of_its_account_being_disabled(visit, live_server):
    watched = visit("planner", expects_faults=True)
    watched.open("/?lang=en")
    jingwei(live_server, "account", "disable", "planner")
    try:
        expect(watched.page.locator("#login")).to_be_visible(timeout=20_000)
    finally:
        jingwei(live_server, "account", "enable", "planner")


def test_a_reported_hazard_comes_to_open_maps_by_itself(visit):
    watched, reporter = visit("city"), visit("dispatcher")
    page = watched.open("/?lang=zh&renderer=canvas")
    before = int(page.locator("[data-figure=open] .figure-value").inner_text().replace(",", ""))
    reporter.open("/")
    status = reporter.page.evaluate("""async () => {
      const { member, city, today } = JSON.parse(document.getElementById("jingwei-config").textContent);
      const places = await (await fetch("/layers/place_names.json")).json();
      const [lon, lat] = places.features[0].geometry.coordinates;
      const body = { id: "0b6b4c8e-6d6f-4c7e-9d5e-3c1f0a2b4d6e", category: "fire", severity: "low", title: "试报",
        discovered_by: "patrol", discovered_at: "2026-01-01T00:00:00Z", location: { lon, lat, datum: "wgs84" } };
      const headers = { "Content-Type": "application/json", "X-CSRF-Token": member.csrf };
      return (await fetch("/api/hazards", { method: "POST", headers, body: JSON.stringify(body) })).status;
    }""")
    assert status == 201
    expect(page.locator("[data-figure=open] .figure-value")).to_have_text(f"{before + 1:,}")


def test_a_role_without_aggregates_sees_neither_their_layers_nor_their_figures(visit):
    watched = visit("gridworker", viewport=PHONE)
    page = watched.open("/?lang=zh")
    expect(page.locator("[data-figure=open]")).to_have_count(1)
    expect(page.locator("[data-figure=coverage]")).to_have_count(0)
    assert not {"coverage", "density"} & set(page.evaluate("jingwei.layersLoaded"))


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(("login", "place"), PAGES, ids=[place for _, place in PAGES])
def test_axe_finds_nothing_serious_on_pages_beside_the_map(visit, login, place, language):
    for viewport in ({"width": 1920, "height": 1080}, PHONE):
        watched = visit(login, viewport=viewport)
        page = watched.page
        page.goto(f"{watched.address}{place}?lang={language}")
        assert page.locator("html").get_attribute("lang") == language
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
        found = Axe().run(page).response["violations"]
        assert [
            (each["id"], each["nodes"][0]["html"][:90]) for each in found if each["impact"] in ("serious", "critical")
        ] == []
