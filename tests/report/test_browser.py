"""The page in a real browser: no error in the console, and the selectors do what they say."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from dualgeo.workspace import Workspace

PROBE = """
<script>
window.addEventListener("load", () => {
  const count = (number) => document.querySelector(`#map-legend li[data-class="${number}"] b`).textContent;
  const data = JSON.parse(document.getElementById("map-data").textContent);
  const result = {before: count(-1)};
  const change = (id, value) => {
    document.getElementById(id).value = value;
    document.getElementById(id).dispatchEvent(new Event("change", {bubbles: true}));
  };
  change("map-set", "atlas-fog");
  change("map-variant", "image");
  const expected = data.answers["atlas-fog"]["image"];
  result.counts = [0, 1, 2, 3, 4, 5, -1].map((n) => Number(count(n)));
  result.expected = [0, 1, 2, 3, 4, 5, -1].map((n) => expected.c.filter((c) => c === n).length);
  result.arcs = document.querySelector('#arcs [data-class="5"]').getAttribute("d").length;
  const box = document.querySelector('#map-legend li[data-class="5"] input');
  box.checked = false;
  box.dispatchEvent(new Event("change", {bubbles: true}));
  result.hidden = document.querySelector('#arcs [data-class="5"]').getAttribute("d");
  box.checked = true;
  box.dispatchEvent(new Event("change", {bubbles: true}));
  document.getElementById("map-next").click();
  result.readout = document.getElementById("map-readout").textContent;
  result.largest = Math.max(...expected.km.filter((km) => km !== null));
  const shapes = [...document.querySelectorAll("#atlas-world [data-country]")];
  const atlas = JSON.parse(document.getElementById("atlas-data").textContent).figures;
  change("atlas-set", "atlas-fog");
  change("atlas-colour", "1");
  result.atlas = shapes.map((shape) => [shape.getAttribute("class"), shape.querySelector("title").textContent]);
  result.atlasExpected = shapes.map((shape) => {
    const found = atlas["atlas-fog"][shape.dataset.country];
    return found ? [`country ${found[1]}`, found[2]] : ["country none", "no queries in this set"];
  });
  shapes[0].dispatchEvent(new PointerEvent("pointermove", {bubbles: true}));
  result.atlasReadout = document.getElementById("atlas-readout").textContent;
  const legends = [...document.querySelectorAll("#atlas .legend")];
  result.legends = legends.map((legend) => getComputedStyle(legend).display !== "none");
  document.querySelector('#set-filter [data-show="atlas-night"]').click();
  const bodies = [...document.querySelectorAll("#result-table tbody")];
  result.shown = bodies.filter((body) => !body.hidden).map((body) => body.dataset.set);
  const wide = document.documentElement;
  result.overflow = wide.scrollWidth - wide.clientWidth;
  const answer = document.createElement("pre");
  answer.id = "probe";
  answer.textContent = JSON.stringify(result);
  document.body.append(answer);
});
</script>
"""


def browse(page: Path, profile: Path, width: int = 1200) -> tuple[str, str]:
    """The page's DOM after its scripts ran, and what the browser logged."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no chromium on this machine to open the page in")
    flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    flags += " --disable-component-update --disable-sync --disable-dev-shm-usage --enable-logging=stderr --dump-dom"
    command = [browser, *flags.split(), f"--user-data-dir={profile}", f"--window-size={width},900", page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return done.stdout, done.stderr


@pytest.mark.parametrize("width", [1200, 500])
def test_selectors_work_and_the_console_stays_silent(full: Workspace, tmp_path: Path, width: int) -> None:
    page = tmp_path / "index.html"
    source = (full.reports / "index.html").read_text(encoding="utf-8")
    page.write_text(source.replace("</body>", PROBE + "</body>"), encoding="utf-8")
    dom, log = browse(page, tmp_path / "profile", width)
    assert "CONSOLE" not in log, log
    found = re.search(r'<pre id="probe">(.*?)</pre>', dom)
    assert found is not None, log
    result = json.loads(found[1])
    assert result["before"] == "2"
    assert result["counts"] == result["expected"]
    assert sum(result["counts"]) == 60
    assert result["arcs"] > 0
    assert result["hidden"] == ""
    assert f"{round(result['largest']):,} km away" in result["readout"]
    assert result["atlas"] == result["atlasExpected"]
    assert result["atlasReadout"] == result["atlas"][0][1]
    assert result["legends"] == [False, True]
    assert result["shown"] == ["atlas-night"]
    assert result["overflow"] <= 0, "the page scrolls sideways"
