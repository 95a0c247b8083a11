"""The reference data keeps its promises: codes agree with the standards, keys lead somewhere, names resolve.

Here: the seeds against each other, against the standards they restate, and against real publishers' files;
and what expectations/reference.py answers and refuses. Not here: rules that dbt tests already hold for a
single column (not null, accepted values).
"""

import csv
import io
import json
import re
import unicodedata
import zipfile
from collections import Counter, defaultdict
from datetime import date, timedelta
from itertools import combinations

import duckdb
import pycountry
import pytest
import yaml

from expectations import reference
from expectations.contracts.acled import EVENT_TYPES
from expectations.reference import ReferenceDataError, read_seed
from orchestration.actor_page import name_key
from orchestration.feeds.insecurity_insight_rows import TOPICS

SCOPE = [
    *("MLI", "BFA", "NER", "NGA", "TCD", "MRT", "SEN", "GMB", "GIN", "GNB"),
    *("BEN", "TGO", "GHA", "CIV", "CMR", "SDN", "ERI"),
]
SEED_NAMES = sorted(path.stem for path in reference.SEEDS.glob("*.csv"))

# ISO codes that were in force and are no longer: events still name these units.
WITHDRAWN_ISO_CODES = {"TD-BET", "TD-EN", "MR-NKC", "GH-BA"} | {f"CI-{n:02}" for n in range(1, 20)}

# Burkina Faso's provinces were its first level until 2001; no known law maps these regions of Côte d'Ivoire of 1997 to
# the ten before.
BEGUN_WITHOUT_PREDECESSOR = {f"BF-{n:02}" for n in range(1, 14)} | {
    f"CI-{n:02}" for n in (2, 4, 5, 7, 10, 11, 12, 14)
}

# Names in real UCDP data that rightly resolve to no unit of the country they are filed under.
UCDP_RESIDUE = {
    ("SDN", "Unity state"): "South Sudanese since July 2011, filed under Sudan for events before",
}
# First-level codes in real GDELT data that name no unit.
GDELT_RESIDUE = {
    "BN": "the country itself",
    "BN00": "somewhere in Benin: 00 is the code for a place without a known unit",
}

FOREIGN_KEYS = [
    ("country_alias", "country_iso3", "country", "country_iso3"),
    ("country_bounds", "country_iso3", "country", "country_iso3"),
    ("area_set", "country_iso3", "country", "country_iso3"),
    ("admin1", "country_iso3", "country", "country_iso3"),
    ("admin1_alias", "country_iso3", "country", "country_iso3"),
    ("admin1_alias", "admin1_id", "admin1", "admin1_id"),
    ("admin1_change", "old_admin1_id", "admin1", "admin1_id"),
    ("admin1_change", "new_admin1_id", "admin1", "admin1_id"),
    ("admin2", "country_iso3", "country", "country_iso3"),
    ("admin2", "admin1_id", "admin1", "admin1_id"),
    ("admin2_alias", "admin2_id", "admin2", "admin2_id"),
    ("actor", "country_iso3", "country", "country_iso3"),
    ("actor_alias_seed", "actor_id", "actor", "actor_id"),
    ("actor_relation", "actor_id", "actor", "actor_id"),
    ("actor_relation", "other_actor_id", "actor", "actor_id"),
    ("event_type", "violence_class", "event_term", "term"),
    ("event_type", "tactic", "event_term", "term"),
    ("event_type", "target_class", "event_term", "term"),
    ("insecurity_insight_weapon", "tactic", "event_term", "term"),
    ("acled_actor_kind", "target_class", "event_term", "term"),
    ("acled_actor_kind", "actor_kind", "actor_kind_class", "actor_kind"),
    ("insecurity_insight_actor_kind", "actor_kind", "actor_kind_class", "actor_kind"),
    ("actor", "actor_kind", "actor_kind_class", "actor_kind"),
    ("event_set_member_seed", "event_set", "event_set", "event_set"),
    ("event_set_member_seed", "source_event_type", "event_type", "source_event_type"),
    ("event_set_member_seed", "violence_class", "event_term", "term"),
    ("actor_split_rule", "umbrella_actor_id", "actor", "actor_id"),
    ("actor_split_rule", "actor_id", "actor", "actor_id"),
    ("actor_split_rule", "admin1_id", "admin1", "admin1_id"),
    ("actor_split_rule", "country_iso3", "country", "country_iso3"),
    ("actor_regime_period", "actor_id", "actor", "actor_id"),
    ("event_feed", "feed", "source", "feed"),
    ("incident_record_precision", "feed", "event_feed", "feed"),
    ("incident_class_pair", "class_a", "event_term", "term"),
    ("incident_class_pair", "class_b", "event_term", "term"),
    ("peacekeeping_mission", "country_iso3", "country", "country_iso3"),
    ("feed_rhythm", "feed", "source", "feed"),
    ("alert_rule_cover", "rule", "alert_rule", "rule"),
    ("alert_rule_cover", "covered_by", "alert_rule", "rule"),
]

UNIQUE_KEYS = {
    "country": ["country_iso3"],
    "country_alias": ["alias"],
    "country_bounds": ["country_iso3"],
    "area_set": ["area_set", "country_iso3"],
    "admin1": ["admin1_id"],
    "admin1_alias": ["alias", "admin1_id"],
    "admin1_change": ["old_admin1_id", "new_admin1_id", "change_date"],
    "admin2": ["admin2_id"],
    "admin2_alias": ["alias", "admin2_id"],
    "actor": ["actor_id"],
    "actor_alias_seed": ["alias", "actor_id", "source"],
    "actor_relation": ["actor_id", "relation", "other_actor_id", "valid_from"],
    "actor_split_rule": ["umbrella_actor_id", "country_iso3", "admin1_id", "ucdp_dyad_id", "valid_from"],
    "actor_regime_period": ["actor_id", "valid_from"],
    "source": ["feed"],
    "cameo_event_root": ["event_root_code"],
    "event_term": ["term"],
    "event_type": ["feed", "source_event_type"],
    "event_set": ["event_set"],
    "event_set_member_seed": [
        *("event_set", "feed", "source_event_type", "violence_class", "is_civilian_targeted"),
    ],
    "actor_kind_class": ["actor_kind"],
    "insecurity_insight_weapon": ["weapon"],
    "event_feed": ["feed"],
    "incident_record_precision": ["feed", "aspect", "code"],
    "incident_evidence": ["part", "level"],
    "incident_class_pair": ["class_a", "class_b"],
    "incident_links_confirmed": ["event_key_a", "event_key_b"],
    "incident_links_denied": ["event_key_a", "event_key_b"],
    "acled_actor_kind": ["inter_label"],
    "insecurity_insight_actor_kind": ["perpetrator_kind"],
    "peacekeeping_mission": ["mission_acronym"],
    "alert_rule": ["rule"],
    "feed_rhythm": ["feed"],
    "alert_rule_cover": ["rule", "covered_by"],
}


