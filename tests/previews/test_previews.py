"""Every node has a picture that stands alone and says what its outputs say."""

import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pandas as pd
import pytest

from dualgeo.datasets.contract import read_photos, write_photos
from dualgeo.geo.sphere import geodesic_km
from dualgeo.previews.command import preview, preview_path
from dualgeo.report.words import kilometres
from dualgeo.workspace import Cell, Workspace

WHOLE = ["data.dvc", "validate", "segment", "embed", "report"]
CELLS = [
    f"{stage}@{cell}" for stage in ("train", "index", "retrieve", "refine", "score") for cell in ("image-0", "dual-0")
]
SVG = "{http://www.w3.org/2000/svg}"
DUAL = Cell("dual", 0)


def picture(workspace: Workspace, address: str) -> ET.Element:
    """Draw one picture and read it back."""
    assert preview(workspace, [address]) == 0
    return ET.fromstring(preview_path(workspace, address).read_text(encoding="utf-8"))


def words(root: ET.Element) -> list[str]:
    """Every text, its parts joined by a space."""
    return [" ".join(part.strip() for part in text.itertext()) for text in root.iter(f"{SVG}text")]


@pytest.mark.parametrize("name", ["atlas", "photos"])
def test_every_node_gets_a_picture_that_needs_nothing_from_outside(name: str, request: pytest.FixtureRequest) -> None:
    workspace = request.getfixturevalue(name)
    assert preview(workspace, [*WHOLE, *CELLS]) == 0
    for address in [*WHOLE, *CELLS]:
        text = preview_path(workspace, address).read_text(encoding="utf-8")
        root = ET.fromstring(text)
        assert root.tag == f"{SVG}svg"
        assert float(root.attrib["width"]) == 760, address
        assert 2_000 < len(text.encode()) < 120_000, address
        links = [value for node in root.iter() for key, value in node.attrib.items() if key.endswith("href")]
        assert all(link.startswith("data:image/") for link in links), address
        assert not re.search(r"<script|url\(|@import|@font-face|NaN|nan\b", text), address
        assert {node.text for node in root.iter(f"{SVG}title")}, address


def test_the_same_outputs_give_the_same_bytes(atlas: Workspace) -> None:
    addresses = [*WHOLE, *CELLS]
    preview(atlas, addresses)
    before = [preview_path(atlas, address).read_bytes() for address in addresses]
    preview(atlas, addresses)
    assert [preview_path(atlas, address).read_bytes() for address in addresses] == before


