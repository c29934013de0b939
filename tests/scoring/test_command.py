"""`dualgeo score` as a researcher uses it: the pipeline's figures, other systems, comparisons, files to go on with."""

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from dualgeo.errors import DualGeoError
from dualgeo.evaluation.score import score
from dualgeo.params import ScoreParams
from dualgeo.refinement.refine import refine
from dualgeo.scoring.systems import names_of
from tests.refinement.made_tables import candidate_table, photo_table
from tests.refinement.test_rerank import refine_params
from tests.scoring.made import Desk, answers_to, truth_table

PARAMS = ScoreParams(thresholds_km=[1, 25, 200, 750, 2500], confidence=0.95, resamples=200, seed=0)


@pytest.fixture
def truth(desk: Desk) -> Path:
    return desk.write("truth.csv", truth_table())


def test_the_pipelines_predictions_get_the_pipelines_figures(desk: Desk) -> None:
    photos = photo_table(validation=25, queries=60)
    photos.to_parquet(desk.folder / "photos.parquet")
    cells: list[Path] = []
    expected = []
    for seed in (0, 1):
        refined = refine(candidate_table(photos, seed=seed), photos, refine_params())
        folder = desk.folder / "refined" / f"dual-{seed}"
        folder.mkdir(parents=True)
        refined.predictions.to_parquet(folder / "predictions.parquet")
        refined.candidates.to_parquet(folder / "candidates.parquet")
        filtered = refined.predictions.iloc[::7].assign(dropped=2, dropped_own=1, dropped_alike=2, lat=1.0, lon=2.0)
        filtered.to_parquet(folder / "filtered.parquet")
        cells.append(folder / "predictions.parquet")
        expected.append(score(refined.predictions, refined.candidates, photos, PARAMS, filtered=filtered))
    found = desk.document(cells, desk.folder / "photos.parquet", queries=desk.folder / "q.parquet")
    assert [system["name"] for system in found["systems"]] == ["dual-0", "dual-1"]
    for system, scored in zip(found["systems"], expected, strict=True):
        assert system["files"][0]["metrics"] == json.loads(json.dumps(scored.metrics))
        assert scored.metrics["made"]["filtered"]["acc"] != scored.metrics["made"]["acc"]
        assert system["files"][0]["strata"] == json.loads(json.dumps(scored.strata))
        assert system["files"][0]["curves"] == json.loads(json.dumps(scored.curves))
        assert system["files"][0]["counts"]["elsewhere"] == 25
    written = pd.read_parquet(desk.folder / "q.parquet")
    pd.testing.assert_frame_equal(
        written[written["system"] == "dual-1"].drop(columns=["system", "file"]).reset_index(drop=True),
        # Whose coordinate an answer is, a file of answers need not tell: of that the pipeline's scores alone know.
        expected[1].queries.drop(columns=["source", "lmm_outcome", "without_lmm_error_km"]),
        check_dtype=False,
    )


def great_circle(lat1: float, lon1: float, lat2: float, lon2: float, radius_km: float) -> float:
    """The haversine formula, a point at a time."""
    a = (
        math.sin(math.radians(lat2 - lat1) / 2) ** 2
        + math.cos(math.radians(lat1)) * math.cos(math.radians(lat2)) * math.sin(math.radians(lon2 - lon1) / 2) ** 2
    )
    return 2 * radius_km * math.asin(math.sqrt(a))


def test_a_sphere_gives_the_haversine_distances_of_older_papers(desk: Desk, truth: Path) -> None:
    table = truth_table()
    answers = answers_to(table, np.geomspace(0.5, 15_000, len(table)))
    desk.score([desk.write("p.csv", answers)], truth, sphere_km=6371, queries=desk.folder / "q.csv")
    written = pd.read_csv(desk.folder / "q.csv")
    expected = [
        great_circle(true.LAT, true.LON, answer.lat, answer.lon, 6371)
        for true, answer in zip(table.itertuples(), answers.itertuples(), strict=True)
    ]
    np.testing.assert_allclose(written["error_km"], expected, rtol=1e-9)
    desk.score([desk.folder / "p.csv"], truth, queries=desk.folder / "q.csv")
    ratio = pd.read_csv(desk.folder / "q.csv")["error_km"] / expected
    assert ratio.between(0.994, 1.006).all() and not np.allclose(ratio, 1, atol=1e-4)


