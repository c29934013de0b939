"""`dualgeo leakage`: what the tables allow is counted, what they do not allow is said, and bad input is a sentence."""

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import imagehash
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from dualgeo.datasets.contract import PHOTO_COLUMNS, write_photos
from dualgeo.datasets.shards import write_shard
from dualgeo.errors import DualGeoError
from dualgeo.leakage.command import Asked, leakage_command
from dualgeo.leakage.finding import CHECKS, Limits

ABSENT = ("sha256", "phash", "photographer", "taken_at")


def frame(count: int, prefix: str, seed: int) -> pd.DataFrame:
    """A table with every column; nothing in it is like anything in a table of another prefix."""
    draw = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "photo_id": [f"{prefix}{row}" for row in range(count)],
            "lat": draw.uniform(-60, 60, count),
            "lon": draw.uniform(-180, 180, count),
            "photographer": [f"{prefix}-author-{row % 7}" for row in range(count)],
            "taken_at": [f"{2000 + row}-01-01 10:00:00" for row in range(count)],
            "sha256": [f"{seed:032x}{row:032x}" for row in range(count)],
            "phash": [f"{value:016x}" for value in draw.integers(0, 2**63, count)],
        }
    )


@pytest.fixture
def leaking(tmp_path: Path) -> tuple[Path, Path]:
    """A gallery that shares one photo by each of its columns with query 0, 1, 2, 3."""
    gallery, queries = frame(40, "g", 1), frame(12, "q", 2)
    gallery.loc[5, "sha256"] = queries.loc[0, "sha256"].upper()
    gallery.loc[6, "phash"] = f"{int(queries.loc[1, 'phash'], 16) ^ 0b111:016X}"
    gallery.loc[7, "photographer"] = queries.loc[2, "photographer"]
    gallery.loc[8, ["lat", "lon"]] = [queries.loc[3, "lat"] + 0.0005, queries.loc[3, "lon"]]
    gallery.loc[8, "taken_at"] = "2003-01-01T10:09:00"
    return written(tmp_path / "gallery.csv", gallery), written(tmp_path / "queries.parquet", queries)


def written(path: Path, table: pd.DataFrame) -> Path:
    table.to_csv(path, index=False) if path.suffix == ".csv" else table.to_parquet(path)
    return path


def asked(gallery: Path | str, queries: Path | str, **more: Any) -> Asked:
    return Asked(str(gallery), str(queries), **more)


def counted(
    capsys: pytest.CaptureFixture[str], root: Path, request: Asked, limits: Limits | None = None
) -> dict[str, Any]:
    leakage_command(root, Asked(**{**vars(request), "as_json": True}), limits or Limits())
    return json.loads(capsys.readouterr().out)


def test_each_column_tells_of_its_leak(
    leaking: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs = tmp_path / "pairs.csv"
    found = counted(capsys, tmp_path, asked(*leaking, pairs=pairs))
    checks = {name: (each["queries_affected"], each["pairs"]) for name, each in found["checks"].items()}
    assert checks == {
        "id": (0, 0), "identical": (1, 1), "perceptual": (1, 1), "embedding": (None, None),
        "photographer": (2, 2), "photographer_near": (0, 0), "moment": (1, 1), "place": (1, 1),
    }  # fmt: skip
    # The author of query 2 also took query 9.
    assert found["any"] == {
        "queries_affected": 5,
        "checks": ["id", "identical", "perceptual", "photographer", "photographer_near", "moment"],
        "not_checked": ["embedding"],
    }
    table = pd.read_csv(pairs)
    assert table.set_index("check")["gallery_id"].to_dict() == {
        "identical": "g5", "perceptual": "g6", "photographer": "g7", "moment": "g8", "place": "g8",
    }  # fmt: skip
    assert table.set_index("check").loc["perceptual", "value"] == 3
    assert table.set_index("check").loc["place", "value"] == pytest.approx(55.6, abs=0.1)


@pytest.mark.parametrize("column", ABSENT)
@pytest.mark.parametrize("side", ["gallery", "queries"])
def test_an_absent_column_is_said_and_never_counted_as_zero(
    leaking: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], column: str, side: str
) -> None:
    gallery, queries = pd.read_csv(leaking[0]), pd.read_parquet(leaking[1])
    if side == "gallery":
        gallery = gallery.drop(columns=column)
    else:
        queries[column] = None
    paths = written(tmp_path / "a.csv", gallery), written(tmp_path / "b.parquet", queries)
    found = counted(capsys, tmp_path, asked(*paths))
    names = {"sha256": "identical", "phash": "perceptual", "photographer": "photographer", "taken_at": "moment"}
    check = found["checks"][names[column]]
    assert check["queries_affected"] is check["pairs"] is check["queries_known"] is None
    said = f"in {paths[0]}" if side == "gallery" else f"no row of {paths[1]} has"
    assert said in check["not_checked"]
    assert names[column] in found["any"]["not_checked"]
    leakage_command(tmp_path, asked(*paths), Limits())
    assert f"not checked: {check['words']}: {check['not_checked']}" in capsys.readouterr().out


