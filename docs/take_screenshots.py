"""Take the screenshots of the documentation from a running server with the demo city.

Run: ``.venv/bin/python docs/take_screenshots.py [--url http://127.0.0.1:8000] [--folder docs/images]``
"""

from __future__ import annotations

import argparse
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

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
                _take(browser, address + (f"#{arguments.hash}" if arguments.hash else ""), size, target)
                print(target)
        browser.close()


def _take(browser: Browser, address: str, size: tuple[int, int], target: Path) -> None:
    phone = size[0] < 500
    page = browser.new_page(viewport={"width": size[0], "height": size[1]}, is_mobile=phone, has_touch=phone)
    page.goto(address)
    page.evaluate("() => window.jingwei.whenReady()")
    page.screenshot(path=target)
    page.close()


if __name__ == "__main__":
    main()
