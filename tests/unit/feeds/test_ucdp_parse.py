"""UCDP files in: every dialect loads as the same events, what is damaged is refused or set apart."""

import csv
import io
import random
import re
import zipfile
from datetime import date, datetime

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from expectations.contracts.columns import Column
from expectations.contracts.ucdp import UCDP_ACTOR, UCDP_GED
from orchestration.feeds import ucdp_dialects
from orchestration.feeds.base import NotTheFormat
from tests.unit.feeds.ucdp_files import BULK, EVENTS, FIXTURES, as_csv, many, parse, rows

OLD_FILES_LACK = {
    *("relid", "code_status", "conflict_dset_id", "dyad_dset_id", "side_a_dset_id", "side_b_dset_id"),
    "where_description",
}


@pytest.fixture
def scratch(tmp_path):
    with duckdb.connect(str(tmp_path / "scratch.duckdb"), config={"threads": 2}) as connection:
        yield connection


@pytest.fixture
def written(tmp_path):
    """Write a text or bytes to a file and return its path."""

    def write(content, name="GEDEvent_v25_1.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def refusal(path, scratch, **options):
    with pytest.raises(NotTheFormat) as caught:
        parse(path, scratch, **options)
    message = str(caught.value)
    assert message.startswith(f"ucdp: {path.name}: ")
    assert "\n" not in message
    return message


# --- dialects -----------------------------------------------------------------------------------


def test_bulk_file_becomes_typed_rows(scratch):
    parsed = parse(FIXTURES / "bulk.csv", scratch)
    assert (parsed.rows_seen, parsed.rows_out_of_scope) == (3, 0)
    names = ", ".join(
        ("id", "date_start", "date_end", "best", "high", "active_year", "latitude", "conflict_name")
    )
    assert rows(scratch, names) == [
        (900001, date(2024, 3, 4), date(2024, 3, 4), 3, 5, True, 15.66, "Mali: Government"),
        (900002, date(2024, 5, 26), date(2024, 5, 29), 9, 4, True, 12.1, "Mali: Government"),
        (900003, date(2024, 12, 31), date(2024, 12, 31), 0, 5, False, 15.66, None),
    ]
    assert rows(scratch, "distinct release, stream, payload_sha256, released_at") == [
        ("25.1", "ged", "ab" * 32, datetime(2025, 6, 8, 9, 30))
    ]
    first = scratch.execute(
        "select source_article, where_description from parsed_rows where id = 900001"
    ).fetchone()
    assert first == (EVENTS[0]["source_article"], "Made town,\nnear the made river")
    assert rows(scratch, "side_b", "parsed_rows")[2] == ("XXX1234",)


def test_result_has_exactly_the_contracts_columns_and_types(scratch):
    parse(FIXTURES / "hdx.csv", scratch)
    described = scratch.execute("select column_name, column_type from (describe parsed_rows)").fetchall()
    assert described == [
        *((column.name, column.dtype) for column in UCDP_GED.columns),
        ("payload_sha256", "VARCHAR"),
        ("released_at", "TIMESTAMP"),
    ]
    described = scratch.execute("select column_name, column_type from (describe rejects)").fetchall()
    assert described == [
        ("payload_sha256", "VARCHAR"),
        ("line", "BIGINT"),
        ("reason", "VARCHAR"),
        ("row_text", "VARCHAR"),
    ]


@pytest.mark.parametrize(
    ("name", "lacks"),
    [
        ("bulk_without_header.csv", set()),
        ("country_page.csv", {"gwnoa", "gwnob"}),
        ("ged_19.csv", OLD_FILES_LACK),
        ("hdx.csv", OLD_FILES_LACK),
    ],
)
def test_every_dialect_tells_of_the_same_events(scratch, name, lacks):
    parse(FIXTURES / "bulk.csv", scratch)
    scratch.execute("alter table parsed_rows rename to bulk")
    parsed = parse(FIXTURES / name, scratch)
    assert parsed.rows_seen == 3
    shared = ", ".join(column for column in UCDP_GED.column_names if column not in lacks)
    assert rows(scratch, shared) == rows(scratch, shared, "bulk")
    for column in lacks:
        assert scratch.execute(f"select count({column}) from parsed_rows").fetchone() == (0,)
    assert rows(scratch, table="rejects") == []
    assert parsed.extra_columns == ()


def test_zip_is_read_as_its_member(scratch, tmp_path):
    path = tmp_path / "ged251-csv.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(FIXTURES / "bulk.csv", "GEDEvent_v25_1.csv")
    assert parse(path, scratch).rows_seen == 3


def test_byte_order_mark_changes_nothing(scratch, written):
    path = written("\ufeff" + as_csv())
    assert parse(path, scratch).rows_seen == 3
    assert [key for (key,) in rows(scratch, "id")] == [900001, 900002, 900003]
    parse(written("\ufeff" + as_csv(header=False)), scratch)
    assert [key for (key,) in rows(scratch, "id")] == [900001, 900002, 900003]


def test_columns_are_found_by_name_in_any_order(scratch, written):
    parse(written(as_csv(names=tuple(reversed(BULK)))), scratch)
    assert rows(scratch, "id, best, country")[1] == (900002, 9, "Benin")


def test_actor_list(scratch):
    parsed = parse(
        FIXTURES / "actor_list.csv", scratch, ("MLI",), table="ucdp_actor", release="actor-25.1", kind="actor"
    )
    assert (parsed.rows_seen, parsed.rows_out_of_scope) == (2, 0)
    assert rows(scratch, "actor_id, name_data, conflict_id, gwno_loc, name_prev, version, release") == [
        (90001, "Made Front", "11347, 226", "432, 436", None, "25.1", "25.1"),
        (90002, "Made Movement", None, None, "Made Front", "25.1", "25.1"),
    ]
    described = scratch.execute("select column_name from (describe parsed_rows)").fetchall()
    assert [name for (name,) in described[:-2]] == list(UCDP_ACTOR.column_names)


# --- scope --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("countries", "kept"),
    [(None, 3), (("MLI", "BEN"), 2), (("NER",), 0), (("NGA",), 1), ((), 0)],
)
def test_scope_goes_by_gleditsch_ward_code(scratch, countries, kept):
    parsed = parse(FIXTURES / "bulk.csv", scratch, countries)
    assert len(rows(scratch)) == kept
    assert (parsed.rows_seen, parsed.rows_out_of_scope) == (3, 3 - kept)


