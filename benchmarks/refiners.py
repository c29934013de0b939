"""What the choices of the refine stage are worth on the validation photos: python benchmarks/refiners.py [CELL...]

Reads candidates/<cell>.parquet and the photo table of the project it runs in (every cell there when none is named) and
prints accuracy of each way to an answer. Query photos are not looked at: choices are made on validation photos alone.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from dualgeo.datasets.contract import read_photos
from dualgeo.evaluation.metrics import geoscore, hits
from dualgeo.geo.sphere import geodesic_km
from dualgeo.params import RefineParams, load_params
from dualgeo.refinement import consensus as consensus_module
from dualgeo.refinement.rerank import Candidates, rerank
from dualgeo.workspace import Cell, Workspace

THRESHOLDS_KM = [1.0, 25.0, 200.0, 750.0, 2500.0]
Answer = tuple[np.ndarray, np.ndarray]


def validation_batch(candidates: pd.DataFrame, photos: pd.DataFrame) -> tuple[Candidates, np.ndarray]:
    """Candidates of the validation photos, and the truth (B, 2)."""
    rows = candidates[candidates["split"] == "validation"].sort_values(["query_id", "rank"])
    ids = rows["query_id"].drop_duplicates()
    shape = (len(ids), int(rows["rank"].max()) + 1)
    row, column = pd.Index(ids).get_indexer(pd.Index(rows["query_id"])), rows["rank"].to_numpy()
    padded = []
    for name in ("lat", "lon", "score"):
        values = np.full(shape, np.nan)
        values[row, column] = rows[name]
        padded.append(values)
    return Candidates(*padded), photos.set_index("photo_id").loc[ids, ["lat", "lon"]].to_numpy()


def answers(batch: Candidates, params: RefineParams) -> dict[str, Answer]:
    """Every way to an answer, under one choice of clusters."""

    def at(column: np.ndarray) -> Answer:
        rows = np.arange(len(column))
        return batch.lat[rows, column], batch.lon[rows, column]

    found = rerank(batch, params)
    has = found.winner >= 0
    best_member = np.where(has, np.argmax(found.members, axis=1), 0)
    ways = {
        "first after re-rank": at(found.first),
        "most similar of the cluster": at(best_member),
        "centre of the cluster": (
            np.where(has, found.centre_lat, batch.lat[:, 0]),
            np.where(has, found.centre_lon, batch.lon[:, 0]),
        ),
    }
    chosen = consensus_module.SHARPNESS
    for sharpness in (0.0, 0.5, 1.0, 2.0, 4.0):
        consensus_module.SHARPNESS = sharpness
        mark = " (consensus)" if sharpness == chosen else ""
        ways[f"medoid, sharpness {sharpness:g}{mark}"] = at(consensus_module.consensus(batch, found))
    consensus_module.SHARPNESS = chosen
    return ways


def show(name: str, answer: Answer, truth: np.ndarray) -> None:
    error = geodesic_km(truth[:, 0], truth[:, 1], *answer)
    shares = 100 * hits(error, THRESHOLDS_KM).mean(axis=0)
    print(f"  {name:34s}" + "".join(f"{share:8.2f}" for share in shares) + f"{geoscore(error).mean():9.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cells", nargs="*")
    parser.add_argument("--root", type=Path, default=Path())
    parser.add_argument("--eps", type=float, nargs="+", default=[5, 10, 25, 50, 100])
    args = parser.parse_args()
    workspace = Workspace(args.root.resolve())
    params = load_params(workspace.params)
    photos = read_photos(workspace.data(params.dataset))
    cells = args.cells or sorted(path.stem for path in (workspace.root / "candidates").glob("*.parquet"))
    for cell in cells:
        batch, truth = validation_batch(pd.read_parquet(workspace.candidates(Cell.parse(cell))), photos)
        print(f"{cell}: {len(truth)} validation photos; Acc@ {', '.join(f'{t:g}' for t in THRESHOLDS_KM)} km; GeoScore")
        show("retrieved first", (batch.lat[:, 0], batch.lon[:, 0]), truth)
        for choose, eps in [("size", 50.0)] + [("similarity", eps) for eps in args.eps]:
            centre = "degrees" if choose == "size" else "sphere"
            choice = params.refine.model_copy(
                update={"rerank": "cluster", "choose": choose, "eps_km": eps, "centre": centre}
            )
            print(f" choose={choose} centre={centre} eps={eps:g} km" + (" (published)" if choose == "size" else ""))
            for name, answer in answers(batch, choice).items():
                show(name, answer, truth)


if __name__ == "__main__":
    main()
