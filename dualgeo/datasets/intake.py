"""One photo file becomes an upright JPEG and a record of facts, kept in a work folder so that a cut-off run resumes."""

import hashlib
import json
import multiprocessing
import os
import threading
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import connection
from pathlib import Path

from dualgeo.datasets.exif import Facts, read_facts
from dualgeo.datasets.images import as_jpeg, decoded, opened
from dualgeo.errors import DualGeoError
from dualgeo.files import write_json, written_whole
from dualgeo.progress import progress

# Part of every record's key: raise it when the same file would give another record or image.
VERSION = 1
POOL_FROM_FILES = 24
"""Fewer files than this are read in this process: starting others takes longer."""


@dataclass(frozen=True)
class Taken:
    """What became of one file: `image` is the JPEG's path, None with the reason in `problem`."""

    file: str
    sha256: str | None
    problem: str | None
    note: str | None
    facts: Facts
    image: Path | None


def take_in(source: Path, files: Sequence[str], work: Path, max_side: int, workers: int) -> list[Taken]:
    """Read `files` (paths below `source`) into `work`, in order; what an earlier run finished is not read again.

    Raises DualGeoError when a worker process dies, which a lack of memory brings about.
    """
    work.mkdir(parents=True, exist_ok=True)
    one = partial(_take_one, source, work, max_side)
    label = "reading photos"
    if workers < 2 or len(files) < POOL_FROM_FILES:
        return list(progress(map(one, files), len(files), label))
    # Not fork: threads of the parent (BLAS, progress) do not survive it.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_end_with_parent) as pool:
        try:
            return list(progress(_in_order(pool, one, files), len(files), label))
        except BrokenProcessPool:
            raise DualGeoError(
                "A process that reads photos was killed, most likely for memory; run the same command again with fewer "
                "workers: it goes on where it stopped."
            ) from None
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _in_order(pool: ProcessPoolExecutor, one: "partial[Taken]", files: Sequence[str]) -> Iterator[Taken]:
    yield from pool.map(one, files, chunksize=4)


def _end_with_parent() -> None:
    """End this worker when the process that started it is killed; otherwise it would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _take_one(source: Path, work: Path, max_side: int, file: str) -> Taken:
    path = source / file
    try:
        status = path.stat()
    except OSError as error:
        return Taken(file, None, f"cannot be read ({error.strerror})", None, Facts(), None)
    identity = json.dumps([VERSION, max_side, str(source), file, status.st_size, status.st_mtime_ns])
    key = hashlib.sha256(identity.encode()).hexdigest()[:32]
    record, image = work / key[:2] / f"{key}.json", work / key[:2] / f"{key}.jpg"
    known = _known(file, record, image)
    if known is not None:
        return known
    taken, jpeg = _read(path, file, image, max_side)
    if jpeg is not None:
        with written_whole(image) as temporary:
            temporary.write_bytes(jpeg)
    # Written last: a record stands for a finished image.
    fields = {name: value for name, value in asdict(taken).items() if name not in ("file", "image")}
    write_json(record, fields | {"readable": jpeg is not None})
    return taken


def _known(file: str, record: Path, image: Path) -> Taken | None:
    try:
        known = json.loads(record.read_text(encoding="utf-8"))
        return Taken(
            file,
            known["sha256"],
            known["problem"],
            known["note"],
            Facts(**known["facts"]),
            image if known["readable"] else None,
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _read(path: Path, file: str, image: Path, max_side: int) -> tuple[Taken, bytes | None]:
    try:
        content = path.read_bytes()
    except OSError as error:
        return Taken(file, None, f"cannot be read ({error.strerror})", None, Facts(), None), None
    digest = hashlib.sha256(content).hexdigest()
    try:
        # Decoders warn about oddities of metadata that matter to nobody here.
        with warnings.catch_warnings(), opened(content) as photo:
            warnings.simplefilter("ignore")
            facts = read_facts(photo)
            result = decoded(photo, max_side)
        return Taken(file, digest, None, result.note, facts, image), as_jpeg(result.image)
    except DualGeoError as error:
        return Taken(file, digest, str(error), None, Facts(), None), None
