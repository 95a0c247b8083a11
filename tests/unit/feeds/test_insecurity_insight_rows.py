"""Insecurity Insight's records as rows: the shapes of ids, dates, counts and places, and what is left out.

Belongs here: reading and typing, on invented records. Does not belong here: asking the publisher
(test_insecurity_insight.py) and the real file (tests/pipeline).
"""

import csv
import io
import json
from datetime import date
from typing import Any

import pytest

from orchestration.feeds.base import NotTheFormat
from orchestration.feeds.insecurity_insight_rows import (
    TOPICS,
    Record,
    Rows,
    Unreadable,
    read_day,
    read_records,
    rows_of,
    spans_of,
    topic_of,
)

HEAD = {
    "Date": "2024-03-01",
    "Event Description": "01 March 2024: An invented incident. ",
    "Country": "Mali",
    "Country ISO": "MLI",
    "Admin 1": "Mopti Region ",
    "Latitude": "14.4843",
    "Longitude": "-4.1830",
    "Geo Precision": "(2) 25 km precision ",
    "Reported Perpetrator": "NSA",
    "Reported Perpetrator Name": "Invented Front",
    "Weapon Carried/Used": "Arson",
}
EDUCATION = {
    **HEAD,
    "Location of event": "Education Building ",
    "Type of education facility": "Primary School",
    "Attacks on Schools": 1,
    "Damage/Destruction To Ed facility Event": 1,
    "Attacks on Students and Teachers": False,
    "Educators Killed": "1",
    "Educators Injured": "0",
    "Educators Kidnapped": "2",
    "Educators Arrested": None,
    "Known Educators Kidnap Or Arrest Outcome": "Freed",
    "Students Killed": "3",
    "Students Injured": 4,
    "Students Kidnapped": "0",
    "Students Arrested": None,
    "Sexual Violence Affecting School Age Children": "0",
    "SiND Event ID": 44828,
}
AID = {
    **HEAD,
    "Location of Incident": "Road",
    "Organisation Affected": "INGO",
    "Programme Focus": "Health",
    "Aid Workers Killed": "1",
    "Aid Workers Injured": "0",
    "Aid Workers Kidnapped": "2",
    "Aid Workers Arrested": "0",
    "Aid Workers Killed in Captivity": "1",
    "SiND Event ID": 44828,
}
PROTECTION = {
    **HEAD,
    "Date": "2023-12-10T00:00:00.000Z",
    "Camp Name": "Invented Camp",
    "Protection Event Context": "Airstrike/Shelling",
    "Victim of Violence": "Camp Resident ",
    "Survivor or Victim Sex": "Female",
    "Number of Attacks on Camps Reporting Destruction": "1",
    "Number of Attacks on Camps Reporting Damaged": "2",
    "Camp Resident Killed": "2",
    "Camp Resident Injured": "5",
    "Camp Residents Kidnapped": "0",
    "Camp Residents Arrested": "1",
    "Camp Residents Targeted with CRSV": "0",
    "Service Provider Killed": "1",
    "Service Provider Kidnapped": "0",
    "Service Provider Arrested": "0",
    "SiND ID": 44660,
}
OLD_PROTECTION = {
    **{name: value for name, value in HEAD.items() if not name.startswith("Reported")},
    "Public Event Description": "December 2023: Told in public.",
    "Location of Violence": "Inside Camp",
    "Protection Event Context": "Camp Resident Attacked/Killed",
    "Victim of Violence": "Camp Resident",
    "Actor Type": "NSA",
    "Actor Name": "Invented Front",
    "People Associated with Protection Programme Killed": "2",
    "People Associated with Protection Programme Kidnapped": None,
    "People Associated with Protection Programme Arrested": None,
    "People Associated with Protection Programme Targeted with CRSV": None,
    "SiND ID": 42432,
}
HEALTH = {
    **HEAD,
    "Location of Incident": "Health building",
    "Facility ID": "727",
    "Facility Name": ["Practice of Invented Person", None],
    "Organisation Affected": None,
    "Number of Attacks on Health Facilities Reporting Destruction": "1",
    "Number of Attacks on Health Facilities Reporting Damaged": "2",
    "Access Denied or Obstructed": True,
    "Health Workers Killed": "1",
    "Health Workers Injured": "2",
    "Health Workers Kidnapped": "3",
    "Health Workers Arrested": "4",
    "Health Workers Sexually Assaulted": "0",
    "Conflict-Related Violence": "ConflictEvent",
    "Male Health Workers Kidanpped": "3",
    "National Health Worker Working for Unspecified Health Provider ": "1",
    "National Health Worker Working For Unspecified Health Provider ": "2",
    "SiND Event ID": 38664,
}


