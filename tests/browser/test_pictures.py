"""Pictures of a case in Chromium: sent from a phone, looked at in a frame, refused in the reader's language."""

import io
import uuid

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.test_closed_loop import PHONE, REPORT

pytestmark = pytest.mark.browser


def photo(colour):
    """Return a JPEG of one colour."""
    out = io.BytesIO()
    Image.new("RGB", (1600, 1200), colour).save(out, "JPEG")
    return {"name": "照片.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


def reported(worker):
    """Report a hazard and return the address of its case."""
    worker.open("/?lang=zh")
    told = worker.page.evaluate(REPORT.replace(").status;", ").json();"), [str(uuid.uuid4()), "楼道堆物"])
    return f"{worker.address}/cases/{told['id']}?lang=zh"


def test_pictures_are_sent_from_a_phone_and_looked_at_in_a_frame(visit):
    worker = visit("gridworker", viewport=PHONE)
    page = worker.page
    page.goto(reported(worker))
    pictures = page.locator("#pictures")
    expect(pictures).to_contain_text("暂无照片")
    pictures.locator("input[data-kind=before]").set_input_files([photo("red"), photo("green")])
    expect(pictures.locator("a.picture")).to_have_count(2)
    pictures.locator("input[data-kind=after]").set_input_files(photo("blue"))
    expect(pictures.locator("a.picture")).to_have_count(3)

    drawn = "img => img.complete && img.naturalWidth"
    pictures.locator("a.picture").first.click()
    frame = page.locator("#picture-frame img")
    expect(frame).to_be_visible()
    page.wait_for_function(f"({drawn})(document.querySelector('#picture-frame img'))")
    first = frame.get_attribute("src")
    page.keyboard.press("ArrowRight")
    expect(frame).not_to_have_attribute("src", first)
    page.keyboard.press("Escape")
    expect(frame).not_to_be_visible()
    page.on("dialog", lambda dialog: dialog.accept())
    pictures.locator("a.picture").first.click()
    page.get_by_role("button", name="撤回", exact=True).click()
    expect(pictures.locator("a.picture")).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_what_is_not_a_picture_is_refused_in_chinese(visit):
    worker = visit("gridworker", expects_faults=True)
    page = worker.page
    page.goto(reported(worker))
    text = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": b"no picture at all" * 40}
    page.locator("#pictures input[data-kind=before]").set_input_files(text)
    expect(page.locator("#picture-status")).to_contain_text("照片")
    expect(page.locator("#pictures a.picture")).to_have_count(0)
