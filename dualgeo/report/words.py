"""Figures and findings in words; every sentence is computed, none is promised."""

import math


def percent(value: float) -> str:
    """62.3 of a percentage, or a dash where there is none."""
    return "–" if math.isnan(value) else f"{value:.1f}"


def signed(value: float) -> str:
    """+4.2, −4.2 (a true minus sign) or 0.0; a dash where there is none."""
    if math.isnan(value):
        return "–"
    text = f"{abs(value):.1f}"
    return text if text == "0.0" else f"{'−' if value < 0 else '+'}{text}"


def kilometres(value: float) -> str:
    """As many digits as a reader can use: 0.23 km, 4.6 km, 38 km, 1,204 km; a dash where there is none."""
    if math.isnan(value):
        return "–"
    if value < 0.995:
        return f"{value:.2f} km"
    if value < 9.95:
        return f"{value:.1f} km"
    return f"{value:,.0f} km"


def p_text(p: float) -> str:
    """p = 0.03 with two digits that count, p < 0.001, p > 0.99."""
    if p < 0.001:
        return "p < 0.001"
    return "p > 0.99" if p > 0.99 else f"p = {p:.2g}"


def count(number: int, singular: str, plural: str = "") -> str:
    """1 photo, 4,400 photos."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def listed(names: list[str]) -> str:
    """a, b and c."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""


def ordinal(number: int) -> str:
    """2nd, 3rd, 4th, 21st."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
