"""How a set of photos is spread over photographers: the fewer, the less its number of photos says."""

from dataclasses import dataclass

import pandas as pd

MANY = 10


@dataclass(frozen=True)
class Concentration:
    """Photos and photographers of one query set."""

    photos: int
    unknown: int
    """Photos whose photographer is not known; they stand for themselves."""
    photographers: int
    largest: int
    """Photos of the photographer who has most."""
    percent_by_many: float
    """Percent of all photos whose photographer has MANY or more of them."""

    def __str__(self) -> str:
        photos = f"{self.photos:,} photo{'' if self.photos == 1 else 's'}"
        if not self.photographers:
            return f"{photos}, photographers not known"
        return (
            f"{photos} by {self.photographers:,} photographer{'' if self.photographers == 1 else 's'}"
            f"{f' and {self.unknown:,} by unknown ones' if self.unknown else ''}; "
            f"{self.percent_by_many:.1f} % are by those with {MANY} or more, the largest has {self.largest:,}"
        )


def concentration(photographers: "pd.Series[str]") -> Concentration:
    """Describe one query set by the photographer (null: not known) of each of its photos (n,), n >= 1."""
    photos = photographers.value_counts()
    return Concentration(
        photos=len(photographers),
        unknown=int(photographers.isna().sum()),
        photographers=len(photos),
        largest=int(photos.max()) if len(photos) else 0,
        percent_by_many=round(100 * float(photos[photos >= MANY].sum()) / len(photographers), 4),
    )