def period(row: dict[str, str]) -> tuple[date, date]:
    """The half-open period of a row: first day, first day no longer."""
    return (
        date.fromisoformat(row["valid_from"]) if row["valid_from"] else date.min,
        date.fromisoformat(row["valid_to"]) if row["valid_to"] else date.max,
    )


def overlap(one: dict[str, str], other: dict[str, str]) -> bool:
    (start, end), (other_start, other_end) = period(one), period(other)
    return start < other_end and other_start < end


def comparable(text: str) -> str:
    """A name as names are matched: lower case, no accents, all signs but letters and digits one space."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))
    return re.sub(r"[\W_]+", " ", plain).strip()


def units_named(country_iso3: str, alias: str) -> list[dict[str, str]]:
    units = {row["admin1_id"]: row for row in read_seed("admin1")}
    return [
        units[row["admin1_id"]]
        for row in read_seed("admin1_alias")
        if row["country_iso3"] == country_iso3 and row["alias"] == alias
    ]


def unit_on(country_iso3: str, alias: str, day: date) -> str | None:
    """The unit an alias means on a day: the one valid then, else the one nearest in time."""

    def distance(unit):
        start, end = period(unit)
        return not start <= day < end, min(abs((day - start).days), abs((end - day).days))

    units = sorted(units_named(country_iso3, alias), key=distance)
    return units[0]["admin1_id"] if units else None


# --- the files as files -------------------------------------------------------------------------------------


def test_every_seed_has_a_stated_key():
    assert set(SEED_NAMES) == set(UNIQUE_KEYS)


@pytest.mark.parametrize("name", SEED_NAMES)
def test_file_is_plain_utf8_and_tidy(name):
    content = (reference.SEEDS / f"{name}.csv").read_bytes()
    assert not content.startswith(b"\xef\xbb\xbf") and b"\r" not in content and content.endswith(b"\n")
    for row in read_seed(name):
        for column, value in row.items():
            assert value == value.strip() and value.lower() not in ("null", "none", "n/a"), (column, row)
            if column.endswith(("_date", "valid_from", "valid_to")) and value:
                assert date.fromisoformat(value).isoformat() == value


@pytest.mark.parametrize("name", SEED_NAMES)
def test_keys_are_unique(name):
    counts = Counter(tuple(row[column] for column in UNIQUE_KEYS[name]) for row in read_seed(name))
    assert [key for key, count in counts.items() if count > 1] == []


@pytest.mark.parametrize(("name", "column", "target", "target_column"), FOREIGN_KEYS)
def test_foreign_keys_lead_somewhere(name, column, target, target_column):
    known = {row[target_column] for row in read_seed(target)}
    assert {row[column] for row in read_seed(name) if row[column]} <= known


def test_every_column_is_described_and_typed_in_the_order_of_the_file():
    described = [
        seed
        for path in sorted(reference.SEEDS.glob("_*.yml"))
        for seed in yaml.safe_load(path.read_text(encoding="utf-8"))["seeds"]
    ]
    assert sorted(seed["name"] for seed in described) == SEED_NAMES
    for seed in described:
        with (reference.SEEDS / f"{seed['name']}.csv").open(encoding="utf-8", newline="") as file:
            header = next(csv.reader(file))
        assert [column["name"] for column in seed["columns"]] == header, seed["name"]
        assert list(seed["config"]["column_types"]) == header, seed["name"]
        assert all(column["description"].strip() for column in seed["columns"]), seed["name"]


@pytest.mark.parametrize(
    "name",
    ["admin1", "actor", "actor_alias_seed", "actor_relation", "actor_split_rule", "actor_regime_period"],
)
def test_periods_do_not_end_before_they_start(name):
    assert [row for row in read_seed(name) if not period(row)[0] < period(row)[1]] == []


# --- countries ----------------------------------------------------------------------------------------------


def test_the_world_is_iso_3166():
    ours = {(c.country_iso3, c.country_iso2, c.country_numeric) for c in reference.countries()}
    assert ours == {(c.alpha_3, c.alpha_2, c.numeric) for c in pycountry.countries}


@pytest.mark.parametrize(
    "column", ["country_iso2", "country_numeric", "country_fips", "gw_code", "acled_prefix"]
)
def test_no_code_means_two_countries(column):
    codes = [row[column] for row in read_seed("country") if row[column]]
    assert len(codes) == len(set(codes))


def test_the_default_scope_is_the_seventeen_countries_of_the_design():
    assert sorted(reference.default_scope()) == sorted(SCOPE)
    monitored = {row["country_iso3"] for row in read_seed("area_set") if row["area_set"] == "monitored"}
    assert monitored == set(SCOPE)


@pytest.mark.parametrize(
    ("fips", "iso3", "iso2_reads_it_as"),
    [
        ("NG", "NER", "NGA"),
        ("NI", "NGA", "NIC"),
        ("CD", "TCD", "COD"),
        ("UV", "BFA", None),
        ("BN", "BEN", "BRN"),
        ("SG", "SEN", "SGP"),
        ("TO", "TGO", "TON"),
        ("IV", "CIV", None),
        ("SU", "SDN", None),
        ("GV", "GIN", None),
        ("PU", "GNB", None),
        ("GA", "GMB", "GAB"),
        ("BF", "BHS", "BFA"),
        ("NE", "NIU", "NER"),
        ("CG", "COD", "COG"),
        ("TD", "TTO", "TCD"),
    ],
)
def test_fips_is_not_iso(fips, iso3, iso2_reads_it_as):
    by_iso2 = {c.country_iso2: c.country_iso3 for c in reference.countries()}
    assert reference.fips_to_iso3()[fips] == iso3
    assert by_iso2.get(fips) == iso2_reads_it_as


def test_codes_that_software_likes_to_spoil_are_intact():
    by_iso3 = {c.country_iso3: c for c in reference.countries()}
    assert by_iso3["NAM"].country_iso2 == "NA"
    assert by_iso3["DZA"].country_numeric == "012"


def test_fips_codes_agree_with_geonames(shared_data):
    text = (shared_data / "reference" / "geonames_countryInfo.txt").read_text(encoding="utf-8")
    fields = [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
    geonames = {f[1]: f[3] for f in fields}
    ours = {c.country_iso3: c.country_fips or "" for c in reference.countries()}
    assert len(geonames) > 240
    assert {iso3: (code, geonames[iso3]) for iso3, code in ours.items() if code != geonames[iso3]} == {}


def test_gleditsch_ward_numbers_agree_with_ucdp(shared_data):
    """UCDP's actor list states the countries of an actor by name and by number: take actors with only one."""
    by_alias = {row["alias"].casefold(): row["country_iso3"] for row in read_seed("country_alias")}
    stated = defaultdict(Counter)
    for row in actor_list(shared_data):
        name, number = row["Location"].strip(), row["GWNOLoc"].strip()
        if name.casefold() in by_alias and number.isdigit():
            stated[by_alias[name.casefold()]][int(number)] += 1
    ours = {c.country_iso3: c.gw_code for c in reference.countries()}
    numbers = {iso3: counts.most_common(1)[0][0] for iso3, counts in stated.items()}
    assert len(numbers) > 70
    assert {iso3: (number, ours[iso3]) for iso3, number in numbers.items() if number != ours[iso3]} == {}