def rows(*records: dict[str, Any], scope: tuple[str, ...] | None = None) -> Rows:
    told = read_records(json.dumps(list(records)).encode())
    return rows_of(told, topic_of(told), scope)


def row(record: dict[str, Any], **changes: Any) -> dict[str, Any]:
    found = rows({**record, **changes})
    assert found.rejects == []
    (one,) = found.rows
    return one


def reason(record: dict[str, Any], **changes: Any) -> str:
    found = rows({**record, **changes})
    assert found.rows == []
    (one,) = found.rejects
    return one["reason"]


def as_csv(*records: dict[str, Any], delimiter: str = ",", tags: bool = False) -> bytes:
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter)
    writer.writerow(records[0])
    if tags:
        writer.writerow(["#date +occurred", "#description", *[""] * (len(records[0]) - 2)])
    for record in records:
        writer.writerow(["" if value is None else value for value in record.values()])
    return file.getvalue().encode()


# --- topics -------------------------------------------------------------------------------------


def test_an_education_incident() -> None:
    told = row(EDUCATION)
    details = json.loads(told.pop("details"))
    assert told == {
        "dataset": "education",
        "event_id": 44828,
        "event_date": date(2024, 3, 1),
        "country_iso3": "MLI",
        "country_name": "Mali",
        "admin_1": "Mopti Region",
        "latitude": 14.4843,
        "longitude": -4.183,
        "geo_precision": 2,
        "geo_precision_text": "(2) 25 km precision",
        "location_kind": "Education Building",
        "perpetrator_kind": "NSA",
        "perpetrator_name": "Invented Front",
        "weapon": "Arson",
        "event_description": "01 March 2024: An invented incident.",
        "affected": "Primary School",
        "people_killed": 4,
        "people_injured": 4,
        "people_kidnapped": 2,
        "people_arrested": None,
        "facilities_damaged": 1,
    }
    assert details["Students Killed"] == 3
    assert details["Attacks on Students and Teachers"] is False
    assert details["Known Educators Kidnap Or Arrest Outcome"] == "Freed"
    assert "Students Arrested" not in details


def test_a_death_in_captivity_is_a_death() -> None:
    told = row(AID)
    assert told["dataset"] == "aid_workers"
    assert (told["people_killed"], told["people_kidnapped"]) == (2, 2)
    assert (told["location_kind"], told["affected"], told["facilities_damaged"]) == ("Road", "INGO", None)


def test_residents_and_staff_of_camps_are_summed() -> None:
    told = row(PROTECTION)
    assert (told["dataset"], told["event_id"], told["event_date"]) == (
        "protection",
        44660,
        date(2023, 12, 10),
    )
    assert [told[f"people_{fate}"] for fate in ("killed", "injured", "kidnapped", "arrested")] == [3, 5, 0, 1]
    assert (told["facilities_damaged"], told["affected"]) == (3, "Camp Resident")
    assert json.loads(told["details"])["Camp Name"] == "Invented Camp"


def test_older_protection_files_name_other_columns() -> None:
    told = row(OLD_PROTECTION)
    assert (told["perpetrator_kind"], told["perpetrator_name"]) == ("NSA", "Invented Front")
    assert (told["location_kind"], told["people_killed"]) == ("Inside Camp", 2)
    assert (told["people_kidnapped"], told["people_injured"], told["facilities_damaged"]) == (
        None,
        None,
        None,
    )


