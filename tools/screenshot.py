"""Picture one section of the report for the README: `python tools/screenshot.py map docs/report-map.png`.

Needs Chromium. The page is opened from a copy in which every other section is hidden.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
QUIET = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
ONLY = """<style>
html {{ overflow: hidden }}
main {{ margin-top: -80px !important }}
section {{ margin: 0 !important; padding-top: 0 !important }}
body > *:not(main), main > *:not(#{section}) {{ display: none }}
</style></head>"""


def main(section: str, picture: Path, height: int) -> None:
    """Write `picture`, 1200 x `height` pixels, of the section with the id `section`."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    page = ROOT / "reports" / "index.html"
    if browser is None or not page.exists():
        sys.exit("This needs chromium on the path and reports/index.html (`dvc repro`).")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "page.html"
        text = page.read_text(encoding="utf-8").replace("</head>", ONLY.format(section=section))
        copy.write_text(text, encoding="utf-8")
        size = f"--window-size=1200,{height}"
        command = [browser, *QUIET, size, f"--user-data-dir={folder}/profile", f"--screenshot={picture.resolve()}"]
        subprocess.run([*command, copy.as_uri()], check=True, capture_output=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 830)
