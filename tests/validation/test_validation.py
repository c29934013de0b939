"""A dataset is validated as a whole: one broken promise stops the pipeline, and the page says which."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from dualgeo.datasets.contract import PHOTO_COLUMNS, photos_path, read_photos, shard_path, write_photos
from dualgeo.datasets.quarantine import write_quarantine
from dualgeo.datasets.shards import read_shard, write_shard
from dualgeo.errors import DualGeoError
from dualgeo.files import read_json
from dualgeo.params import ValidateParams, load_params
from dualgeo.validation.outcome import ValidationOutcome, validate, write_outcome
from dualgeo.workspace import Workspace
from tests.datasets.bad_photos import jpeg, picture, saved

STRICT = ValidateParams(
    min_separation_m=200, max_unreadable_share=0, require_licence=True, require_photographer_disjoint=True
)
SPLITS = ["gallery"] * 6 + ["validation"] * 2 + ["query"] * 4


def dataset(folder: Path) -> Path:
    """Twelve photos in twelve places by twelve people."""
    count = len(SPLITS)
    frame: dict[str, Any] = dict.fromkeys(PHOTO_COLUMNS)
    frame |= {
        "photo_id": [f"photo-{number:02}" for number in range(count)],
        "lat": [float(number) for number in range(count)],
        "lon": [10.0 * number - 50 for number in range(count)],
        "split": SPLITS,
        "dataset": ["tiny" if split == "query" else f"tiny-{split}" for split in SPLITS],
        "photographer": [f"person {number}" for number in range(count)],
        "accuracy_m": float("nan"),
        "taken_at": "2024-05-06T07:08:09",
        "licence": "CC0-1.0",
        "shard": [f"{number // 5:05}" for number in range(count)],
        "sha256": [f"{number:064x}" for number in range(count)],
        "place": [f"place-{number}" for number in range(count)],
    }
    photos = pd.DataFrame(frame)
    for shard, rows in photos.groupby("shard"):
        write_shard(
            shard_path(folder, str(shard)),
            [(str(row), {"jpg": jpeg(number)}) for number, row in enumerate(rows["photo_id"])],
        )
    write_photos(folder, photos)
    write_quarantine(folder, [("b.jpg", "cut off"), ("a.jpg", "cut off"), ("c.jpg", "no GPS")])
    return folder


def changed(
    folder: Path, change: Callable[[pd.DataFrame], object], params: ValidateParams = STRICT
) -> ValidationOutcome:
    photos = read_photos(dataset(folder))
    change(photos)
    # Not write_photos: it refuses some of what another program may write.
    photos.to_parquet(photos_path(folder))
    return validate(folder, params, threads=1)


def setting(row: int, **values: object) -> Callable[[pd.DataFrame], None]:
    def change(photos: pd.DataFrame) -> None:
        for column, value in values.items():
            photos.loc[row, column] = value

    return change


def failures(outcome: ValidationOutcome) -> list[str]:
    return [result.name for result in outcome.results if not result.success]


def test_sound_data_passes(tmp_path: Path) -> None:
    outcome = validate(dataset(tmp_path / "tiny"), STRICT)
    assert outcome.success and failures(outcome) == []
    assert outcome.sentence() == "All 16 checks of data/tiny passed."
    result = outcome.as_json()
    assert result["splits"] == {"gallery": 6, "validation": 2, "query": 4}
    assert result["quarantined"] == 3 and result["quarantined_share"] == 0.2
    assert result["quarantine_reasons"] == {"cut off": 2, "no GPS": 1}


@pytest.mark.parametrize(
    ("change", "check", "example"),
    [
        (setting(3, lat=91.0), "latitude between -90 and 90 degrees", "photo-03: 91"),
        (setting(3, lon=-180.5), "longitude between -180 and 180 degrees", "photo-03: -180.5"),
        (setting(3, lat=float("nan")), "every photo has a latitude", "photo-03"),
        (setting(3, lat=0.0, lon=0.0), "no photo at (0, 0), which stands for an unknown place", "photo-03: 1"),
        (setting(3, photo_id="photo-04"), "every photo id once", "photo-04"),
        (setting(9, sha256=f"{2:064x}"), "no two photos of the same bytes", f"photo-02: {2:064x}"),
        (setting(3, split="train"), "every photo is gallery, validation or query", "photo-03: train"),
        (setting(9, place="place-2"), "no place in two splits", "photo-02: place-2"),
        (setting(9, photographer="person 2"), "no photographer in two splits", "photo-02: person 2"),
        (
            setting(9, lat=2.001, lon=-30.0),
            "at least 200 m from any query or validation photo to the gallery",
            "photo-09: 111.195",
        ),
        (setting(3, licence=None), "every photo has a licence", "photo-03"),
        (setting(3, licence=" "), "every photo has a licence", "photo-03"),
    ],
)  # fmt: skip
def test_each_broken_promise_is_found_and_named(
    tmp_path: Path, change: Callable[[pd.DataFrame], None], check: str, example: str
) -> None:
    outcome = changed(tmp_path / "tiny", change)
    assert not outcome.success
    result = next(result for result in outcome.results if result.name == check)
    assert not result.success and example in result.examples
    assert "breaks the check" in outcome.sentence()


@pytest.mark.parametrize("split", ["gallery", "validation", "query"])
def test_an_empty_split_is_found(tmp_path: Path, split: str) -> None:
    other = "query" if split != "query" else "gallery"
    outcome = changed(tmp_path / "tiny", lambda photos: photos.replace({"split": {split: other}}, inplace=True))
    assert failures(outcome) == ["no split is empty"]


def test_what_params_do_not_require_is_a_warning(tmp_path: Path) -> None:
    lenient = ValidateParams(
        min_separation_m=0, max_unreadable_share=0.5, require_licence=False, require_photographer_disjoint=False
    )
    change = setting(9, licence=None, photographer="person 2", lat=2.001, lon=-30.0)
    outcome = changed(tmp_path / "tiny", change, lenient)
    assert outcome.success
    assert sorted(failures(outcome)) == ["every photo has a licence", "no photographer in two splits"]
    assert {result.severity for result in outcome.results if not result.success} == {"warning"}
    assert "may be used, but fails the check “no photographer in two splits”" in outcome.sentence()
    write_outcome(outcome, tmp_path / "out")
    assert "a warning: params do not require it" in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")


def stored(folder: Path, photo_id: str, files: dict[str, bytes] | None, shard: str = "00000") -> Path:
    """Replace what a shard holds of one photo (None: nothing)."""
    path = shard_path(dataset(folder), shard)
    photos = dict(read_shard(path)) | {photo_id: files}
    write_shard(path, [(name, content) for name, content in photos.items() if content is not None])
    return folder


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({"jpg": b"no picture"}, "the jpg cannot be decoded"),
        ({"jpg": jpeg(size=(400, 400))[:5000]}, "the jpg cannot be decoded"),
        ({"jpg": jpeg(size=(1500, 90))}, "RGB of 1500 x 90 pixels where RGB of at most 1024 is wanted"),
        ({"jpg": saved(picture().convert("L"), "JPEG")}, "L of 96 x 64 pixels where RGB of at most 1024 is wanted"),
        ({"png": b""}, "no jpg in the shard"),
        ({"jpg": jpeg(), "mask.png": b"no mask"}, "the mask cannot be decoded"),
        ({"jpg": jpeg(), "mask.png": saved(picture().convert("L").resize((9, 9)), "PNG")}, "not of the photo's size"),
    ],
)  # fmt: skip
def test_unreadable_images_are_found(tmp_path: Path, files: dict[str, bytes], problem: str) -> None:
    folder = stored(tmp_path / "tiny", "photo-02", files)
    outcome = validate(folder, STRICT)
    assert failures(outcome) == ["every image can be decoded"]
    [result] = [result for result in outcome.results if not result.success]
    assert result.unexpected == 1 and problem in result.examples[0] and "photo-02" in result.examples[0]
    allowed = ValidateParams.model_validate(STRICT.model_dump() | {"max_unreadable_share": 0.1})
    assert validate(folder, allowed).success


def test_images_and_rows_must_match(tmp_path: Path) -> None:
    assert failures(validate(stored(tmp_path / "more", "extra", {"jpg": jpeg()}), STRICT)) == [
        "as many rows in the table as images in the shards"
    ]
    assert failures(validate(stored(tmp_path / "less", "photo-02", None), STRICT)) == [
        "as many rows in the table as images in the shards", "every image can be decoded",
    ]  # fmt: skip
    folder = dataset(tmp_path / "cut")
    path = shard_path(folder, "00001")
    path.write_bytes(path.read_bytes()[:3000])
    outcome = validate(folder, STRICT)
    assert "found 12, not 7" in outcome.sentence()
    assert [result.unexpected for result in outcome.results if result.name == "every image can be decoded"] == [5]


def test_outputs_are_the_same_bytes_and_self_contained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = dataset(tmp_path / "tiny")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")

    def refuse(*_: object) -> None:
        raise AssertionError("validation must not use the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    for name in ("a", "b"):
        write_outcome(validate(folder, STRICT), tmp_path / name)
    for name in ("validation.json", "index.html"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert list(Path().iterdir()) == []
    html = (tmp_path / "a" / "index.html").read_text()
    assert "every photo has a licence" in html and "<script" not in html and "http" not in html
    assert str(tmp_path) not in html + (tmp_path / "a" / "validation.json").read_text()


def test_names_from_files_cannot_break_the_page(tmp_path: Path) -> None:
    folder = dataset(tmp_path / "tiny")
    write_quarantine(folder, [("<script>alert(1)</script>.jpg", "cut off & gone")])
    write_outcome(validate(folder, STRICT), tmp_path / "out")
    assert "<script" not in (tmp_path / "out" / "index.html").read_text()


def test_stage_writes_the_page_and_stops_the_pipeline(tmp_path: Path, project: Path) -> None:
    from dualgeo.stages.validate import run

    workspace = Workspace(tmp_path)
    params = load_params(project / "params.yaml").model_copy(update={"dataset": "tiny"})
    with pytest.raises(DualGeoError, match=r"tiny does not exist; make it with"):
        run(workspace, params)
    changed(workspace.data("tiny"), setting(3, lat=95.0, licence=None))
    with pytest.raises(
        DualGeoError, match=r"latitude between -90 and 90.*photo-03: 95.*1 more check failed.*index\.html"
    ):
        run(workspace, params)
    result = read_json(workspace.validation / "validation.json")
    assert result["success"] is False and (workspace.validation / "index.html").exists()
    dataset(workspace.data("tiny"))
    run(workspace, params)
    assert read_json(workspace.validation / "validation.json")["success"] is True


def test_no_photos_at_all(tmp_path: Path) -> None:
    folder = dataset(tmp_path / "tiny")
    write_photos(folder, read_photos(folder).iloc[:0])
    with pytest.raises(DualGeoError, match="holds no photo"):
        validate(folder, STRICT)
