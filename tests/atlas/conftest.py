"""A small Atlas that the tests share."""

import pytest

from dualgeo.params import AtlasParams


@pytest.fixture(scope="session")
def small() -> AtlasParams:
    """A world of few photos in several shards."""
    return AtlasParams(
        seed=5,
        image_size=48,
        cities=12,
        unseen_cities=6,
        gallery_photos=50,
        validation_photos=12,
        queries_per_set=10,
        conditions=["daylight", "night", "fog", "rain", "snow", "autumn"],
        gallery_dark_share=0.2,
        photos_per_shard=25,
    )
