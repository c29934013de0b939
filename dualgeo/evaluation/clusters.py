"""Which queries belong together: photos of one photographer resemble each other and are no independent witnesses."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from dualgeo.geo.sphere import Floats

BOOTSTRAP = "cluster bootstrap over photographers"
WILSON = "Wilson"
FEW = 20
"""With fewer photographers an interval rests on its approximations (docs/statistics.md)."""


@dataclass(frozen=True)
class Clusters:
    """Which queries belong together: `code` (n,) in 0..count-1, and whether a photographer was known at all."""

    code: npt.NDArray[np.int64]
    count: int
    known: bool

    @property
    def method(self) -> str:
        """The interval that fits: a bootstrap needs known photographers, and two of them."""
        return BOOTSTRAP if self.known and self.count >= 2 else WILSON

    @property
    def sizes(self) -> Floats:
        """Queries of each cluster: (count,)."""
        return np.bincount(self.code, minlength=self.count).astype(np.float64)

    def resampled(self) -> "Clusters":
        """What a bootstrap draws: these, or the photos where there is a single photographer, whom none can replace."""
        return self if self.count > 1 else each_alone(len(self.code))


def clusters_of(photographers: "pd.Series[str]") -> Clusters:
    """Group queries by photographer; a query whose photographer is unknown stands for itself."""
    known = photographers.notna().to_numpy(dtype=bool)
    code = pd.factorize(photographers)[0].astype(np.int64)
    named = int(code.max(initial=-1)) + 1
    code[~known] = named + np.arange(int((~known).sum()))
    return Clusters(code, named + int((~known).sum()), bool(known.any()))


def each_alone(count: int) -> Clusters:
    """Every query for itself."""
    return Clusters(np.arange(count), count, False)


def cluster_sums(values: Floats, clusters: Clusters) -> Floats:
    """Sum of each column of `values` (n, m) within each cluster: (clusters, m)."""
    sums = np.zeros((clusters.count, values.shape[1]))
    for column, value in enumerate(values.T):
        sums[:, column] = np.bincount(clusters.code, value, minlength=clusters.count)
    return sums