def test_country_aliases_differ_in_more_than_case():
    meanings = defaultdict(set)
    for row in read_seed("country_alias"):
        meanings[comparable(row["alias"])].add(row["country_iso3"])
    assert {alias: iso3s for alias, iso3s in meanings.items() if len(iso3s) > 1} == {}


@pytest.mark.parametrize(
    ("alias", "iso3"),
    [
        ("Ivory Coast", "CIV"),
        ("Nigérien", "NER"),
        ("Nigérian", "NGA"),
        ("Benin City", "NGA"),
        ("Tchad", "TCD"),
    ],
)
def test_country_aliases_that_are_easy_to_get_wrong(alias, iso3):
    assert {row["country_iso3"] for row in read_seed("country_alias") if row["alias"] == alias} == {iso3}


# --- first-level units --------------------------------------------------------------------------------------


def test_unit_codes_are_iso_3166_2_or_explained():
    iso = {unit.code for unit in pycountry.subdivisions}
    ids = {row["admin1_id"] for row in read_seed("admin1")}
    own = {unit_id for unit_id in ids if re.fullmatch(r"[A-Z]{2}-[a-z]+(-[a-z]+)*", unit_id)}
    assert ids - iso - own == WITHDRAWN_ISO_CODES
    assert own & iso == set()


def test_every_first_level_unit_of_the_scope_is_there():
    # Guinea-Bissau's three provinces group the regions; feeds and people use the regions.
    not_used = {"GW-L", "GW-N", "GW-S"}
    ids = {row["admin1_id"] for row in read_seed("admin1")}
    for iso3 in SCOPE:
        iso2 = pycountry.countries.get(alpha_3=iso3).alpha_2
        for unit in pycountry.subdivisions.get(country_code=iso2):
            if unit.parent_code is None or unit.parent_code in not_used:
                assert unit.code in ids | not_used, unit


def test_unit_is_in_the_country_of_its_code():
    iso2 = {c.country_iso3: c.country_iso2 for c in reference.countries()}
    assert all(row["admin1_id"].startswith(iso2[row["country_iso3"]] + "-") for row in read_seed("admin1"))
    country_of = {row["admin1_id"]: row["country_iso3"] for row in read_seed("admin1")}
    assert all(row["country_iso3"] == country_of[row["admin1_id"]] for row in read_seed("admin1_alias"))


def test_burkina_faso_has_13_regions_before_the_decree_and_17_after():
    regions = [row for row in read_seed("admin1") if row["country_iso3"] == "BFA"]
    assert len([r for r in regions if period(r)[0] <= date(2025, 7, 1) < period(r)[1]]) == 13
    assert len([r for r in regions if period(r)[0] <= date(2025, 7, 2) < period(r)[1]]) == 17


@pytest.mark.parametrize(
    ("iso3", "day", "units"),
    [
        ("MLI", "2010-01-01", 9),
        ("MLI", "2020-01-01", 11),
        ("MLI", "2024-01-01", 20),
        ("CIV", "1993-01-01", 10),
        ("CIV", "2005-01-01", 19),
        ("CIV", "2020-01-01", 14),
        ("GHA", "2018-01-01", 10),
        ("GHA", "2020-01-01", 16),
        ("NGA", "1990-01-01", 22),
        ("NGA", "2020-01-01", 37),
        ("SEN", "2000-01-01", 10),
        ("SEN", "2020-01-01", 14),
        ("TCD", "2020-01-01", 23),
        ("MRT", "2010-01-01", 13),
        ("MRT", "2020-01-01", 15),
        ("SDN", "2020-01-01", 18),
    ],
)
def test_number_of_units_on_a_day(iso3, day, units):
    found = [
        row["admin1_id"]
        for row in read_seed("admin1")
        if row["country_iso3"] == iso3 and period(row)[0] <= date.fromisoformat(day) < period(row)[1]
    ]
    assert len(found) == units, found


