"""Leakage checks at the size of MP16-Pro: python benchmarks/leakage_scale.py [--folder FOLDER with 6 GB free]

Makes a gallery of 4.7 million photos (authors by a power law, places around cities, times, SHA-256, perceptual hashes,
256-d float16 embeddings on disk) and 4,536 queries of which 60 leak by each check, as files; reads them as
`dualgeo leakage` does and prints for each check wall-clock and CPU seconds, peak memory (RSS, Linux), how much of the
memory at its end is pages of mapped files (which the system may drop at any time), and how many planted leaks it found.
"""

import argparse
import multiprocessing
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from dualgeo.leakage.check import check_leakage
from dualgeo.leakage.finding import CHECKS, Finding, Limits
from dualgeo.leakage.tables import read_side

PLANTED = 60
"""Queries that leak by each check; query 60 * i + j leaks by the check of place i."""
BLOCK = 1 << 17


@dataclass(frozen=True)
class Size:
    gallery: int
    queries: int
    width: int


def names(prefix: str, numbers: np.ndarray) -> pa.Array:
    return pa.array(np.char.add(prefix, numbers.astype("U10")))


def authors(draw: np.random.Generator, count: int) -> np.ndarray:
    """Author numbers by a power law: of 4.7 million photos the largest has 80,000, most of 200,000 have a few."""
    return (draw.random(count) ** 3 * 200_000).astype(np.int64)


def places(draw: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Three quarters around 5,000 cities within kilometres, the rest anywhere."""
    city = np.random.default_rng(7).uniform([-55, -180], [70, 180], (5_000, 2))
    chosen = (draw.pareto(1.0, count) * 50).astype(np.int64) % len(city)
    lat, lon = city[chosen].T + draw.normal(0, 0.05, (2, count))
    anywhere = draw.random(count) < 0.25
    lat[anywhere], lon[anywhere] = draw.uniform(-60, 75, anywhere.sum()), draw.uniform(-180, 180, anywhere.sum())
    return lat, np.clip(lon, -180, 180)


def table(draw: np.random.Generator, count: int, prefix: str) -> dict[str, pa.Array | np.ndarray]:
    lat, lon = places(draw, count)
    start = np.datetime64("2006-01-01T00:00:00")
    taken = start + draw.integers(0, 8 * 365 * 86_400, count).astype("timedelta64[s]")
    digest = draw.bytes(32 * count).hex()
    return {
        "photo_id": names(prefix, np.arange(count)),
        "lat": lat,
        "lon": lon,
        "photographer": names("author", authors(draw, count)),
        "taken_at": pa.array(np.datetime_as_string(taken)),
        "sha256": pa.array([digest[64 * row : 64 * row + 64] for row in range(count)]),
        "phash": pa.array([f"{value:016x}" for value in draw.integers(0, 2**64, count, dtype=np.uint64).tolist()]),
    }


def make(folder: Path, size: Size) -> None:
    """Write gallery and queries; leaks go from queries into gallery rows spread over the whole table."""
    draw = np.random.default_rng(0)
    queries = table(draw, size.queries, "q")
    embedding = draw.standard_normal((size.queries, size.width), np.float32)
    np.save(folder / "queries.npy", embedding.astype(np.float16))
    pq.write_table(pa.table(queries), folder / "queries.parquet")
    gallery = table(draw, size.gallery, "g")
    target = np.linspace(0, size.gallery - 1, PLANTED).astype(np.int64)

    def plant(column: str, values: pa.Array) -> None:
        held = gallery[column].to_numpy(zero_copy_only=False)
        held[target] = values.to_numpy(zero_copy_only=False)
        gallery[column] = pa.array(held)

    plant("photo_id", queries["photo_id"].slice(0, PLANTED))
    plant("sha256", queries["sha256"].slice(PLANTED, PLANTED))
    near = [f"{int(value.as_py(), 16) ^ 0b1111:016x}" for value in queries["phash"].slice(2 * PLANTED, PLANTED)]
    plant("phash", pa.array(near))
    moment = slice(4 * PLANTED, 5 * PLANTED)
    gallery["lat"][target] = queries["lat"][moment] + 0.0003
    gallery["lon"][target] = queries["lon"][moment]
    plant("photographer", queries["photographer"].slice(4 * PLANTED, PLANTED))
    plant("taken_at", queries["taken_at"].slice(4 * PLANTED, PLANTED))
    pq.write_table(pa.table(gallery), folder / "gallery.parquet")
    rows = np.lib.format.open_memmap(folder / "gallery.npy", "w+", np.float16, (size.gallery, size.width))
    for begin in range(0, size.gallery, BLOCK):
        rows[begin : begin + BLOCK] = draw.standard_normal((min(BLOCK, size.gallery - begin), size.width), np.float32)
    rows[target] = embedding[3 * PLANTED : 4 * PLANTED] * 1.5
    rows.flush()


class Meter:
    """Seconds and peak memory since it was made; the kernel's own peak is reset, so each step has its own."""

    def __init__(self) -> None:
        Path("/proc/self/clear_refs").write_text("5")
        self.wall, self.cpu = time.perf_counter(), time.process_time()

    def figures(self) -> str:
        status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
        peak, mapped = (int(status[field].split()[0]) / 1e6 for field in ("VmHWM", "RssFile"))
        wall, cpu = time.perf_counter() - self.wall, time.process_time() - self.cpu
        return f"{wall:>8.1f}{cpu:>8.1f}{peak:>9.2f}{mapped:>8.2f}"


def measure(folder: Path) -> None:
    """Read the tables and run every check, in this process."""
    meter = Meter()
    sides = [
        read_side(str(folder / f"{name}.parquet"), role, folder, folder / f"{name}.npy").photos
        for name, role in (("gallery", "GALLERY"), ("queries", "QUERIES"))
    ]
    print(f"{'':<20}{'wall s':>8}{'CPU s':>8}{'peak GB':>9}{'mapped':>8}{'queries':>9}{'pairs':>12}  planted")
    print(f"{'read the tables':<20}{meter.figures()}", flush=True)
    # `moment` and `place` are one search.
    for checks in [(check,) for check in CHECKS if check != "moment"]:
        meter = Meter()
        leakage = check_leakage(*sides, Limits(), checks=("moment", "place") if checks == ("place",) else checks)
        figures = meter.figures()
        for found in leakage.findings:
            assert found.not_checked is None, found.not_checked
            counts = f"{found.affected.sum():>9,}{found.found.count.sum():>12,}"
            print(f"{found.check:<20}{figures}{counts}  {planted(found)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gallery", type=int, default=4_700_000)
    parser.add_argument("--queries", type=int, default=4_536)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--folder", type=Path, help="Where the made tables go; default: a temporary folder.")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder) as temporary:
        folder = Path(temporary)
        begun = time.perf_counter()
        make(folder, Size(args.gallery, args.queries, args.width))
        seconds = time.perf_counter() - begun
        print(f"{args.gallery:,} gallery photos x {args.queries:,} queries, made in {seconds:.0f} s", flush=True)
        # A fresh process: the memory that making the tables took is not counted.
        process = multiprocessing.get_context("spawn").Process(target=measure, args=(folder,))
        process.start()
        process.join()
        raise SystemExit(process.exitcode)


def planted(finding: Finding) -> str:
    """How many of the planted leaks the check found."""
    place = {"id": 0, "identical": 1, "perceptual": 2, "embedding": 3}.get(finding.check, 4)
    return f"{finding.affected[PLANTED * place : PLANTED * (place + 1)].sum()} of {PLANTED}"


if __name__ == "__main__":
    main()
