"""Picture a page in headless Chromium, for the README.

    python tools/screenshot.py report map docs/report-map.png           one section of reports/index.html
    python tools/screenshot.py page http://127.0.0.1:3000/assets a.png  any page, as it is once it came to rest

Needs Chromium on the path, and playwright for `page` (`pip install -e '.[screens]'`; no browser is downloaded).
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
QUIET = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
ONLY = """<style>
html {{ overflow: hidden }}
main {{ margin-top: -80px !important }}
section {{ margin: 0 !important; padding-top: 0 !important }}
body > *:not(main), main > *:not(#{section}) {{ display: none }}
</style></head>"""
SECONDS_TO_LOAD = 60


def browser_path() -> str:
    """The Chromium of this machine."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        sys.exit("This needs chromium on the path (apt-get install chromium).")
    return found


def picture_section(section: str, picture: Path, height: int) -> None:
    """Write `picture`, 1200 x `height` pixels, of the section with the id `section`, opened with all others hidden."""
    page = ROOT / "reports" / "index.html"
    if not page.exists():
        sys.exit("This needs reports/index.html (`dvc repro`).")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "page.html"
        text = page.read_text(encoding="utf-8").replace("</head>", ONLY.format(section=section))
        copy.write_text(text, encoding="utf-8")
        size = f"--window-size=1200,{height}"
        command = [browser_path(), *QUIET, size, f"--user-data-dir={folder}/profile"]
        subprocess.run([*command, f"--screenshot={picture.resolve()}", copy.as_uri()], check=True, capture_output=True)


@contextmanager
def opened(width: int, height: int, scale: float = 1) -> Iterator[Any]:
    """A blank playwright page of a fresh browser, `width` x `height` CSS pixels of `scale` dots each."""
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        sys.exit("This needs playwright: pip install -e '.[screens]'")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=list(QUIET[1:]))
        try:
            size = {"width": width, "height": height}
            page = browser.new_page(viewport=size, device_scale_factor=scale, reduced_motion="reduce")
            page.set_default_timeout(SECONDS_TO_LOAD * 1000)
            yield page
        finally:
            browser.close()


def picture_page(url: str, picture: Path, size: tuple[int, int], wait: float, until: str, script: str) -> None:
    """Open `url`, wait for the element `until` (CSS) and `wait` seconds more, run `script`, and write `picture`."""
    with opened(*size) as page:
        page.goto(url, wait_until="load")
        if until:
            page.wait_for_selector(until)
        page.wait_for_timeout(wait * 1000)
        if script:
            page.evaluate(script)
            page.wait_for_timeout(1000)
        page.screenshot(path=picture)


def pixels(text: str) -> tuple[int, int]:
    """1600x1000 as two numbers."""
    width, _, height = text.partition("x")
    return int(width), int(height)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Picture a page in headless Chromium.")
    kinds = parser.add_subparsers(dest="kind", required=True)
    report = kinds.add_parser("report", help="one section of reports/index.html")
    report.add_argument("section", help="id of the section, for example map")
    report.add_argument("picture", type=Path)
    report.add_argument("height", type=int, nargs="?", default=830)
    page = kinds.add_parser("page", help="any page")
    page.add_argument("url")
    page.add_argument("picture", type=Path)
    page.add_argument("--size", type=pixels, default=(1600, 1000), help="of the window, such as 1600x1000")
    page.add_argument("--wait", type=float, default=5.0, help="seconds in which the page comes to rest")
    page.add_argument("--until", default="", help="CSS selector of an element that must be there first")
    page.add_argument("--after", default="", help="JavaScript to run before the picture is taken")
    given = parser.parse_args()
    if given.kind == "report":
        picture_section(given.section, given.picture, given.height)
    else:
        picture_page(given.url, given.picture, given.size, given.wait, given.until, given.after)


if __name__ == "__main__":
    main()