def test_health_workers_and_facilities() -> None:
    told = row(HEALTH)
    assert told["dataset"] == "health"
    assert [told[f"people_{fate}"] for fate in ("killed", "injured", "kidnapped", "arrested")] == [1, 2, 3, 4]
    assert told["facilities_damaged"] == 3


def test_names_cut_at_63_characters_or_misspelt_are_all_kept() -> None:
    details = json.loads(row(HEALTH)["details"])
    assert details["National Health Worker Working for Unspecified Health Provider"] == 1
    assert details["National Health Worker Working For Unspecified Health Provider (2)"] == 2
    assert details["Male Health Workers Kidanpped"] == 3


@pytest.mark.parametrize("name", ["SiND Event ID", "SIND Event ID", "SiND ID"])
def test_the_id_has_three_names(name: str) -> None:
    record = {key: value for key, value in EDUCATION.items() if key != "SiND Event ID"}
    assert row(record, **{name: "00044828"})["event_id"] == 44828


# --- ethics -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("record", "column"),
    [
        (EDUCATION, "Sexual Violence Affecting School Age Children"),
        (HEALTH, "Health Workers Sexually Assaulted"),
        (PROTECTION, "Camp Residents Targeted with CRSV"),
        (OLD_PROTECTION, "People Associated with Protection Programme Targeted with CRSV"),
    ],
)
def test_an_incident_that_counts_sexual_violence_is_not_told_in_words(
    record: dict[str, Any], column: str
) -> None:
    assert row(record)["event_description"] is not None
    told = row(record, **{column: "1"})
    assert told["event_description"] is None
    assert told["event_id"] == row(record)["event_id"]
    assert column not in told["details"]


@pytest.mark.parametrize("column", ["Event Description", "Type of education facility", "Programme Focus"])
@pytest.mark.parametrize(
    "words", ["two were raped", "Sexual assault", "survivors of GBV", "CRSV", "molested"]
)
def test_texts_that_tell_of_sexual_violence_are_left_out(column: str, words: str) -> None:
    told = row(EDUCATION, **{column: f"Invented: {words} there"})
    assert not [value for value in told.values() if isinstance(value, str) and words in value]


def test_words_that_only_look_like_it_stay() -> None:
    text = "Soldiers guarded grapes and therapists."
    assert row(EDUCATION, **{"Event Description": text})["event_description"] == text


def test_fields_that_may_name_a_person_are_left_out_and_told_of() -> None:
    found = rows({**EDUCATION, "Name of Victim": "Invented Person", "Drones Seen": "2"})
    assert "Invented Person" not in json.dumps(found.rows, default=str)
    assert found.extra_columns == ("Name of Victim",)
    assert json.loads(found.rows[0]["details"])["Drones Seen"] == 2
    assert "Invented Person" not in json.dumps(rows(HEALTH).rows, default=str)


def test_of_two_wordings_the_public_one_is_taken() -> None:
    private = {"Event Description": "Told by a contact of ours."}
    assert row(OLD_PROTECTION, **private)["event_description"] == "December 2023: Told in public."
    blank = row(OLD_PROTECTION, **private, **{"Public Event Description": " "})
    assert blank["event_description"] is None


def test_a_quarantined_row_tells_no_more_than_a_good_one() -> None:
    found = rows(
        {
            **EDUCATION,
            "Date": "soon",
            "Sexual Violence Affecting School Age Children": "1",
            "Event Description": "Words that must not get out",
            "Name of Victim": "Invented Person",
        }
    )
    (text,) = [reject["row_text"] for reject in found.rejects]
    assert text.startswith("44828\t{")
    assert json.loads(text.partition("\t")[2])["Date"] == "soon"
    for hidden in ("must not get out", "Invented Person", "Sexual"):
        assert hidden not in text


