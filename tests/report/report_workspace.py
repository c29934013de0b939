"""A small finished run, written as the other stages write it: what the report is built from in these tests."""

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from PIL import Image, ImageDraw

from dualgeo.datasets.contract import write_photos
from dualgeo.datasets.shards import ShardWriter
from dualgeo.evaluation.score import score
from dualgeo.files import write_json, write_text
from dualgeo.params import load_params
from dualgeo.refinement.refine import refine
from dualgeo.report.inputs import read_run
from dualgeo.report.results import results_of
from dualgeo.report.write import write_texts
from dualgeo.views.cache import ids_by_shard, mask_path, write_mask_shard
from dualgeo.workspace import Cell, Workspace

CITIES = {
    "Paris": (48.86, 2.35, "FR"),
    "London": (51.51, -0.13, "GB"),
    "Nairobi": (-1.29, 36.82, "KE"),
    "Suva": (-18.14, 178.44, "FJ"),
    "Anchorage": (61.22, -149.9, "US"),
    "Lima": (-12.05, -77.04, "PE"),
    "Tokyo": (35.68, 139.69, "JP"),
    "Sydney": (-33.87, 151.21, "AU"),
    "Cairo": (30.04, 31.24, "EG"),
    "Toronto": (43.65, -79.38, "CA"),
    "Mumbai": (19.08, 72.88, "IN"),
    "Cape Town": (-33.92, 18.42, "ZA"),
}
SKILL = {"image": 0.62, "segmentation": 0.05, "dual-no-attention": 0.66, "dual": 0.74}
HARDNESS = {"atlas": 1.0, "atlas-night": 0.55, "atlas-fog": 0.65, "atlas-unseen": 0.1}
CONDITIONS = {"atlas": "daylight", "atlas-night": "night", "atlas-fog": "fog", "atlas-unseen": "daylight"}
TOP_K = 12


@dataclass(frozen=True)
class Recipe:
    """What the run is made of; tests change one thing at a time."""

    variants: tuple[str, ...] = ("image", "segmentation", "dual")
    seeds: tuple[int, ...] = (0, 1, 2)
    query_sets: tuple[str, ...] = ("atlas", "atlas-night", "atlas-fog", "atlas-unseen")
    queries: int = 60
    gallery: int = 240
    validation: int = 40
    failures: int = 2
    masks: bool = True
    quality: bool = True
    meaningful: bool = True
    examples: int = 6
    leaks: int = 5
    """Queries of each set for which gallery rows were left out; 0: nothing was searched again."""

    def but(self, **changes: object) -> "Recipe":
        return replace(self, **changes)


SMALL = Recipe(variants=("image", "dual"), seeds=(0,), query_sets=("atlas", "atlas-night"), queries=12, gallery=60)
Report = Callable[[Recipe], Workspace]


def write_run(root: Path, project: Path, recipe: Recipe = Recipe()) -> Workspace:
    """Write every file that the report stage reads, below `root`."""
    workspace = Workspace(root)
    _write_params(workspace, project, recipe)
    photos = _write_photos(workspace, recipe)
    if recipe.masks:
        _write_masks(workspace, photos, recipe)
    write_json(
        workspace.validation / "validation.json",
        {
            "success": True,
            "expectations": [
                {"name": "latitude between -90 and 90", "success": True, "unexpected": 0},
                {"name": "no photographer in two splits", "success": True, "unexpected": 0},
            ],
        },
    )
    for variant in recipe.variants:
        for seed in recipe.seeds:
            _write_cell(workspace, Cell(variant, seed), photos, recipe)
    if recipe.leaks:
        write_json(workspace.leakage / "leakage.json", _leakage(recipe))
    return workspace


def write_pages(workspace: Workspace) -> None:
    """Report a run without the figures, which take longest."""
    run = read_run(workspace, load_params(workspace.params))
    write_texts(run, results_of(run))


def _write_params(workspace: Workspace, project: Path, recipe: Recipe) -> None:
    params = yaml.safe_load((project / "params.yaml").read_text())
    params["systems"] = {"variants": list(recipe.variants), "seeds": list(recipe.seeds)}
    params["retrieve"]["top_k"] = TOP_K
    params["score"]["resamples"] = 200
    params["report"] |= {"examples": recipe.examples, "accuracy_is_meaningful": recipe.meaningful}
    write_text(workspace.params, yaml.safe_dump(params, sort_keys=False))


