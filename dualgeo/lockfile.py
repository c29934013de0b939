"""What dvc.lock states: which bytes, code and params made which outputs. Read as data, without DVC itself."""

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from dualgeo.errors import DualGeoError


@dataclass(frozen=True)
class Entry:
    """One stage, or one cell of a stage, as dvc.lock states it; raw data that a .dvc file pins have no command."""

    address: str
    """How DVC calls it: `train@dual-0`, `report`, `data.dvc`."""
    command: str
    deps: Mapping[str, str]
    """Path below the project folder -> md5."""
    params: Mapping[str, Mapping[str, Any]]
    """Params file -> its sections that the stage names."""
    outs: Mapping[str, str]
    """Path below the project folder -> md5 (`....dir` for a folder)."""

    @property
    def stage(self) -> str:
        """`train`; `data` for data.dvc."""
        return self.address.removesuffix(".dvc").partition("@")[0]

    @property
    def cell(self) -> str:
        """`dual-0`, or empty."""
        return self.address.partition("@")[2]

    @property
    def data_version(self) -> str:
        """Digest of the outputs: what Dagster calls the data version, and the same string in MLflow's tags."""
        return outs_version(self.outs)

    @property
    def input_digest(self) -> str:
        """Digest of all that decides the outputs: command, params and dependencies."""
        return digest([self.command, self.params, self.deps])


class Lock:
    """The entries of dvc.lock and of the .dvc files beside it, by address."""

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self.entries = dict(entries)
        self._makers = {path: entry.address for entry in self.entries.values() for path in entry.outs}

    def makers(self, path: str) -> list[str]:
        """Addresses of the entries whose outputs are `path`, lie below it or hold it; empty for code and the like."""
        above = [parent for parent in _self_and_parents(path) if parent in self._makers]
        below = [out for out in self._makers if out.startswith(f"{path}/")]
        return sorted({self._makers[out] for out in above + below})

    def upstream(self, address: str) -> list[str]:
        """Addresses of the entries whose outputs `address` reads directly."""
        found = {maker for path in self.entries[address].deps for maker in self.makers(path)}
        return sorted(found - {address})

    def closure(self, address: str) -> "Lock":
        """`address` and all it rests on."""
        wanted, waiting = set[str](), [address]
        while waiting:
            here = waiting.pop()
            if here not in wanted:
                wanted.add(here)
                waiting += self.upstream(here)
        return Lock({name: entry for name, entry in self.entries.items() if name in wanted})


def parse_lock(text: str, data_files: Mapping[str, str]) -> Lock:
    """Read the text of dvc.lock and of .dvc files (name -> text).

    Raises DualGeoError where one is no such file; a stage that never ran is absent.
    """
    entries: dict[str, Entry] = {}
    for address, stated in (parse_yaml(text, "dvc.lock").get("stages") or {}).items():
        entries[address] = Entry(
            address,
            _command(stated.get("cmd")),
            _digests(stated.get("deps")),
            stated.get("params") or {},
            _digests(stated.get("outs")),
        )
    for name, content in data_files.items():
        entries[name] = Entry(name, "", {}, {}, _digests(parse_yaml(content, name).get("outs")))
    return Lock(entries)


def read_lock(root: Path) -> Lock:
    """dvc.lock and the .dvc files of the folder `root`; a missing dvc.lock is an empty one. Raises as parse_lock."""
    path = root / "dvc.lock"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    data_files = {file.name: file.read_text(encoding="utf-8") for file in sorted(root.glob("*.dvc")) if file.is_file()}
    return parse_lock(text, data_files)


def outs_version(outs: Mapping[str, str]) -> str:
    """The data version of outputs given as path -> md5."""
    return digest(dict(outs))


def digest(value: object) -> str:
    """A short digest of JSON-like content that does not depend on key order."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:16]


def md5_of(path: Path) -> str | None:
    """The md5 by which DVC knows a file, or a folder (`....dir`: of the sorted list of its files); None if absent."""
    if path.is_file():
        with path.open("rb") as handle:
            return hashlib.file_digest(handle, "md5").hexdigest()
    if not path.is_dir():
        return None
    files = (Path(folder) / name for folder, _, names in os.walk(path) for name in names)
    return folder_md5({file.relative_to(path).as_posix(): md5_of(file) for file in files})


def folder_md5(files: Mapping[str, str | None]) -> str:
    """The md5 by which DVC knows a folder that holds `files` (path below it -> md5)."""
    # DVC sorts by the whole path, so `a-b` comes before `a/b`.
    listed = [{"md5": md5, "relpath": path} for path, md5 in sorted(files.items())]
    return hashlib.md5(json.dumps(listed, sort_keys=True).encode(), usedforsecurity=False).hexdigest() + ".dir"


def _self_and_parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(len(parts), 0, -1)]


def _command(command: object) -> str:
    return "\n".join(map(str, command)) if isinstance(command, list) else str(command or "")  # pyright: ignore[reportUnknownArgumentType]


def _digests(items: list[Mapping[str, str]] | None) -> dict[str, str]:
    return {item["path"]: item["md5"] for item in items or [] if "md5" in item}


class _Yaml(yaml.CSafeLoader if TYPE_CHECKING else getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """Values as DVC reads them: YAML 1.2, where 1e-3 is a number and `on` is a word."""


_VALUES = {
    "bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "int": (r"[-+]?[0-9][0-9_]*|0b[01]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    "float": (
        r"[-+]?([0-9][0-9_]*\.[0-9_]*([eE][-+]?[0-9]+)?|[0-9][0-9_]*[eE][-+]?[0-9]+|\.[0-9]+([eE][-+]?[0-9]+)?"
        r"|\.(inf|Inf|INF))|\.(nan|NaN|NAN)",
        "-+0123456789.",
    ),
}
_Yaml.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in known if tag.rpartition(":")[2] not in _VALUES]
    for first, known in _Yaml.yaml_implicit_resolvers.items()
}
for _name, (_pattern, _first) in _VALUES.items():
    _Yaml.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", re.compile(f"^({_pattern})$"), list(_first))


def _whole_number(_loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    """In YAML 1.2 a leading 0 does not make a number octal."""
    text = str(node.value)
    return int(text, 0) if text[:2] in ("0b", "0o", "0x") else int(text.replace("_", ""))


_Yaml.add_constructor("tag:yaml.org,2002:int", _whole_number)


def parse_yaml(text: str, name: str) -> dict[str, Any]:
    """Read a YAML mapping as DVC does; `name` is the file's, for the DualGeoError where it is none."""
    try:
        document = yaml.load(text, Loader=_Yaml) if text.strip() else {}  # noqa: S506
    except yaml.YAMLError as error:
        raise DualGeoError(f"{name} is not valid YAML: {' '.join(str(error).split())}.") from None
    if not isinstance(document, dict):
        again = ", or delete it and run `dvc repro`" if name == "dvc.lock" else ""
        raise DualGeoError(f"{name} holds no YAML mapping; restore it from git{again}.")
    return document  # pyright: ignore[reportUnknownVariableType]