def test_a_unit_of_the_second_order_lies_where_iso_3166_2_puts_it():
    """ISO still has Burkina Faso's 13 regions: the new region must have come of the one that it names."""
    came_of = defaultdict(set)
    for change in read_seed("admin1_change"):
        came_of[change["new_admin1_id"]].add(change["old_admin1_id"])
    checked = 0
    for row in read_seed("admin2"):
        unit = pycountry.subdivisions.get(code=row["admin2_id"])
        if unit is None:
            assert re.fullmatch(r"[A-Z]{2}-[a-z]+(-[a-z]+)*", row["admin2_id"]), row
            assert "code" in row["source"], row
            continue
        checked += 1
        assert unit.parent_code in {row["admin1_id"], *came_of[row["admin1_id"]]}, row
        spelled = {
            comparable(alias["alias"])
            for alias in read_seed("admin2_alias")
            if alias["admin2_id"] == row["admin2_id"]
        }
        assert comparable(unit.name) in spelled, row
    assert checked == 45 + 33


@pytest.mark.parametrize(("iso3", "units"), [("BFA", 47), ("GIN", 34), ("CIV", 31)])
def test_number_of_units_of_the_second_order(iso3, units):
    assert len([row for row in read_seed("admin2") if row["country_iso3"] == iso3]) == units


def test_an_alias_of_the_second_order_means_one_unit_of_its_country():
    named = defaultdict(set)
    country_of = {row["admin2_id"]: row["country_iso3"] for row in read_seed("admin2")}
    for row in read_seed("admin2_alias"):
        assert row["country_iso3"] == country_of[row["admin2_id"]]
        named[row["country_iso3"], comparable(row["alias"])].add(row["admin2_id"])
    assert [(key, ids) for key, ids in named.items() if len(ids) > 1] == []
    assert set(country_of) == {row["admin2_id"] for row in read_seed("admin2_alias")}


def test_codes_of_other_standards_name_one_unit_and_are_of_its_country():
    iso = {unit.code for unit in pycountry.subdivisions} | WITHDRAWN_ISO_CODES
    iso2 = {c.country_iso3: c.country_iso2 for c in reference.countries()}
    for column in ("iso_3166_2", "ocha_pcode"):
        codes = [row[column] for row in read_seed("admin1") if row[column]]
        assert len(codes) == len(set(codes)) > 200
    for row in read_seed("admin1"):
        assert row["iso_3166_2"] in ("", row["admin1_id"]), row
        assert (row["iso_3166_2"] != "") == (row["admin1_id"] in iso), row
        letters = "ER" if row["country_iso3"] == "ERI" else iso2[row["country_iso3"]]
        assert not row["ocha_pcode"] or re.fullmatch(letters + r"\d{1,3}", row["ocha_pcode"]), row


def test_a_unit_that_begins_came_of_another():
    """What began within the data has a predecessor, so that an event before it finds the unit of its day."""
    new = {change["new_admin1_id"] for change in read_seed("admin1_change")}
    begun = {row["admin1_id"] for row in read_seed("admin1") if row["valid_from"]}
    assert begun - new == BEGUN_WITHOUT_PREDECESSOR


def test_units_that_share_an_alias_do_not_share_a_day():
    units = {row["admin1_id"]: row for row in read_seed("admin1")}
    named = defaultdict(set)
    for row in read_seed("admin1_alias"):
        named[row["country_iso3"], comparable(row["alias"])].add(row["admin1_id"])
    clashes = [
        (key, one, other)
        for key, ids in named.items()
        for one, other in combinations(sorted(ids), 2)
        if overlap(units[one], units[other])
    ]
    assert clashes == []


def test_changes_agree_with_the_periods_of_the_units():
    units = {row["admin1_id"]: row for row in read_seed("admin1")}
    weights = defaultdict(float)
    for change in read_seed("admin1_change"):
        old, new = units[change["old_admin1_id"]], units[change["new_admin1_id"]]
        assert old["country_iso3"] == new["country_iso3"], change
        assert new["valid_from"] == change["change_date"], change
        if change["change_kind"] != "carved_out":
            assert old["valid_to"] == change["change_date"], change
        if change["change_kind"] == "renamed":
            assert change["weight"] == "1", change
        weights[change["old_admin1_id"], change["change_date"]] += float(change["weight"] or 0)
    assert max(weights.values()) == 1


def test_no_unit_ends_without_a_trace():
    """What ended has a successor, except the regions of Côte d'Ivoire that no known law maps one to one."""
    old = {change["old_admin1_id"] for change in read_seed("admin1_change")}
    ended = {row["admin1_id"] for row in read_seed("admin1") if row["valid_to"]}
    unmapped = {"CI-centre", "CI-centre-est", "CI-centre-nord", "CI-centre-ouest", "CI-nord-ouest"}
    assert ended - old == unmapped


@pytest.mark.parametrize(
    ("country_iso3", "alias", "day", "admin1_id"),
    [
        ("MLI", "Gao region", date(2010, 1, 1), "ML-7"),
        ("MLI", "Ménaka region", date(2017, 2, 4), "ML-9"),
        ("MLI", "Segou region", date(2020, 1, 1), "ML-4"),
        ("MLI", "Timetrine region", date(2009, 6, 16), "ML-8"),
        ("CIV", "Ouest region", date(1993, 7, 29), "CI-ouest"),
        ("CIV", "Lagunes region", date(1998, 9, 10), "CI-01"),
        ("CIV", "Lagunes district", date(2011, 3, 1), "CI-01"),
        ("CIV", "Lagunes district", date(2020, 11, 9), "CI-LG"),
        ("CIV", "Bas-Sassandra district", date(2010, 1, 1), "CI-09"),
        ("CIV", "Bas-Sassandra district", date(2013, 3, 23), "CI-BS"),
        ("CIV", "Haut-Sassandra district", date(2011, 12, 17), "CI-SM"),
        ("SEN", "Sédhiou region", date(2009, 10, 2), "SN-SE"),
        ("BFA", "Sahel region", date(2025, 7, 1), "BF-12"),
        ("BFA", "Sahel region", date(2026, 1, 1), "BF-12"),
        ("BFA", "UV40", date(2020, 1, 1), "BF-12"),
        ("BFA", "UV40", date(2025, 7, 2), "BF-soum"),
        ("NGA", "Bendel state", date(1990, 1, 1), "NG-bendel"),
        ("BEN", "Nowhere region", date(2020, 1, 1), None),
    ],
)
def test_an_alias_means_the_unit_of_its_day(country_iso3, alias, day, admin1_id):
    assert unit_on(country_iso3, alias, day) == admin1_id