def _write_photos(workspace: Workspace, recipe: Recipe) -> pd.DataFrame:
    rng = np.random.default_rng(7)
    cities = list(CITIES)
    plan = [("g", "gallery", "atlas-gallery", "daylight", recipe.gallery)]
    plan += [("v", "validation", "atlas-validation", "daylight", recipe.validation)]
    for number, name in enumerate(recipe.query_sets):
        plan.append((f"q{number}", "query", name, CONDITIONS.get(name, "daylight"), recipe.queries))
    rows: list[dict[str, object]] = []
    folder = workspace.data("atlas")
    with ShardWriter(folder / "shards", 100) as writer:
        for prefix, split, dataset, condition, count in plan:
            for number in range(count):
                city = cities[int(rng.integers(len(cities)))]
                lat, lon, country = CITIES[city]
                lat, lon = lat + float(rng.normal(0, 0.05)), lon + float(rng.normal(0, 0.05))
                photo_id = f"{prefix}-{number:04d}"
                jpg, mask = _scene(rng, condition)
                rows.append(
                    {
                        "photo_id": photo_id, "lat": lat, "lon": lon, "split": split, "dataset": dataset,
                        "photographer": f"trip-{prefix}-{number // 4}", "accuracy_m": 5.0, "taken_at": None,
                        "licence": "CC0-1.0", "source_url": None, "sha256": f"{len(rows):064x}", "place": photo_id,
                        "condition": condition, "city": city, "country": country,
                        "shard": writer.add(photo_id, {"jpg": jpg, "mask.png": mask}),
                    }
                )  # fmt: skip
    photos = pd.DataFrame(rows)
    write_photos(folder, photos)
    write_text(
        folder / "quarantine.csv",
        "file,reason\nbroken.jpg,the image is truncated\n"
        '"<script>alert(1)</script>.jpg",the image is truncated\n"a ""quoted"", name.png",no coordinates\n',
    )
    return photos.sort_values(["shard", "photo_id"], ignore_index=True)


def _scene(rng: np.random.Generator, condition: str) -> tuple[bytes, bytes]:
    """A 64 px street of flat colours and its mask: sky, buildings, road, a tree, a car."""
    sky = {"daylight": (140, 185, 230), "night": (18, 22, 44), "fog": (200, 203, 206)}[condition]
    dim = {"daylight": 1.0, "night": 0.3, "fog": 0.85}[condition]
    shades = [tuple(int(dim * v) for v in rng.integers(90, 220, 3)) for _ in range(3)]
    photo, mask = Image.new("RGB", (64, 64), sky), Image.new("L", (64, 64), 2)
    top = int(rng.integers(14, 34))
    shapes = [
        ((0, 44, 64, 64), tuple(int(dim * 95) for _ in range(3)), 6),
        ((0, top, 22, 44), shades[0], 1),
        ((24, top + 6, 46, 44), shades[1], 1),
        ((50, 26, 62, 40), (int(40 * dim), int(120 * dim), int(50 * dim)), 4),
        ((28, 47, 42, 55), shades[2], 20),
    ]
    for box, colour, label in shapes:
        ImageDraw.Draw(photo).rectangle(box, fill=colour)
        ImageDraw.Draw(mask).rectangle(box, fill=label)
    jpg, png = io.BytesIO(), io.BytesIO()
    photo.save(jpg, "JPEG", quality=88)
    mask.save(png, "PNG")
    return jpg.getvalue(), png.getvalue()


def _write_masks(workspace: Workspace, photos: pd.DataFrame, recipe: Recipe) -> None:
    rng = np.random.default_rng(3)
    for shard, ids in ids_by_shard(photos).items():
        masks = np.full((len(ids), 16, 16), 2, np.uint8)
        masks[:, 11:, :] = 6
        masks[:, 5:11, :10] = 1
        masks[:, 7:10, 13:] = rng.choice([4, 20], (len(ids), 1, 1))
        write_mask_shard(mask_path(workspace.masks, shard), ids, masks, "key")
    if recipe.quality:
        quality = {"miou": 0.61, "pixel_accuracy": 0.91, "photos": 80}
        write_json(
            workspace.masks / "quality.json",
            {"overall": quality, "conditions": dict.fromkeys(("daylight", "night", "fog"), quality)},
        )


