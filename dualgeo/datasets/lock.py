"""One writer of a dataset at a time, and nothing left lying about by one that was killed."""

import fcntl
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from dualgeo.errors import DualGeoError


@contextmanager
def only_one(work: Path, folder: Path) -> Generator[None]:
    """Hold the work folder of the dataset `folder`; DualGeoError when another process holds it.

    A process that was killed while it replaced `folder` left `.name.*.old` or `.name.*.part` beside it: the old
    dataset is put back if no new one took its place, the rest is removed.
    """
    work.mkdir(parents=True, exist_ok=True)
    with (work / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DualGeoError(f"Another ingest into {folder} is running; wait for it.") from None
        for old in sorted(folder.parent.glob(f".{folder.name}.*.old")):
            if not folder.exists() and (old / folder.name).exists():
                (old / folder.name).rename(folder)
            shutil.rmtree(old)
        for part in folder.parent.glob(f".{folder.name}.*.part"):
            shutil.rmtree(part)
        yield
