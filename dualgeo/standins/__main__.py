"""`python -m dualgeo.standins`: render the stand-ins' photos, train both models, measure them on held-out cities."""

import argparse
import tempfile
import time
from pathlib import Path

import torch

from dualgeo.files import read_json, write_json
from dualgeo.progress import say
from dualgeo.standins.clip import ClipTraining, train_clip
from dualgeo.standins.data import load_data
from dualgeo.standins.measure import measure_clip, measure_segformer
from dualgeo.standins.segformer import SegformerTraining, train_segformer

HERE = Path(__file__).parent
MODELS = ("segformer", "clip")


def main() -> None:
    """Train what is asked for, then write the measured quality beside the models."""
    asked = _arguments()
    torch.set_num_threads(asked.threads)
    cache = asked.cache or Path(tempfile.mkdtemp(prefix="dualgeo-standins-")) / "photos.npz"
    data = load_data(cache, asked.seed, asked.photos_per_city, workers=asked.threads)
    say(f"{len(data.train)} training photos, {len(data.gallery)} gallery photos, {len(data.queries)} queries")
    measured_file = asked.out / "measured.json"
    measured = read_json(measured_file) if measured_file.exists() else {}
    for name in MODELS if asked.model == "both" else (asked.model,):
        folder = asked.out / name
        if not asked.measure_only:
            begun = time.monotonic()
            if name == "clip":
                train_clip(data.train, folder, ClipTraining(seed=asked.seed))
            else:
                train_segformer(data.train, folder, SegformerTraining(seed=asked.seed))
            say(f"{name}: trained in {time.monotonic() - begun:.0f} s")
        measured[name] = measure_clip(data, folder) if name == "clip" else measure_segformer(data, folder)
        write_json(measured_file, measured)
    say(f"measured quality: {measured_file}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m dualgeo.standins", description=__doc__)
    parser.add_argument("model", nargs="?", default="both", choices=(*MODELS, "both"), help="which to train (both)")
    parser.add_argument("--out", type=Path, default=HERE, help="folder for the models (the package's own)")
    parser.add_argument("--seed", type=int, default=0, help="of places, weights and batches")
    parser.add_argument("--photos-per-city", type=int, default=32)
    parser.add_argument("--cache", type=Path, help="an .npz to keep the rendered photos in, reused as it is")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--measure-only", action="store_true", help="do not train; measure the models in --out")
    return parser.parse_args()


if __name__ == "__main__":
    main()