def _write_cell(workspace: Workspace, cell: Cell, photos: pd.DataFrame, recipe: Recipe) -> None:
    rng = np.random.default_rng([_seed_of(cell.variant), cell.seed])
    gallery = photos[photos.split == "gallery"].reset_index(drop=True)
    queries = photos[photos.split != "gallery"].sort_values(["dataset", "photo_id"])
    workspace.candidates(cell).parent.mkdir(exist_ok=True)
    _candidates(rng, queries, gallery, SKILL[cell.variant]).to_parquet(workspace.candidates(cell))
    params = load_params(workspace.params)
    refined = refine(pd.read_parquet(workspace.candidates(cell)), photos, params.refine)
    answers = refined.predictions
    lost = answers[answers.split == "query"].index[: recipe.failures]
    answers.loc[lost, ["lat", "lon"]] = np.nan
    answers.loc[lost, "status"] = "the image could not be read"
    filtered = _filtered(rng, answers, recipe) if recipe.leaks else None
    scored = score(answers, refined.candidates, photos, params.score, filtered=filtered)
    workspace.refined(cell).mkdir(parents=True)
    answers.to_parquet(workspace.refined(cell) / "predictions.parquet")
    refined.candidates.to_parquet(workspace.refined(cell) / "candidates.parquet")
    write_json(workspace.scores(cell) / "metrics.json", scored.metrics)
    write_json(workspace.scores(cell) / "strata.json", scored.strata)
    write_json(workspace.scores(cell) / "curves.json", scored.curves)
    scored.queries.to_parquet(workspace.scores(cell) / "queries.parquet")
    _write_curve(workspace, cell, rng)


def _filtered(rng: np.random.Generator, answers: pd.DataFrame, recipe: Recipe) -> pd.DataFrame:
    """Some queries of each set answered again, farther away, without two gallery rows of their photographer."""
    again = answers[answers.split == "query"].groupby("query_set").tail(recipe.leaks).copy()
    again["lat"] = again["lat"].clip(-60, 60) + rng.choice([-20.0, 20.0], len(again))
    return again.assign(dropped=2, dropped_own=2, dropped_alike=0)


def _leakage(recipe: Recipe) -> dict[str, object]:
    """What the leakage stage says: one check that found something, one that could not be made."""

    def counts(queries: int) -> dict[str, object]:
        known = {"gallery_known": 240, "queries_known": queries}
        return {
            "queries_compared": queries,
            "checks": {
                "photographer": {"words": "same photographer", "leak": True, "not_checked": None, **known,
                                 "queries_affected": recipe.leaks, "pairs": 2 * recipe.leaks},
                "moment": {"words": "within 100 m and 10 min", "leak": True, "not_checked": "no row has a time",
                           "gallery_known": None, "queries_known": None, "queries_affected": None, "pairs": None},
            },
        }  # fmt: skip

    return counts(recipe.queries) | {"sets": {name: counts(recipe.queries) for name in recipe.query_sets}}


def _write_curve(workspace: Workspace, cell: Cell, rng: np.random.Generator) -> None:
    steps = np.arange(1, 13)
    loss = 3.2 * np.exp(-steps / 5) + 1.1 + rng.normal(0, 0.02, len(steps)) + 0.1 * cell.seed
    curve = pd.DataFrame({"epoch": steps, "step": steps * 20, "loss": loss, "image_loss": loss * 0.6})
    workspace.model(cell).mkdir(parents=True)
    curve.to_csv(workspace.model(cell) / "curve.csv", index=False)


def _seed_of(text: str) -> int:
    return sum(ord(letter) * 31**place for place, letter in enumerate(text)) % 2**32


def _candidates(rng: np.random.Generator, queries: pd.DataFrame, gallery: pd.DataFrame, skill: float) -> pd.DataFrame:
    """TOP_K candidates a query: many of the right city where the luck of `skill` has it, few otherwise."""
    cities = gallery["city"].to_numpy()
    parts: list[pd.DataFrame] = []
    for query in queries[["photo_id", "dataset", "split", "city"]].itertuples():
        lucky = rng.random() < skill * HARDNESS.get(query.dataset, 1.0)
        share = rng.uniform(0.4, 0.8) if lucky else 0.1
        near = rng.permutation(np.flatnonzero(cities == query.city))[: int(TOP_K * share)]
        far = rng.permutation(np.setdiff1d(np.arange(len(gallery)), near))[: TOP_K - len(near)]
        rows = np.concatenate([near, far])
        similarity = rng.uniform(0.7, 0.9, len(rows)) + np.where(np.arange(len(rows)) < len(near), 0.05, 0.0)
        best = np.argsort(-similarity)
        keys = {"query_id": query.photo_id, "query_set": query.dataset, "split": query.split}
        parts.append(
            pd.DataFrame(
                keys | {"rank": np.arange(len(rows)), "row": rows[best], "score": similarity[best].astype("float32")}
            )
        )
    table = pd.concat(parts, ignore_index=True)
    chosen = gallery.iloc[table["row"]]
    for name in ("photo_id", "lat", "lon"):
        table[name] = chosen[name].to_numpy()
    return table.drop(columns="row").sort_values(["query_set", "query_id", "rank"], ignore_index=True)
