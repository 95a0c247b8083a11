"""How GDELT 2.0 tells the made history: slots of events, mentions and GKG, English and translated.

What belongs here: the content of every slot and the planted faults of the slots. What does not: the lists'
window and the clock (publishers), HTTP (server), real-sized bulk for benchmarks (bulk).

A slot's content depends on the seed and the slot alone, so any slot of the five years can be made on
demand, in any order. Most rows are background; the rest tell of the world's incidents. As in life, rows
are media coverage: one incident gives several, some a year off, some in the wrong country.
"""

import hashlib
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from math import log1p

from orchestration.made_world.geography import Actor, Place, countries, places, places_of
from orchestration.made_world.ucdp import zip_of
from orchestration.made_world.world import COUP_DATE, MADE_LABEL, WORLD_END, WORLD_START, Incident, World

EXPORT_COLUMNS = 61
MENTION_COLUMNS = 16
GKG_COLUMNS = 27
SLOT = timedelta(minutes=15)
START = datetime(WORLD_START.year, WORLD_START.month, WORLD_START.day, tzinfo=UTC)
LIST_HOST = "http://data.gdeltproject.org"
"""The lists name plain http on this host whatever the transport, as the publisher's do."""

KINDS = ("export", "mentions", "gkg")
_MEMBER = {"export": "export.CSV", "mentions": "mentions.CSV", "gkg": "gkg.csv"}

_FIRST_ID = 1_000_000_000
_IDS_PER_SLOT = 4_000
"""2,000 for the English half and 2,000 for the translated one: ids stay below 2**31."""


@dataclass(frozen=True)
class SlotFault:
    """Something wrong with some slots. ``until`` is when the publisher mends it; None means never."""

    name: str
    first: datetime
    last: datetime
    what: str
    """outage, late, missing, corrupt or empty."""
    kinds: tuple[str, ...] = KINDS
    until: datetime | None = None
    translated: tuple[bool, ...] = (False, True)

    def covers(self, slot: datetime, kind: str, translated: bool) -> bool:
        return self.first <= slot <= self.last and kind in self.kinds and translated in self.translated


def _june(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 6, day, hour, minute, tzinfo=UTC)


FAULTS = (
    SlotFault("outage", _june(17, 22), _june(18, 4, 15), "outage"),
    SlotFault("late_slots", _june(22, 14), _june(22, 14, 45), "late", until=_june(24, 6)),
    SlotFault(
        "listed_but_missing", _june(21, 9, 30), _june(21, 9, 30), "missing", ("export",), None, (False,)
    ),
    SlotFault(
        "corrupt_for_good", _june(19, 16, 15), _june(19, 16, 15), "corrupt", ("export",), None, (False,)
    ),
    SlotFault(
        "corrupt_then_mended", _june(23, 11), _june(23, 11), "corrupt", ("export",), _june(25, 0), (False,)
    ),
    SlotFault("empty_slot", _june(20, 3), _june(20, 3), "empty", ("export", "mentions"), None, (False,)),
)
"""All within the last fortnight, where a first load looks."""

MALFORMED_EVERY = 97
"""Each so many slots, one row of the export is broken, in turn in one of these ways."""
MALFORMATIONS = ("60 columns", "date that is no date", "latitude that is no number", "id that is no number")

_OUTLETS = ("madeherald", "madetribune", "sahelmade", "madegazette", "coastmade", "madeobserver", "deltamade")
_OUTLETS_FR = ("lemadejour", "madeinfo", "fasomade", "madeactu", "rivemade")
_NIGERIAN_OUTLETS = ("madenaija", "edomade")

