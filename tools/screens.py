"""Remake the README's pictures of Dagster and MLflow: `python tools/screens.py` in a finished project.

Starts `dagster dev` and `mlflow ui` of this project on free ports, waits until Dagster shows every node as it is, takes
docs/dagster-graph.png, docs/dagster-asset.png and docs/mlflow-compare.png, and stops both. Needs what
tools/screenshot.py needs.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from screenshot import ROOT, opened

SCRIPTS = Path(sys.executable).parent
DOCS = ROOT / "docs"
SECONDS_TO_START = 90
SECONDS_TO_SYNC = 180
STORE = "sqlite:///mlruns/mlflow.db"
SCORES = "dualgeo/scores"
GRAPH = '(key:"*/dual-0" or not key:"*/*") and not group:"study"'
"""One system's chain from the photos to the report: fifty nodes are not legible in a page's width."""
ASSET = "score/dual-0"
CHARTS = "/acc_(25|750|2500)$"
CURRENT = "tags.`dualgeo.current` = 'true'"
QUIET = {"DAGSTER_DISABLE_TELEMETRY": "1", "MLFLOW_DISABLE_TELEMETRY": "true", "DVC_NO_ANALYTICS": "1"}
# The pictures need none of the workers with which MLflow runs evaluations.
QUIET |= {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
SYNCED = "{ assetNodes { assetKey { path } staleStatus assetMaterializations(limit: 1) { timestamp } } }"


def main() -> None:
    """Take all pictures."""
    # A shell that starts this in the background has it ignore interrupts, and the servers would too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with serving("dagster", "dev", "--host", "127.0.0.1", "--port", path="/server_info") as url:
        wait_for_sync(url)
        picture_graph(url, DOCS / "dagster-graph.png")
        picture_asset(url, DOCS / "dagster-asset.png")
    with serving("mlflow", "ui", "--backend-store-uri", STORE, "--host", "127.0.0.1", "--port", path="/health") as url:
        picture_comparison(url, DOCS / "mlflow-compare.png")


@contextmanager
def serving(program: str, *arguments: str, path: str) -> Iterator[str]:
    """Run a server of this environment on a free port, and all that it starts, until the pictures are taken."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    log = ROOT / ".dualgeo" / f"screens-{program}.log"
    log.parent.mkdir(exist_ok=True)
    environment = {**os.environ, **QUIET, "PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"}
    environment.pop("DAGSTER_HOME", None)
    command = [str(SCRIPTS / program), *arguments, str(port)]
    with log.open("w", encoding="utf-8") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        wait_for(url + path, process, log)
        yield url
    finally:
        stop(process)


def wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until `address` answers; ends the program with the log's name if that takes too long."""
    limit = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < limit and process.poll() is None:
        with suppress(OSError), urllib.request.urlopen(address, timeout=5):  # noqa: S310 - loopback
            return
        time.sleep(0.5)
    sys.exit(f"{process.args[0]} did not answer; its last words are in {log}.")


def stop(process: subprocess.Popen[bytes]) -> None:
    """Interrupt a server and its children, and end what is left of them."""
    for sent, seconds in ((signal.SIGINT, 20), (signal.SIGTERM, 5), (signal.SIGKILL, 5)):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, sent)
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
            break
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def post(address: str, body: dict[str, Any]) -> dict[str, Any]:
    """JSON there and back."""
    request = urllib.request.Request(address, json.dumps(body).encode(), {"Content-Type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - loopback
        return json.load(answer)


def wait_for_sync(url: str) -> None:
    """Until every node has a materialization and is fresh; says which are not if that takes too long."""
    limit = time.monotonic() + SECONDS_TO_SYNC
    while True:
        nodes = post(f"{url}/graphql", {"query": SYNCED})["data"]["assetNodes"]
        behind = [node for node in nodes if node["staleStatus"] != "FRESH" or not node["assetMaterializations"]]
        if nodes and not behind:
            return
        if time.monotonic() > limit:
            names = ", ".join("/".join(node["assetKey"]["path"]) for node in behind[:5])
            print(f"{len(behind)} nodes are not fresh (such as {names}); the pictures show that.", file=sys.stderr)
            return
        time.sleep(2)


def picture_graph(url: str, picture: Path) -> None:
    """The asset graph with all groups open and the panels at its left closed."""
    with opened(1400, 780, scale=1.5) as page:
        page.goto(f"{url}/asset-groups~{urllib.parse.quote(GRAPH, safe='')}/")
        page.wait_for_selector("[aria-label=zoom_out]")
        close_welcome(page)
        page.get_by_text("Hide navigation").click()
        page.locator("[aria-label=panel_show_right]").first.click()
        page.wait_for_timeout(1500)
        page.keyboard.press("Alt+e")  # expand all groups
        page.wait_for_timeout(2000)
        # The view still fits the closed groups: step back, and pull the background down and to the left.
        page.locator("[aria-label=zoom_out]").click()
        page.mouse.move(900, 740)
        page.mouse.down()
        page.mouse.move(870, 800, steps=5)
        page.mouse.up()
        page.wait_for_timeout(2000)
        save(page, picture)


def picture_asset(url: str, picture: Path) -> None:
    """An asset's page with its preview open."""
    with opened(1400, 900, scale=1.3) as page:
        page.goto(f"{url}/assets/{ASSET}")
        page.wait_for_selector("[placeholder='Filter metadata keys']")
        close_welcome(page)
        page.get_by_text("Hide navigation").click()
        page.get_by_placeholder("Filter metadata keys").fill("preview")
        page.get_by_text("[Show Markdown]").click()
        page.wait_for_selector("img[src^='data:image/']")
        page.wait_for_timeout(1500)
        save(page, picture)


def picture_comparison(url: str, picture: Path) -> None:
    """The scores of all systems side by side: a section for each query set, a chart for each distance."""
    found = post(f"{url}/api/2.0/mlflow/experiments/search", {"max_results": 100}).get("experiments", [])
    number = next((e["experiment_id"] for e in found if e["name"] == SCORES), None)
    if number is None:
        sys.exit(f"MLflow holds no experiment {SCORES}; run `dualgeo track` first.")
    with opened(1500, 1000) as page:
        shown = f"compareRunsMode=CHART&searchFilter={urllib.parse.quote(CURRENT)}"
        page.goto(f"{url}/#/experiments/{number}/runs?{shown}")
        charts = page.get_by_placeholder("Search metric charts")
        charts.wait_for()
        for panel in ("mlflow.assistant.chat_panel.close", "mlflow_header.toggle_sidebar_button"):
            button = page.locator(f"[data-component-id='{panel}']")
            if button.count():
                button.first.click()
        charts.fill(CHARTS)
        page.wait_for_timeout(6000)
        page.mouse.move(5, 995)
        save(page, picture)


def close_welcome(page: Any) -> None:
    """Dismiss the dialog that greets a first visit, where it comes up."""
    page.wait_for_timeout(3000)
    skip = page.get_by_role("button", name="Skip")
    if skip.count():
        skip.click()
        page.wait_for_timeout(500)


def save(page: Any, picture: Path) -> None:
    """Write the picture and say how large it is."""
    page.screenshot(path=picture)
    print(f"{picture.relative_to(ROOT)}: {picture.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