# --- single records -----------------------------------------------------------------------------

BAD_VALUES = [
    ("id", "", "id is empty"),
    ("id", "12x", "id '12x' is not a whole number"),
    ("best", "1.5", "best '1.5' is not a whole number"),
    ("best", "", "best is empty"),
    ("year", "99999999999", "year '99999999999' is not a whole number"),
    ("latitude", "999", "latitude '999' is not a number from -90 to 90"),
    ("longitude", "nan", "longitude 'nan' is not a number from -180 to 180"),
    ("active_year", "perhaps", "active_year 'perhaps' is not 0, 1, False or True"),
    (
        "date_start",
        "2024-02-30 00:00:00.000",
        "date_start '2024-02-30 00:00:00.000' is not a day of the form",
    ),
    ("date_end", "spring", "date_end 'spring' is not a day of the form"),
    ("side_a", "", "side_a is empty"),
    ("country_id", "", "country_id is empty"),
    ("source_original", "a\0b", "the record"),
]


@pytest.mark.parametrize(("column", "value", "reason"), BAD_VALUES)
def test_record_that_cannot_be_typed_is_set_apart_with_its_line(scratch, written, column, value, reason):
    events = many(4)
    events[2][column] = value
    parsed = parse(written(as_csv(events)), scratch)
    assert (parsed.rows_seen, parsed.rows_out_of_scope, len(rows(scratch))) == (4, 0, 3)
    ((payload, line, told, text),) = rows(scratch, table="rejects")
    # Each event takes two lines, for the line break inside where_description.
    assert (payload, line) == ("ab" * 32, 6)
    assert told.startswith(reason)
    assert text.startswith(events[2]["id"] + ",MLI-2024")


