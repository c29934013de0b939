"""Countries and names of coordinates."""

import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import shapely

from dualgeo.geo.countries import countries_of, country_map
from dualgeo.geo.outlines import load_outlines, world_rings
from dualgeo.geo.places import cities, name_place
from dualgeo.geo.sphere import haversine_km

KNOWN = [
    ("Viti Levu, Fiji", -17.8, 178.0, "FJ"),
    ("Fiji west of 180 degrees", -16.85, -179.95, "FJ"),
    ("Windhoek", -22.56, 17.08, "NA"),
    ("Maseru, inside South Africa", -29.6, 28.2, "LS"),
    ("San Marino, inside Italy", 43.94, 12.46, "SM"),
    ("Rome", 41.89, 12.49, "IT"),
    ("Chukotka, east of 180 degrees", 66.0, -175.0, "RU"),
    ("Russia on the meridian itself", 68.5, 180.0, "RU"),
    ("South Pole", -90.0, 0.0, "AQ"),
    ("Antarctica inland", -80.0, 100.0, "AQ"),
    ("South Pole, another longitude", -89.9, 179.9, "AQ"),
    ("Pristina", 42.66, 21.16, "XK"),
    ("Atlantic", 0.0, -30.0, None),
    ("North Pole", 90.0, 0.0, None),
    ("Pacific at 180 degrees", 0.0, -180.0, None),
]


@pytest.mark.parametrize(("name", "lat", "lon", "code"), KNOWN)
def test_country_of_known_points(name: str, lat: float, lon: float, code: str | None) -> None:
    country = countries_of(lat, lon)[0]
    assert (country.code if country else None) == code, name


def test_a_coordinate_turned_full_circle_is_in_the_same_country() -> None:
    lon = np.array([178.0, 178.0 - 360, 178.0 + 360])
    assert [c.code for c in countries_of([-17.8] * 3, lon) if c] == ["FJ"] * 3


def test_unknown_coordinates_have_no_country() -> None:
    assert countries_of([np.nan, 48.85], [2.35, np.nan], within_km=50) == [None, None]


def test_just_off_the_coast_is_the_nearest_country() -> None:
    bosphorus = (41.0258, 28.9746)
    assert countries_of(*bosphorus) == [None]
    nearest = countries_of(*bosphorus, within_km=20)[0]
    assert nearest is not None and nearest.code == "TR"
    assert countries_of(0.0, -30.0, within_km=20) == [None]


def test_near_coast_works_across_180_degrees() -> None:
    wrangel = countries_of(71.2, -179.3)[0]
    assert wrangel is not None and wrangel.code == "RU"
    lat, lon = 68.98, 180.0  # off Chukotka's north coast, on the meridian
    if countries_of(lat, lon) == [None]:
        nearest = countries_of(lat, lon, within_km=60)[0]
        assert nearest is not None and nearest.code == "RU"


@pytest.mark.parametrize("scale", ["50m", "110m"])
def test_outlines_are_plain_polygons_within_the_world(scale: str) -> None:
    outlines = load_outlines(scale)  # type: ignore[arg-type]
    polygons = np.array([polygon for outline in outlines for polygon in outline.polygons])
    assert shapely.is_valid(polygons).all()
    west, south, east, north = shapely.total_bounds(polygons)
    assert west >= -180 and east <= 180 and south >= -90 and north <= 90
    share_of_land = shapely.area(shapely.intersection(polygons, shapely.box(-180, -60, 180, 75))).sum() / (360 * 135)
    assert 0.25 < share_of_land < 0.35


def test_every_country_with_a_number_has_a_code() -> None:
    nameless = {country.name for country in country_map().countries if country.code is None}
    assert nameless == {"Somaliland", "N. Cyprus", "Indian Ocean Ter.", "Siachen Glacier"}


def test_world_rings_are_closed_latitude_first() -> None:
    rings = world_rings()
    assert all((ring[0] == ring[-1]).all() for ring in rings)
    points = np.concatenate(rings)
    assert np.abs(points[:, 0]).max() <= 90 < np.abs(points[:, 1]).max() <= 180


def test_countries_of_real_photos(shared: Path) -> None:
    with (shared / "photos" / "photos.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    found = countries_of([float(r["lat"]) for r in rows], [float(r["lon"]) for r in rows], within_km=25)
    agree = sum(c is not None and c.code == r["country"] for c, r in zip(found, rows, strict=True))
    # What is left: places of a kilometre (Vatican, Gibraltar), islands, Svalbard (Norway's here), river borders.
    assert agree / len(rows) > 0.97, f"{agree} of {len(rows)}"


def test_place_names() -> None:
    paris = name_place(48.8566, 2.3522)
    assert (paris.city, paris.country, paris.code) == ("Paris", "France", "FR")
    assert paris.distance_km < 2
    assert str(paris) == "Paris, France"
    assert name_place(-22.56, 17.08).code == "NA"
    assert name_place(0.0, -30.0).country is None
    with pytest.raises(ValueError, match="finite"):
        name_place(float("nan"), 0.0)


def test_a_border_town_is_named_after_its_own_country() -> None:
    # In Basel; the nearest city centre, Weil am Rhein, is in Germany.
    place = name_place(47.58, 7.62)
    assert place.code == "CH"
    assert next(c for c in cities() if c["city"] == place.city)["country_code"] == "CH"


def test_nearest_city_is_nearest_on_the_sphere() -> None:
    place = name_place(78.1, 15.0)
    table = cities()
    distances = haversine_km(78.1, 15.0, [c["latitude"] for c in table], [c["longitude"] for c in table])
    assert place.distance_km == pytest.approx(float(distances.min()))


def test_importing_places_loads_nothing() -> None:
    code = (
        "import sys, dualgeo.geo.places as p\n"
        "assert p.cities.cache_info().currsize == 0\n"
        "assert not {'scipy', 'torch', 'pandas'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