# --- fields -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("2024-03-01", date(2024, 3, 1)),
        (" 2024-03-01 ", date(2024, 3, 1)),
        ("2023-12-10T00:00:00.000Z", date(2023, 12, 10)),
        ("2024-03-01 00:00:00", date(2024, 3, 1)),
        ("28/02/2024", date(2024, 2, 28)),
        ("1/2/2024", date(2024, 2, 1)),
        (1709251200, date(2024, 3, 1)),
        (1709251200000, date(2024, 3, 1)),
        ("1709251200000", date(2024, 3, 1)),
    ],
)
def test_dates_come_in_four_shapes(value: Any, day: date) -> None:
    assert read_day(value) == day


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "soon",
        "2024-13-01",
        "02/28/2024",
        "0202-03-01",
        "20240301",
        5,
        True,
        "9" * 14,
        "2024-03-01x",
    ],
)
def test_other_dates_are_not_guessed(value: Any) -> None:
    with pytest.raises(Unreadable, match="Date"):
        read_day(value)


def test_counts_are_read_whatever_their_type() -> None:
    for value, count in (
        ("3", 3),
        (3, 3),
        (3.0, 3),
        ("3.0", 3),
        (True, 1),
        ("false", 0),
        (None, None),
        (" ", None),
    ):
        told = row(EDUCATION, **{"Educators Injured": value, "Students Injured": None})
        assert told["people_injured"] == count, value


@pytest.mark.parametrize("value", ["many", "-1", "1.5", "10+", "3000000000", {"n": 1}])
def test_what_is_no_count_is_quarantined(value: Any) -> None:
    assert "educators injured" in reason(EDUCATION, **{"Educators Injured": value})


def test_a_censored_place_has_no_coordinates() -> None:
    told = row(EDUCATION, **{"Latitude": None, "Longitude": "", "Geo Precision": "censored"})
    assert (told["latitude"], told["longitude"], told["geo_precision"]) == (None, None, None)
    assert told["geo_precision_text"] == "censored"


@pytest.mark.parametrize(
    ("text", "number"),
    [("(3) District, communicipality, commune ", 3), ("(2) 25 km Precision", 2), ("", None)],
)
def test_precision_is_the_number_in_brackets(text: str, number: int | None) -> None:
    assert row(EDUCATION, **{"Geo Precision": text})["geo_precision"] == number


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"SiND Event ID": None}, "no SiND id"),
        ({"SiND Event ID": 0}, "no SiND id"),
        ({"SiND Event ID": True}, "SiND id 'True' is not a count"),
        ({"Date": "soon"}, "Date 'soon' is no day"),
        ({"Country ISO": "XXX"}, "Country ISO 'XXX' is no ISO"),
        ({"Country ISO": None, "Country": "Sahelia"}, "no Country ISO, and Country 'Sahelia' is no name"),
        ({"Country ISO": None, "Country": None}, "no Country ISO"),
        ({"Latitude": "north"}, "Latitude 'north' is not in decimal degrees"),
        ({"Latitude": "nan"}, "Latitude 'nan' is not in decimal degrees"),
    ],
)
def test_a_record_that_cannot_be_keyed_or_typed_is_quarantined(changes: dict[str, Any], told: str) -> None:
    assert reason(EDUCATION, **changes).startswith(told)


def test_a_country_without_code_is_taken_by_its_exact_name() -> None:
    assert row(EDUCATION, **{"Country ISO": None, "Country": "côte d'ivoire"})["country_iso3"] == "CIV"
    # Mali is in Somalia only for those who look for substrings.
    assert row(EDUCATION, **{"Country ISO": " ", "Country": "Somalia"})["country_iso3"] == "SOM"


def test_the_country_scope_is_applied_before_anything_else_is_judged() -> None:
    found = rows(EDUCATION, {**EDUCATION, "Country ISO": "UKR", "Date": "soon"}, scope=("MLI",))
    assert (len(found.rows), len(found.rejects), found.out_of_scope) == (1, 0, 1)


def test_of_a_repeated_id_the_last_is_kept() -> None:
    found = rows(EDUCATION, {**EDUCATION, "Admin 1": "Gao"}, {**EDUCATION, "Admin 1": "Kidal"})
    assert [one["admin_1"] for one in found.rows] == ["Kidal"]
    assert [(one["line"], one["reason"]) for one in found.rejects] == [
        (1, "duplicate of line 2"),
        (2, "duplicate of line 3"),
    ]


