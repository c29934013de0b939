"""Images travel in tar shards (webdataset layout): `<photo_id>.jpg`, `<photo_id>.mask.png`, one photo after another.

The bytes of a shard depend on its members alone: no times, owners or modes of the machine that wrote it.
"""

import io
import re
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path
from types import TracebackType

from PIL import Image

from dualgeo.errors import DualGeoError
from dualgeo.files import written_whole

# webdataset takes what precedes the first dot as the key, and a USTAR name has 100 characters.
PHOTO_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")
END_OF_TAR = bytes(2 * tarfile.BLOCKSIZE)


def shard_name(number: int) -> str:
    """`00000`, `00001`, ...: the name of a shard without its folder and `.tar`."""
    return f"{number:05d}"


def write_shard(path: Path, members: Iterable[tuple[str, dict[str, bytes]]]) -> None:
    """Write one shard, whole or not at all; `members` yields (photo_id, {"jpg": bytes, "mask.png": bytes}).

    Raises ValueError for an id that other webdataset readers would split (a dot in it) or that occurs twice.
    """
    seen: set[str] = set()
    with written_whole(path) as temporary, tarfile.open(temporary, "w", format=tarfile.USTAR_FORMAT) as tar:
        for photo_id, files in members:
            _append(tar, photo_id, files, seen)


class ShardWriter:
    """Fills shard after shard of `folder` with at most `photos_per_shard` photos each.

    A shard appears under its name only when it is complete; on an error the unfinished one is removed.
    """

    def __init__(self, folder: Path, photos_per_shard: int) -> None:
        if photos_per_shard < 1:
            raise ValueError("photos_per_shard must be at least 1")
        self._folder = folder
        self._photos_per_shard = photos_per_shard
        self._shard = -1
        self._seen: set[str] = set()
        self._in_shard = 0
        self._stack = ExitStack()
        self._tar: tarfile.TarFile | None = None

    def add(self, photo_id: str, members: dict[str, bytes]) -> str:
        """Append one photo's files, given by extension, and return the name of the shard that holds them."""
        if self._tar is None or self._in_shard == self._photos_per_shard:
            self._tar = self._next()
        _append(self._tar, photo_id, members, self._seen)
        self._in_shard += 1
        return shard_name(self._shard)

    def _next(self) -> tarfile.TarFile:
        self._stack.close()
        self._shard += 1
        self._in_shard = 0
        path = self._folder / f"{shard_name(self._shard)}.tar"
        temporary = self._stack.enter_context(written_whole(path))
        return self._stack.enter_context(tarfile.open(temporary, "w", format=tarfile.USTAR_FORMAT))

    def __enter__(self) -> "ShardWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tar = None
        self._stack.__exit__(kind, error, trace)


def _append(tar: tarfile.TarFile, photo_id: str, files: dict[str, bytes], seen: set[str]) -> None:
    if not PHOTO_ID.fullmatch(photo_id):
        raise ValueError(f"photo id {photo_id!r} must be 1 to 80 of the characters A-Z a-z 0-9 _ -")
    if photo_id in seen:
        raise ValueError(f"photo id {photo_id!r} is written twice")
    seen.add(photo_id)
    for extension, content in sorted(files.items()):
        member = tarfile.TarInfo(f"{photo_id}.{extension}")
        member.size = len(content)
        member.mode = 0o644
        tar.addfile(member, io.BytesIO(content))


def read_shard(path: Path) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Yield (photo_id, {extension: bytes}) in the order written; nothing is extracted to disk.

    Raises DualGeoError naming the file when it is missing, cut off or no tar.
    """
    try:
        _require_end(path)
        with tarfile.open(path, "r:") as tar:
            for photo_id, files in groupby(_files(tar), key=lambda file: file[0]):
                yield photo_id, {extension: content for _, extension, content in files}
    except FileNotFoundError:
        raise DualGeoError(f"{path} does not exist; make the dataset again or fetch it (`dvc pull`).") from None
    except (tarfile.TarError, OSError) as error:
        raise DualGeoError(f"{path} is damaged ({error}); make the dataset again or fetch it (`dvc pull`).") from None


def _files(tar: tarfile.TarFile) -> Iterator[tuple[str, str, bytes]]:
    for member in tar:
        file = tar.extractfile(member) if member.isfile() else None
        if file is None:
            continue
        photo_id, _, extension = member.name.rpartition("/")[2].partition(".")
        content = file.read()
        if len(content) != member.size:
            raise tarfile.ReadError(f"{member.name} is cut off")
        yield photo_id, extension, content


def _require_end(path: Path) -> None:
    # tarfile takes a file that was cut between two members for a complete one.
    with path.open("rb") as file:
        size = file.seek(0, io.SEEK_END)
        file.seek(max(0, size - len(END_OF_TAR)))
        if size % tarfile.BLOCKSIZE or file.read() != END_OF_TAR:
            raise tarfile.ReadError("its end is missing")


def photo_image(content: bytes) -> Image.Image:
    """Decode an image as stored in a shard: RGB, H x W x 3 uint8. Raises DualGeoError when it is unreadable."""
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG")) as image:
            return image.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DualGeoError(f"a stored image cannot be decoded ({error}); make the dataset again.") from None
