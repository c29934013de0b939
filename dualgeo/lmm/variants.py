"""Variants of a prompt: other approaches and other orders, where an API offers no temperature to vary answers by."""

from dataclasses import dataclass

WORDINGS = 4
TURNS = 4


@dataclass(frozen=True)
class Variant:
    """One of up to 16 ways to put the same question."""

    number: int
    """Counted from 1."""
    wording: int
    """Which approach the opening asks for, 0..3."""
    turn: int
    """Where the list of clues starts and how places are ordered, 0..3."""

    def named(self, name: str) -> str:
        """The first variant bears the plain name."""
        return name if self.number == 1 else f"{name}-v{self.number}"


def variants(count: int) -> list[Variant]:
    """`count` (1..16) variants that all differ; the first four differ in approach and in order at once."""
    return [Variant(i + 1, i % WORDINGS, (i + i // WORDINGS) % TURNS) for i in range(count)]