def test_record_with_a_field_too_many_or_too_few_is_set_apart_with_its_line(scratch, written):
    lines = as_csv(many(999)).split("\r\n")
    lines[3] += ",one more"
    lines[7] = lines[7].rpartition(",")[0]
    lines[7] = lines[7].rpartition(",")[0]
    parsed = parse(written("\r\n".join(lines)), scratch)
    assert (parsed.rows_seen, len(rows(scratch))) == (999, 997)
    found = rows(scratch, "line, reason", "rejects")
    assert [line for line, _ in found] == [6, 14]
    assert found[0][1].startswith("too many columns")
    assert found[1][1].startswith("missing columns")


def test_bad_record_outside_the_scope_is_still_shown(scratch, written):
    events = [*many(3), EVENTS[2] | {"best": "many"}]
    parsed = parse(written(as_csv(events)), scratch, ("BEN",))
    assert (parsed.rows_seen, parsed.rows_out_of_scope, len(rows(scratch, table="rejects"))) == (4, 3, 1)


def test_estimates_out_of_order_and_unknown_violence_are_left_to_the_audit(scratch, written):
    parse(written(as_csv([EVENTS[1], EVENTS[0] | {"type_of_violence": "4"}])), scratch)
    assert rows(scratch, "type_of_violence, low, best, high") == [(1, 2, 9, 4), (4, 2, 3, 5)]
    assert rows(scratch, table="rejects") == []


def test_twin_records_that_are_both_bad_have_each_their_line(scratch, written):
    events = many(6)
    events[1] = events[4] = events[1] | {"best": "?"}
    parse(written(as_csv(events)), scratch)
    assert rows(scratch, "line", "rejects") == [(4,), (10,)]


def test_quote_that_never_closes_costs_what_it_swallows_and_no_more(scratch, written):
    lines = as_csv([row | {"where_description": "x"} for row in many(900)]).split("\r\n")
    lines[5] = lines[5].replace("Made town", '"Made town')
    parsed = parse(written("\r\n".join(lines)), scratch)
    lost = rows(scratch, "line, row_text", "rejects")
    assert (parsed.rows_seen, len(rows(scratch)) + len(lost)) == (900, 900)
    # The sixth line is the broken one; what its quote swallowed is shown record by record.
    assert lost[0][0] == 6
    assert [text.split(",")[0] for _, text in lost] == [
        str(910000 + number) for number in range(4, 4 + len(lost))
    ]


def test_blank_lines_at_the_end_are_no_records(scratch, written):
    parsed = parse(written(as_csv() + "\r\n\r\n"), scratch)
    assert (parsed.rows_seen, rows(scratch, table="rejects")) == (3, [])


def test_new_column_is_kept_aside_and_named(scratch, written):
    path = written(as_csv([row | {"drone": "1"} for row in EVENTS], (*BULK, "drone")))
    parsed = parse(path, scratch)
    assert (parsed.rows_seen, parsed.extra_columns) == (3, ("drone",))
    assert parse(FIXTURES / "hdx.csv", scratch).extra_columns == ()


# --- whole files --------------------------------------------------------------------------------


def in_excel(text, **changes):
    """Rows of the bulk fixture with columns rewritten by functions."""
    events = [row | {name: change(row[name]) for name, change in changes.items()} for row in EVENTS]
    return as_csv(events)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"date_start": lambda day: f"{day[8:10]}/{day[5:7]}/{day[:4]} 00:00"},
            "a date rewritten in another form",
        ),
        (
            {"date_end": lambda day: f"{int(day[5:7])}/{int(day[8:10])}/{day[2:4]}"},
            "a date rewritten in another form",
        ),
        ({"date_start": lambda day: f"{day[8:10]}-Mar-24"}, "a date rewritten in another form"),
        ({"date_start": lambda day: "45355"}, "a date turned into a serial number"),
        ({"date_start": lambda day: "00:00.0"}, "a date cut down to a time"),
        ({"id": lambda number: "9.00E+05"}, "a number in scientific notation"),
        ({"latitude": lambda number: number.replace(".", ",")}, "a number with a decimal comma"),
        ({"best": lambda number: "#VALUE!"}, "an error value of a spreadsheet"),
    ],
)
def test_spreadsheets_marks_refuse_the_whole_file(scratch, written, changes, told):
    message = refusal(written(in_excel(EVENTS, **changes)), scratch)
    assert f"line 2, column {next(iter(changes))}: " in message
    assert told in message
    assert "download it again" in message