def test_known_errors_give_known_figures(desk: Desk, truth: Path) -> None:
    # 60 photos: 6 within 1 km, 18 within 25, 30 within 200, 42 within 750, 54 within 2500 km.
    errors = np.repeat([0.5, 10, 100, 500, 2000, 9000], [6, 12, 12, 12, 12, 6])
    found = desk.document([desk.write("p.csv", answers_to(truth_table(), errors))], truth)
    accuracy = found["systems"][0]["accuracy"]["truth"]
    assert {key: value["mean"] for key, value in accuracy.items()} == {
        "1": 10, "25": 30, "200": 50, "750": 70, "2500": 90
    }  # fmt: skip
    metrics = found["systems"][0]["files"][0]["metrics"]["truth"]
    assert metrics["median_km"] == pytest.approx(300, rel=0.006)
    assert metrics["mean_km"] == pytest.approx(errors.mean(), rel=0.006)
    assert "no_skill" not in metrics and "oracle" not in metrics


def test_two_systems_are_compared_in_words(desk: Desk, truth: Path) -> None:
    good = answers_to(truth_table(), 10.0)
    bad = answers_to(truth_table(), np.where(np.arange(60) % 3 == 0, 10.0, 5000.0))
    files = [desk.write("good.csv", good), desk.write("bad.csv", bad)]
    [line] = [c for c in desk.document(files, truth)["comparisons"] if c["threshold_km"] == 25]
    assert (line["a"], line["b"], line["decided"]) == ("good", "bad", True)
    assert line["points"] == pytest.approx(100 * 40 / 60, abs=1e-3)
    assert line["words"].startswith("good is 66.7 points better than bad at 25 km (95 % interval ")
    printed = " ".join(desk.score(files, truth).split())
    assert line["words"] + "." in printed
    assert "good minus bad" in printed and "▲ +66.7" in printed
    assert "no difference between good and bad at 1 km could be shown" in printed


def test_three_systems_are_compared_in_all_pairs(desk: Desk, truth: Path) -> None:
    files = [desk.write(f"{name}.csv", answers_to(truth_table(), 10.0, seed)) for seed, name in enumerate("abc")]
    pairs = {(line["a"], line["b"]) for line in desk.document(files, truth)["comparisons"]}
    assert pairs == {("a", "b"), ("a", "c"), ("b", "c")}
    assert "not for the 3 comparisons" in desk.score(files, truth)


def test_files_of_one_name_are_seeds_of_one_system(desk: Desk, truth: Path) -> None:
    shares = (60, 30, 45)
    files = [
        desk.write(f"{n}.csv", answers_to(truth_table(), np.where(np.arange(60) < share, 10.0, 5000.0), n))
        for n, share in enumerate(shares)
    ]
    found = desk.document(files, truth, names=["ours", "ours", "theirs"])
    ours, theirs = (system["accuracy"]["truth"]["25"] for system in found["systems"])
    assert (ours["mean"], ours["seeds"], theirs["mean"], theirs["sd"]) == (75, 2, 75, None)
    assert ours["sd"] == pytest.approx(np.std([100, 50], ddof=1), abs=1e-3)
    assert "ours (2 runs)" in desk.score(files, truth, names=["ours", "ours", "theirs"])
    with pytest.raises(DualGeoError, match="3 files of predictions and 1 names"):
        desk.score(files, truth, names=["ours"])


def test_names_of_files() -> None:
    def names(*files: str) -> list[str]:
        return names_of([Path(file) for file in files], [])

    assert names("refined/dual-0/predictions.parquet") == ["predictions"]
    assert names("refined/dual-0/predictions.parquet", "refined/image-0/predictions.parquet") == ["dual-0", "image-0"]
    assert names("a.csv", "b/c.csv.gz") == ["a", "c"]
    assert names("a/run/x.csv", "b/run/x.csv", "b/run/y.csv") == ["a/run/x", "b/run/x", "b/run/y"]
    assert names("a.csv", "a.parquet") == ["a.csv", "a.parquet"]
    with pytest.raises(DualGeoError, match="given twice"):
        names("a.csv", "./a.csv")


