"""How little 2,997 photos by 198 people say: python benchmarks/im2gps3k_design_effect.py [--benchmarks FOLDER]

Makes the answers of two plausible systems to IM2GPS3k and hands them to `dualgeo score`, which prints who took the
photos, the intervals and the design effects. Both systems know each photo's place up to an error drawn to resemble
published accuracies, and answer the nearest of 100,000 coordinates of MP-16's gallery. In `independent` every photo has
an error of its own, the least clustering there can be; in `alike` a photographer's photos of one place (0.01 degrees)
share it, as systems do that look at scenes.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from dualgeo.geo.sphere import destination, unit_vectors
from dualgeo.scoring.benchmarks import BENCHMARKS, benchmark_table
from dualgeo.scoring.truth import read_truth

ROOT = Path(__file__).resolve().parent.parent
# Shares of photos within a distance, near what GeoCLIP publishes for IM2GPS3k (arXiv 2309.16020), and both ends.
SHARES = (0.0, 0.14, 0.34, 0.51, 0.70, 0.84, 1.0)
DISTANCES_KM = (0.1, 1.0, 25.0, 200.0, 750.0, 2500.0, 20_000.0)


def answers(truth: pd.DataFrame, gallery: np.ndarray, alike: bool, rng: np.random.Generator) -> pd.DataFrame:
    """The nearest gallery coordinate to each true place moved by an error: IMG_ID, LAT, LON."""
    keys = [truth["photographer"], truth["lat"].round(2), truth["lon"].round(2)] if alike else [truth["query_id"]]
    group = truth.groupby(keys).ngroup().to_numpy()
    error_km = np.exp(np.interp(rng.random(group.max() + 1), SHARES, np.log(DISTANCES_KM)))[group]
    bearing = rng.uniform(0, 360, group.max() + 1)[group]
    lat, lon = destination(truth["lat"], truth["lon"], bearing, error_km)
    nearest = cKDTree(unit_vectors(gallery[:, 0], gallery[:, 1])).query(unit_vectors(lat, lon))[1]
    return pd.DataFrame({"IMG_ID": truth["query_id"], "LAT": gallery[nearest, 0], "LON": gallery[nearest, 1]})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--benchmarks", type=Path, default=None)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    folder = benchmark_table(BENCHMARKS["im2gps3k"], ROOT, args.benchmarks).parent
    truth = read_truth("im2gps3k", benchmarks=folder).frame
    gallery = read_truth(folder / "mp16_gps_gallery_100k.csv", require_id=False).frame[["lat", "lon"]].to_numpy()
    with tempfile.TemporaryDirectory() as scratch:
        files = [Path(scratch) / f"{name}.csv" for name in ("independent", "alike")]
        for file in files:
            rng = np.random.default_rng(args.seed)
            answers(truth, gallery, file.stem == "alike", rng).to_csv(file, index=False)
        command = [sys.executable, "-m", "dualgeo", "score", *map(str, files), "--truth", "im2gps3k"]
        # The project's params.yaml has no say here: the defaults of the command are used.
        subprocess.run([*command, "--benchmarks", str(folder), "--root", scratch], check=True)


if __name__ == "__main__":
    main()