def test_country_page_with_day_and_month_exchanged_is_refused(scratch, written):
    text = (FIXTURES / "country_page.csv").read_text().replace("05/26/2024", "26/05/2024")
    message = refusal(written(text, "Benin.csv"), scratch, kind="file")
    assert (
        "line 4, column date_start: '26/05/2024 00:00:00' is a date with day and month exchanged" in message
    )


def test_semicolons_are_refused(scratch, written):
    text = as_csv().replace(",", ";")
    assert "line 1 is separated by semicolons" in refusal(written(text), scratch)


def test_split_columns_are_refused(scratch, written):
    text = "\r\n".join(line.replace(";", ",") for line in as_csv().replace('"', "").split("\r\n"))
    message = refusal(written(text), scratch)
    assert "records are broken, the first at line 2" in message


def test_old_windows_encoding_is_refused(scratch, written):
    message = refusal(written(b"\xef\xbb\xbf" + as_csv().encode("cp1252")), scratch)
    assert "3 of 3 records are broken, the first at line 2 (invalid encoding" in message


def test_one_record_in_another_encoding_is_set_apart(scratch, written):
    events = many(300)
    events[9]["where_coordinates"] = "Ménaka"
    content = as_csv(events).encode().replace("Ménaka".encode(), b"M\xe9naka")
    parsed = parse(written(content), scratch)
    assert (parsed.rows_seen, len(rows(scratch))) == (300, 299)
    ((line, reason),) = rows(scratch, "line, reason", "rejects")
    assert line == 2 * 10
    assert reason.startswith("invalid encoding")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "the file is empty"),
        (b" \r\n <!DOCTYPE html><html>", "a web page or XML"),
        (b'{"TotalCount": 0}', "begins JSON"),
        ("ä".encode("utf-16") * 9, "not UTF-8"),
        (b"\xd0\xcf\x11\xe0rest", "binary"),
        ("événement,année\n".encode("cp1252"), "is not UTF-8"),
        (b'"an open quote\n' * 9, "line 1 is no header"),
        (b"a,b,c\n1,2,3\n", "no header that UCDP writes (3 columns, first: a, b, c)"),
        ((FIXTURES / "actor_list.csv").read_bytes(), "the header of the UCDP actor list"),
        (b"conflict_id,location,side_a,incompatibility,year\n", "a UCDP conflict-year dataset"),
        (b"event_id_cnty,event_date,year\n", "an ACLED export"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_is_no_ged_is_refused_and_named(scratch, written, content, told):
    assert told in refusal(written(content), scratch)


def test_events_are_no_actor_list(scratch):
    message = refusal(FIXTURES / "bulk.csv", scratch, table="ucdp_actor", kind="actor", release="actor-25.1")
    assert "line 1 is no header that UCDP writes" in message


@pytest.mark.parametrize("gone", ["id", "relid", "date_end", "gwnob"])
def test_missing_column_is_refused_by_name(scratch, written, gone):
    message = refusal(written(as_csv(names=tuple(name for name in BULK if name != gone))), scratch)
    assert f"nearest to the bulk download dialect; column missing: {gone}" in message


def test_renamed_column_is_refused_with_both_names(scratch, written):
    path = written(as_csv().replace("date_start", "start_date", 1))
    assert "column missing: date_start; column not known: start_date" in refusal(path, scratch)


def test_column_given_twice_is_refused(scratch, written):
    path = written(as_csv(names=(*BULK, "best")))
    assert "column given twice: best" in refusal(path, scratch)


def test_headerless_file_must_prove_itself(scratch, written):
    shifted = as_csv([row | {"type_of_violence": "Mali", "country": "1"} for row in EVENTS], header=False)
    assert "line 1 is no header" in refusal(written(shifted), scratch)


@pytest.mark.parametrize("kept", [0.4, 0.9, 0.99])
def test_file_cut_short_is_refused(scratch, written, kept):
    content = as_csv(many(500)).encode()
    message = refusal(written(content[: int(len(content) * kept)]), scratch)
    assert "ends in the middle of a record: the file is cut short" in message


def test_line_breaks_of_two_kinds_are_refused_with_the_line(scratch, written):
    lines = as_csv(many(20)).split("\r\n")
    text = "\r\n".join(lines[:5]) + "\r" + "\r\n".join(lines[5:])
    assert "line 9 ends in CR where line 1 ends in CR LF" in refusal(written(text), scratch)


def test_no_damage_makes_events_vanish(scratch, written):
    """Whatever is done to the bytes: refused as a whole, or every record is a row or a reject."""
    dice = random.Random(20260630)
    pieces = (b'"', b",", b"\n", b"\r", b"\0", b"\xff", b'""', b"\r\n,", b"\\", b"1e5", b";")
    refused = 0
    for _ in range(150):
        content = bytearray(as_csv(many(12)).encode())
        for _ in range(dice.choice((1, 1, 4))):
            at = dice.randrange(len(content))
            if dice.random() < 0.5:
                content[at:at] = dice.choice(pieces)
            else:
                del content[at : at + dice.randrange(1, 30)]
        try:
            parsed = parse(written(bytes(content)), scratch)
        except NotTheFormat:
            refused += 1
            continue
        kept, lost = len(rows(scratch, "id")), len(rows(scratch, "line", "rejects"))
        assert (parsed.rows_seen, parsed.rows_out_of_scope) == (kept + lost, 0)
        assert kept + lost >= 11  # at most one line break can be cut out at a time that joins two records
    assert 0 < refused < 150


def test_file_without_a_last_line_break_is_whole(scratch, written):
    assert parse(written(as_csv().rstrip("\r\n")), scratch).rows_seen == 3


def test_release_without_events_is_refused_but_an_empty_page_is_not(scratch, written):
    assert "no event follows the header" in refusal(written(as_csv([])), scratch)
    assert parse(written(as_csv([])), scratch, kind="file").rows_seen == 0


def test_mostly_unfit_records_are_refused(scratch, written):
    message = refusal(written(as_csv([row | {"best": "some"} for row in many(10)])), scratch)
    assert "10 of 10 records do not fit the bulk download dialect, such as line 2 (best 'some' is" in message


# --- against a second reader --------------------------------------------------------------------

ODD_VALUES = (
    *("", " ", "0", "1", "7", " 3", "3 ", "+3", "-1", "-0", "007", "1.0", "1.5", "5.", ".5", "1_000", "0x10"),
    *("99999999999", "9" * 30, "nan", "inf", "181", "True", "False", "true", "FALSE", "yes", "NULL", "\\N"),
    *("2024-03-04", "2024-03-04 00:00:00.000", "2024-03-04T00:00:00", "2024-03-04 12:00:00", " 2024-03-04"),
    *("2024-02-30 00:00:00.000", "2024-3-4", "432", "434", "475", "a,b", 'says "so"', '"', "one\ntwo"),
    *("one\r\ntwo", "dépêche", "\ufeff", "semi;colon", "a\0b", "1e5", "12,5", "45355", "#REF!"),
)
SECOND_READING = {"BIGINT": 2**63, "INTEGER": 2**31}


def read_again(column: Column, text: str):
    """The value of a field by the contract, in plain Python. Raises ValueError where it does not fit."""
    if text == "":
        if column.nullable:
            return None
        raise ValueError("empty")
    if column.dtype in SECOND_READING:
        limit = SECOND_READING[column.dtype]
        if not re.fullmatch(r"0|-?[1-9][0-9]*", text) or not -limit <= int(text) < limit:
            raise ValueError(text)
        return int(text)
    if column.dtype == "DOUBLE":
        value = float(text)
        if not column.minimum <= value <= column.maximum:
            raise ValueError(text)
        return value
    if column.dtype == "BOOLEAN":
        return {"0": False, "False": False, "1": True, "True": True}[text]
    if column.dtype == "DATE":
        if not re.fullmatch(r"\d{4}-\d\d-\d\d([ T]00:00:00(\.0{1,9})?)?", text):
            raise ValueError(text)
        return date.fromisoformat(text[:10])
    return text


def parse_again(text: str):
    """What a bulk file holds, read by Python's csv module: (rows, rejects as (line, faults)), or None."""
    fitting, rejects, broken = [], [], 0
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    width, line = len(next(reader)), 2
    for record in reader:
        if len(record) != width:
            broken += 1
            rejects.append((line, []))
        else:
            values, faults = [], []
            for column, field in zip(UCDP_GED.publisher_columns, record, strict=False):
                try:
                    values.append(read_again(column, field))
                except (ValueError, KeyError):
                    if ucdp_dialects.spreadsheet_mark(column.dtype, field, ucdp_dialects.BULK):
                        return None
                    faults.append(
                        f"{column.name} {field[:80]!r} is not" if field else f"{column.name} is empty"
                    )
            if any("\0" in field for field in record):
                faults.append("the record")
            if faults:
                rejects.append((line, faults))
            else:
                fitting.append(tuple(values))
        line = reader.line_num + 1
    seen = len(fitting) + len(rejects)
    if (broken > 1 and broken > 0.005 * seen) or 2 * (len(rejects) - broken) > seen:
        return None
    return fitting, rejects


def assert_read_alike(text, path, scratch, countries=None):
    """Our reading of the file and the second one give the same rows, rejects and counts, or both refuse."""
    path.write_bytes(text.encode())
    expected = parse_again(text)
    if expected is None:
        with pytest.raises(NotTheFormat):
            parse(path, scratch, countries)
        return
    fitting, rejects = expected
    kept = [row for row in fitting if countries is None or row[BULK.index("country_id")] in (432, 434)]
    parsed = parse(path, scratch, countries)
    assert parsed.rows_seen == len(fitting) + len(rejects)
    assert parsed.rows_out_of_scope == len(fitting) - len(kept)
    assert sorted(rows(scratch, ", ".join(BULK)), key=repr) == sorted(kept, key=repr)
    told = rows(scratch, "line, reason", "rejects")
    assert [line for line, _ in told] == [line for line, _ in rejects]
    for (_, reason), (_, faults) in zip(told, rejects, strict=True):
        at = 0
        for fault in faults:
            at = reason.index(fault, at)


@st.composite
def bulk_files(draw):
    """A bulk file of a few events with odd values here and there, in one of the ways that CSV is written."""
    names = (*BULK, "drone") if draw(st.booleans()) else BULK
    events = many(draw(st.integers(1, 8)))
    damage = st.tuples(
        st.sampled_from(range(len(events))), st.sampled_from(names), st.sampled_from(ODD_VALUES)
    )
    for number, name, value in draw(st.lists(damage, max_size=3)):
        events[number] = events[number] | {name: value}
    table = [names, *([event.get(name, "") for name in names] for event in events)]
    if draw(st.integers(0, 9)) == 0:
        table[draw(st.integers(1, len(events)))].pop()
    text = io.StringIO()
    newline, quoting = (
        draw(st.sampled_from(("\r\n", "\n"))),
        draw(st.sampled_from((csv.QUOTE_MINIMAL, csv.QUOTE_ALL))),
    )
    csv.writer(text, lineterminator=newline, quoting=quoting).writerows(table)
    return draw(st.sampled_from(("", "\ufeff"))) + text.getvalue()


@given(text=bulk_files(), countries=st.sampled_from((None, ("MLI", "BEN"))))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_second_reader_finds_the_same(scratch, tmp_path, text, countries):
    assert_read_alike(text, tmp_path / "GEDEvent_v25_1.csv", scratch, countries)


@pytest.mark.parametrize("value", ODD_VALUES)
def test_a_second_reader_finds_the_same_of_every_odd_value_in_every_column(scratch, tmp_path, value):
    events = many(4 * len(BULK))
    for number, name in enumerate(BULK):
        events[4 * number] = events[4 * number] | {name: value}
    assert_read_alike(as_csv(events), tmp_path / "GEDEvent_v25_1.csv", scratch)


def test_a_second_reader_finds_the_same_in_a_large_file(scratch, tmp_path):
    """Large enough that several threads read it."""
    dice = random.Random(20260630)
    unmarked = [
        value for value in ODD_VALUES if value not in ("1e5", "12,5", "45355", "#REF!", "99999999999")
    ]
    events = many(30_000)
    for _ in range(300):
        events[dice.randrange(len(events))][dice.choice(BULK)] = dice.choice(unmarked)
    assert_read_alike(as_csv(events), tmp_path / "GEDEvent_v25_1.csv", scratch, ("MLI", "BEN"))
    assert len(rows(scratch, table="rejects")) > 100


def zipped(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"a.csv": "x" * 30_000_000}, "refused as a bomb"),
        ({"a.csv": "id", "b.csv": "id"}, "2 members where one is expected"),
        ({"../a.csv": "id"}, "names a folder"),
        ({"workbook.xml": "<a/>"}, "where a .csv file is expected"),
    ],
)
def test_bad_zips_are_refused(scratch, tmp_path, members, told):
    path = zipped(tmp_path / "ged251-csv.zip", members)
    assert told in refusal(path, scratch)


