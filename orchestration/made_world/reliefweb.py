"""What the made ReliefWeb catalogues: reports on the world's incidents, and disasters, with their edits.

What belongs here: which entries there are, what they tell, when they are posted, edited and taken down. What does
not: how they are asked for (``reliefweb_api``). Organisations and texts are invented and say so.
"""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from orchestration.made_world.geography import countries
from orchestration.made_world.reliefweb_api import Entry, ReliefWebApi
from orchestration.made_world.world import MADE_LABEL, WORLD_END, WORLD_START, Incident, World

FIRST_REPORT = 9_000_001
FIRST_DISASTER = 90_001
SHARE_OF_FATAL = 0.12
SHARE_EDITED = 0.2
SHARE_TAKEN_DOWN = 0.01

_SOURCES = (
    ("Made World Coordination Office", "MWCO"),
    ("Made World Health Watch", "MWHW"),
    ("Made World Relief Committee, Sahel Branch", "MWRC"),
)
_FORMATS = ("Situation Report", "News and Press Release", "Map")
_THEMES = ("Protection and Human Rights", "Health", "Food and Nutrition", "Shelter and Non-Food Items")
_HAZARDS = (("Flood", "FL", 8), ("Epidemic", "EP", 2), ("Drought", "DR", 4))
"""Kind, its GLIDE letters, and the month it begins in."""
_DISASTER_SHARE = 0.3


def made_api(world: World) -> ReliefWebApi:
    """The made publisher over this world."""
    disasters = list(_disasters(world))
    return ReliefWebApi(reports=list(_reports(world, disasters)), disasters=disasters)


def _reports(world: World, disasters: list[Entry]) -> Iterator[Entry]:
    number = FIRST_REPORT
    for incident in world.incidents:
        rng = world.stream("reliefweb", incident.incident_id)
        if incident.is_fatal and rng.random() < SHARE_OF_FATAL * incident.coverage:
            yield _report(rng, number, incident, disasters)
            number += 1


def _report(rng: random.Random, number: int, incident: Incident, disasters: list[Entry]) -> Entry:
    posted = incident.happened_at + timedelta(minutes=rng.randint(18 * 60, 6 * 24 * 60))
    original = posted - timedelta(days=rng.choice((0, 0, 1, 2)))
    fields = _report_fields(rng, number, incident, original, incident.deaths_civilians)
    same = [
        entry.number
        for entry in disasters
        if entry.versions[0][0] <= posted
        and entry.versions[-1][1]["primary_country"]["iso3"] == incident.country_iso3.lower()
    ]
    if same and rng.random() < 0.1:
        last = next(entry for entry in disasters if entry.number == same[-1])
        told = last.versions[0][1]
        fields["disaster"] = [{"id": last.number, "name": told["name"], "glide": told["glide"]}]
        fields["disaster_type"] = told["type"]
    versions = [(posted, fields)]
    if rng.random() < SHARE_EDITED:
        edited_at = posted + timedelta(minutes=rng.randint(60, 20 * 24 * 60))
        edit = rng.choice(("toll", "themes", "nothing"))
        changed = dict(fields)
        if edit == "toll":
            changed["body"] = _body(incident, incident.deaths_civilians + rng.randint(1, 5))
        elif edit == "themes":
            changed["theme"] = [{"name": name} for name in _THEMES[:3]]
        # Of the third kind only the time of the save tells.
        versions.append((edited_at, changed))
    entry = Entry(number, versions)
    if rng.random() < SHARE_TAKEN_DOWN:
        entry.removed_at = versions[-1][0] + timedelta(days=rng.randint(1, 10))
    return entry


def _report_fields(
    rng: random.Random, number: int, incident: Incident, original: datetime, toll: int
) -> dict[str, Any]:
    country = countries()[incident.country_iso3]
    source = rng.sample(_SOURCES, k=rng.choice((1, 1, 2)))
    kind = rng.choice(_FORMATS)
    slug = f"{incident.place.name.lower().replace(' ', '-')}-{number}"
    told = [_country(incident.country_iso3)]
    if rng.random() < 0.15:
        others = [iso3 for iso3 in ("MLI", "BFA", "NER") if iso3 != incident.country_iso3]
        told.append(_country(rng.choice(others)))
    address = country.name.lower().replace(" ", "-").replace("'", "")
    return {
        "title": f"[Made] {kind} on events near {incident.place.name}",
        "status": "published",
        "url": f"https://made.example/node/{number}",
        "url_alias": f"https://made.example/report/{address}/{slug}",
        "origin": f"https://made.example/publications/{slug}",
        "body": _body(incident, toll),
        "date": {"original": f"{original.date()}T00:00:00+00:00"},
        "primary_country": told[0],
        "country": told,
        "source": [{"name": name, "shortname": short} for name, short in source],
        "format": [{"name": kind}],
        "theme": [{"name": name} for name in rng.sample(_THEMES, k=2)],
        "language": [{"code": "fr" if rng.random() < 0.4 else "en"}],
    }


def _body(incident: Incident, toll: int) -> str:
    return (
        f"{MADE_LABEL}. People fled the surroundings of {incident.place.name} after {incident.date_end}; "
        f"{toll} civilians are said to have died. " + "Teams assess what is needed. " * 30
    )


def _disasters(world: World) -> Iterator[Entry]:
    number = FIRST_DISASTER
    iso3s = sorted({incident.country_iso3 for incident in world.incidents})
    for year in range(WORLD_START.year, WORLD_END.year + 1):
        for iso3 in iso3s:
            for kind, letters, month in _HAZARDS:
                rng = world.stream("reliefweb-disaster", year, iso3, kind)
                began = date(year, month, rng.randint(1, 28))
                if rng.random() < _DISASTER_SHARE and WORLD_START <= began < WORLD_END.date():
                    yield _disaster(rng, number, iso3, kind, letters, began)
                    number += 1


def _disaster(rng: random.Random, number: int, iso3: str, kind: str, letters: str, began: date) -> Entry:
    glide = f"{letters}-{began.year}-{number:06d}-{iso3}"
    midnight = datetime.combine(began, time(), UTC)
    posted = midnight + timedelta(days=rng.randint(1, 12), hours=9)
    fields = {
        "name": f"[Made] {countries()[iso3].name}: {kind} - {began:%Y-%m}",
        "glide": glide,
        "status": "alert",
        "url": f"https://made.example/taxonomy/term/{number}",
        "url_alias": f"https://made.example/disaster/{glide.lower()}",
        "date": {
            "event": midnight.isoformat(timespec="seconds"),
            "created": posted.isoformat(timespec="seconds"),
        },
        "primary_country": _country(iso3),
        "country": [_country(iso3)],
        "primary_type": {"name": kind},
        "type": [{"name": kind}],
    }
    course = (("current", 5), ("past", 90), ("archive", 400))
    return Entry(
        number,
        [
            (posted, fields),
            *((posted + timedelta(days=after), {**fields, "status": state}) for state, after in course),
        ],
    )


def _country(iso3: str) -> dict[str, str]:
    name = countries()[iso3].name
    return {"name": name, "shortname": name, "iso3": iso3.lower()}
