"""What is true of whole countries: continent, side of the road, and the family of road furniture.

Continents and driving sides are facts; what has no simple fact behind it (pole material, wires) follows the continent
and a seeded draw by country code.
"""

from dataclasses import dataclass

import numpy as np

CONTINENTS = ("Africa", "Asia", "Europe", "North America", "South America", "Oceania")

_MEMBERS = {
    "Africa": "AO BF BI BJ BW CD CF CG CI CM CV DJ DZ EG EH ER ET GA GH GM GN GQ GW KE KM LR LS LY MA MG ML MR MU MW "
    "MZ NA NE NG RE RW SC SD SH SL SN SO SS ST SZ TD TG TN TZ UG YT ZA ZM ZW",
    "Asia": "AE AF AM AZ BD BH BN BT CC CN CX CY GE HK ID IL IN IO IQ IR JO JP KG KH KP KR KW KZ LA LB LK MM MN MO MV "
    "MY NP OM PH PK PS QA SA SG SY TH TJ TL TM TR TW UZ VN YE",
    "Europe": "AD AL AT AX BA BE BG BY CH CZ DE DK EE ES FI FO FR GB GG GI GR HR HU IE IM IS IT JE LI LT LU LV MC MD "
    "ME MK MT NL NO PL PT RO RS RU SE SI SJ SK SM UA VA XK",
    "North America": "AG AI AW BB BL BM BQ BS BZ CA CR CU CW DM DO GD GL GP GT HN HT JM KN KY LC MF MQ MS MX NI PA PM "
    "PR SV SX TC TT US VC VG VI",
    "South America": "AR BO BR CL CO EC FK GF GY PE PY SR UY VE",
    "Oceania": "AS AU CK FJ FM GU KI MH MP NC NF NR NU NZ PF PG PN PW SB TK TO TV UM VU WF WS",
}
_CONTINENT_OF = {code: continent for continent, codes in _MEMBERS.items() for code in codes.split()}

_LEFT = frozenset(
    [
        "AG",
        "AI",
        "AU",
        "BB",
        "BD",
        "BM",
        "BN",
        "BS",
        "BT",
        "BW",
        "CC",
        "CK",
        "CX",
        "CY",
        "DM",
        "FJ",
        "FK",
        "GB",
        "GD",
        "GG",
        "GY",
        "HK",
        "ID",
        "IE",
        "IM",
        "IN",
        "JE",
        "JM",
        "JP",
        "KE",
        "KI",
        "KN",
        "KY",
        "LC",
        "LK",
        "LS",
        "MO",
        "MS",
        "MT",
        "MU",
        "MV",
        "MW",
        "MY",
        "MZ",
        "NA",
        "NF",
        "NP",
        "NR",
        "NU",
        "NZ",
        "PG",
        "PK",
        "PN",
        "SB",
        "SC",
        "SG",
        "SH",
        "SR",
        "SZ",
        "TC",
        "TH",
        "TK",
        "TL",
        "TO",
        "TT",
        "TV",
        "TZ",
        "UG",
        "VC",
        "VG",
        "VI",
        "WS",
        "ZA",
        "ZM",
        "ZW",
    ]
)

# Centre lines are yellow in the Americas and in parts of Asia; elsewhere white.
_YELLOW_CENTRE = frozenset(["CN", "JP", "KR", "TW", "HK", "TH", "ID", "IN", "IL", "NO", "FI", "KP", "MY", "PH", "VN"])
_SCRIPTS = {
    "han": "CN TW HK MO JP",
    "hangul": "KR KP",
    "arabic": "AE BH DZ EG EH IQ IR JO KW LB LY MA MR OM PK PS QA SA SD SY TN YE AF IL",
    "indic": "IN NP BD LK BT TH LA KH MM",
    "cyrillic": "RU UA BY BG RS MK KZ KG MN TJ",
}
_SCRIPT_OF = {code: script for script, codes in _SCRIPTS.items() for code in codes.split()}
_DIAMOND_WARNINGS = frozenset(["AU", "NZ", "IE", "JP", "TH", "MY", "ID", "PH", "PG", "TW", "LK"])
_MOTORBIKES = frozenset(
    [
        "VN",
        "TH",
        "ID",
        "IN",
        "KH",
        "LA",
        "MM",
        "PH",
        "TW",
        "BD",
        "PK",
        "NP",
        "LK",
        "UG",
        "KE",
        "RW",
        "BJ",
        "TG",
        "BF",
        "NG",
        "DO",
        "CO",
        "BR",
        "TZ",
        "MY",
    ]
)


@dataclass(frozen=True)
class Country:
    """Road furniture of a country; colours are RGB 0..1."""

    code: str
    continent: str
    drives_left: bool
    yellow_centre: bool
    edge_lines: bool
    script: str
    diamond_warnings: bool
    motorbikes: float
    wires: float
    wooden_poles: bool
    sign_colour: tuple[float, float, float]
    taxi_colour: tuple[float, float, float]
    lamp: int
    double_centre: bool


def continent_of(code: str) -> str | None:
    """Continent of an ISO 3166 alpha-2 code; None for codes outside the six (Antarctica, uninhabited islands)."""
    return _CONTINENT_OF.get(code)


def country(code: str, world_seed: int) -> Country:
    """The road furniture of country `code`; KeyError for a code of no continent."""
    continent = _CONTINENT_OF[code]
    rng = np.random.default_rng([world_seed, 11, *code.encode("ascii")])
    american = continent in ("North America", "South America")
    wires = {"Africa": 0.55, "Asia": 0.8, "Europe": 0.15, "North America": 0.7, "South America": 0.75, "Oceania": 0.55}
    signs = [(0.05, 0.42, 0.24), (0.06, 0.25, 0.62), (0.10, 0.45, 0.60), (0.75, 0.12, 0.12)]
    if continent == "Europe":
        signs = [(0.06, 0.25, 0.62), (0.05, 0.42, 0.24), (0.92, 0.92, 0.9), (0.93, 0.78, 0.12)]
    taxis = [
        (0.95, 0.76, 0.1),
        (0.93, 0.93, 0.9),
        (0.1, 0.1, 0.1),
        (0.1, 0.55, 0.3),
        (0.85, 0.15, 0.15),
        (0.2, 0.4, 0.8),
    ]
    return Country(
        code=code,
        continent=continent,
        drives_left=code in _LEFT,
        yellow_centre=american or code in _YELLOW_CENTRE,
        edge_lines=bool(rng.random() < 0.6),
        script=_SCRIPT_OF.get(code, "latin"),
        diamond_warnings=american or code in _DIAMOND_WARNINGS,
        motorbikes=0.55 if code in _MOTORBIKES else 0.08,
        wires=wires[continent] * float(rng.uniform(0.6, 1.25)),
        wooden_poles=bool(rng.random() < (0.75 if american or continent == "Oceania" else 0.35)),
        sign_colour=signs[int(rng.integers(len(signs)))],
        taxi_colour=taxis[int(rng.integers(len(taxis)))],
        lamp=int(rng.integers(4)),
        double_centre=bool(american and rng.random() < 0.7),
    )
