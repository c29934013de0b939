"""Which column of a table is which: the names people use, in any case, or the one that is named.

The names come in tiers. The first tier that is present counts; two columns in one tier are never chosen between.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dualgeo.datasets.table import COLUMNS, plain_name
from dualgeo.errors import DualGeoError

Kind = Literal["predictions", "truth"]
Tiers = tuple[tuple[str, ...], ...]

IDS: Tiers = (
    ("queryid",),
    ("imgid", "imageid", "photoid", "imgname", "imagename", "imgpath", "imagepath"),
    ("image", "img", "photo", "filename", "filepath", "file", "path"),
    ("name",),
    ("id", "key"),
)
PLAIN = {
    "lat": (*COLUMNS["lat"], "gpslat", "latdeg", "latitudedeg"),
    "lon": (*COLUMNS["lon"], "gpslon", "londeg", "longitudedeg"),
}
PHOTOGRAPHERS = (*COLUMNS["photographer"], "photographerid", "authorid", "ownerid", "usernsid", "nsid")
TIMES = (*COLUMNS["taken_at"], "capturedat", "capturetime", "timestamp")
QUERY_SETS = ("queryset", "dataset")
PREDICTED = ("pred", "predicted", "prediction", "estimated", "output")
TRUE = ("gt", "true", "truth", "groundtruth", "target")


@dataclass(frozen=True)
class ColumnNames:
    """Columns to take whatever they are called; None: recognise by the usual names."""

    id: str | None = None
    lat: str | None = None
    lon: str | None = None
    photographer: str | None = None
    time: str | None = None
    option: str | None = "--"
    """How the command line's options for these begin, as errors spell them: `--`, `--truth-`; None without any."""


USUAL = ColumnNames()
"""Nothing named: every column is recognised."""


@dataclass(frozen=True)
class Found:
    """Positions of the columns of one table; None where the table has none."""

    lat: int
    lon: int
    id: int | None = None
    photographer: int | None = None
    time: int | None = None
    query_set: int | None = None
    split: int | None = None
    rank: int | None = None
    order: int | None = None

    def roles(self) -> dict[str, int]:
        """The roles that have a column, with its position."""
        return {role: place for role, place in vars(self).items() if place is not None}


def recognise(
    path: Path, header: Sequence[str], kind: Kind, names: ColumnNames = USUAL, require_id: bool = True
) -> Found:
    """Find the columns of a table of predictions or of the truth.

    In predictions `predicted_lat` goes before `lat`; in a truth `gt_lat` does. Raises DualGeoError that lists the
    columns found and the option to name one, when a column is missing or two could be meant.
    """
    finder = _Finder(path, list(header), names.option)
    identity = finder.column("id", names.id, IDS, require_id)
    lat, lon = _pair(finder, kind, names)
    return Found(
        lat=lat,
        lon=lon,
        id=identity,
        photographer=finder.first("photographer", names.photographer, PHOTOGRAPHERS),
        time=finder.first("time", names.time, TIMES),
        query_set=finder.first("", None, QUERY_SETS),
        split=finder.first("", None, ("split",)),
        rank=finder.first("", None, ("rank",)),
        order=finder.first("", None, ("order",)),
    )


