"""What the made publishers of context say: invented people, displaced people, coups and dead peacekeepers.

What belongs here: figures drawn from the world's seed and incidents, and when they are published and revised.
What does not: protocols (context_apis). Nothing here is a measurement: populations, displacement, coups and
deaths are invented, and say so wherever the wire format has words for it.
"""

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta

from orchestration.made_world.context_apis import (
    Coup,
    CoupList,
    CoupsApi,
    Displacement,
    Flows,
    HdxApi,
    PeacekeepingApi,
    Series,
    UnhcrApi,
    WorldBankApi,
)
from orchestration.made_world.geography import Country, countries
from orchestration.made_world.publishers import Api
from orchestration.made_world.world import COUP_DATE, MADE_LABEL, World, stream

FIRST_YEAR = 2000
FIRST_COUP_YEAR = 1990

_ISO2 = {
    "MLI": "ML", "BFA": "BF", "NER": "NE", "NGA": "NG", "TCD": "TD", "MRT": "MR", "SEN": "SN", "GMB": "GM",
    "GIN": "GN", "GNB": "GW", "BEN": "BJ", "TGO": "TG", "GHA": "GH", "CIV": "CI", "CMR": "CM", "SDN": "SD",
    "ERI": "ER",
}  # fmt: skip
_NEIGHBOURS = {
    "MLI": ("MRT", "BFA", "NER"), "BFA": ("GHA", "CIV", "TGO", "BEN"), "NER": ("TCD", "NGA"),
    "NGA": ("CMR", "NER", "TCD"), "TCD": ("CMR", "SDN"), "SDN": ("TCD", "ERI"), "CMR": ("NGA",),
}  # fmt: skip
_MISSIONS = {
    "MLI": ("MINUSMA", date(2023, 12, 31)),
    "SDN": ("UNISFA", date(2026, 12, 31)),
}
"""Country -> (a real mission's acronym, the last day on which it has made deaths)."""


def context_apis(world: World) -> dict[str, Api]:
    """The five publishers of this world by the first part of the path at which they are served."""
    context = Context(world)
    return {
        "worldbank": WorldBankApi(context.population),
        "unhcr": UnhcrApi(context.flows),
        "idmc": HdxApi(context.displacement),
        "coups": CoupsApi(context.coups),
        "peacekeeping": PeacekeepingApi(context.deaths),
    }