@pytest.mark.parametrize("first", [0, 1])
def test_ranked_candidates_give_the_answer_and_what_is_possible(desk: Desk, truth: Path, first: int) -> None:
    table = truth_table()
    near, far = answers_to(table, 10.0), answers_to(table, 4000.0)
    ranked = pd.concat([near.assign(rank=first + 1), far.assign(rank=first)])
    metrics = desk.document([desk.write("p.csv", ranked)], truth)["systems"][0]["files"][0]["metrics"]["truth"]
    assert metrics["acc"]["2500"]["value"] == 0
    assert metrics["oracle"]["25"]["value"] == 100
    assert metrics["oracle_at"]["1"]["25"] == 0 and metrics["oracle_at"]["2"]["25"] == 100
    separate = desk.document(
        [desk.write("a.csv", far)], truth, candidates=[desk.write("c.parquet", ranked)]
    )["systems"][0]["files"][0]["metrics"]["truth"]  # fmt: skip
    assert separate == metrics


def test_a_rank_that_is_none_or_comes_twice(desk: Desk, truth: Path) -> None:
    answers = answers_to(truth_table(), 10.0)
    with pytest.raises(DualGeoError, match=r"p\.csv, line 62: 000\.jpg has rank 0 twice"):
        desk.score([desk.write("p.csv", pd.concat([answers, answers]).assign(rank=0))], truth)
    with pytest.raises(DualGeoError, match=r"p\.csv, line 2: the rank is not a number"):
        desk.score([desk.write("p.csv", answers.assign(rank="first"))], truth)


def test_stated_radii_are_checked(desk: Desk, truth: Path) -> None:
    errors = np.where(np.arange(60) < 45, 10.0, 500.0)
    answers = answers_to(truth_table(), errors).assign(radius_km_50=20.0, radius_km_90=600.0)
    metrics = desk.document([desk.write("p.csv", answers)], truth)["systems"][0]["files"][0]["metrics"]["truth"]
    assert (metrics["radius"]["0.5"]["coverage"], metrics["radius"]["0.9"]["coverage"]) == (75, 100)
    with pytest.raises(DualGeoError, match=r"line 2 \(000\.jpg\): radius_km_50 '-1\.0' is no distance in km"):
        desk.score([desk.write("q.csv", answers.assign(radius_km_50=-1.0))], truth)


def test_a_stated_confidence_is_set_against_errors(desk: Desk, truth: Path) -> None:
    hit = np.arange(60) < 30
    answers = answers_to(truth_table(), np.where(hit, 10.0, 500.0)).assign(confidence=np.where(hit, 0.9, -2.0))
    metrics = desk.document([desk.write("p.csv", answers)], truth)["systems"][0]["files"][0]["metrics"]["truth"]
    assert metrics["risk_coverage"]["confidence"] == "confidence"
    assert metrics["risk_coverage"]["acc"]["0.5"]["25"] == 100


def test_a_gallery_gives_the_line_that_takes_no_skill(desk: Desk, truth: Path) -> None:
    gallery = desk.write("gallery.csv", truth_table()[["LAT", "LON"]].iloc[:1])
    file = desk.write("p.csv", answers_to(truth_table(), 10.0))
    metrics = desk.document([file], truth, gallery=gallery)["systems"][0]["files"][0]["metrics"]["truth"]
    assert metrics["no_skill"]["1"] == pytest.approx(100 / 60, abs=1e-3)


def test_the_projects_params_hold_unless_the_command_says_otherwise(desk: Desk, truth: Path, project: Path) -> None:
    file = desk.write("p.csv", answers_to(truth_table(), 10.0))
    desk.write("params.yaml", (project / "params.yaml").read_bytes().replace(b"resamples: 2000", b"resamples: 77"))
    assert desk.document([file], truth, resamples=None)["params"]["resamples"] == 77
    found = desk.document([file], truth, thresholds="50, 1", confidence=0.9, seed=3)["params"]
    assert found == {"thresholds_km": [1, 50], "confidence": 0.9, "resamples": 200, "seed": 3}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"thresholds": "1;25"}, "--thresholds 1;25: write distances in km with commas"),
        ({"thresholds": "0,25"}, "finite and above 0"),
        ({"thresholds": ","}, "--thresholds"),
        ({"confidence": 95.0}, "--confidence 95"),
        ({"resamples": 0}, "--resamples 0"),
        ({"sphere_km": 6.371}, "--sphere 6.371 is not the radius of the Earth in km"),
        ({"queries": Path("q.txt")}, r"--queries q\.txt: the name must end in \.parquet or \.csv"),
        ({"candidates": [Path("a"), Path("b")]}, "1 files of predictions and 2 of candidates"),
    ],
)
def test_options_that_cannot_be(desk: Desk, truth: Path, options: dict[str, object], words: str) -> None:
    with pytest.raises(DualGeoError, match=words):
        desk.score([desk.write("p.csv", answers_to(truth_table(), 10.0))], truth, **options)


