"""Retrieved places as likely, dissimilar ones as unlikely: Img2Loc (arXiv 2403.19584) and G3 (arXiv 2405.14702)."""

from dualgeo.lmm.prompt import Prompt
from dualgeo.lmm.question import Question
from dualgeo.lmm.strategies.listed import listed
from dualgeo.lmm.variants import Variant


def rag(question: Question, variant: Variant, candidates: int, negatives: int) -> Prompt:
    """`rag-10`: ten candidates in a plain list."""
    return listed(question, variant, f"rag-{candidates}", "rag.j2", candidates, negatives)