def test_real_ucdp_units_resolve_or_are_named_residue(shared_data):
    places = {
        (reference.gw_to_iso3()[int(row["country_id"])], row["adm_1"])
        for row in ged(shared_data)
        if row["adm_1"]
    }
    assert len(places) == 50
    assert {place for place in places if not units_named(*place)} - set(UCDP_RESIDUE) == set()


def test_ucdp_units_of_the_whole_region_resolve_or_are_named_residue(shared_data):
    path = shared_data / "groundtruth" / "ucdp_aec_train.parquet"
    by_alias = {row["alias"]: row["country_iso3"] for row in read_seed("country_alias")}
    rows = duckdb.execute(
        "select distinct location_root_name, location_adm1_name from read_parquet(?) "
        "where location_adm1_name <> ''",
        [str(path)],
    ).fetchall()
    places = {(by_alias.get(country), adm1) for country, adm1 in rows if by_alias.get(country) in SCOPE}
    assert len(places) > 80
    assert {place for place in places if not units_named(*place)} == set(UCDP_RESIDUE)


def test_real_gdelt_units_resolve_or_are_named_residue(shared_data):
    country_fips, adm1 = 53, 54  # ActionGeo_CountryCode and ActionGeo_ADM1Code
    codes = set()
    for path in sorted((shared_data / "mirror").glob("gdelt*/gdeltv2/*.export.CSV.zip")):
        with zipfile.ZipFile(path) as archive:
            for line in archive.read(archive.namelist()[0]).decode("utf-8").splitlines():
                fields = line.split("\t")
                iso3 = reference.fips_to_iso3().get(fields[country_fips])
                # A row placed at a country, and not in it, repeats the country's code.
                if iso3 in SCOPE and fields[adm1] != fields[country_fips]:
                    codes.add((iso3, fields[adm1]))
    assert len(codes) > 10
    assert {code for iso3, code in codes if not units_named(iso3, code)} <= set(GDELT_RESIDUE)


# --- actors -------------------------------------------------------------------------------------------------


def test_ucdp_numbers_mean_one_actor():
    numbers = [row["ucdp_actor_id"] for row in read_seed("actor") if row["ucdp_actor_id"]]
    assert len(numbers) == len(set(numbers))


def test_every_monitored_country_has_its_government_army_police_and_gendarmerie():
    """Gambia, Ghana, Guinea-Bissau, Nigeria, Sudan and Eritrea have no gendarmerie."""
    actors = {row["actor_id"]: row for row in read_seed("actor")}
    assert all(row["ucdp_actor_id"] for row in actors.values() if row["actor_kind"] == "state")
    subordinate = {
        (row["actor_id"], row["other_actor_id"])
        for row in read_seed("actor_relation")
        if row["relation"] == "member_of"
    }
    without = {"GMB", "GHA", "GNB", "NGA", "SDN", "ERI"}
    for iso3 in SCOPE:
        (government,) = [
            row["actor_id"]
            for row in actors.values()
            if row["country_iso3"] == iso3 and row["actor_kind"] == "state"
        ]
        country = government.removeprefix("government_of_")
        forces = {f"armed_forces_of_{country}", f"police_of_{country}"}
        forces |= set() if iso3 in without else {f"gendarmerie_of_{country}"}
        for force in forces:
            assert actors[force]["actor_kind"] == "state_forces" and actors[force]["country_iso3"] == iso3
            assert (force, government) in subordinate
        assert iso3 not in without or f"gendarmerie_of_{country}" not in actors


def test_regimes_follow_each_other_without_a_gap_and_reach_the_present():
    regimes = defaultdict(list)
    for row in read_seed("actor_regime_period"):
        regimes[row["actor_id"]].append(row)
    actors = {row["actor_id"]: row for row in read_seed("actor")}
    assert {actors[actor_id]["country_iso3"] for actor_id in regimes} == set(SCOPE)
    for actor_id, rows in regimes.items():
        rows.sort(key=lambda row: row["valid_from"])
        assert [row["valid_to"] for row in rows] == [row["valid_from"] for row in rows[1:]] + [""], actor_id
        assert rows[0]["valid_from"] < "1989-01-01" or actor_id == "government_of_eritrea"


def test_a_junta_came_with_a_successful_coup(shared_data):
    """On the day that the list gives, or the one beside it: a night has two."""
    gw_codes = {row["country_iso3"]: row["gw_code"] for row in read_seed("country")}
    actors = {row["actor_id"]: row for row in read_seed("actor")}
    with (shared_data / "reference" / "cam_coups_list_3.0.csv").open(
        encoding="utf-8-sig", newline=""
    ) as file:
        coups = {
            (row["cowcode"], date.fromisoformat(row["date"]))
            for row in csv.DictReader(file)
            if row["successful"] == "1"
        }
    last = max(day for _, day in coups)
    juntas = [
        (gw_codes[actors[row["actor_id"]]["country_iso3"]], period(row)[0])
        for row in read_seed("actor_regime_period")
        if re.search("(?i)junta of|military command of", row["regime_name"])
        and date(1989, 1, 1) <= period(row)[0] <= last
    ]
    assert len(juntas) >= 9
    days = [timedelta(days=number) for number in (-1, 0, 1)]
    assert [junta for junta in juntas if not any((junta[0], junta[1] + day) in coups for day in days)] == []


def test_rules_that_split_an_umbrella_do_not_contradict_each_other():
    actors = {row["actor_id"]: row for row in read_seed("actor")}
    country_of = {row["admin1_id"]: row["country_iso3"] for row in read_seed("admin1")}
    rows = read_seed("actor_split_rule")
    for row in rows:
        assert actors[row["umbrella_actor_id"]]["is_umbrella"] == "true", row
        assert actors[row["actor_id"]]["is_umbrella"] == "false", row
        assert row["valid_from"] >= actors[row["actor_id"]]["valid_from"], row
        assert not row["admin1_id"] or country_of[row["admin1_id"]] == row["country_iso3"], row
    for one, other in combinations(rows, 2):
        same = all(
            one[column] == other[column]
            for column in ("umbrella_actor_id", "country_iso3", "admin1_id", "ucdp_dyad_id")
        )
        assert not (same and overlap(one, other)), (one, other)


