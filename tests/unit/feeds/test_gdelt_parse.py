"""Parsing GDELT files: what is kept, what is a reject with its line, what is refused as a whole."""

import random
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from expectations.contracts.gdelt import GDELT_EVENT, GDELT_MENTION
from orchestration.feeds.base import NotTheFormat
from orchestration.feeds.gdelt import GdeltFeed
from orchestration.records import Batch, Parsed, Payload
from tests.unit.feeds.gdelt_publisher import DAY, SLOT, event_row, mention_row, slot_zip, stamp, zipped

MALI = ("MLI",)


def payload(folder: Path, slot: datetime, stream: str, body: bytes, sha256: str | None = None) -> Payload:
    path = folder / f"{stamp(slot)}.{stream}"
    path.write_bytes(body)
    key = f"{stamp(slot)}.{stream}"
    return Payload(
        sha256=sha256 or f"sha-{key}",
        size=len(body),
        path=path,
        url=f"https://made.example/{key}",
        fetched_at=DAY,
        http_status=200,
        feed="gdelt",
        key=key,
        released_at=slot + timedelta(minutes=3),
    )


class Scratch:
    """A scratch database with the outcome of a parse, and short ways to look at it."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, parsed: Parsed) -> None:
        self.connection = connection
        self.parsed = parsed

    def rows(self, columns: str) -> list[tuple]:
        return self.connection.execute(f"select {columns} from {self.parsed.rows} order by all").fetchall()

    def rejects(self, columns: str = "line, reason") -> list[tuple]:
        return self.connection.execute(f"select {columns} from {self.parsed.rejects} order by all").fetchall()


@contextmanager
def parsed(
    tmp_path: Path, *slots: list[bytes], stream: str = "export", countries: tuple[str, ...] | None = MALI
) -> Iterator[Scratch]:
    """Parse slots of rows, a quarter of an hour apart."""
    bodies = [slot_zip(DAY + SLOT * i, stream, rows) for i, rows in enumerate(slots)]
    with parsed_bodies(tmp_path, *bodies, stream=stream, countries=countries) as scratch:
        yield scratch


@contextmanager
def parsed_bodies(
    tmp_path: Path, *bodies: bytes, stream: str = "export", countries: tuple[str, ...] | None = MALI
) -> Iterator[Scratch]:
    payloads = tuple(payload(tmp_path, DAY + SLOT * i, stream, body) for i, body in enumerate(bodies))
    batch = Batch("gdelt", stream, f"2026-03-10/{stream}", (), payloads=payloads)
    with duckdb.connect(str(tmp_path / "scratch.duckdb")) as connection:
        result = GdeltFeed().parse(batch, connection, countries)
        found = Scratch(connection, result)
        kept = len(found.rows("1"))
        assert result.rows_seen == kept + result.rows_out_of_scope + len(found.rejects())
        by_payload = connection.execute(f"select sum(rows) from {result.seen}").fetchone()[0]
        assert result.rows_seen == (by_payload or 0)
        assert not list(tmp_path.glob("gdelt-*")), "temporary files are left"
        yield found


def test_rows_carry_the_contract_s_columns_and_their_provenance(tmp_path):
    with parsed(tmp_path, [event_row(1)], [event_row(2)], stream="translation.export") as scratch:
        described = scratch.connection.execute(f"describe {scratch.parsed.rows}").fetchall()
        expected = [(column.name, column.dtype) for column in GDELT_EVENT.columns]
        assert [row[:2] for row in described] == [
            *expected,
            ("payload_sha256", "VARCHAR"),
            ("released_at", "TIMESTAMP"),
        ]
        assert scratch.rows("global_event_id, slot_at, is_translated, payload_sha256, released_at") == [
            (
                i + 1,
                (slot := (DAY + SLOT * i).replace(tzinfo=None)),
                True,
                f"sha-{stamp(DAY + SLOT * i)}.translation.export",
                slot + timedelta(minutes=3),
            )
            for i in range(2)
        ]


def test_mentions_are_all_returned_whatever_the_scope(tmp_path):
    with parsed(tmp_path, [mention_row(1), mention_row(2)], stream="mentions") as scratch:
        described = scratch.connection.execute(f"describe {scratch.parsed.rows}").fetchall()
        assert [row[0] for row in described][:-2] == list(GDELT_MENTION.column_names)
        assert scratch.rows("global_event_id, is_translated") == [(1, False), (2, False)]
        assert scratch.parsed.rows_out_of_scope == 0


def test_the_scope_goes_by_fips_so_that_niger_is_not_nigeria(tmp_path):
    rows = [
        event_row(1, action_geo_country_code="NG"),
        event_row(2, action_geo_country_code="NI"),
        event_row(3, action_geo_country_code="NE"),
        event_row(4, action_geo_country_code=""),
        event_row(5, action_geo_country_code="UV"),
    ]
    with parsed(tmp_path, rows, countries=("NER", "BFA")) as scratch:
        assert scratch.rows("global_event_id, action_geo_country_code") == [(1, "NG"), (5, "UV")]
        assert scratch.parsed.rows_out_of_scope == 3
    with parsed(tmp_path, rows, countries=("NGA",)) as scratch:
        assert scratch.rows("global_event_id") == [(2,)]
    with parsed(tmp_path, rows, countries=None) as scratch:
        assert len(scratch.rows("1")) == 5
    with parsed(tmp_path, rows, countries=()) as scratch:
        assert scratch.rows("1") == []


def test_codes_keep_their_leading_zeros_and_empty_is_null(tmp_path):
    with parsed(tmp_path, [event_row(1, event_code="0841", event_root_code="08")]) as scratch:
        assert scratch.rows("event_code, event_root_code, actor1_code, actor1_geo_lat") == [
            ("0841", "08", None, None)
        ]


def test_poison_lines_are_rejects_with_line_and_text_and_the_rest_loads(tmp_path):
    lines = [
        event_row(1),
        event_row(2) + b"\textra",
        event_row(3).rsplit(b"\t", 1)[0],
        event_row(4, sql_date="soon", quad_class="z"),
        event_row(5).replace(b"made.example/5", b"caf\xe9\xff"),
        event_row(6, actor1_name='a lone " quote'),
        event_row(7, actor1_name="N\0L"),
        event_row(8, action_geo_lat="999"),
        event_row(9, actor2_geo_long="-180.5"),
        event_row(10, date_added="20261399000000"),
        event_row("", actor1_name="NOBODY"),
        event_row(12, source_url="https://made.example/" + random.Random(1).randbytes(5_000_000).hex()),
        event_row(13, date_added=""),
        event_row(14, action_geo_lat="nan"),
        b"\xff\xfe\0garbage",
        event_row(16, actor1_name="مالي", action_geo_full_name="Ménaka, Mali"),
    ]
    with parsed(tmp_path, [event_row(100)], lines, [event_row(200)]) as scratch:
        assert scratch.rows("global_event_id") == [(1,), (6,), (16,), (100,), (200,)]
        assert ('a lone " quote',) in scratch.rows("actor1_name")
        assert ("Ménaka, Mali",) in scratch.rows("action_geo_full_name")
        reasons = dict(scratch.rejects())
        assert {line: reason[:44] for line, reason in reasons.items()} == {
            2: "more than 61 columns",
            3: "fewer than 61 columns",
            4: reasons[4][:44],
            5: reasons[5][:44],
            7: "NUL byte in text",
            8: "action_geo_lat is out of range",
            9: "actor2_geo_long is out of range",
            10: "date_added is no time yyyymmddhhmmss",
            11: "global_event_id is empty",
            12: reasons[12][:44],
            13: "date_added is empty",
            14: "action_geo_lat is out of range",
            15: reasons[15][:44],
        }
        assert (
            'Could not convert string "soon"' in reasons[4] and 'Could not convert string "z"' in reasons[4]
        )
        assert "Invalid unicode" in reasons[5] or "encod" in reasons[5].lower()
        assert "Maximum line size" in reasons[12]
        assert "fewer than 61 columns" in reasons[15]
        where = scratch.rejects("distinct payload_sha256")
        assert where == [(f"sha-{stamp(DAY + SLOT)}.export",)]
        texts = {line: text for line, text in scratch.rejects("line, row_text")}
        assert texts[3] == lines[2].decode()
        assert texts[8] == lines[7].decode()
        assert texts[11] == lines[10].decode()
        assert "N\0L" in texts[7]
        assert max(map(len, texts.values())) <= 10_000


def test_a_carriage_return_inside_a_line_costs_that_line_only(tmp_path):
    lines = [event_row(1), event_row(2, source_url="https://made.example/\rx"), event_row(3)]
    with parsed(tmp_path, [event_row(100)], lines) as scratch:
        assert scratch.rows("global_event_id") == [(1,), (3,), (100,)]
        assert scratch.rejects("line, reason, payload_sha256") == [
            (2, "carriage return inside the line", f"sha-{stamp(DAY + SLOT)}.export")
        ]


def test_a_file_with_windows_line_ends_loads(tmp_path):
    body = zipped(f"{stamp(DAY)}.export.CSV", event_row(1) + b"\r\n" + event_row(2) + b"\r\n")
    with parsed_bodies(tmp_path, body) as scratch:
        assert scratch.rows("global_event_id, source_url") == [
            (1, "https://made.example/1"),
            (2, "https://made.example/2"),
        ]


def test_of_repeated_events_the_earliest_slot_stays(tmp_path):
    with parsed(
        tmp_path,
        [event_row(1), event_row(2), event_row(2, actor1_name="TWICE IN ONE FILE")],
        [event_row(3), event_row(1, actor1_name="AGAIN")],
        countries=None,
    ) as scratch:
        assert scratch.rows("global_event_id, actor1_name, slot_at") == [
            (1, None, DAY.replace(tzinfo=None)),
            (2, None, DAY.replace(tzinfo=None)),
            (3, None, (DAY + SLOT).replace(tzinfo=None)),
        ]
        assert scratch.rejects("reason, line, payload_sha256") == [
            ("duplicate GLOBALEVENTID", 2, f"sha-{stamp(DAY + SLOT)}.export"),
            ("duplicate GLOBALEVENTID", 3, f"sha-{stamp(DAY)}.export"),
        ]


def test_repeated_mentions_are_kept_once(tmp_path):
    other = mention_row(1, sentence_id="2")
    with parsed(
        tmp_path, [mention_row(1), other, mention_row(1, confidence="20")], [], stream="mentions"
    ) as scratch:
        assert scratch.rows("global_event_id, sentence_id") == [(1, 1), (1, 2)]
        assert scratch.rejects("reason, line") == [("duplicate mention", None)]


def test_a_mention_without_key_or_time_is_a_reject(tmp_path):
    rows = [mention_row(1), mention_row(2, mention_identifier=""), mention_row(3, mention_time_date="2026")]
    with parsed(tmp_path, rows, stream="mentions") as scratch:
        assert scratch.rows("global_event_id") == [(1,)]
        assert scratch.rejects() == [
            (2, "mention_identifier is empty"),
            (3, "mention_time_date is no time yyyymmddhhmmss"),
        ]


def test_the_same_bytes_in_two_slots_are_parsed_in_both(tmp_path):
    bodies = [slot_zip(DAY, "export", [event_row(1), b"bad"])] * 2
    payloads = tuple(
        payload(tmp_path, DAY + SLOT * i, "export", body, sha256="same") for i, body in enumerate(bodies)
    )
    batch = Batch("gdelt", "export", "2026-03-10/export", (), payloads=payloads)
    with duckdb.connect() as connection:
        result = GdeltFeed().parse(batch, connection, None)
        scratch = Scratch(connection, result)
        assert (result.rows_seen, len(scratch.rows("1"))) == (4, 1)
        assert [reason for (reason,) in scratch.rejects("reason")].count("duplicate GLOBALEVENTID") == 1


def test_no_payloads_and_empty_payloads_give_empty_tables(tmp_path):
    with parsed(tmp_path) as scratch:
        assert (scratch.parsed.rows_seen, scratch.rows("1"), scratch.rejects()) == (0, [], [])
    with parsed(tmp_path, [], []) as scratch:
        assert (scratch.parsed.rows_seen, scratch.rows("1"), scratch.rejects()) == (0, [], [])


def test_parsing_twice_on_one_connection_gives_the_same(tmp_path):
    item = payload(tmp_path, DAY, "export", slot_zip(DAY, "export", [event_row(1), b"bad"]))
    batch = Batch("gdelt", "export", "2026-03-10/export", (), payloads=(item,))
    with duckdb.connect() as connection:
        first = GdeltFeed().parse(batch, connection, MALI)
        assert GdeltFeed().parse(batch, connection, MALI) == first
        assert len(Scratch(connection, first).rejects()) == 1


def test_a_gdelt_1_file_is_refused_as_a_whole(tmp_path):
    rows = [b"\t".join(event_row(i).split(b"\t")[:58]) for i in range(5)]
    with (
        pytest.raises(
            NotTheFormat, match=r"gdelt 20260310000000\.export: every line has 58 columns .*GDELT 1\.0"
        ),
        parsed(tmp_path, rows),
    ):
        pytest.fail("a GDELT 1.0 file was parsed")


def test_mentions_in_an_event_file_are_refused(tmp_path):
    with pytest.raises(NotTheFormat, match="every line has 16 columns"), parsed(tmp_path, [mention_row(1)]):
        pytest.fail("mentions were parsed as events")


def test_a_payload_that_is_no_longer_a_zip_names_itself(tmp_path):
    with (
        pytest.raises(NotTheFormat, match=r"gdelt 20260310000000\.export: .*damaged"),
        parsed_bodies(tmp_path, b"not a zip"),
    ):
        pytest.fail("parsed")


def test_real_slots_of_both_languages_parse_without_a_reject(shared_data, tmp_path):
    folder = shared_data / "mirror" / "gdelt_2015" / "gdeltv2"
    slot = datetime(2015, 2, 18, 23, tzinfo=UTC)
    for stream in ("export", "translation.export", "mentions", "translation.mentions"):
        body = (folder / f"{stamp(slot)}.{stream}.CSV.zip").read_bytes()
        batch = Batch("gdelt", stream, "x", (), payloads=(payload(tmp_path, slot, stream, body),))
        with duckdb.connect() as connection:
            result = GdeltFeed().parse(batch, connection, None)
            scratch = Scratch(connection, result)
            assert (result.rows_seen, len(scratch.rows("1"))) == (100, 100)
            assert scratch.rejects("reason") == []


def test_every_column_of_a_real_file_arrives_unchanged(shared_data, tmp_path):
    path = shared_data / "mirror" / "gdelt_2015" / "gdeltv2" / "20150218230000.translation.export.CSV.zip"
    with zipfile.ZipFile(path) as archive:
        lines = archive.read(archive.namelist()[0]).decode().splitlines()
    slot = datetime(2015, 2, 18, 23, tzinfo=UTC)
    batch = Batch(
        "gdelt",
        "translation.export",
        "x",
        (),
        payloads=(payload(tmp_path, slot, "translation.export", path.read_bytes()),),
    )
    texts = [c.name for c in GDELT_EVENT.publisher_columns if c.dtype in ("VARCHAR", "INTEGER", "BIGINT")]
    positions = [i for i, c in enumerate(GDELT_EVENT.publisher_columns) if c.name in texts]
    with duckdb.connect() as connection:
        result = GdeltFeed().parse(batch, connection, None)
        found = connection.execute(f"select {', '.join(texts)} from {result.rows}").fetchall()
    expected = {tuple(fields[i] for i in positions) for fields in (line.split("\t") for line in lines)}
    assert {tuple("" if value is None else str(value) for value in row) for row in found} == expected
