"""Several prompts for one photo, so that there is something to choose from: G3's diversification (arXiv 2405.14702)."""

from dualgeo.lmm.prompt import Prompt
from dualgeo.lmm.question import Question
from dualgeo.lmm.strategies.rag import rag
from dualgeo.lmm.strategies.zero_shot import zero_shot
from dualgeo.lmm.variants import Variant


def sizes(candidates: int, available: int) -> list[int]:
    """Half, all and one and a half of `candidates` (5, 10 and 15 of 10), without those that would show the same."""
    wanted = sorted({max(1, candidates // 2), candidates, candidates + candidates // 2})
    return [size for at, size in enumerate(wanted) if at == 0 or wanted[at - 1] < available] if available else []


def ensemble(question: Question, variant: Variant, candidates: int, negatives: int) -> list[Prompt]:
    """`rag-5`, `rag-10`, `rag-15` and `zero-shot`, under their own names: what was bought of them is shared."""
    several = sizes(candidates, len(question.candidates))
    prompts = [rag(question, variant, size, negatives) for size in several]
    return [*prompts, zero_shot(question, variant)]