def test_a_joint_coding_is_its_members_and_no_member_is_one():
    joint = {row["actor_id"] for row in read_seed("actor") if row["is_joint_coding"] == "true"}
    members = Counter(
        row["other_actor_id"]
        for row in read_seed("actor_relation")
        if row["relation"] == "member_of" and row["actor_id"] not in joint
    )
    assert joint and all(members[actor_id] >= 2 for actor_id in joint)


def test_nobody_is_his_own_ancestor():
    """Membership, mergers and succession go one way; the closure of the scopes rests on it."""
    parents = defaultdict(set)
    for row in read_seed("actor_relation"):
        if row["relation"] in ("member_of", "merged_into"):
            parents[row["actor_id"]].add(row["other_actor_id"])
        elif row["relation"] in ("renamed_from", "successor_of"):
            parents[row["other_actor_id"]].add(row["actor_id"])

    def ancestors(actor_id, seen):
        for parent in parents[actor_id]:
            assert parent not in seen, (parent, seen)
            ancestors(parent, {*seen, parent})

    for actor_id in list(parents):
        ancestors(actor_id, {actor_id})


def test_an_alias_that_may_mean_two_actors_is_flagged_and_no_other_is():
    """Held for names as they are compared and over all sources, because that is how they are matched."""
    rows_of = defaultdict(list)
    for row in read_seed("actor_alias_seed"):
        assert name_key(row["alias"]), row
        rows_of[name_key(row["alias"])].append(row)
    unflagged, needless = set(), set()
    for rows in rows_of.values():
        shared = [
            pair
            for pair in combinations(rows, 2)
            if pair[0]["actor_id"] != pair[1]["actor_id"] and overlap(*pair)
        ]
        unflagged |= {row["alias"] for pair in shared for row in pair if row["is_ambiguous"] == "false"}
        if not shared:
            needless |= {row["alias"] for row in rows if row["is_ambiguous"] == "true"}
    assert unflagged == set()
    assert needless == set()


def test_every_actor_can_be_found_by_its_own_name():
    registry = {
        (row["alias"], row["actor_id"])
        for row in read_seed("actor_alias_seed")
        if row["source"] == "registry"
    }
    assert registry == {(row["actor_name"], row["actor_id"]) for row in read_seed("actor")}


@pytest.mark.parametrize(
    ("alias", "actor_ids"),
    [
        ("GSIM", {"jnim"}),
        ("Groupe de soutien à l'islam et aux musulmans", {"jnim"}),
        ("Nusrat al-Islam", {"jnim"}),
        ("Volontaires pour la défense de la patrie", {"vdp"}),
        ("Boko Haram", {"jas", "iswap"}),
        ("EIGS", {"issp"}),
        ("Military Forces of Mali (2021-)", {"armed_forces_of_mali"}),
        ("Police Forces of Mali Gendarmerie", {"gendarmerie_of_mali"}),
        ("GSP", {"gspc"}),
    ],
)
def test_names_in_the_press_and_in_acled(alias, actor_ids):
    assert {row["actor_id"] for row in read_seed("actor_alias_seed") if row["alias"] == alias} == actor_ids


def test_the_lineage_that_analysts_ask_for():
    relations = {(r["actor_id"], r["relation"], r["other_actor_id"]): r for r in read_seed("actor_relation")}
    merged = {a for a, relation, b in relations if relation == "merged_into" and b == "jnim"}
    assert merged == {"ansar_dine", "al_murabitun", "katiba_macina", "aqim_sahara"}
    assert relations["ansar_dine", "merged_into", "jnim"]["valid_from"] == "2017-03-02"
    assert ("aqim", "renamed_from", "gspc") in relations
    assert ("aqim", "merged_into", "jnim") not in relations, "AQIM is still an actor of its own"
    assert ("jnim", "member_of", "aqim") not in relations, (
        "a pledge is no membership: JNIM is not AQIM's lineage"
    )
    assert ("jnim", "affiliated_with", "aqim") in relations
    assert ("ansaroul_islam", "merged_into", "jnim") not in relations
    actors = {row["actor_id"]: row for row in read_seed("actor")}
    handover = relations["africa_corps", "successor_of", "wagner"]["valid_from"]
    assert handover == actors["wagner"]["valid_to"] == "2025-06-06"
    assert actors["islamic_state"]["is_umbrella"] == "true" and actors["issp"]["ucdp_actor_id"] == ""


def test_relations_join_two_actors_and_one_kind_does_not_overlap_itself():
    same = defaultdict(list)
    for row in read_seed("actor_relation"):
        assert row["actor_id"] != row["other_actor_id"], row
        same[row["actor_id"], row["relation"], row["other_actor_id"]].append(row)
    assert [rows for rows in same.values() if any(overlap(*pair) for pair in combinations(rows, 2))] == []


def test_actor_numbers_agree_with_the_ucdp_actor_list(shared_data):
    """Each number carries UCDP's name for it; what the list of 2022 lacks must be in the events of 24.1."""
    listed = {row["ActorId"]: row["NameData"].strip() for row in actor_list(shared_data)}
    in_events = {
        row[f"{side}_new_id"]: row[side].strip() for row in ged(shared_data) for side in ("side_a", "side_b")
    }
    ucdp_names = defaultdict(set)
    for row in read_seed("actor_alias_seed"):
        if row["source"] == "ucdp":
            ucdp_names[row["actor_id"]].add(row["alias"])
    checked = 0
    for row in read_seed("actor"):
        if number := row["ucdp_actor_id"]:
            names = {known[number] for known in (listed, in_events) if number in known}
            assert names, f"{row['actor_id']}: UCDP has no actor {number}"
            assert names <= ucdp_names[row["actor_id"]], row
            checked += 1
    assert checked > 130