def test_one_process_without_torch_draws_all(atlas: Workspace) -> None:
    code = (
        "import sys; from dualgeo.cli import app\n"
        "try: app(sys.argv[1:])\n"
        "finally: print(sorted({'torch', 'transformers', 'faiss', 'mlflow', 'matplotlib'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code, "preview", *WHOLE, *CELLS, "--root", str(atlas.root)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr
    assert "15 pictures in .dualgeo/previews" in done.stderr


def test_data_names_every_set_with_its_photos_and_places(atlas: Workspace) -> None:
    root = picture(atlas, "data.dvc")
    said = words(root)
    assert "96 gallery, 40 validation, 48 query photos" in said
    assert "atlas-night 24 photos, query" in said
    assert len(list(root.iter(f"{SVG}image"))) == 4 * 8
    assert any(re.fullmatch(r"\w+( \w+)?, [A-Z]{2}", text) for text in said)


def test_photos_without_a_city_are_named_by_their_coordinates(photos: Workspace) -> None:
    assert sum(bool(re.fullmatch(r"-?\d+\.\d, -?\d+\.\d", text)) for text in words(picture(photos, "data.dvc"))) == 32


def test_validate_lists_failed_expectations_first(own: Workspace) -> None:
    path = own.validation / "validation.json"
    failed = {"name": "every image can be decoded", "success": False, "unexpected": 3, "checked": 184}
    passed = {"name": "no split is empty", "success": True, "unexpected": 0, "checked": 184}
    path.write_text(json.dumps({"sentence": "1 of 2 checks failed.", "expectations": [passed, failed]}))
    said = words(picture(own, "validate"))
    assert said[-6:] == [
        "✗", "every image can be decoded", "184 checked, 3 not so", "✓", "no split is empty", "184 checked",
    ]  # fmt: skip
    assert "1 of 2 checks failed." in said


def test_segment_explains_the_colours_it_shows(atlas: Workspace, photos: Workspace) -> None:
    root = picture(atlas, "segment")
    said = words(root)
    assert {"sky", "building", "road"} <= {text.split(" ")[0] for text in said}
    assert sum(image.attrib["href"].startswith("data:image/png") for image in root.iter(f"{SVG}image")) == 12
    assert any("mIoU 61.0 %" in text for text in said)
    assert not any("mIoU" in text for text in words(picture(photos, "segment")))


def test_embed_shows_the_nearest_photos_by_embedding(atlas: Workspace) -> None:
    said = words(picture(atlas, "embed"))
    photos = read_photos(atlas.data("atlas"))
    cities = photos[photos["split"] == "gallery"].groupby(["city", "country"]).size()
    known = {f"{city}, {country}": int(count) for (city, country), count in cities.items()}
    for start in range(len(said) - 5 * 14, len(said), 14):
        place, matches = said[start], said[start + 3 : start + 14 : 2]
        # Photos of a city were embedded together: a query finds as many of its own city as there are.
        assert matches.count(place) == min(6, known[place])


def test_train_states_the_first_and_last_loss(atlas: Workspace) -> None:
    curve = pd.read_csv(atlas.model(DUAL) / "curve.csv")
    said = words(picture(atlas, "train@dual-0"))
    assert f"loss {curve['loss'].iloc[0]:.4g} at epoch 1, {curve['loss'].iloc[-1]:.4g} at epoch 12" in said
    assert f"image {curve['image_loss'].iloc[-1]:.3g}" in said


def test_train_of_a_loss_that_became_infinite_is_still_drawn(own: Workspace) -> None:
    (own.model(DUAL) / "curve.csv").write_text("epoch,loss,image_scale\n1,3.5,14.0\n2,inf,14.2\n3,nan,\n")
    root = picture(own, "train@dual-0")
    assert "loss 3.5 at epoch 1, 3.5 at epoch 3" in words(root)
    assert not any("nan" in node.attrib.get("d", "") for node in root.iter(f"{SVG}path"))


def test_index_states_its_recall_or_that_there_is_none(own: Workspace) -> None:
    assert "Recall@20 1.0000 against exact search, with 96 gallery photos as queries" in words(
        picture(own, "index@dual-0")
    )
    path = own.index(DUAL) / "config.json"
    config = json.loads(path.read_text())
    del config["recall"]
    path.write_text(json.dumps(config))
    assert "The recall of this index was not measured." in words(picture(own, "index@dual-0"))


def test_retrieve_shows_right_and_wrong_candidates_as_often_as_they_occur(atlas: Workspace) -> None:
    said = words(picture(atlas, "retrieve@dual-0"))
    table = pd.read_parquet(atlas.candidates(DUAL))
    first = table[(table["split"] == "query") & (table["rank"] == 0)]
    truth = read_photos(atlas.data("atlas")).set_index("photo_id").loc[first["query_id"]]
    km = sorted(geodesic_km(*(t[c].to_numpy() for t in (first, truth) for c in ("lat", "lon"))).tolist())
    shown = [text for text in said if re.fullmatch(r"[\d,.]+ km", text)]
    assert len(shown) == 5 * 6
    assert shown[::6] == [kilometres(km[int((n + 0.5) * len(km) / 5)]) for n in range(5)]


def test_refine_shows_how_large_clusters_are(atlas: Workspace) -> None:
    answers = pd.read_parquet(atlas.refined(DUAL) / "predictions.parquet")
    answers = answers[answers["split"] == "query"]
    root = picture(atlas, "refine@dual-0")
    said = words(root)
    assert f"{len(answers)} queries, 1 without an answer; three of them from best to worst" in said
    largest = int(answers["cluster_size"].max())
    bars = [r for r in root.iter(f"{SVG}rect") if r.attrib.get("fill") == "#0a63ad"]
    assert len(bars) == largest + 1
    heights = [float(bar.attrib["height"]) for bar in bars]
    sizes = answers["cluster_size"].value_counts().reindex(range(largest + 1), fill_value=0)
    assert heights.index(max(heights)) == int(sizes.to_numpy().argmax())


def test_score_gives_the_figures_of_metrics_json(atlas: Workspace) -> None:
    metrics = json.loads((atlas.scores(DUAL) / "metrics.json").read_text())
    said = words(picture(atlas, "score@dual-0"))
    for name in ("atlas", "atlas-night"):
        at = said.index(name)
        figures = [metrics[name]["acc"][km] for km in ("1", "25", "200", "750", "2500")]
        expected = [text for f in figures for text in (f"{f['value']:.1f}", f"{f['low']:.0f}–{f['high']:.0f}")]
        assert said[at + 1 : at + 11] == expected
    assert "no answer 1" in said


def test_report_gives_the_figures_of_its_plot_file(atlas: Workspace) -> None:
    table = pd.read_csv(atlas.reports / "plots" / "accuracy.csv")
    table = table[table["threshold_km"] == 25]
    said = words(picture(atlas, "report"))
    for row in table.itertuples():
        assert f"{row.acc:.1f}" in said
        assert f"{row.low:.0f}–{row.high:.0f}" in said


def test_text_from_the_dataset_is_text_in_the_picture(own: Workspace) -> None:
    folder = own.data("atlas")
    write_photos(folder, read_photos(folder).assign(city='<b>&"\x07', country="\ufffe!"))
    assert '<b>&", !' in words(picture(own, "data.dvc"))


def test_missing_outputs_leave_no_picture_and_do_not_stop_the_others(
    own: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    older = preview_path(own, "score@dual-0")
    assert preview(own, ["score@dual-0"]) == 0
    assert older.exists()
    (own.scores(DUAL) / "metrics.json").unlink()
    (own.candidates(DUAL)).write_bytes(b"PAR1 cut off")
    assert preview(own, ["score@dual-0", "retrieve@dual-0", "newstage@dual-0", "report"]) == 0
    said = capsys.readouterr().err
    assert "preview score@dual-0: no picture, scores/dual-0/metrics.json is not there" in said
    assert "candidates/dual-0.parquet cannot be used" in said
    assert "preview newstage@dual-0: no picture, the stage newstage has none" in said
    assert "1 picture in .dualgeo/previews, 3 without, 0 malformed" in said
    assert [path.name for path in sorted(older.parent.iterdir())] == ["report.svg"]


def test_outputs_of_other_photos_or_another_version_have_no_picture(
    own: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = own.data("atlas")
    photos = read_photos(folder)
    write_photos(folder, photos[photos["photo_id"] != "q0-0003"])
    (own.index(DUAL) / "config.json").write_text('{"recall": {"neighbours": 20}}')
    (own.reports / "plots" / "accuracy.csv").write_text("variant,acc\ndual,3\n")
    addresses = ["retrieve@dual-0", "refine@dual-0", "embed", "index@dual-0", "report", "train@dual-0"]
    assert preview(own, addresses) == 0
    said = capsys.readouterr().err
    assert said.count("it is of other photos than data/atlas holds now (such as q0-0003)") == 2
    assert "run `dvc repro embed`" in said
    assert said.count("its outputs are not as expected (KeyError") == 2
    assert "1 picture in .dualgeo/previews, 5 without" in said


@pytest.mark.parametrize("address", ["", "a b", "../x", "train", "train@", "train@Dual", "report@dual-0", "x/y@z"])
def test_a_malformed_address_is_said_and_the_others_are_drawn(
    own_report: Workspace, address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert preview(own_report, [address, "report"]) == 1
    assert "1 picture in .dualgeo/previews, 0 without, 1 malformed" in capsys.readouterr().err


@pytest.fixture(scope="module")
def own_report(tmp_path_factory: pytest.TempPathFactory, atlas: Workspace) -> Workspace:
    """Just params and a report."""
    root = tmp_path_factory.mktemp("report")
    plots = root / "reports" / "plots"
    plots.mkdir(parents=True)
    for source, target in (
        (atlas.params, root / "params.yaml"),
        (atlas.reports / "plots" / "accuracy.csv", plots / "accuracy.csv"),
    ):
        Path(target).write_bytes(source.read_bytes())
    return Workspace(root)
