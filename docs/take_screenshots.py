"""Take the screenshots of the documentation from a running server with the demo city.

The demo's own account ``city`` looks; its password is read from the home folder.
Run: ``.venv/bin/python docs/take_screenshots.py [--url http://127.0.0.1:8000] [--folder docs/images]``
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from playwright.sync_api import BrowserContext, sync_playwright

from gis_app.services.demo_accounts import FILE_NAME
from gis_app.settings import Settings

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZES = {"": (1920, 1080), "-phone": (390, 844)}
LOCALES = ("zh", "en")


def main() -> None:
    """Write one picture per language and screen size."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent / "images")
    parser.add_argument("--hash", default="", help="state of the map, as in the address bar after #")
    parser.add_argument("--name", default="command-map")
    parser.add_argument("--renderer", choices=("auto", "canvas", "gl"), default="auto")
    arguments = parser.parse_args()
    flags = [*CHROMIUM_FLAGS]
    if arguments.renderer == "gl":
        flags += ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=flags)
        for locale in LOCALES:
            for suffix, size in SIZES.items():
                target = arguments.folder / f"{arguments.name}-{locale}{suffix}.png"
                address = f"{arguments.url}/?lang={locale}&renderer={arguments.renderer}"
                phone = size[0] < 500
                context = browser.new_context(
                    viewport={"width": size[0], "height": size[1]}, is_mobile=phone, has_touch=phone
                )
                _log_in(context, arguments.url)
                _take(context, address + (f"#{arguments.hash}" if arguments.hash else ""), target)
                context.close()
                print(target)
        browser.close()


def _log_in(context: BrowserContext, url: str) -> None:
    passwords = json.loads((Settings.from_environment().home / FILE_NAME).read_text())
    form = {"login": "city", "password": passwords["city"]}
    answer = context.request.post(f"{url}/login", form=form, headers={"Origin": url})
    if not answer.ok or "/login" in answer.url:
        raise SystemExit(
            f"The account city could not log in at {url}. Point JINGWEI_HOME at the demo that serves there."
        )


def _take(context: BrowserContext, address: str, target: Path) -> None:
    page = context.new_page()
    page.set_default_timeout(180_000)
    page.goto(address)
    page.evaluate("() => window.jingwei.whenReady()")
    page.screenshot(path=target)


if __name__ == "__main__":
    main()
