"""What a folder of a given digest holds, file by file: from the workspace, else from DVC's cache."""

import hashlib
import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from dualgeo.lineage.digests import Digests


class Listings:
    """Looks up the files behind a folder's md5; believes a listing only if its own digest is that md5."""

    def __init__(self, digests: Digests, cache: Callable[[], Path]) -> None:
        """`cache` gives the folder of DVC's cache; it is asked once, and only when it is needed."""
        self._digests, self._cache = digests, lru_cache(maxsize=1)(cache)

    def files(self, path: str, md5: str) -> dict[str, str] | None:
        """The files of `path` at this digest (path below the project folder -> md5); None where nobody knows."""
        if not md5.endswith(".dir"):
            return {path: md5}
        listed = self._digests.listing(path) if self._digests.md5(path) == md5 else self._cached(md5)
        return None if listed is None else {f"{path}/{name}": str(file) for name, file in listed.items()}

    def _cached(self, md5: str) -> dict[str, str] | None:
        file = self._cache() / "files" / "md5" / md5[:2] / md5[2:]
        if not file.is_file():
            return None
        content = file.read_bytes()
        if hashlib.md5(content, usedforsecurity=False).hexdigest() != md5.removesuffix(".dir"):
            return None
        listed: list[dict[str, Any]] = json.loads(content)
        return {str(each["relpath"]): str(each["md5"]) for each in listed}