def test_spans_leave_out_what_is_ahead_of_the_day_or_unreadable() -> None:
    records = [
        Record(number, {"Date": day, "Country ISO": iso3})
        for number, (day, iso3) in enumerate(
            [
                ("2024-01-05", "MLI"),
                ("2024-03-01", "UKR"),
                ("2035-01-01", "MLI"),
                ("x", "NER"),
                ("2020-01-01", "?"),
            ]
        )
    ]
    assert spans_of(records, date(2024, 6, 1)) == {
        None: (date(2024, 1, 5), date(2024, 3, 1)),
        "MLI": (date(2024, 1, 5), date(2024, 1, 5)),
        "UKR": (date(2024, 3, 1), date(2024, 3, 1)),
    }


# --- files --------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_csv_is_the_same_rows_as_the_json(delimiter: str) -> None:
    told = read_records(b"\xef\xbb\xbf" + as_csv(EDUCATION, tags=True, delimiter=delimiter))
    assert len(told) == 1
    assert rows_of(told, topic_of(told), None).rows == [row(EDUCATION)]


def test_a_csv_tells_the_line_of_what_it_refuses() -> None:
    content = as_csv(EDUCATION, {**EDUCATION, "Date": "soon", "SiND Event ID": 2}, tags=True)
    content += b",".join([b"x"] * (len(EDUCATION) + 2)) + b"\r\n"
    told = read_records(content)
    found = rows_of(told, topic_of(told), None)
    assert [(one["line"], one["reason"].split(";")[0][:11]) for one in found.rejects] == [
        (4, "Date 'soon'"),
        (5, "29 cells, t"),
    ]
    assert found.rejects[1]["row_text"] == "\t{}"


def test_a_tag_row_in_json_is_no_incident() -> None:
    tags = dict.fromkeys(EDUCATION, "#date +occurred")
    assert len(read_records(json.dumps([tags, EDUCATION]).encode())) == 1


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"<!DOCTYPE html><p>Application error", "a web page"),
        (b'{"error": "timeout"}', r"an object \(error\)"),
        (json.dumps([EDUCATION])[:-40].encode(), "breaks off or is damaged at line 1"),
        (b"[" * 200_000, "cannot be read"),
        (b"[1, 2]", "entry 1 is no object"),
        (b"[]", "holds no incident"),
        (b"", "holds no incident"),
        (b"Date,Country\r\n", "holds no incident"),
        (b"PK\x03\x04rest of a workbook", "an Excel workbook"),
        (b"Date,Country\r\n2024-01-01,C\xf4te", "byte 26 is not UTF-8"),
        (b'Date,Country\r\n2024-01-01,"Mali', "line 2: unexpected end of data"),
    ],
)
def test_what_is_no_list_of_incidents_is_refused_with_what_it_is(body: bytes, told: str) -> None:
    with pytest.raises(NotTheFormat, match=told):
        read_records(body)


@pytest.mark.parametrize(
    ("record", "told"),
    [
        ({"Date": "2024-01-01", "Type of SV": "x", "SIND Event ID": 1}, "incidents of sexual violence"),
        ({"Country": "Mali", "Year": "2024", "Number Of Events": "3"}, "an overview"),
        (
            {**HEAD, "Explosive Weapon Type": "Shell", "Aid Workers Killed": "1"},
            "none of the topics education",
        ),
        ({"Educators Kidnapped": "1", "Country": "Mali"}, "no column sind event id, date"),
    ],
)
def test_other_files_of_the_publisher_are_refused(record: dict[str, Any], told: str) -> None:
    with pytest.raises(NotTheFormat, match=told):
        topic_of([Record(1, record)])


def test_no_topic_on_sexual_violence_is_among_those_asked_for() -> None:
    assert {topic.path for topic in TOPICS} == {"education", "aidworkerKIKA", "protection", "healthcare"}
