"""What pictures are made of: the project folder, its params, and the photos that several pictures show."""

import base64
import io
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from dualgeo.files import read_json
from dualgeo.geo.sphere import Floats
from dualgeo.params import Params
from dualgeo.report.inputs import number, read_photo_columns
from dualgeo.report.pictures import read_images, shards_of
from dualgeo.report.worldmap import place_name
from dualgeo.views.crop import centre_square
from dualgeo.workspace import Workspace

THUMB_SIDE = 92
THUMB_QUALITY = 60
"""Of a JPEG: forty photos fit in a picture of 100 kB."""
SETS_SHOWN = 10


class NotMade(Exception):
    """A stage whose outputs are not in the workspace, or hold nothing: there is nothing to picture."""


@dataclass(frozen=True)
class Material:
    """One workspace, read once however many pictures are made from it."""

    workspace: Workspace
    params: Params

    @cached_property
    def photos(self) -> pd.DataFrame:
        """The photo table, sorted by photo_id. Raises NotMade without one."""
        folder = self.workspace.data(self.params.dataset)
        self.need(folder / "photos.parquet")
        return read_photo_columns(folder).sort_values("photo_id", ignore_index=True)

    @cached_property
    def places(self) -> pd.DataFrame:
        """The photo table by photo_id."""
        return self.photos.set_index("photo_id")

    def need(self, path: Path) -> Path:
        """`path`, or NotMade naming it."""
        if not path.exists():
            raise NotMade(f"{path.relative_to(self.workspace.root)} is not there")
        return path

    def thumbnails(self, photo_ids: list[str]) -> dict[str, str]:
        """data: addresses of small centre squares, by photo_id; photos that no shard holds are left out."""
        folder = self.workspace.data(self.params.dataset)
        images = read_images(folder, shards_of(self.photos, photo_ids))
        return {photo_id: thumbnail(image) for photo_id, image in images.items()}

    def place(self, photo_id: str) -> str:
        """ "City, CC" as far as it is known, else the coordinates."""
        city, country = (self.places[name].loc[photo_id] for name in ("city", "country"))
        lat, lon = self.position(photo_id)
        return place_name(city, country) or f"{lat:.1f}, {lon:.1f}"

    def position(self, photo_id: str) -> tuple[float, float]:
        """Latitude and longitude of a photo, degrees."""
        (lat,), (lon,) = self.positions(pd.Series([photo_id]))
        return float(lat), float(lon)

    def positions(self, photo_ids: pd.Series) -> tuple[Floats, Floats]:
        """Latitudes and longitudes, degrees. Raises NotMade where the outputs are of photos that are not there now."""
        found = self.places[["lat", "lon"]].reindex(photo_ids)
        if found["lat"].isna().any():
            unknown = found.index[found["lat"].isna()][0]
            raise NotMade(f"it is of other photos than data/{self.params.dataset} holds now (such as {unknown})")
        return found["lat"].to_numpy(), found["lon"].to_numpy()

    def figure(self, path: Path, *keys: str) -> float:
        """A number in a JSON file, by its keys; NaN where the file or the key is absent."""
        value: object = read_json(path) if path.exists() else None
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        return number(value)

    def query_set_order(self, names: list[str]) -> list[str]:
        """The dataset's own set first, then its conditions as params name them, then the others by name."""
        dataset, conditions = self.params.dataset, self.params.atlas.conditions
        known = [f"{dataset}-gallery", f"{dataset}-validation", dataset, *(f"{dataset}-{name}" for name in conditions)]
        return sorted(names, key=lambda name: (known.index(name) if name in known else len(known), name))


def thumbnail(image: Image.Image) -> str:
    """A data: address of the image's centre square, which is what the encoders see."""
    small = centre_square(image)
    small.thumbnail((THUMB_SIDE, THUMB_SIDE), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=THUMB_QUALITY, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def evenly(rows: pd.DataFrame, count: int) -> pd.DataFrame:
    """`count` rows at even steps through the table, the same for the same table; all rows where there are fewer."""
    if len(rows) <= count:
        return rows
    return rows.iloc[((np.arange(count) + 0.5) * len(rows) / count).astype(int)]