# (event code, Goldstein, weight): roots 01 to 20 as often as a news day has them, roughly.
_EVENTS = (
    ("010", 0.0, 90), ("020", 3.0, 40), ("036", 4.0, 60), ("040", 1.0, 80), ("042", 1.9, 90),
    ("043", 2.8, 80), ("051", 3.4, 60), ("057", 8.0, 15), ("061", 6.4, 10), ("070", 7.0, 15),
    ("073", 7.4, 10), ("080", 5.0, 12), ("084", 7.0, 8), ("090", -2.0, 20), ("100", -5.0, 15),
    ("111", -2.0, 50), ("112", -2.0, 45), ("120", -4.0, 20), ("130", -4.4, 15), ("138", -7.0, 8),
    ("141", -6.5, 20), ("145", -7.5, 6), ("150", -7.2, 5), ("154", -7.2, 6), ("160", -4.0, 12),
    ("163", -8.0, 8), ("170", -7.0, 8), ("173", -5.0, 40), ("180", -9.0, 15), ("181", -9.0, 12),
    ("183", -10.0, 6), ("190", -10.0, 40), ("193", -10.0, 20), ("195", -10.0, 6), ("202", -10.0, 2),
)  # fmt: skip
_GOLDSTEIN = {code: goldstein for code, goldstein, _ in _EVENTS} | {
    "152": -7.2, "186": -10.0, "191": -9.5, "194": -10.0, "172": -5.0, "1831": -10.0,
}  # fmt: skip

_WORLD_GEO = (
    ("France", "FR", "FRA", 46.0, 2.0), ("United States", "US", "USA", 39.828175, -98.5795),
    ("United Kingdom", "UK", "GBR", 54.0, -4.0), ("Russia", "RS", "RUS", 60.0, 100.0),
    ("China", "CH", "CHN", 35.0, 105.0), ("Ukraine", "UP", "UKR", 49.0, 32.0),
    ("Morocco", "MO", "MAR", 32.0, -5.0), ("Algeria", "AG", "DZA", 28.0, 3.0),
    ("South Africa", "SF", "ZAF", -30.0, 26.0), ("Kenya", "KE", "KEN", 1.0, 38.0),
    ("Ethiopia", "ET", "ETH", 8.0, 38.0), ("Egypt", "EG", "EGY", 27.0, 30.0),
    ("Turkey", "TU", "TUR", 39.0, 35.0), ("Niue", "NE", "", -19.033333, -169.866667),
    ("The Bahamas", "BF", "BHS", 24.25, -76.0),
)  # fmt: skip
"""Elsewhere, with two FIPS codes (NE, BF) that mean another country in ISO."""

_ATTENTION = {
    "NGA": 40, "GHA": 14, "SDN": 14, "SEN": 9, "CMR": 8, "MLI": 9, "NER": 8, "BFA": 7, "CIV": 7, "TCD": 5,
    "BEN": 6, "TGO": 4, "GIN": 4, "MRT": 3, "GMB": 3, "GNB": 2, "ERI": 2,
}  # fmt: skip


@dataclass(frozen=True)
class ExportRow:
    """One row of a slot: its line, its id, and the incident it tells of (None: background)."""

    event_id: int
    line: str
    incident_id: str | None
    url: str
    outlet: str
    note: str = ""
    """What is special about it: benin_city_misplaced, retrospective or malformed."""