class Context:
    """The figures as they stand at an instant."""

    def __init__(self, world: World) -> None:
        self.world = world
        deaths: Counter[tuple[str, int]] = Counter()
        for incident in world.incidents:
            deaths[incident.country_iso3, incident.date_end.year] += incident.best
        self._deaths = deaths

    def population(self, as_of: datetime) -> Series:
        """Published each July for the years up to the one before; the last three years are revised each time."""
        updated = _latest(as_of, month=7, day=1)
        values: dict[tuple[str, int], float | None] = {}
        for iso3 in countries():
            rng = stream(self.world.seed, "population", iso3)
            base, growth = rng.uniform(1.5, 30.0) * 1e6, rng.uniform(1.018, 1.036)
            for year in range(FIRST_YEAR, updated.year):
                age = updated.year - year
                revision = 1.0
                if age <= 3:
                    # What is estimated anew at each update, less so as the year moves away.
                    error = stream(self.world.seed, "census", iso3, year, updated.year)
                    revision = 1.0 + error.uniform(-0.01, 0.01) * (4 - age)
                values[iso3, year] = round(base * growth ** (year - FIRST_YEAR) * revision)
        aggregates = {
            ("WLD", year): sum(values[iso3, year] for iso3 in countries())
            for year in range(FIRST_YEAR, updated.year)
        }
        return Series(updated, values, _ISO2, aggregates, name=f"Population, total ({MADE_LABEL})")

    def flows(self, as_of: datetime) -> Flows:
        """Published each June for the years up to the one before."""
        published = _latest(as_of, month=6, day=12)
        told: dict[tuple[int, str, str], dict[str, int | str | None]] = {}
        for iso3, years in self._displaced(published.year - 1).items():
            for year, (_, total) in years.items():
                told[year, iso3, iso3] = {"idps": total, "returned_idps": total // 20, "oip": total // 90}
                for number, neighbour in enumerate(_NEIGHBOURS.get(iso3, ()), start=2):
                    told[year, iso3, neighbour] = {
                        "refugees": total // (4 * number),
                        "asylum_seekers": total // (60 * number),
                    }
        return told

    def displacement(self, as_of: datetime) -> dict[str, Displacement]:
        """Published each May for the years up to the one before; the last year is revised upwards a year later."""
        published = _latest(as_of, month=5, day=13)
        files = {}
        for iso3, years in self._displaced(published.year - 1).items():
            rows = [
                (year, round(new * 0.93) if year == published.year - 1 else new, total)
                for year, (new, total) in sorted(years.items())
            ]
            files[iso3] = Displacement(datetime(published.year, 5, 13, 9, tzinfo=UTC), tuple(rows))
        return files

    def coups(self, as_of: datetime) -> CoupList:
        """The coup of the history, failed and successful ones before it, in the list nine days after."""
        told = [coup for coup in self._all_coups() if coup.day + timedelta(days=9) <= as_of.date()]
        changed = max(coup.day for coup in told) + timedelta(days=9)
        return CoupList(_midnight(changed), f"made {changed.isoformat()}", tuple(told))

    def deaths(self, as_of: datetime) -> list[dict[str, str | None]]:
        """Peacekeepers who died in the made fighting, told a month after, and some of illness."""
        told: list[dict[str, str | None]] = []
        numbers: Counter[tuple[str, date]] = Counter()
        for incident in self.world.incidents:
            mission, last_day = _MISSIONS.get(incident.country_iso3, ("", date.min))
            if not incident.is_fatal or incident.date_end > last_day:
                continue
            rng = stream(self.world.seed, "peacekeeper", incident.incident_id)
            day = incident.date_end
            if rng.random() > 0.04 or day + timedelta(days=30) > as_of.date():
                continue
            kind = rng.choices(("Malicious Act", "Illness", "Accident"), weights=(6, 2, 2))[0]
            numbers[mission, day] += 1
            told.append(
                {
                    "incident_date": day.isoformat(),
                    "casualty_id": f"{mission}-{day.isoformat()}-{numbers[mission, day]:05d}",
                    "mission_acronym": mission,
                    "type_of_casualty": "Fatality",
                    "gender": "Unknown",
                    "casualty_nationality": MADE_LABEL,
                    "m49_code": "",
                    "isocode3": "",
                    "casualty_personnel_type": rng.choice(("Military", "Military", "Police", "Civilian")),
                    "type_of_incident": kind,
                    "last_update": (day + timedelta(days=30)).isoformat(),
                }
            )
        return told

    def _displaced(self, last_year: int) -> dict[str, dict[int, tuple[int, int]]]:
        """(new, total at the end) by country and year: each death drives some hundreds away, a fifth return."""
        displaced: dict[str, dict[int, tuple[int, int]]] = defaultdict(dict)
        for iso3 in countries():
            total = 0
            for year in range(2021, last_year + 1):
                per_death = stream(self.world.seed, "displaced", iso3, year).uniform(150, 450)
                new = round(self._deaths[iso3, year] * per_death)
                total = round(total * 0.8) + new
                if total:
                    displaced[iso3][year] = (new, total)
        return displaced

    def _all_coups(self) -> list[Coup]:
        coups = [_coup(countries()["NER"], COUP_DATE, True)]
        for iso3, country in countries().items():
            rng = stream(self.world.seed, "coups", iso3)
            for year in range(FIRST_COUP_YEAR, 2021):
                if rng.random() < 0.02:
                    day = date(year, 1, 1) + timedelta(days=rng.randrange(365))
                    coups.append(_coup(country, day, rng.random() < 0.4))
        return sorted(coups, key=lambda coup: (coup.country, coup.day))


def _coup(country: Country, day: date, is_successful: bool) -> Coup:
    # The list codes countries after Correlates of War, which agrees with Gleditsch and Ward here.
    return Coup(country.ucdp_name, country.gw, day, is_successful)


def _latest(as_of: datetime, month: int, day: int) -> date:
    """The latest such day of a year that is not after the instant."""
    this_year = date(as_of.year, month, day)
    return this_year if this_year <= as_of.date() else date(as_of.year - 1, month, day)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
