"""The made press's words: headline and summary of an incident in English and French.

What belongs here: phrases, spellings, tolls in words. What does not: who writes when, feed formats (news).
Every sentence is invented. Spellings vary on purpose: Timbuktu and Tombouctou, JNIM and GSIM.
"""

import random
from datetime import date

from orchestration.made_world.geography import Actor, Country, countries
from orchestration.made_world.world import Incident

WAGNER_LEAVES = date(2025, 6, 6)

OTHER_NEWS = {
    "en": (
        "Rains arrive early for millet growers in {country}",
        "Football: {country} name squad for friendly",
        "{country} opens new road bridge after two years of works",
        "Market prices for onions fall in {country}",
        "Students in {country} sit their final exams",
        "What to know about the price of fuel in {country}",
    ),
    "fr": (
        "{country} : la campagne agricole est lancée",
        "{country} : l’équipe nationale dévoile sa liste",
        "{country} : le prix de l’oignon recule sur les marchés",
        "{country} : inauguration d’un pont après deux ans de travaux",
        "{country} : les élèves passent leurs examens",
        "{country} : au cœur d’un festival de musique",
    ),
}
"""What else a newspaper writes about."""

# Not strftime's names, which follow the locale.
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def report(
    rng: random.Random, language: str, incident: Incident, toll: int, blamed: Actor | None = None
) -> tuple[str, str]:
    """Headline and summary. ``blamed`` is whom this outlet accuses instead of who did it."""
    country = countries()[incident.country_iso3]
    if incident.theatre is None:
        return (_unrest_fr if language == "fr" else _unrest_en)(incident, country)
    theatre = incident.theatre
    attacker, opponent = theatre.side_b, theatre.side_a
    if theatre.type_of_violence == 3:
        attacker, opponent = opponent, attacker
    if language == "fr":
        who, whom = rng.choice((blamed or attacker).press_fr), rng.choice(opponent.press_fr)
        return _violence_fr(rng, incident, country, toll, who, _with_partner(rng, whom, incident, "et"))
    who, whom = rng.choice((blamed or attacker).press_en), rng.choice(opponent.press_en)
    return _violence_en(rng, incident, country, toll, who, _with_partner(rng, whom, incident, "and"))


def _unrest_en(incident: Incident, country: Country) -> tuple[str, str]:
    place = incident.place.name
    if incident.kind == "coup":
        return (
            f"Soldiers announce on state television that they have taken power in {country.name}",
            f"Officers in {place} say the constitution of {country.name} is suspended",
        )
    return f"Crowds march in {place}, {country.name}", f"Several hundred people protested in {place}"


def _unrest_fr(incident: Incident, country: Country) -> tuple[str, str]:
    place = incident.place.name_fr
    if incident.kind == "coup":
        return (
            f"{country.name_fr} : des militaires annoncent avoir pris le pouvoir",
            f"À {place}, des officiers disent suspendre la Constitution et fermer les frontières",
        )
    return (
        f"{country.name_fr} : marche à {place}",
        f"Plusieurs centaines de personnes ont manifesté à {place}",
    )


def _violence_en(
    rng: random.Random, incident: Incident, country: Country, toll: int, who: str, whom: str
) -> tuple[str, str]:
    place = rng.choice([name for name in (incident.place.name, incident.place.name_alt) if name])
    dead = _dead_en(toll)
    if incident.kind == "kidnapping":
        title = f"Several travellers abducted near {place}, {country.name}"
        return title, f"Residents of {place} blame {who}; nobody has claimed the abduction"
    if incident.kind == "convoy_attack":
        title = rng.choice(
            (
                f"Fuel convoy burned near {place} as blockade bites",
                f"Tankers set on fire on the road to {place}, {country.name}",
                f"Blockade: {who} stop fuel trucks outside {place}",
            )
        )
        killed = f"; {dead} killed" if toll else ""
        return title, f"Drivers say {who} halted tanker trucks near {place} and set several alight{killed}"
    if toll == 0:
        return (
            f"Clash near {place}, {country.name}",
            f"Fighting between {who} and {whom} was heard near {place}",
        )
    title = rng.choice(
        (
            f"{_upper_first(dead)} killed in attack near {place}, {country.name}",
            f"{_upper_first(who)} kill {dead} in {place}",
            f"{country.name}: {dead} dead after fighting around {place}",
        )
    )
    day = f"<b>{_WEEKDAYS[incident.date_end.weekday()]}</b>"  # markup, as summaries often carry
    if incident.kind == "attack":
        return title, f"Survivors near {place} accuse {who} of the killings of {day}"
    return title, f"{_upper_first(who)} and {whom} are said to have fought near {place} on {day}"


def _violence_fr(
    rng: random.Random, incident: Incident, country: Country, toll: int, who: str, whom: str
) -> tuple[str, str]:
    place = rng.choice((incident.place.name_fr, incident.place.name_fr, incident.place.name))
    dead = _dead_fr(toll)
    if incident.kind == "kidnapping":
        return f"{country.name_fr} : enlèvement près de {place}", f"Les habitants de {place} accusent {who}"
    if incident.kind == "convoy_attack":
        title = rng.choice(
            (
                f"{country.name_fr} : un convoi de carburant incendié près de {place}",
                f"Blocus : des camions-citernes brûlés sur la route de {place}",
            )
        )
        killed = f" ; {dead}" if toll else ""
        return (
            title,
            f"Des chauffeurs mettent en cause {who} après l’incendie de citernes près de {place}{killed}",
        )
    if toll == 0:
        return (
            f"{country.name_fr} : accrochage près de {place}",
            f"Des tirs entre {who} et {whom} ont été entendus près de {place}",
        )
    title = rng.choice(
        (
            f"{country.name_fr} : {dead} dans une attaque à {place}",
            f"{place} : {dead}, {who} mis en cause",
            f"Nouvelle attaque près de {place}, {dead}",
        )
    )
    if incident.kind == "attack":
        return title, f"Des survivants accusent {who} d’être à l’origine de la tuerie près de {place}"
    return title, f"Selon des sources locales, des combats ont opposé {who} et {whom} près de {place}"


def _dead_en(toll: int) -> str:
    if toll == 1:
        return "one person"
    if toll < 24:
        return f"{toll} people"
    return "dozens" if toll < 100 else "more than 100"


def _dead_fr(toll: int) -> str:
    if toll == 1:
        return "un mort"
    if toll < 24:
        return f"{toll} morts"
    return "des dizaines de morts" if toll < 100 else "plus de cent morts"


def _with_partner(rng: random.Random, army: str, incident: Incident, conjunction: str) -> str:
    """Mali's army fights beside Wagner until it leaves, then Africa Corps; some go on writing Wagner."""
    theatre = incident.theatre
    if theatre is None or theatre.side_a.name != "Government of Mali" or rng.random() < 0.6:
        return army
    late_usage = rng.random() < 0.2
    partner = "Wagner" if incident.date_end < WAGNER_LEAVES or late_usage else "Africa Corps"
    return f"{army} {conjunction} {partner}"


def _upper_first(text: str) -> str:
    return text[:1].upper() + text[1:]