def test_zip_cut_short_is_refused(scratch, tmp_path):
    whole = zipped(tmp_path / "whole.zip", {"GEDEvent_v25_1.csv": as_csv(many(2000))}).read_bytes()
    path = tmp_path / "ged251-csv.zip"
    path.write_bytes(whole[: len(whole) // 2])
    assert "damaged or not a zip" in refusal(path, scratch)


# --- real data ----------------------------------------------------------------------------------


def test_real_release_loads_whole(scratch, shared_data):
    path = shared_data / "mirror/ucdp/downloads/ged/ged241-csv.zip"
    parsed = parse(path, scratch, release="24.1")
    assert (parsed.rows_seen, parsed.rows_out_of_scope) == (2846, 0)
    by_country = scratch.execute(
        "select country_id, count(*), count(distinct id) from parsed_rows group by 1 order by 1"
    )
    assert by_country.fetchall() == [
        (404, 22, 22),
        (432, 2120, 2120),
        (433, 308, 308),
        (434, 36, 36),
        (437, 360, 360),
    ]
    assert rows(scratch, table="rejects") == []
    parsed = parse(path, scratch, ("BEN",), release="24.1")
    assert (len(rows(scratch)), parsed.rows_out_of_scope) == (36, 2810)


def test_real_country_pages_hold_the_same_values_as_the_bulk_file(scratch, shared_data):
    parse(shared_data / "mirror/ucdp/downloads/ged/ged241-csv.zip", scratch, release="24.1")
    scratch.execute("alter table parsed_rows rename to bulk")
    seen = 0
    for name in ("Mali", "Benin", "Cote_ivoire", "Senegal", "Guinne_Bissau"):
        path = shared_data / "ucdp_other_dialects" / f"{name}.csv"
        seen += parse(path, scratch, release="24.1", kind="file").rows_seen
        assert rows(scratch, table="rejects") == []
        differing = scratch.execute("select count(*) from (from parsed_rows except all from bulk)").fetchone()
        assert differing == (0,), name
    assert seen == 2846


@pytest.mark.parametrize(("name", "events"), [("conflict_data_BGD", 601), ("ged191_bgd_mmr", 3194)])
def test_real_older_dialects_load_whole(scratch, shared_data, name, events):
    path = shared_data / "ucdp_other_dialects" / f"{name}.csv"
    assert parse(path, scratch, kind="file").rows_seen == len(rows(scratch)) == events
    with path.open(encoding="utf-8", newline="") as file:
        expected = sum(int(row["best"]) for row in csv.DictReader(file) if row["id"])
    assert scratch.execute("select sum(best) from parsed_rows").fetchone() == (expected,)


def test_real_actor_list_loads_whole(scratch, shared_data):
    path = shared_data / "mirror/ucdp/downloads/actor/ucdp-actor-221.csv"
    parsed = parse(path, scratch, table="ucdp_actor", release="actor-22.1", kind="actor", stream="actor")
    assert parsed.rows_seen == len(rows(scratch)) == 1725
    assert scratch.execute("select name_data, release from parsed_rows where actor_id = 6716").fetchone() == (
        "JNIM",
        "22.1",
    )
