"""The values that params files hold now, as DVC reads them."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from dualgeo.errors import DualGeoError
from dualgeo.lockfile import parse_yaml

MISSING = object()
"""What a key that a file does not have is compared as."""


@dataclass(frozen=True)
class ChangedParam:
    """A param whose value is not the stated one."""

    name: str
    """`params.yaml: train.epochs`."""
    stated: str
    now: str


class ParamsFiles:
    """The params files below `root`; each is read once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._read = cache(self._document)

    def changed(self, stated: Mapping[str, Mapping[str, Any]]) -> list[ChangedParam]:
        """Those of the stated values (params file -> key -> value), leaf by leaf, that the files do not have now."""
        found: list[ChangedParam] = []
        for file, values in stated.items():
            document = self._read(file)
            for key, value in values.items():
                now = _value(document, key)
                found += _differing(f"{file}: {key}", value, now)
        return found

    def _document(self, file: str) -> Mapping[str, Any]:
        """DualGeoError names a file that cannot be read; one that is absent has no values."""
        path = self._root / file
        if not path.is_file():
            return {}
        if path.suffix == ".py":
            raise DualGeoError(f"Params in {file} cannot be compared: only YAML, JSON and TOML are read as data.")
        try:
            text = path.read_text(encoding="utf-8")
            return tomllib.loads(text) if path.suffix == ".toml" else parse_yaml(text, file)
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise DualGeoError(f"{path} cannot be read: {error}.") from None


def _value(document: Any, key: str) -> Any:
    for part in key.split("."):
        document = document.get(part, MISSING) if isinstance(document, Mapping) else MISSING
    return document


def _differing(name: str, stated: Any, now: Any) -> list[ChangedParam]:
    if isinstance(stated, Mapping) and isinstance(now, Mapping):
        return [
            found
            for key in sorted({*stated, *now}, key=str)
            for found in _differing(f"{name}.{key}", stated.get(key, MISSING), now.get(key, MISSING))
        ]
    return [] if stated == now else [ChangedParam(name, _shown(stated), _shown(now))]


def _shown(value: Any) -> str:
    return "absent" if value is MISSING else str(value)
