"""Is a point in its country? A SQL predicate over bounding boxes, for warnings only.

Boxes are the seed ``country_bounds``; countries without a box are not judged.
"""

from expectations.reference import countries, read_seed


def inside_country(
    standard: str, code: str, latitude: str, longitude: str, *, tolerance_degrees: float
) -> str:
    """A predicate that is false where the point lies outside the box of its country's code.

    ``standard`` is ``gw`` or ``fips``; ``code``, ``latitude`` and ``longitude`` are column names.
    """
    code_by_iso3 = {country.country_iso3: country.code(standard) for country in countries()}
    cases = []
    for row in read_seed("country_bounds"):
        value = code_by_iso3.get(row["country_iso3"])
        if value is None:
            continue
        south, west, north, east = (float(row[name]) for name in ("south", "west", "north", "east"))
        cases.append(
            f"when {value!r} then {latitude} between {south - tolerance_degrees} and {north + tolerance_degrees} "
            f"and {longitude} between {west - tolerance_degrees} and {east + tolerance_degrees}"
        )
    return f"case {code} {' '.join(cases)} end" if cases else "true"
