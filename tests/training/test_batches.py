"""Which photos meet in a batch."""

import numpy as np

from dualgeo.training.batches import epoch_batches, neighbourhoods


def test_every_photo_appears_once_an_epoch_in_an_order_that_its_number_decides() -> None:
    labels = np.random.default_rng(0).integers(0, 30, 500)
    for neighbours in (1, 4):
        batches = epoch_batches(labels, 64, neighbours, seed=3, epoch=2)
        assert sorted(np.concatenate(batches).tolist()) == list(range(500))
        again = epoch_batches(labels, 64, neighbours, seed=3, epoch=2)
        assert all(np.array_equal(a, b) for a, b in zip(batches, again, strict=True))
        other = epoch_batches(labels, 64, neighbours, seed=3, epoch=3)
        assert not np.array_equal(np.concatenate(batches), np.concatenate(other))


def test_a_last_photo_that_would_be_alone_is_left_out() -> None:
    assert [len(rows) for rows in epoch_batches(np.zeros(65, np.int64), 32, 1, 0, 1)] == [32, 32]


def test_neighbours_are_dealt_into_the_same_batch() -> None:
    labels = np.repeat(np.arange(100), 8)
    grouped = epoch_batches(labels, 64, 4, seed=0, epoch=1)
    plain = epoch_batches(labels, 64, 1, seed=0, epoch=1)

    def pairs(batches: list[np.ndarray]) -> int:
        counts = [np.unique(labels[rows], return_counts=True)[1] for rows in batches]
        return sum(int((c * (c - 1)).sum()) for c in counts)

    assert pairs(grouped) > 3 * pairs(plain)


def test_neighbourhoods_have_no_seam_at_180_degrees() -> None:
    labels = neighbourhoods(np.array([[10.01, 179.9999], [10.01, -179.9999], [10.01, 170.0]]), 100.0)
    assert labels[0] == labels[1] != labels[2]
