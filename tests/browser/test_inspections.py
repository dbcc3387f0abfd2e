"""An inspection in Chromium: from what is owed to a finding that is a hazard, on a phone, also without a connection."""

import uuid

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.test_closed_loop import PHONE

pytestmark = pytest.mark.browser


def begin(inspector):
    """Plan a special inspection of a village through the form and begin it."""
    page = inspector.page
    page.goto(f"{inspector.address}/inspections?lang=zh")
    page.get_by_text("安排巡查", exact=True).click()
    page.select_option("#p-kind", "night_check")
    page.select_option("#p-area", index=1)
    page.get_by_role("button", name="安排", exact=True).click()
    page.get_by_role("button", name="现在开始").click()
    expect(page.locator("#state")).to_have_text("进行中")


def answer_all(page, **others):
    for item in page.locator("fieldset.item[data-key]:not([data-key=''])").all():
        key = item.get_attribute("data-key")
        if item.locator("input[type=number]").count():
            item.locator("input[type=number]").fill("9")
            item.locator("input[type=number]").blur()
        else:
            item.locator(f"input[value={others.get(key, 'yes')}]").check()


def find(page, item, title):
    """Add a finding at an item, placed by a tap on the map."""
    page.locator(f"#item-{item}").get_by_role("button", name="添加发现").click()
    page.fill("#x-title", title)
    page.locator("#finding-map").click()
    page.get_by_role("button", name="上报隐患").click()
    expect(page.locator("#finding")).not_to_be_visible()


def test_an_inspection_goes_from_its_plan_to_a_finding_that_is_a_hazard(visit):
    title = f"消防通道堵塞 {uuid.uuid4().hex[:6]}"
    inspector = visit("township", viewport=PHONE)
    page = inspector.page
    begin(inspector)
    answer_all(page, exits_free="no")
    expect(page.locator("#progress")).to_have_text("已答 9/9 项")
    expect(page.locator("#item-exits_free .asks")).to_be_visible()
    expect(page.locator("#status")).to_have_text("已全部保存。")
    find(page, "exits_free", title)
    expect(page.locator("#item-exits_free .found")).to_contain_text(title)
    expect(page.locator("#item-exits_free .asks")).not_to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.get_by_role("button", name="完成巡查").click()
    expect(page.locator("#state")).to_have_text("已完成")
    page.get_by_role("link", name=title).click()
    expect(page.locator("h1")).to_contain_text(title)
    expect(page.locator(".states")).to_contain_text("已发现")
    desk = visit("dispatcher")
    desk.page.goto(f"{desk.address}/desk?lang=zh&q={title}")
    expect(desk.page.locator("#queue tbody tr")).to_have_count(1)


def test_what_is_answered_without_a_connection_is_sent_when_it_is_back(visit):
    title = f"电动车楼道充电 {uuid.uuid4().hex[:6]}"
    inspector = visit("township", viewport=PHONE, expects_faults=True)
    page = inspector.page
    begin(inspector)
    # The map's tiles are there before the connection is lost.
    page.context.set_offline(True)
    answer_all(page, ebikes_outside="no")
    expect(page.locator("#status")).to_contain_text("没有网络连接")
    find(page, "ebikes_outside", title)
    expect(page.locator("#item-ebikes_outside .found")).to_contain_text("等待发送")
    page.context.set_offline(False)
    expect(page.locator("#status")).to_have_text("已全部保存。")
    expect(page.locator("#item-ebikes_outside .found")).to_contain_text("查看案件")
    page.reload()
    expect(page.locator("#progress")).to_have_text("已答 9/9 项")
    expect(page.locator("#item-ebikes_outside .found li")).to_have_count(1)


def test_missed_duties_are_on_the_map_of_the_page_and_behind_its_areas(visit):
    city = visit("city")
    page = city.page
    page.goto(f"{city.address}/duties?lang=zh")
    city.wait_for("window.jingwei?.dutyMap?.isReady()")
    expect(page.locator("#duty-map path, #duty-map canvas").first).to_be_visible()
    expect(page.locator("#map-problem")).to_have_text("")
    missed = page.locator(".waiting a", has_text="漏查")
    count = int(missed.locator("b").inner_text())
    assert count > 0
    missed.click()
    expect(page.locator("table.listing tbody tr")).to_have_count(count)
    # A click on an area opens its list.
    page.goto(f"{city.address}/duties?lang=zh")
    city.wait_for("window.jingwei?.dutyMap?.isReady()")
    page.locator("#duty-map").click()
    expect(page.locator("h1")).to_contain_text("每周一夜查")
    page.wait_for_url("**/duties/list?*area=*")


@pytest.mark.parametrize("place", ["/inspections", "/duties", "/duties/list?state=missed"])
def test_the_pages_keep_to_the_rules_of_accessibility(visit, place):
    city = visit("city")
    city.page.goto(f"{city.address}{place}")
    found = Axe().run(city.page).response["violations"]
    assert [(each["id"], [node["target"] for node in each["nodes"]]) for each in found] == []
