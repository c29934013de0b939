"""What a check found, what it could not look at, and what counts as the same."""

from dataclasses import dataclass

import numpy as np

from dualgeo.errors import DualGeoError
from dualgeo.leakage.pairs import Found
from dualgeo.leakage.photos import Bools, Photos

CHECKS = (
    "id",
    "identical",
    "perceptual",
    "embedding",
    "photographer",
    "photographer_near",
    "moment",
    "place",
)
"""In the order in which they are shown, the worst first."""
NO_LEAK = ("place",)
"""Counted and not called a leak: photos of the same place are what retrieval may rightly answer with."""
NEAR_DUPLICATES = ("identical", "perceptual", "embedding")


@dataclass(frozen=True)
class Limits:
    """What counts as the same, and how many pairs are kept."""

    phash_bits: int = 4
    cosine: float = 0.95
    metres: float = 100.0
    minutes: float = 10.0
    photographer_metres: float = 1000.0
    pairs_per_query: int = 10
    """Pairs of one query that a check keeps, the nearest; all are counted."""
    all_near_duplicates: bool = False
    """Keep every near-duplicate, for a filter: one that knew some of them would filter some of them."""

    def kept(self, check: str) -> int | None:
        """How many pairs of a query a check keeps; None: all."""
        return None if self.all_near_duplicates and check in NEAR_DUPLICATES else self.pairs_per_query

    def words(self, check: str) -> str:
        """The check in words."""
        return {
            "id": "same photo id",
            "identical": "identical bytes (SHA-256)",
            "perceptual": f"perceptual hash within {self.phash_bits} of 64 bits",
            "embedding": f"embedding cosine at least {self.cosine:g}",
            "photographer": "same photographer",
            "photographer_near": f"same photographer within {self.photographer_metres:g} m",
            "moment": f"within {self.metres:g} m and {self.minutes:g} min",
            "place": f"within {self.metres:g} m at any time",
        }[check]


@dataclass(frozen=True)
class Finding:
    """Outcome of one check."""

    check: str
    words: str
    not_checked: str | None
    """Why nothing could be compared; the counts then mean nothing."""
    gallery_known: int
    """Gallery rows that could be compared."""
    query_known: Bools
    """Queries that could be compared (Q,)."""
    found: Found

    @property
    def affected(self) -> Bools:
        """Queries with at least one pair (Q,)."""
        return self.found.count > 0

    @property
    def leak(self) -> bool:
        return self.check not in NO_LEAK


@dataclass(frozen=True)
class Leakage:
    """Findings of all checks, in the order of CHECKS."""

    gallery: Photos
    queries: Photos
    within: bool
    """Whether the queries were compared with each other."""
    limits: Limits
    findings: list[Finding]

    @property
    def affected(self) -> Bools:
        """Queries (Q,) with a pair in any check that means a leak."""
        return np.logical_or.reduce([each.affected for each in self.findings if each.leak and not each.not_checked])

    def finding(self, check: str) -> Finding:
        """Raises DualGeoError for a check that there is none."""
        for each in self.findings:
            if each.check == check:
                return each
        raise DualGeoError(f"There is no check '{check}'; the checks are {', '.join(CHECKS)}.")