@dataclass(frozen=True)
class _Finder:
    """Looks columns up in one header."""

    path: Path
    header: list[str]
    option: str | None

    def named(self, role: str, name: str) -> int:
        """Position of the column the user named, exactly, or else in any case."""
        same = [place for place, column in enumerate(self.header) if column == name]
        same = same or [place for place, column in enumerate(self.header) if plain_name(column) == plain_name(name)]
        if len(same) == 1:
            return same[0]
        problem = f"has no column {name}" if not same else f"has {len(same)} columns {name}"
        raise DualGeoError(f"{self.path} {problem} for {self.option or ''}{role}; its columns are {self.shown()}.")

    def places(self, tier: Sequence[str]) -> list[int]:
        """Positions of all columns whose name is in the tier."""
        return [place for place, column in enumerate(self.header) if plain_name(column) in tier]

    def column(self, role: str, name: str | None, tiers: Tiers, required: bool) -> int | None:
        """The named column, else the only one of the first tier that is present."""
        if name is not None:
            return self.named(role, name)
        for tier in tiers:
            places = self.places(tier)
            if len(places) > 1:
                raise self.unclear(role, places)
            if places:
                return places[0]
        if required:
            raise self.missing(role)
        return None

    def first(self, role: str, name: str | None, tier: Sequence[str]) -> int | None:
        """The named column, else the first of the usual names, in their order; a column that may be missing."""
        if name is not None:
            return self.named(role, name)
        return next((place for usual in tier for place in self.places((usual,))), None)

    def missing(self, role: str, wanted: str = "") -> DualGeoError:
        known = wanted or {"id": "the photo's id (IMG_ID, image, file, name or id)"}[role]
        return DualGeoError(
            f"{self.path} has the columns {self.shown()}, and none of them is known as {known}; "
            f"name it {self.way_out(role)}.{_no_header(self.header)}"
        )

    def unclear(self, role: str, places: list[int]) -> DualGeoError:
        several = " and ".join(self.header[place] for place in places)
        return DualGeoError(
            f"{self.path} has the columns {self.shown()}; {several} could both be the {role}: "
            f"name one {self.way_out(role)}."
        )

    def way_out(self, role: str) -> str:
        return f"{role} in the table" if self.option is None else f"with {self.option}{role}"

    def shown(self) -> str:
        return ", ".join(name or "(no name)" for name in self.header)[:400] or "none"


def _pair(finder: _Finder, kind: Kind, names: ColumnNames) -> tuple[int, int]:
    """Latitude and longitude, both from the same tier, so that an answer's latitude never meets a truth's longitude."""
    if names.lat is not None and names.lon is not None:
        return finder.named("lat", names.lat), finder.named("lon", names.lon)
    marks = PREDICTED if kind == "predictions" else TRUE
    for tier in ({axis: _marked(axis, marks) for axis in PLAIN}, PLAIN):
        found = {axis: finder.places(tier[axis]) for axis in PLAIN}
        for axis, name in (("lat", names.lat), ("lon", names.lon)):
            if name is not None:
                found[axis] = [finder.named(axis, name)]
            elif len(found[axis]) > 1:
                raise finder.unclear(axis, found[axis])
        if found["lat"] and found["lon"]:
            return found["lat"][0], found["lon"][0]
        if found["lat"] or found["lon"]:
            axis = "lon" if found["lat"] else "lat"
            if tier is PLAIN or (names.lat, names.lon) == (None, None):
                raise finder.missing(
                    axis, f"the {_WORDS[axis]} beside {finder.header[(found['lat'] or found['lon'])[0]]}"
                )
    other = next(iter(finder.places(_marked("lat", TRUE if kind == "predictions" else PREDICTED))), None)
    hint = f" ({finder.header[other]} is not taken for {_KINDS[kind]})" if other is not None else ""
    raise finder.missing("lat", f"the {_WORDS['lat']} (lat or latitude) and {_WORDS['lon']} of {_KINDS[kind]}{hint}")


_WORDS = {"lat": "latitude", "lon": "longitude"}
_KINDS: dict[Kind, str] = {"predictions": "an answer", "truth": "the truth"}


def _marked(axis: str, marks: tuple[str, ...]) -> tuple[str, ...]:
    """`predicted_lat`, `lat_predicted` and the like, as they are compared."""
    return tuple(name for plain in PLAIN[axis] for mark in marks for name in (mark + plain, plain + mark))


def _no_header(header: list[str]) -> str:
    """A hint where the first line seems to be a photo already."""
    numbers = sum(name.strip().lstrip("+-").replace(".", "", 1).isdigit() for name in header)
    return " The first line must name the columns; here it holds numbers." if numbers >= 2 else ""