def test_coordinates_alone_leave_everything_but_places_unknown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = written(tmp_path / "bare.csv", frame(9, "g", 1)[["lat", "lon"]])
    queries = written(tmp_path / "queries.csv", frame(5, "q", 2))
    assert leakage_command(tmp_path, asked(bare, queries), Limits()) == 0
    assert "none of the 7 checks could be made; nothing is known" in capsys.readouterr().out


def test_fail_on_fails_for_what_was_found_and_for_what_could_not_be_looked_at(
    leaking: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def status(*checks: str) -> int:
        return leakage_command(tmp_path, asked(*leaking, fail_on=checks), Limits())

    assert status() == status("id") == status("id", "photographer_near") == 0
    assert status("identical") == 1
    assert "--fail-on identical: 1 of 12 queries are affected" in capsys.readouterr().err
    assert status("id", "embedding") == 1
    assert "--fail-on embedding: not checked: embedding (no embedding in" in capsys.readouterr().err
    assert status("any") == 1
    clean = written(tmp_path / "clean.csv", frame(3, "c", 9))
    assert leakage_command(tmp_path, asked(leaking[0], clean, fail_on=["any"]), Limits()) == 1
    assert "any: not checked: embedding" in capsys.readouterr().err


def test_a_table_with_itself_compares_each_photo_with_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = frame(15, "q", 2)
    table.loc[14, ["lat", "lon"]] = table.loc[0, ["lat", "lon"]].to_numpy()
    path = written(tmp_path / "queries.csv", table)
    found = counted(capsys, tmp_path, asked(path, path))
    # Authors 0 to 6 have 3, 2, 2, ... of 15 photos; 0 and 14 are by author 0 and at one place.
    assert found["within"] is True
    assert found["checks"]["identical"]["pairs"] == found["checks"]["id"]["pairs"] == 0
    assert (found["checks"]["photographer"]["queries_affected"], found["checks"]["photographer"]["pairs"]) == (15, 18)
    assert found["checks"]["photographer_near"]["queries_affected"] == 2


def test_all_pairs_are_counted_and_few_are_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gallery = frame(50, "g", 1).assign(photographer="ann")
    paths = (
        written(tmp_path / "g.csv", gallery),
        written(tmp_path / "q.csv", frame(3, "q", 2).assign(photographer="ann")),
    )
    found = counted(capsys, tmp_path, asked(*paths, pairs=tmp_path / "p.parquet"), Limits(pairs_per_query=4))
    assert found["checks"]["photographer"]["pairs"] == 150
    assert len(pd.read_parquet(tmp_path / "p.parquet")) == 12


def test_each_query_set_has_its_own_counts(
    leaking: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    queries = pd.read_parquet(leaking[1]).assign(dataset=["day"] * 2 + ["night"] * 10)
    found = counted(capsys, tmp_path, asked(leaking[0], written(tmp_path / "q.csv", queries)))
    affected = {name: {c: each["checks"][c]["queries_affected"] for c in ("identical", "photographer")}
                for name, each in found["sets"].items()}  # fmt: skip
    assert affected == {"day": {"identical": 1, "photographer": 0}, "night": {"identical": 0, "photographer": 2}}
    assert [found["sets"][name]["queries_compared"] for name in ("day", "night")] == [2, 10]


def test_embeddings_come_in_the_order_of_the_table_or_by_id(
    leaking: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draw = np.random.default_rng(0)
    gallery, queries = draw.standard_normal((40, 16)), draw.standard_normal((12, 16))
    gallery[33] = queries[4] * 3
    np.save(tmp_path / "gallery.npy", gallery.astype(np.float16))
    order = draw.permutation(12)
    by_id = pd.DataFrame({"photo_id": [f"q{row}" for row in order], "embedding": list(queries[order])})
    by_id[by_id["photo_id"] != "q7"].to_parquet(tmp_path / "queries.parquet.features.parquet")
    request = asked(
        *leaking,
        gallery_embeddings=tmp_path / "gallery.npy",
        query_embeddings=tmp_path / "queries.parquet.features.parquet",
        pairs=tmp_path / "p.csv",
    )
    check = counted(capsys, tmp_path, request)["checks"]["embedding"]
    assert (check["queries_affected"], check["queries_known"], check["gallery_known"]) == (1, 11, 40)
    pair = pd.read_csv(tmp_path / "p.csv").set_index("check").loc["embedding"]
    assert (pair["query_id"], pair["gallery_id"], pair["value"]) == ("q4", "g33", pytest.approx(1, abs=1e-3))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"gallery": "nothing.csv"}, "nothing.csv does not exist"),
        ({"gallery": "folder"}, "folder holds no photos.parquet"),
        ({"gallery": "text.csv"}, "longitude of the truth; name it lat in the table."),
        ({"fail_on": ["fotographer"]}, "there is no such check; choose any, id, identical"),
        ({"pairs": Path("pairs.xlsx")}, "ends in .csv or .parquet"),
        ({"gallery_embeddings": Path("short.npy")}, "has 3 rows and"),
        ({"gallery_embeddings": Path("ints.npy")}, "40 x 2 int64; wanted are floats"),
        ({"gallery_embeddings": Path("text.csv")}, "no file of embeddings"),
        ({"gallery_embeddings": Path("broken.npy")}, "no NumPy file"),
        ({"gallery_embeddings": Path("stranger.parquet")}, "do not belong together"),
        ({"gallery": "badhash.csv"}, "badhash.csv, line 4: the perceptual hash 'xyz' is not 16 hexadecimal"),
    ],
)
def test_bad_input_is_one_sentence(
    leaking: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    Path("text.csv").write_text("a,b\n1,2\n")
    np.save("short.npy", np.ones((3, 2)))
    np.save("ints.npy", np.ones((40, 2), np.int64))
    Path("broken.npy").write_bytes(b"\x93NUMPY")
    pd.DataFrame({"id": ["x"], "embedding": [[1.0, 2.0]]}).to_parquet("stranger.parquet")
    bad = frame(5, "g", 1)
    bad.loc[2, "phash"] = "xyz"
    written(Path("badhash.csv"), bad)
    with pytest.raises(DualGeoError) as error:
        leakage_command(tmp_path, Asked(**{**vars(asked(*leaking)), **change}), Limits())
    assert said in str(error.value)


def test_rows_without_a_coordinate_are_counted_aloud(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gallery = frame(6, "g", 1).astype({"lat": object})
    gallery.loc[0, "lat"], gallery.loc[1, ["lat", "lon"]] = 181, [None, None]
    paths = written(tmp_path / "g.csv", gallery), written(tmp_path / "q.csv", frame(3, "q", 2))
    leakage_command(tmp_path, asked(*paths, as_json=True), Limits())
    said = capsys.readouterr()
    assert json.loads(said.out)["checks"]["place"]["gallery_known"] == 4
    assert "an impossible coordinate in 1 of 6 rows, the first: latitude 181" in said.err
    assert "no coordinate in 1 of 6 rows" in said.err


def _jpeg(seed: int, quality: int = 90) -> bytes:
    draw = np.random.default_rng(seed)
    small = Image.fromarray(draw.integers(0, 255, (6, 6, 3), np.uint8)).resize((96, 96), Image.Resampling.BICUBIC)
    content = io.BytesIO()
    small.save(content, "JPEG", quality=quality)
    return content.getvalue()


def test_a_dataset_folder_is_compared_by_its_images_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "data" / "made"
    images = [_jpeg(0), _jpeg(1), _jpeg(2), _jpeg(0, quality=40)]
    write_shard(folder / "shards" / "00000.tar", ((f"p{n}", {"jpg": image}) for n, image in enumerate(images)))
    table = pd.DataFrame(dict.fromkeys(PHOTO_COLUMNS), index=range(4)).assign(
        photo_id=[f"p{n}" for n in range(4)], lat=[0.0, 10.0, 20.0, 30.0], lon=0.0, sha256=list("abcd"),
        split=["gallery", "gallery", "gallery", "query"], dataset="made", shard="00000",
    )  # fmt: skip
    write_photos(folder, table)
    found = counted(capsys, tmp_path, asked(folder, folder))
    assert found["checks"]["perceptual"]["queries_affected"] == found["checks"]["perceptual"]["pairs"] == 1
    assert found["checks"]["identical"]["pairs"] == 0
    assert "no embedding in" in found["checks"]["embedding"]["not_checked"]
    hashes = [str(imagehash.phash(Image.open(io.BytesIO(image)))) for image in images]
    as_table = table.assign(phash=hashes)[["photo_id", "lat", "lon", "phash"]]
    paths = [written(tmp_path / f"{n}.csv", as_table.iloc[rows]) for n, rows in (("g", [0, 1, 2]), ("q", [3]))]
    assert counted(capsys, tmp_path, asked(*paths))["checks"]["perceptual"]["pairs"] == 1


def test_the_figures_of_im2gps3k(shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = shared / "benchmarks"
    within = counted(capsys, tmp_path, asked("im2gps3k", "im2gps3k", benchmarks=folder))
    near = within["checks"]["photographer_near"]["queries_affected"]
    # Counted another way: by every pair of photos of an author.
    table = pd.read_csv(folder / "im2gps3k_places365.csv")
    assert near == sum(_with_a_neighbour(rows) for _, rows in table.groupby("AUTHOR"))
    assert round(100 * near / within["queries"]["photos"]) == 62
    gallery = folder / "mp16_gps_gallery_100k.csv"
    found = counted(capsys, tmp_path, asked(gallery, "im2gps3k", benchmarks=folder))
    assert found["checks"]["place"]["gallery_known"] == 100_000
    assert found["any"]["checks"] == [] and len(found["any"]["not_checked"]) == len(CHECKS) - 1


def _with_a_neighbour(rows: pd.DataFrame) -> int:
    lat, lon = np.radians(rows["LAT"].to_numpy()), np.radians(rows["LON"].to_numpy())
    cosine = np.sin(lat) * np.sin(lat)[:, None] + np.cos(lat) * np.cos(lat)[:, None] * np.cos(lon - lon[:, None])
    near = 6371.0088 * np.arccos(np.clip(cosine, -1, 1)) <= 1
    return int((near.sum(axis=1) > 1).sum())


def test_the_command_line_prints_a_sentence_and_exits_with_1(leaking: tuple[Path, Path]) -> None:
    command = [sys.executable, "-m", "dualgeo", "leakage", *map(str, leaking)]
    done = subprocess.run([*command, "--fail-on", "identical"], capture_output=True, text=True)
    assert done.returncode == 1 and "Leakage: 5 of 12 queries (41.7 %) by any of 6 checks; 1 could not" in done.stdout
    assert subprocess.run([*command, "--cosine", "0.99"], capture_output=True).returncode == 0
    wrong = subprocess.run([*command, "--fail-on", "x"], capture_output=True, text=True)
    assert wrong.returncode == 1 and wrong.stderr.startswith("dualgeo: --fail-on x: there is no such check")
