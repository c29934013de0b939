"""Run the checks of a gallery against queries."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dualgeo.errors import DualGeoError
from dualgeo.leakage.cosine import alike_embeddings, known_rows
from dualgeo.leakage.finding import CHECKS, Finding, Leakage, Limits
from dualgeo.leakage.hamming import alike_hashes
from dualgeo.leakage.nearby import nearby
from dualgeo.leakage.pairs import Found, Pairs
from dualgeo.leakage.photos import Bools, Photos, known
from dualgeo.leakage.same import same_photographer_near, same_text


def check_leakage(
    gallery: Photos, queries: Photos, limits: Limits, within: bool = False, checks: tuple[str, ...] = CHECKS
) -> Leakage:
    """Run `checks`. `within`: both sides are the same photos, row for row, and none is compared with itself."""
    run = _Run(gallery, queries, limits, within)
    made: dict[str, Finding] = {}
    for check in checks:
        if check not in made:
            made |= {finding.check: finding for finding in run.one(check)}
    return Leakage(gallery, queries, within, limits, [made[check] for check in CHECKS if check in checks])


@dataclass(frozen=True)
class _Run:
    gallery: Photos
    queries: Photos
    limits: Limits
    within: bool

    def one(self, check: str) -> list[Finding]:
        """The finding of `check`, and of what is found in the same search."""
        match check:
            case "id" | "identical" | "photographer":
                return [self._same(check, {"id": "photo_id", "identical": "sha256"}.get(check, check))]
            case "perceptual":
                return [self._perceptual()]
            case "embedding":
                return [self._embedding()]
            case "photographer_near":
                return [self._photographer_near()]
            case "place" | "moment":
                return self._nearby()
            case _:
                raise DualGeoError(f"There is no check '{check}'; the checks are {', '.join(CHECKS)}.")

    def _same(self, check: str, column: str) -> Finding:
        gallery, queries = (getattr(side, column) for side in (self.gallery, self.queries))
        absent = self._absent(column.replace("_", " "), lambda photos: _known_text(photos, column))
        if absent:
            return self._unchecked(check, absent)
        found = same_text(gallery, queries, self.limits.kept(check), self.within)
        return self._finding(check, int(known(gallery).sum()), known(queries), found)

    def _perceptual(self) -> Finding:
        absent = self._absent("perceptual hash", lambda photos: None if photos.hashes is None else photos.hashes.known)
        if absent or self.gallery.hashes is None or self.queries.hashes is None:
            return self._unchecked("perceptual", absent)
        limit = self.limits.kept("perceptual")
        found = alike_hashes(self.gallery.hashes, self.queries.hashes, self.limits.phash_bits, limit, self.within)
        return self._finding("perceptual", int(self.gallery.hashes.known.sum()), self.queries.hashes.known, found)

    def _embedding(self) -> Finding:
        # Embeddings are too large to be read twice: which rows can be compared comes out of the search.
        absent = self._absent("embedding", lambda photos: None if photos.embedding is None else _every(photos))
        if absent or self.gallery.embedding is None or self.queries.embedding is None:
            return self._unchecked("embedding", absent)
        limit = self.limits.kept("embedding")
        sides = self.gallery.embedding, self.queries.embedding
        query_known = known_rows(self.queries.embedding)
        found, compared = alike_embeddings(*sides, self.limits.cosine, limit, self.within)
        for usable, side in ((compared, self.gallery), (query_known.any(), self.queries)):
            if not usable:
                return self._unchecked("embedding", f"no row of {side.name} has an embedding")
        return self._finding("embedding", compared, query_known, found)

    def _photographer_near(self) -> Finding:
        absent = self._absent("photographer", lambda photos: _known_text(photos, "photographer"))
        absent = absent or self._absent("coordinate", _located)
        if absent:
            return self._unchecked("photographer_near", absent)
        limit, metres = self.limits.pairs_per_query, self.limits.photographer_metres
        found = same_photographer_near(self.gallery, self.queries, metres, limit, self.within)
        gallery, queries = (known(side.photographer) & side.located for side in (self.gallery, self.queries))
        return self._finding("photographer_near", int(gallery.sum()), queries, found)

    def _nearby(self) -> list[Finding]:
        absent = self._absent("coordinate", _located)
        if absent:
            return [self._unchecked(check, absent) for check in ("place", "moment")]
        limits = self.limits
        both = nearby(self.gallery, self.queries, limits.metres, limits.minutes, limits.pairs_per_query, self.within)
        place = self._finding("place", int(self.gallery.located.sum()), self.queries.located, both.place)
        absent = self._absent("time taken", lambda photos: None if photos.times is None else _timed(photos))
        if absent:
            return [place, self._unchecked("moment", absent)]
        gallery, queries = (side.located & _timed(side) for side in (self.gallery, self.queries))
        return [place, self._finding("moment", int(gallery.sum()), queries, both.moment)]

    def _finding(self, check: str, gallery_known: int, query_known: Bools, found: Found) -> Finding:
        return Finding(check, self.limits.words(check), None, gallery_known, query_known, found)

    def _unchecked(self, check: str, why: str | None) -> Finding:
        nothing = np.zeros(self.queries.count, np.int64)
        return Finding(check, self.limits.words(check), why, 0, nothing > 0, Found(nothing, Pairs.none()))

    def _absent(self, what: str, rows: Callable[[Photos], Bools | None]) -> str | None:
        """Why the two sides cannot be compared by `what`; None when they can."""
        reasons: list[str] = []
        for side in (self.gallery, self.queries)[self.within :]:
            is_known = rows(side)
            if is_known is None:
                reasons.append(f"no {what} in {side.name}")
            elif not is_known.any():
                reasons.append(f"no row of {side.name} has a {what}")
        return " and ".join(reasons) or None


def _known_text(photos: Photos, column: str) -> Bools | None:
    values = getattr(photos, column)
    return None if values is None else known(values)


def _located(photos: Photos) -> Bools | None:
    return None if photos.lat is None or photos.lon is None else photos.located


def _timed(photos: Photos) -> Bools:
    if photos.times is None:
        return np.zeros(photos.count, np.bool_)
    return np.isfinite(photos.times.clock_s)


def _every(photos: Photos) -> Bools:
    return np.ones(photos.count, np.bool_)
