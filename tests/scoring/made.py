"""Small tables with known answers, and the command run on them."""

import io
import json
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dualgeo.geo.sphere import destination
from dualgeo.scoring.command import Request, score_files
from dualgeo.workspace import Workspace


def truth_table(photos: int = 60, photographers: int = 12, seed: int = 0) -> pd.DataFrame:
    """Photos all over the inhabited world: IMG_ID, AUTHOR, LAT, LON."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "IMG_ID": [f"{number:03d}.jpg" for number in range(photos)],
            "AUTHOR": [f"{number % photographers}@N00" for number in range(photos)],
            "LAT": rng.uniform(-50, 65, photos).round(6),
            "LON": rng.uniform(-170, 170, photos).round(6),
        }
    )


def answers_to(truth: pd.DataFrame, error_km: float | np.ndarray, seed: int = 0) -> pd.DataFrame:
    """Answers that are off by `error_km`: id, lat, lon."""
    rng = np.random.default_rng(seed)
    lat, lon = destination(truth["LAT"], truth["LON"], rng.uniform(0, 360, len(truth)), error_km)
    return pd.DataFrame({"id": truth["IMG_ID"], "lat": lat, "lon": lon})


@dataclass(frozen=True)
class Desk:
    """A folder with tables, and `dualgeo score` run in it."""

    folder: Path

    def write(self, name: str, content: str | bytes | pd.DataFrame) -> Path:
        path = self.folder / name
        if isinstance(content, pd.DataFrame):
            if path.suffix == ".parquet":
                content.to_parquet(path, index=False)
            else:
                content.to_csv(path, index=False)
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def score(self, files: Sequence[Path], truth: Path | str, **options: Any) -> str:
        """What the command prints."""
        request = replace(Request([*files], str(truth), resamples=200), **options)
        with redirect_stdout(io.StringIO()) as printed:
            score_files(Workspace(self.folder), request)
        return printed.getvalue()

    def document(self, files: Sequence[Path], truth: Path | str, **options: Any) -> dict[str, Any]:
        """The same as JSON."""
        return json.loads(self.score(files, truth, json="-", **options))
