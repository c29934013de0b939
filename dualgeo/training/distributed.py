"""Data-parallel training: every rank holds its share of a batch, the loss sees the whole of it.

Start it with torchrun; without torchrun there is one rank and nothing here does anything.
"""

import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.nn.functional import all_gather  # pyright: ignore[reportUnknownVariableType]


@dataclass(frozen=True)
class Ranks:
    """Who this process is among how many."""

    rank: int
    world: int

    @property
    def first(self) -> bool:
        """Whether this process writes files and logs."""
        return self.rank == 0

    def share(self, rows: "torch.Tensor") -> Tensor:
        """This rank's rows of a batch; rows that cannot be split evenly (fewer than `world`) are left out."""
        return rows[: len(rows) // self.world * self.world].view(self.world, -1)[self.rank]

    def gather(self, local: Tensor) -> Tensor:
        """Rows of all ranks, in rank order, with gradients flowing back to where each row came from."""
        return torch.cat(all_gather(local)) if self.world > 1 else local

    def barrier(self) -> None:
        """Wait until every rank is here."""
        if self.world > 1:
            dist.barrier()


@contextmanager
def process_group() -> Generator[Ranks]:
    """Join the process group that torchrun announces (gloo on CPU, nccl on GPUs) and leave it at the end."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        yield Ranks(0, 1)
        return
    dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    try:
        yield Ranks(dist.get_rank(), world)
    finally:
        dist.destroy_process_group()