class Gdelt:
    """GDELT's side of one world."""

    def __init__(self, world: World, with_malformed: bool = True) -> None:
        self.world = world
        self.with_malformed = with_malformed
        self._list_lines: dict[tuple[int, str, bool], str] = {}
        self._latest_rows: tuple[tuple[datetime, bool] | None, list[ExportRow]] = (None, [])

    # Slots and their files

    def slot_bytes(
        self, slot: datetime, kind: str, translated: bool, as_of: datetime = WORLD_END
    ) -> bytes | None:
        """The file as it is served at ``as_of``; None where it does not exist (yet)."""
        if not _is_slot(slot) or slot + publication_lag(translated) > as_of:
            return None
        for fault in FAULTS:
            if not fault.covers(slot, kind, translated) or (fault.until and as_of >= fault.until):
                continue
            if fault.what in ("outage", "late", "missing"):
                return None
            if fault.what == "corrupt":
                return self.whole_file(slot, kind, translated)[:-37]  # broken off in the last bytes
        return self.whole_file(slot, kind, translated)

    def list_line(self, slot: datetime, kind: str, translated: bool) -> str:
        """``<size> <md5> <url>`` of the file as it ought to be."""
        key = (slot_number(slot), kind, translated)
        if key not in self._list_lines:
            content = self.whole_file(slot, kind, translated)
            self._list_lines[key] = self.line_for(content, slot, kind, translated)
        return self._list_lines[key]

    @staticmethod
    def line_for(content: bytes, slot: datetime, kind: str, translated: bool) -> str:
        digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
        return f"{len(content)} {digest} {LIST_HOST}{file_path(slot, kind, translated)}"

    def listed_at(self, slot: datetime, kind: str, translated: bool) -> datetime | None:
        """When the slot enters the list; None if it never does. A late slot comes after its successors."""
        for fault in FAULTS:
            if fault.covers(slot, kind, translated):
                if fault.what == "outage":
                    return None
                if fault.what == "late":
                    return fault.until
        return slot + publication_lag(translated)

    @staticmethod
    def is_empty(slot: datetime, kind: str, translated: bool) -> bool:
        return any(fault.what == "empty" and fault.covers(slot, kind, translated) for fault in FAULTS)

    def whole_file(self, slot: datetime, kind: str, translated: bool) -> bytes:
        """The zip without any fault of transport."""
        if self.is_empty(slot, kind, translated):
            text = ""
        elif kind == "export":
            text = "".join(row.line for row in self.export_rows(slot, translated))
        elif kind == "mentions":
            text = "".join(self.mention_lines(slot, translated))
        else:
            text = "".join(self._gkg_lines(slot, translated))
        name = file_path(slot, kind, translated).rsplit("/", 1)[1].removesuffix(".zip")
        return zip_of(name, text.encode(), level=1)

    # Rows

    def background_count(self, slot: datetime, translated: bool) -> int:
        """How many background rows a slot has: cheap, so that later slots can name earlier rows."""
        number = slot_number(slot)
        share = ((number * 2_654_435_761 + translated * 40_503 + self.world.seed * 97) >> 7) % 1_000 / 1_000
        return round(self.world.rows_per_slot * (0.75 + 0.5 * share))

    def export_rows(self, slot: datetime, translated: bool) -> list[ExportRow]:
        """The rows of the export file, background first, then those that tell of incidents."""
        key = (slot, translated)
        if self._latest_rows[0] != key:  # events and mentions of a slot are mostly wanted one after the other
            self._latest_rows = (key, self._draw_export_rows(slot, translated))
        return self._latest_rows[1]

    def _draw_export_rows(self, slot: datetime, translated: bool) -> list[ExportRow]:
        rng = self.world.stream("gdelt", slot_number(slot), translated)
        stamp = _added_at(slot, translated).strftime("%Y%m%d%H%M%S")
        dates = _date_fields(_added_at(slot, translated).date())
        first_id = _first_id(slot, translated)
        outlets = _OUTLETS_FR if translated else _OUTLETS
        rows = []
        count = self.background_count(slot, translated)
        broken, slug = -1, ""
        if self.with_malformed and count and not translated and slot_number(slot) % MALFORMED_EVERY == 0:
            broken = count // 2
        for index, template in enumerate(rng.choices(self._templates, k=count)):
            event_id = first_id + index
            draw = rng.random()
            fields = dates[0] if draw < 0.9 else dates[1 + int((draw - 0.9) * 50)]
            outlet = (
                rng.choice(_NIGERIAN_OUTLETS) if template.nigerian else outlets[index // 3 % len(outlets)]
            )
            if index % 3 == 0:  # one article gives up to three rows
                slug = rng.choice(self._slugs)
            url = f"https://made.example/{outlet}/{stamp}/{template.slug}{slug}-{index // 3}"
            articles = 1 + int(9 * draw * draw * draw * draw)
            line = (
                f"{event_id}\t{fields}\t{template.middle}\t{articles}\t1\t{articles}\t{draw * 14 - 10:.9f}\t"
                f"{template.places}\t{stamp}\t{url}\n"
            )
            note = template.note or ("retrospective" if draw >= 0.96 else "")
            if index == broken:
                line, note = (_malformed(line, slot_number(slot) // MALFORMED_EVERY), "malformed")
            rows.append(ExportRow(event_id, line, None, url, outlet, note))
        for index, incident in enumerate(self._tellings[(slot_number(slot), translated)]):
            rows.append(self._incident_row(slot, translated, first_id + count + index, index, incident))
        return rows

    def mention_lines(self, slot: datetime, translated: bool) -> Iterator[str]:
        """Each row of the slot once, and as many again that are new coverage of rows of earlier slots."""
        rng = self.world.stream("gdelt-mentions", slot_number(slot), translated)
        stamp = _added_at(slot, translated).strftime("%Y%m%d%H%M%S")
        translation = "srclc:fra;eng:GT-FRA 1.0" if translated else ""
        outlets = _OUTLETS_FR if translated else _OUTLETS
        rows = self.export_rows(slot, translated)
        for row in rows:
            yield _mention(rng, row.event_id, stamp, stamp, row.outlet, row.url, translation)
        for number in range(len(rows)):
            earlier = slot - SLOT * rng.choice((1, 1, 2, 3, 4, 8, 24, 96))
            count = self.background_count(earlier, translated)
            if earlier < START or not count or self.listed_at(earlier, "export", translated) is None:
                continue  # nothing to cover again there (an empty slot's rows are, so they stay orphans)
            event_id = _first_id(earlier, translated) + rng.randrange(count)
            added = _added_at(earlier, translated).strftime("%Y%m%d%H%M%S")
            outlet = outlets[number % len(outlets)]
            url = f"https://made.example/{outlet}/{stamp}/again{number}"
            yield _mention(rng, event_id, added, stamp, outlet, url, translation)

    def _gkg_lines(self, slot: datetime, translated: bool) -> Iterator[str]:
        stamp = slot.strftime("%Y%m%d%H%M%S")
        outlet = (_OUTLETS_FR if translated else _OUTLETS)[slot_number(slot) % 5]
        cells = [""] * GKG_COLUMNS
        cells[0] = f"{stamp}-{'T' if translated else ''}0"
        cells[1:5] = [stamp, "1", f"{outlet}.made.example", f"https://made.example/{outlet}/{stamp}/0"]
        cells[15] = "-2.1,1.4,3.5,4.9,20.0,0.5,310"
        cells[26] = f"<PAGE_TITLE>[Made] {MADE_LABEL}</PAGE_TITLE>"
        yield "\t".join(cells) + "\n"

    # What is told in which slot

    @cached_property
    def _tellings(self) -> dict[tuple[int, bool], list[Incident]]:
        """Which incidents get a row in which slot: more rows for more deaths and for what is planted."""
        tellings: dict[tuple[int, bool], list[Incident]] = defaultdict(list)
        last = slot_number(WORLD_END) - 1
        for incident in self.world.incidents:
            rng = self.world.stream("gdelt-telling", incident.incident_id)
            if rng.random() < 0.25 and incident.coverage == 1.0:
                continue
            expected = (1.2 + 1.5 * log1p(incident.best)) * incident.coverage
            for translated, share in ((False, 1.0), (True, 0.7)):
                for _ in range(round(expected * share * rng.uniform(0.4, 1.6))):
                    hours = rng.choice((1, 2, 3, 5, 8, 12, 20, 26, 40, 70)) * rng.uniform(0.7, 1.3)
                    number = slot_number(incident.happened_at + timedelta(hours=hours))
                    if number <= last and len(tellings[(number, translated)]) < 90:
                        tellings[(number, translated)].append(incident)
        return tellings

    def _incident_row(
        self, slot: datetime, translated: bool, event_id: int, index: int, incident: Incident
    ) -> ExportRow:
        rng = self.world.stream("gdelt-row", event_id)
        added = _added_at(slot, translated)
        sql_date = incident.date_end
        note = ""
        if rng.random() < 0.02:
            sql_date, note = _years_before(sql_date, 1), "retrospective"
        code = rng.choice(_codes_of(incident))
        actor1, actor2 = _actors_of(rng, incident)
        precise = rng.random()
        if precise < 0.7:
            where = _town(incident.place, french=translated and rng.random() < 0.5)
        elif precise < 0.85:
            where = _adm1(incident.place)
        else:
            where = _centroid(incident.country_iso3)
        outlet = rng.choice(_OUTLETS_FR if translated else _OUTLETS)
        stamp = added.strftime("%Y%m%d%H%M%S")
        url = f"https://made.example/{outlet}/{incident.incident_id.lower()}/{stamp}-{index}"
        articles = 1 + int(rng.expovariate(0.35) * min(incident.coverage, 5.0))
        line = (
            f"{event_id}\t{_date_fields(sql_date)[0]}\t{actor1}\t{actor2}\t1\t{_event_fields(code)}\t"
            f"{articles}\t{1 + articles // 4}\t{articles}\t{-rng.uniform(1, 12):.9f}\t"
            f"{_NOWHERE}\t{where}\t{where}\t{stamp}\t{url}\n"
        )
        return ExportRow(event_id, line, incident.incident_id, url, outlet, note)

    @cached_property
    def _slugs(self) -> list[str]:
        """Made headlines as addresses spell them, about as long as real ones."""
        rng = self.world.stream("gdelt-slugs")
        return ["-".join(rng.choices(_SLUG_WORDS, k=rng.randint(4, 9))) for _ in range(4_096)]

    @cached_property
    def _templates(self) -> list["_Template"]:
        """The stock from which background rows are drawn."""
        rng = self.world.stream("gdelt-templates")
        stock = []
        towns = places()
        iso3s = list(_ATTENTION)
        weights = list(_ATTENTION.values())
        for number in range(1_600):
            code = rng.choices(_EVENTS, weights=[weight for *_, weight in _EVENTS])[0][0]
            note, slug, nigerian = "", "", False
            if number < 24:
                # Benin City is in Nigeria; the geocoder often takes it for the country Benin.
                actor1, where = _actor_fields("BENIN", "BEN", ""), _centroid("BEN")
                note, slug, nigerian = "benin_city_misplaced", "edo-benin-city-", True
                if number % 4 == 0:
                    actor1 = _actor_fields("NIGERIA", "NGA", "")
                    where, note = (_town(next(one for one in towns if one.name == "Benin City"), False), "")
            elif number < 32:
                # The Nigerian state called Niger, and the country: FIPS NI and NG.
                niger_state = [one for one in towns if one.adm1 == "Niger state"]
                actor1, where = (_actor_fields("NIGERIA", "NGA", ""), _town(rng.choice(niger_state), False))
                slug = "niger-state-"
            elif rng.random() < 0.58:
                iso3 = rng.choices(iso3s, weights=weights)[0]
                country = countries()[iso3]
                kind = rng.choice(("", "GOV", "MIL", "COP", "OPP", "MED", "CVL"))
                actor1 = _actor_fields(country.name.upper(), iso3, kind)
                draw = rng.random()
                where = _centroid(iso3)
                if draw < 0.45:
                    where = _town(rng.choice(places_of(iso3)), False)
                elif draw < 0.55:
                    where = _adm1(rng.choice(places_of(iso3)))
            else:
                name, fips, cameo, latitude, longitude = rng.choice(_WORLD_GEO)
                actor1 = _actor_fields(name.upper(), cameo, "")
                where = f"1\t{name}\t{fips}\t{fips}\t\t{latitude:g}\t{longitude:g}\t{fips}"
            actor2 = "\t" * 9 if rng.random() < 0.35 else _actor_fields(*rng.choice(_ROLES))
            if rng.random() < 0.15:
                actor1, actor2 = "\t" * 9, actor1
            place1 = where if rng.random() < 0.7 else _NOWHERE
            stock.append(
                _Template(
                    f"{actor1}\t{actor2}\t{rng.randint(0, 1)}\t{_event_fields(code)}",
                    f"{place1}\t{where if rng.random() < 0.5 else _NOWHERE}\t{where}",
                    note,
                    slug,
                    nigerian,
                )
            )
        return stock


@dataclass(frozen=True)
class _Template:
    middle: str
    """Columns 5 to 30."""
    places: str
    """Columns 35 to 58."""
    note: str
    slug: str
    nigerian: bool


_SLUG_WORDS = (
    "minister", "visits", "river", "market", "opens", "talks", "border", "school", "army", "harvest",
    "port", "leaders", "meet", "fuel", "price", "court", "rules", "union", "strike", "bridge", "after",
    "rain", "road", "president", "speech", "village", "water", "aid", "convoy", "reaches", "city",
    "police", "arrest", "vote",
)  # fmt: skip
_ROLES = (
    ("PRESIDENT", "", "GOV"), ("POLICE", "", "COP"), ("MINISTER", "", "GOV"), ("VILLAGE", "", ""),
    ("UNITED NATIONS", "", "IGO"), ("AFRICA", "AFR", ""), ("FRANCE", "FRA", ""), ("STUDENT", "", "EDU"),
    ("COMPANY", "", "BUS"), ("MILITANT", "", "UAF"), ("CIVILIAN", "", "CVL"), ("FARMER", "", "AGR"),
)  # fmt: skip
_NOWHERE = "0" + "\t" * 7


def slot_number(at: datetime) -> int:
    """Slots since the world began."""
    return (at - START) // SLOT


def publication_lag(translated: bool) -> timedelta:
    """A file appears some minutes after its slot's time; the translated half a slot later."""
    return timedelta(minutes=20 if translated else 5)


def file_path(slot: datetime, kind: str, translated: bool) -> str:
    middle = "translation." if translated else ""
    return f"/gdeltv2/{slot:%Y%m%d%H%M%S}.{middle}{_MEMBER[kind]}.zip"


def slots_between(first: datetime, end: datetime) -> Iterator[datetime]:
    while first < end:
        yield first
        first += SLOT


def _is_slot(at: datetime) -> bool:
    return START <= at < WORLD_END and at.minute % 15 == 0 and at.second == 0


def _added_at(slot: datetime, translated: bool) -> datetime:
    """DATEADDED: the translated half carries the stamp of the slot before."""
    return slot - SLOT if translated else slot


def _first_id(slot: datetime, translated: bool) -> int:
    return _FIRST_ID + slot_number(slot) * _IDS_PER_SLOT + (_IDS_PER_SLOT // 2 if translated else 0)


def _date_fields(day: date) -> list[str]:
    """SQLDATE to FractionDate: of the day, then of a day, week, month, year and ten years before."""
    days = [
        day,
        *(day - timedelta(days=back) for back in (1, 7, 30)),
        _years_before(day, 1),
        _years_before(day, 10),
    ]
    return [
        f"{one:%Y%m%d}\t{one:%Y%m}\t{one.year}\t{one.year + ((one.month - 1) * 30 + one.day) / 365:.4f}"
        for one in days
    ]


def _years_before(day: date, years: int) -> date:
    return day.replace(year=day.year - years, day=min(day.day, 28) if day.month == 2 else day.day)


def _actor_fields(name: str, country: str, kind: str) -> str:
    """Ten columns of an actor."""
    return "\t".join((f"{country}{kind}" or name[:3], name, country, "", "", "", "", kind, "", ""))


def _event_fields(code: str) -> str:
    """EventCode, EventBaseCode, EventRootCode, QuadClass, GoldsteinScale."""
    root = int(code[:2])
    quad = 1 if root <= 5 else 2 if root <= 8 else 3 if root <= 13 else 4
    return f"{code}\t{code[:3]}\t{code[:2]}\t{quad}\t{_GOLDSTEIN[code]}"


def _town(place: Place, french: bool) -> str:
    country = countries()[place.country_iso3]
    name = place.name_fr if french else place.name
    feature = -(1_000_000 + int(abs(place.latitude) * 10_000 + abs(place.longitude) * 1_000))
    full_name = f"{name}, {place.gdelt_unit}, {country.name}"
    return (
        f"4\t{full_name}\t{country.fips}\t{place.adm1_gdelt}\t{abs(feature) % 90_000}\t{place.latitude:g}\t"
        f"{place.longitude:g}\t{feature}"
    )


def _adm1(place: Place) -> str:
    country = countries()[place.country_iso3]
    units = [one for one in places_of(place.country_iso3) if one.adm1_gdelt == place.adm1_gdelt]
    latitude = sum(one.latitude for one in units) / len(units)
    longitude = sum(one.longitude for one in units) / len(units)
    return (
        f"5\t{place.gdelt_unit}, {country.name}\t{country.fips}\t{place.adm1_gdelt}\t\t{latitude:.4f}\t"
        f"{longitude:.4f}\t{place.adm1_gdelt}"
    )


def _centroid(iso3: str) -> str:
    country = countries()[iso3]
    return (
        f"1\t{country.name}\t{country.fips}\t{country.fips}\t\t{country.latitude:g}\t{country.longitude:g}\t"
        f"{country.fips}"
    )


def _codes_of(incident: Incident) -> tuple[str, ...]:
    if incident.kind == "coup":
        return ("152", "154", "173", "172", "180", "111", "112")
    if incident.kind == "protest":
        return ("141", "141", "145", "173")
    if incident.kind == "kidnapping":
        return ("181", "181", "180")
    if incident.kind == "convoy_attack":
        return ("191", "191", "180", "190", "172")
    if incident.theatre and incident.theatre.type_of_violence == 3:
        return ("180", "183", "190", "202") if incident.best > 20 else ("180", "190", "186")
    return ("190", "190", "193", "194", "1831", "195")


def _actors_of(rng: random.Random, incident: Incident) -> tuple[str, str]:
    country = countries()[incident.country_iso3]
    if incident.theatre is None:
        crowd = _actor_fields("PROTESTER", incident.country_iso3, "OPP")
        army = _actor_fields(country.name.upper(), incident.country_iso3, "MIL")
        if incident.kind == "coup":
            return army, _actor_fields("PRESIDENT", incident.country_iso3, "GOV")
        return crowd, _actor_fields("POLICE", incident.country_iso3, "COP")
    attacker, attacked = incident.theatre.side_b, incident.theatre.side_a
    if incident.theatre.type_of_violence == 3:
        attacker, attacked = attacked, attacker
    fields = [_actor_of(attacker, incident), _actor_of(attacked, incident)]
    if rng.random() < 0.25:
        fields[0] = _actor_fields(rng.choice(("MILITANT", "GUNMAN", "TERRORIST")), "", "UAF")
    if rng.random() < 0.15:
        fields.reverse()
    return fields[0], fields[1]


def _actor_of(actor: Actor, incident: Incident) -> str:
    country = actor.gdelt_country or ("" if actor.gdelt_type == "INS" else incident.country_iso3)
    return _actor_fields(actor.gdelt_name, country, actor.gdelt_type)


def _mention(
    rng: random.Random, event_id: int, added: str, stamp: str, outlet: str, url: str, translation: str
) -> str:
    draw = rng.random()
    offset = int(draw * 3_000)
    return (
        f"{event_id}\t{added}\t{stamp}\t1\t{outlet}.made.example\t{url}\t{1 + offset % 12}\t-1\t{offset}\t"
        f"{offset + 40}\t{offset % 2}\t{10 * (1 + offset % 10)}\t{800 + offset}\t{draw * 14 - 10:.9f}\t"
        f"{translation}\t\n"
    )


def _malformed(line: str, number: int) -> str:
    cells = line.rstrip("\n").split("\t")
    how = MALFORMATIONS[number % len(MALFORMATIONS)]
    if how == "60 columns":
        del cells[30]
    elif how == "date that is no date":
        cells[1] = "20261345"
    elif how == "latitude that is no number":
        cells[56] = "north"
    else:
        cells[0] = "made-id"
    return "\t".join(cells) + "\n"


DEFAULT_WINDOWS = (
    (datetime(COUP_DATE.year, COUP_DATE.month, COUP_DATE.day, tzinfo=UTC) - timedelta(days=2),
     datetime(COUP_DATE.year, COUP_DATE.month, COUP_DATE.day, tzinfo=UTC) + timedelta(days=5)),
    (WORLD_END - timedelta(days=21), WORLD_END),
)  # fmt: skip
"""What the lists cover unless told otherwise: the week of the coup, and the last three weeks."""