def test_names_said_to_be_insecurity_insights_are(shared_data):
    told = json.loads((shared_data / "insecurity_insight" / "education.json").read_text(encoding="utf-8"))
    theirs = {row["Reported Perpetrator Name"] or "" for row in told}
    theirs |= {part.strip() for name in theirs for part in name.split(",")}
    ours = {row["alias"] for row in read_seed("actor_alias_seed") if row["source"] == "insecurity_insight"}
    assert len(ours) > 15 and ours - theirs == set()


def test_group_codes_are_in_the_cameo_codebook(shared_data):
    text = (shared_data / "reference" / "cameoGroup.txt").read_text(encoding="utf-8")
    codes = {line.split("\t")[0] for line in text.splitlines()[1:] if line}
    ours = {row["alias"] for row in read_seed("actor_alias_seed") if row["source"] == "cameo"}
    assert ours and ours <= codes


def test_every_actor_with_five_events_is_registered(shared_data):
    events = Counter(row[f"{side}_new_id"] for row in ged(shared_data) for side in ("side_a", "side_b"))
    registered = {row["ucdp_actor_id"] for row in read_seed("actor")}
    main = {number for number, count in events.items() if count >= 5}
    assert len(main) > 40
    assert main - registered == set()


# --- the small vocabularies ---------------------------------------------------------------------------------


def test_cameo_roots_agree_with_the_codebook(shared_data):
    text = (shared_data / "reference" / "cameoEvent.txt").read_text(encoding="utf-8")
    codebook = dict(line.split("\t") for line in text.splitlines()[1:] if line)
    roots = {code: name.strip().lower() for code, name in codebook.items() if len(code) == 2}
    ours = {row["event_root_code"]: row["event_root_name"].lower() for row in read_seed("cameo_event_root")}
    assert ours == roots and len(roots) == 20


def test_default_feeds_have_terms_and_three_optional_ones_may_not_be_passed_on():
    allowed = {row["feed"]: row["redistribution_allowed"] for row in read_seed("source")}
    assert {"ucdp", "gdelt", "news", "made"} <= set(allowed)
    assert {feed for feed, value in allowed.items() if value == "false"} == {"acled", "reliefweb", "coups"}


def test_ucdp_types_have_their_classes_and_tell_no_tactic():
    types = {row["source_event_type"]: row for row in read_seed("event_type") if row["feed"] == "ucdp"}
    assert {key: row["violence_class"] for key, row in types.items()} == {
        "1": "state_based",
        "2": "non_state",
        "3": "one_sided",
    }
    assert {row["tactic"] for row in types.values()} == {"unspecified"}


def test_every_acled_sub_event_type_of_the_codebook_is_there_once_under_its_type():
    ours = Counter(
        (row["source_event_category"], row["source_event_type"])
        for row in read_seed("event_type")
        if row["feed"] == "acled"
    )
    assert ours == Counter((name, sub) for name, subs in EVENT_TYPES.items() for sub in subs)


def test_every_topic_of_insecurity_insight_has_a_target():
    targets = {
        row["source_event_type"]: row["target_class"]
        for row in read_seed("event_type")
        if row["feed"] == "insecurity_insight"
    }
    assert set(targets) == {topic.dataset for topic in TOPICS}
    assert all(targets.values())


def test_words_of_the_taxonomy_are_used_for_what_they_are():
    kinds = {row["term"]: row["term_kind"] for row in read_seed("event_term")}
    for seed in ("event_type", "event_set_member_seed", "insecurity_insight_weapon", "acled_actor_kind"):
        for row in read_seed(seed):
            for column in ("violence_class", "tactic", "target_class"):
                if row.get(column):
                    assert kinds[row[column]] == column, (seed, row)


def test_a_rule_has_the_class_that_it_needs():
    for row in read_seed("event_type"):
        decided_by_sides = row["class_rule"] in ("sides", "civilians_or_sides", "untold")
        assert bool(row["violence_class"]) != decided_by_sides, row


def test_members_of_a_set_are_types_of_their_feed():
    known = {(row["feed"], row["source_event_type"]) for row in read_seed("event_type")}
    for row in read_seed("event_set_member_seed"):
        if row["source_event_type"]:
            assert (row["feed"], row["source_event_type"]) in known, row
    assert {row["event_set"] for row in read_seed("event_set_member_seed")} == {
        row["event_set"] for row in read_seed("event_set")
    }


def members(event_set: str, feed: str) -> set[str]:
    return {
        row["source_event_type"]
        for row in read_seed("event_set_member_seed")
        if row["event_set"] == event_set and row["feed"] == feed
    }


def test_sets_of_acled_types_are_as_acled_and_its_tools_define_them():
    organised = {
        sub
        for name in ("Battles", "Explosions/Remote violence", "Violence against civilians")
        for sub in EVENT_TYPES[name]
    }
    political = organised | {"Mob violence", "Excessive force against protesters"}
    assert members("organised_violence", "acled") == organised
    assert members("political_violence", "acled") == political
    assert members("acled_early_warning", "acled") == political | {"Violent demonstration"}
    assert members("remote_violence", "acled") == set(EVENT_TYPES["Explosions/Remote violence"])
    assert members("demonstrations", "acled") == {*EVENT_TYPES["Protests"], "Violent demonstration"}
    assert members("strategic_developments", "acled") == set(EVENT_TYPES["Strategic developments"])
    assert members("civilian_targeting", "acled") == political
    assert members("blockade", "acled") == set()


def test_what_counts_as_violence_is_the_same_in_sql_and_in_the_set():
    """Marts filter by an expression, because a join in each of their counts would be slower to read."""
    macro = (reference.SEEDS.parent / "macros" / "event_measures.sql").read_text(encoding="utf-8")
    expression = re.search(
        r"{% macro is_violence\(violence_class\) -%}(.*?){%- endmacro %}", macro, re.DOTALL
    )[1]
    classes = [row["term"] for row in read_seed("event_term") if row["term_kind"] == "violence_class"]
    counted = {
        name
        for name in classes
        if duckdb.sql(f"select {expression.replace('{{ violence_class }}', repr(name))}").fetchone()[0]
    }
    in_set = [row for row in read_seed("event_set_member_seed") if row["event_set"] == "violence"]
    assert counted == {row["violence_class"] for row in in_set}
    assert not any(row["feed"] or row["source_event_type"] or row["is_civilian_targeted"] for row in in_set)


