"""Why a text cannot be read."""

from dualgeo.lmm.reading.cleaning import clean


class Unreadable(Exception):
    """`kind`: a few words to count by; `sentence`: what is wrong, for a person."""

    def __init__(self, kind: str, sentence: str) -> None:
        super().__init__(kind, sentence)
        self.kind, self.sentence = kind, sentence


def quoted(value: object) -> str:
    """A value as it may stand in a message: one line, at most 40 characters, nothing that moves a cursor."""
    return f"'{clean(str(value), 40)}'"
