"""Write files and folders so that a reader sees the old content or the new, never half of it."""

import json
import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from dualgeo.errors import DualGeoError


@contextmanager
def written_whole(path: Path) -> Generator[Path]:
    """Yield a temporary path beside `path`; on success it is renamed to `path`, on any error removed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def folder_written_whole(folder: Path) -> Generator[Path]:
    """Yield an empty temporary folder beside `folder`; on success it takes the place of `folder`."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".part", dir=folder.parent))
    try:
        yield temporary
        temporary.chmod(0o777 & ~_umask())
        if folder.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".old", dir=folder.parent))
            folder.rename(old / folder.name)
            temporary.rename(folder)
            shutil.rmtree(old)
        else:
            temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 `text` to `path`, whole or not at all."""
    with written_whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, value: object) -> None:
    """Write `value` as indented JSON with sorted keys; NaN and infinity are refused with ValueError."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n")


def read_json(path: Path) -> dict[str, object]:
    """Read a JSON object; DualGeoError names the file when it is missing or no JSON object."""
    try:
        value: object = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DualGeoError(f"{path} does not exist; run the stage that writes it (`dvc repro`).") from None
    except ValueError as error:
        raise DualGeoError(f"{path} is not valid JSON ({error}); delete it and run `dvc repro`.") from None
    if not isinstance(value, dict):
        raise DualGeoError(f"{path} holds no JSON object; delete it and run `dvc repro`.")
    return value  # pyright: ignore[reportUnknownVariableType]


def _umask() -> int:
    # The umask can only be read by setting it.
    mask = os.umask(0)
    os.umask(mask)
    return mask