def test_who_counts_as_a_state_is_the_same_in_sql_and_in_the_seed():
    macro = (reference.SEEDS.parent / "macros" / "event_measures.sql").read_text(encoding="utf-8")
    in_sql = re.search(r"not in \(('state'.*?)\)", macro)[1]
    states = {row["actor_kind"] for row in read_seed("actor_kind_class") if row["actor_class"] == "state"}
    assert set(re.findall(r"'(\w+)'", in_sql)) == states


@pytest.mark.parametrize(("seed", "column"), [("event_term", "term"), ("event_set", "event_set")])
def test_every_word_of_the_taxonomy_is_explained_in_the_handbook(seed, column):
    page = (reference.SEEDS.parents[1] / "docs" / "event_taxonomy.md").read_text(encoding="utf-8")
    assert [row[column] for row in read_seed(seed) if f"\n| `{row[column]}` | " not in page] == []


def test_cameo_codes_are_in_the_codebook_and_none_of_the_conflict_roots_is_left_out(shared_data):
    text = (shared_data / "reference" / "cameoEvent.txt").read_text(encoding="utf-8")
    codebook = {line.split("\t")[0] for line in text.splitlines()[1:] if line}
    ours = {row["source_event_type"] for row in read_seed("event_type") if row["feed"] == "gdelt"}
    wanted = {code for code in codebook if len(code) > 2 and code[:2] in ("14", "15", "17", "18", "19", "20")}
    assert ours == wanted


def test_cameo_codes_have_the_plover_type_and_mode_of_plovers_own_table(shared_data):
    text = (shared_data / "groundtruth" / "CAMEO2PLOVER-2021.txt").read_text(encoding="utf-8")
    table = {}
    for line in text.splitlines():
        if found := re.match(r"(\d{3,4}):([^#]*)", line):
            plover_type, mode, *_ = (*(part.strip() for part in found[2].split(",")), "")
            table[found[1]] = (plover_type, mode)
    ours = {
        row["source_event_type"]: (row["plover_type"], row["plover_mode"])
        for row in read_seed("event_type")
        if row["feed"] == "gdelt"
    }
    # The table gives a context, pro_autocracy, in the place of the mode.
    assert table.pop("175") == ("ASSAULT", "pro_autocracy") and ours.pop("175") == ("ASSAULT", "")
    assert ours == {code: table[code] for code in ours}


# --- the reader ---------------------------------------------------------------------------------------------


def test_scope_codes_translate_and_leave_out_what_has_no_code():
    assert reference.scope_codes(["MLI", "NER", "GUF"], "gw") == {"MLI": 432, "NER": 436}
    assert reference.scope_codes(["NER", "BFA"], "fips") == {"NER": "NG", "BFA": "UV"}
    assert reference.scope_codes(["DZA"], "numeric") == {"DZA": "012"}


def test_an_unknown_country_is_refused_with_a_remedy():
    with pytest.raises(ReferenceDataError, match=r"'MAL' is no ISO 3166-1 alpha-3 code .* MLI for Mali"):
        reference.scope_codes(["MAL"], "fips")


def test_rows_handed_out_can_be_changed_without_harm():
    read_seed("source")[0]["feed"] = "spoilt"
    assert read_seed("source")[0]["feed"] == "ucdp"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"seed bad\.csv is not in .* run from a checkout"),
        (b"", r"bad\.csv holds no rows"),
        (b"a,b\n", r"bad\.csv holds no rows"),
        (b"a,a\n1,2\n", r"bad\.csv line 1: empty or repeated column name"),
        (b"a,b\n1,2\n1,2,3\n", r"bad\.csv line 3: 3 fields, the header has 2; quote"),
        (b'a,b\n1,"2"x\n', r"bad\.csv line 2: .* check the quotes"),
        (b"a,b\n1,S\xe9gou\n", r"bad\.csv: byte \d+ is not UTF-8"),
        (b"\xef\xbb\xbfa,b\n1,2\n", r"bad\.csv line 1: byte order mark; save it"),
    ],
)
def test_a_damaged_seed_is_refused_with_file_line_and_remedy(tmp_path, monkeypatch, content, message):
    monkeypatch.setattr(reference, "SEEDS", tmp_path)
    if content is not None:
        (tmp_path / "bad.csv").write_bytes(content)
    with pytest.raises(ReferenceDataError, match=message):
        read_seed("bad")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("MLI,ML,466,ML,x,Mali,Mali,true,MLI", r"country\.csv line 2: gw_code is 'x'"),
        ("MLI,ML,466,ML,432,Mali,Mali,yes,MLI", r"country\.csv line 2: .*'yes'.* true or false"),
    ],
)
def test_a_damaged_country_is_refused(tmp_path, monkeypatch, row, message):
    header = (reference.SEEDS / "country.csv").read_text(encoding="utf-8").splitlines()[0]
    (tmp_path / "country.csv").write_text(f"{header}\n{row}\n", encoding="utf-8")
    monkeypatch.setattr(reference, "SEEDS", tmp_path)
    with pytest.raises(ReferenceDataError, match=message):
        reference.countries.__wrapped__()


# --- real data ----------------------------------------------------------------------------------------------


def ged(shared_data) -> list[dict[str, str]]:
    with zipfile.ZipFile(shared_data / "mirror/ucdp/downloads/ged/ged241-csv.zip") as archive:
        text = archive.read(archive.namelist()[0]).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def actor_list(shared_data) -> list[dict[str, str]]:
    path = shared_data / "mirror/ucdp/downloads/actor/ucdp-actor-221.csv"
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))


def test_a_name_of_a_country_means_one_country():
    names = reference.countries_by_name()
    told = {
        row["alias"]: row["country_iso3"]
        for row in read_seed("country_alias")
        if row["alias_kind"] in ("name", "publisher")
    }
    assert {alias: iso3 for alias, iso3 in told.items() if names.get(alias.casefold()) != iso3} == {}
    assert (names["côte d'ivoire"], names["niger"], names["tchad"]) == ("CIV", "NER", "TCD")
