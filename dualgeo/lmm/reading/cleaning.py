"""Text from outside, made fit to be stored, printed and put into a page or a prompt."""

import unicodedata

_UNWANTED = {"Cc", "Cf", "Cs", "Co", "Cn"}
"""Control characters, invisible marks that turn text around, halves of surrogate pairs, private and unassigned."""
_MOST_READ = 20


def clean(text: str, longest: int) -> str:
    """One line without control characters, spaces collapsed, at most `longest` characters."""
    # More than could survive need not be looked at: a text may be megabytes of spaces.
    head = text[: longest * _MOST_READ]
    shown = (" " if character.isspace() else character for character in head)
    kept = "".join(character for character in shown if unicodedata.category(character) not in _UNWANTED)
    return " ".join(kept.split())[:longest].rstrip()