def test_everything_written_is_the_same_twice(desk: Desk, truth: Path) -> None:
    files = [desk.write(f"{n}.csv", answers_to(truth_table(), 60.0 * n + 10, n)) for n in range(2)]
    contents: list[list[bytes]] = []
    for _ in range(2):
        outputs = {"json": desk.folder / "o.json", "csv": desk.folder / "o.csv", "queries": desk.folder / "q.parquet"}
        desk.score(files, truth, json=str(outputs["json"]), csv=outputs["csv"], queries=outputs["queries"])
        contents.append([path.read_bytes() for path in outputs.values()])
    assert contents[0] == contents[1]
    flat = pd.read_csv(desk.folder / "o.csv")
    assert flat.groupby("system")["threshold_km"].apply(list).tolist() == [[1, 25, 200, 750, 2500]] * 2
    assert flat.set_index(["system", "threshold_km"]).loc[(0, 25), "mean"] == 100
    assert pq.read_table(desk.folder / "q.parquet").num_rows == 120


def test_the_order_of_rows_does_not_matter(desk: Desk, truth: Path) -> None:
    answers = answers_to(truth_table(), np.linspace(1, 3000, 60))
    first = desk.document([desk.write("p.csv", answers)], truth)
    shuffled = desk.document(
        [desk.write("p.csv", answers.sample(frac=1, random_state=1))],
        desk.write("truth.csv", truth_table().sample(frac=1, random_state=2)),
    )
    assert first == shuffled


def test_the_command_line(desk: Desk, truth: Path) -> None:
    file = desk.write("p.csv", answers_to(truth_table(), 10.0).rename(columns={"id": "who", "lat": "y", "lon": "x"}))
    command = [sys.executable, "-m", "dualgeo", "score", str(file), "--truth", str(truth), "--root", str(desk.folder)]
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert refused.returncode == 1 and "name it with --id" in refused.stderr and "Traceback" not in refused.stderr
    named = ["--id", "who", "--lat", "y", "--lon", "x", "--truth-photographer", "IMG_ID", "--resamples", "50"]
    done = subprocess.run([*command, *named], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "60 photos by 60 photographers" in done.stdout and "60 of 60 queries answered" in done.stdout


def test_im2gps3k_says_whose_photos_they_are_and_what_that_does_to_intervals(desk: Desk, shared: Path) -> None:
    table = pd.read_csv(shared / "benchmarks" / "im2gps3k_places365.csv")
    # A system that places some photographers' photos and no others': the clustering could not be stronger.
    person = pd.factorize(table["AUTHOR"])[0]
    answers = answers_to(table, np.where(person % 3 == 0, 10.0, 5000.0))
    beyond = pd.DataFrame({"id": ["a.jpg", "b.jpg", "c.jpg"], "lat": 1.0, "lon": 2.0})
    file = desk.write("p.csv", pd.concat([answers, beyond]))
    options = {"benchmarks": shared / "benchmarks", "resamples": 500}
    printed = " ".join(desk.score([file], "im2gps3k", **options).split())
    assert "2,997 photos by 198 photographers; 85.2 % are by those with 10 or more, the largest has 235" in printed
    assert "2,997 of 2,997 queries answered; 3 rows about other photos left out" in printed
    found = desk.document([file], "im2gps3k", **options)["systems"][0]["accuracy"]["im2gps3k"]["25"]
    assert found["mean"] == pytest.approx(100 * np.mean(person % 3 == 0), abs=1e-3)
    # All photos of a photographer agree, so as much as a photographer counts once (235 photos at most, 15 on average).
    assert found["design_effect"] > 20
    assert found["high"] - found["low"] > 3 * (found["wilson_high"] - found["wilson_low"])
