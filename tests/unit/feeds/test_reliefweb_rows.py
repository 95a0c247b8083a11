"""ReliefWeb's entries and RSS items as rows: what each field becomes, what is left out, what is refused.

Not here: fetching, paging and versions (test_reliefweb.py).
"""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations.contracts import contract_for
from expectations.reference import default_scope
from orchestration.feeds.base import NotTheFormat
from orchestration.feeds.reliefweb_rows import parse_payloads
from orchestration.records import Attempt, Batch, Parsed, Payload

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
REPORT = {
    "id": 4012345,
    "title": "Mali : « Note » d’information &amp; carte",
    "status": "published",
    "url": "https://reliefweb.example/node/4012345",
    "url_alias": "https://reliefweb.example/report/mali/note-4012345",
    "origin": "https://source.example/note?utm_source=x&page=2",
    "body": "**Made** <b>text</b>. " * 100,
    "date": {
        "original": "2026-06-20T00:00:00+00:00",
        "created": "2026-06-21T10:00:00+02:00",
        "changed": "2026-06-22T09:30:00+00:00",
    },
    "primary_country": {"iso3": "mli"},
    "country": [{"iso3": "ner"}, {"iso3": "mli"}],
    "source": [{"name": "Office; Field", "shortname": "OF"}, {"name": "Agency", "shortname": "A"}],
    "format": [{"name": "Situation Report"}],
    "theme": [{"name": "Protection"}, {"name": "Health"}],
    "language": [{"code": "FR"}],
    "disaster": [{"id": 51, "glide": "FL-2026-000051-MLI"}, {"id": "49"}],
    "disaster_type": [{"name": "Flood"}],
}
DISASTER = {
    "id": 51,
    "name": "Mali: Floods - Jun 2026",
    "glide": "fl-2026-000051-mli",
    "status": "current",
    "url": "https://reliefweb.example/taxonomy/term/51",
    "url_alias": "https://reliefweb.example/disaster/fl-2026-000051-mli",
    "primary_type": {"name": "Flood"},
    "type": [{"name": "Land Slide"}, {"name": "Flood"}],
    "primary_country": {"iso3": "mli"},
    "country": {"iso3": "mli"},
    "date": {"event": "2026-06-10T00:00:00+00:00", "created": "2026-06-10T00:00:00+00:00"},
}


@pytest.fixture
def scratch():
    with duckdb.connect() as connection:
        yield connection


class Parser:
    """Parses bodies as a batch of one list, and gives what came of it."""

    def __init__(self, folder: Path, scratch: duckdb.DuckDBPyConnection) -> None:
        self.folder, self.scratch = folder, scratch

    def __call__(
        self, stream: str, channel: str, *bodies: bytes, countries: tuple[str, ...] | None = ("MLI", "NER")
    ) -> Parsed:
        payloads = tuple(self._stored(stream, number, body) for number, body in enumerate(bodies, start=1))
        attempt = Attempt("reliefweb", stream, stream, NOW, NOW)
        table = f"reliefweb_{stream.removesuffix('s')}"
        batch = Batch("reliefweb", stream, stream, (attempt,), table, payloads, {"channel": channel})
        parsed = parse_payloads(batch, self.scratch, countries)
        landed = self.scratch.execute(f"from {parsed.rows}").fetchall()
        names = [column[0] for column in self.scratch.description]
        self.rows = [dict(zip(names, row, strict=True)) for row in landed]
        assert names == [*contract_for(table).column_names, "payload_sha256", "released_at"]
        self.rejects = self.scratch.execute(f"select line, reason, row_text from {parsed.rejects}").fetchall()
        assert parsed.rows_seen == len(self.rows) + len(self.rejects) + parsed.rows_out_of_scope
        return parsed

    def _stored(self, stream: str, number: int, body: bytes) -> Payload:
        sha256 = hashlib.sha256(body).hexdigest()
        path = self.folder / sha256
        path.write_bytes(body)
        return Payload(
            sha256, len(body), path, "https://made.example/feed", NOW, 200, "reliefweb", f"{stream}#{number}"
        )

    def report(self, **changes: Any) -> dict[str, Any]:
        self("reports", "api", answer({**REPORT, **changes}))
        (row,) = self.rows
        return row


@pytest.fixture
def parse(tmp_path: Path, scratch: duckdb.DuckDBPyConnection) -> Parser:
    return Parser(tmp_path, scratch)


def answer(*entries: dict[str, Any]) -> bytes:
    data = [{"id": str(fields.get("id", "")), "score": 1, "fields": fields} for fields in entries]
    return json.dumps({"totalCount": len(data), "count": len(data), "data": data}).encode()


def rss(*items: str) -> bytes:
    return f'<?xml version="1.0"?><rss version="2.0"><channel>{"".join(items)}</channel></rss>'.encode()


def item(
    description: str, link: str = "https://reliefweb.example/report/mali/a", categories: str = ""
) -> str:
    return (
        f"<item><title>Mali: A</title><link>{link}</link><pubDate>Tue, 30 Jun 2026 08:00:00 +0000</pubDate>"
        f"<description><![CDATA[{description}]]></description>{categories}</item>"
    )


# The API


def test_a_report_of_the_api(parse: Parser) -> None:
    row = parse.report()
    excerpt = row.pop("excerpt")
    assert len(excerpt) == 500
    assert excerpt.startswith("**Made** text. **Made** text.")
    payload = row.pop("payload_sha256")
    assert len(payload) == 64
    assert row == {
        "report_key": "4012345",
        "report_id": 4012345,
        "title": "Mali : « Note » d’information & carte",
        "url": "https://reliefweb.example/node/4012345",
        "url_alias": "https://reliefweb.example/report/mali/note-4012345",
        "status": "published",
        "primary_country_iso3": "MLI",
        "country_iso3s": "MLI;NER",
        "source_names": "Agency;Office, Field",
        "source_shortnames": "A;OF",
        "format_names": "Situation Report",
        "theme_names": "Health;Protection",
        "language_codes": "fr",
        "disaster_ids": "49;51",
        "disaster_glides": "FL-2026-000051-MLI",
        "disaster_type_names": "Flood",
        "date_original": datetime(2026, 6, 20),
        "date_created": datetime(2026, 6, 21, 8),
        "date_changed": datetime(2026, 6, 22, 9, 30),
        "origin_url": "https://source.example/note?page=2",
        "channel": "api",
        "released_at": datetime(2026, 6, 22, 9, 30),
    }


def test_a_disaster_of_the_api_whose_country_is_a_single_object(parse: Parser) -> None:
    parse("disasters", "api", answer(DISASTER))
    (row,) = parse.rows
    assert (row["disaster_key"], row["glide"], row["country_iso3s"]) == ("51", "FL-2026-000051-MLI", "MLI")
    assert (row["primary_type"], row["type_names"]) == ("Flood", "Flood;Land Slide")
    assert row["date_event"] == datetime(2026, 6, 10)


def test_what_is_absent_is_null(parse: Parser) -> None:
    bare = {name: REPORT[name] for name in ("id", "title", "url", "country")}
    parse("reports", "api", answer(bare))
    (row,) = parse.rows
    given = {name for name, value in row.items() if value is not None}
    assert given == {"report_key", "report_id", "title", "url", "country_iso3s", "channel", "payload_sha256"}


def test_the_order_of_a_list_is_no_edit(parse: Parser) -> None:
    turned = {**REPORT, "source": REPORT["source"][::-1], "theme": REPORT["theme"][::-1]}
    first = {**parse.report(), "payload_sha256": ""}
    assert {**parse.report(**turned), "payload_sha256": ""} == first


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": "4012345x"}, "no number"),
        ({"id": None}, "no number"),
        ({"title": " <i></i> "}, "no title"),
        ({"url": "http://reliefweb.example/node/1", "url_alias": None}, "no https address"),
        ({"url": "javascript:alert(1)", "url_alias": None}, "no https address"),
        ({"country": [], "primary_country": None}, "names no country"),
        ({"country": [{"iso3": "M1"}], "primary_country": {}}, "names no country"),
    ],
)
def test_an_entry_that_cannot_be_kept_is_quarantined_with_the_reason(
    parse: Parser, changes: dict[str, Any], reason: str
) -> None:
    parse("reports", "api", answer(REPORT, {**REPORT, "id": 2, **changes}))
    assert len(parse.rows) == 1
    ((line, told, text),) = parse.rejects
    assert (line, told) == (2, reason)
    assert "body" not in text


def test_an_entry_that_comes_twice_is_kept_once(parse: Parser) -> None:
    parse("reports", "api", answer(REPORT), answer({**REPORT, "id": 2}, REPORT))
    assert [row["report_id"] for row in parse.rows] == [4012345, 2]
    assert [reason for _, reason, _ in parse.rejects] == ["report_key 4012345 a second time"]


def test_the_scope_takes_a_report_that_is_about_any_of_its_countries(parse: Parser) -> None:
    other = {**REPORT, "id": 2, "primary_country": {"iso3": "nga"}, "country": [{"iso3": "nga"}]}
    assert parse("reports", "api", answer(REPORT, other), countries=("NER",)).rows_out_of_scope == 1
    assert parse("reports", "api", answer(REPORT, other), countries=None).rows_out_of_scope == 0
    assert len(parse.rows) == 2


def test_fields_that_nobody_asked_for_are_named(parse: Parser) -> None:
    parsed = parse("reports", "api", answer({**REPORT, "vulnerable_groups": []}))
    assert parsed.extra_columns == ("vulnerable_groups",)


@pytest.mark.parametrize("body", [b"[]", b'{"data": 3}', b'{"data": [{"id": 1}]}', b"{", b'{"data": [1]}'])
def test_a_payload_that_is_no_list_of_entries_is_refused(parse: Parser, body: bytes) -> None:
    with pytest.raises(NotTheFormat, match="no list of entries"):
        parse("reports", "api", body)


# RSS


HEAD = '<div class="tag country">Countries: Mali, Niger</div><div class="tag source">Sources: A, B, C</div>'


def test_an_item_of_rss(parse: Parser) -> None:
    names = (
        "<category>Mali</category><category>Niger</category><category>A, B</category><category>C</category>"
    )
    parse("reports", "rss", rss(item(f"{HEAD}<p><img src='x' alt=''></p><p>Text.</p>", categories=names)))
    (row,) = parse.rows
    assert row["report_key"] == "report/mali/a"
    assert row["report_id"] is None
    assert row["url_alias"] == "https://reliefweb.example/report/mali/a"
    assert (row["country_iso3s"], row["source_names"], row["excerpt"]) == ("MLI;NER", "A, B;C", "Text.")
    assert row["date_created"] == row["released_at"] == datetime(2026, 6, 30, 8)


def test_without_categories_names_are_told_apart_by_commas(parse: Parser) -> None:
    parse("reports", "rss", rss(item(HEAD)))
    assert parse.rows[0]["source_names"] == "A;B;C"


def test_an_item_with_a_number_in_its_address_has_the_key_of_the_api(parse: Parser) -> None:
    parse("reports", "rss", rss(item(HEAD, link="https://reliefweb.example/node/4012345")))
    assert (parse.rows[0]["report_key"], parse.rows[0]["report_id"]) == ("4012345", 4012345)
    assert parse.rows[0]["url_alias"] is None


def test_a_disaster_of_rss(parse: Parser) -> None:
    head = (
        '<div class="tag country">Affected country: Mali</div>'
        '<div class="tag glide">Glide: FL-2026-000051-MLI</div>'
    )
    link = "https://reliefweb.example/disaster/fl-2026-000051-mli"
    parse("disasters", "rss", rss(item(head, link=link)))
    (row,) = parse.rows
    assert row["disaster_key"] == "disaster/fl-2026-000051-mli"
    assert (row["glide"], row["country_iso3s"]) == ("FL-2026-000051-MLI", "MLI")
    assert (row["date_event"], row["released_at"]) == (datetime(2026, 6, 30, 8), None)


def test_items_of_other_countries_are_out_of_scope_and_untagged_ones_are_told(parse: Parser) -> None:
    abroad = '<div class="tag country">Country: World</div>'
    unknown = '<div class="tag country">Country: Nowhere</div>'
    items = [
        item(HEAD),
        item(abroad, link="https://reliefweb.example/report/world/b"),
        item(unknown, link="https://reliefweb.example/report/x/c"),
        item("<p>No tag.</p>", link="https://reliefweb.example/report/x/d"),
        item(HEAD, link="http://reliefweb.example/report/x/e"),
        item(HEAD),
    ]
    assert parse("reports", "rss", rss(*items)).rows_out_of_scope == 2
    assert [(line, reason) for line, reason, _ in parse.rejects] == [
        (4, "names no country"),
        (5, "no https address"),
        (6, "report_key report/mali/a a second time"),
    ]


@pytest.mark.parametrize(
    ("iso3", "name"),
    [
        ("BEN", "Benin"),
        ("BFA", "Burkina Faso"),
        ("CIV", "Côte d'Ivoire"),
        ("CMR", "Cameroon"),
        ("ERI", "Eritrea"),
        ("GHA", "Ghana"),
        ("GIN", "Guinea"),
        ("GMB", "Gambia"),
        ("GNB", "Guinea-Bissau"),
        ("MLI", "Mali"),
        ("MRT", "Mauritania"),
        ("NER", "Niger"),
        ("NGA", "Nigeria"),
        ("SDN", "Sudan"),
        ("SEN", "Senegal"),
        ("TCD", "Chad"),
        ("TGO", "Togo"),
    ],
)
def test_every_country_of_the_default_scope_is_known_by_the_name_that_reliefweb_uses(
    parse: Parser, iso3: str, name: str
) -> None:
    assert iso3 in default_scope()
    parse("reports", "rss", rss(item(f'<div class="tag country">Country: {name}</div>')), countries=(iso3,))
    assert [row["country_iso3s"] for row in parse.rows] == [iso3]


def test_no_country_of_the_default_scope_is_left_out_of_that_list() -> None:
    assert len(default_scope()) == 17


@pytest.mark.parametrize(
    "body",
    [
        b"<html><body>Please wait</body></html>",
        b'<!DOCTYPE r [<!ENTITY a "b"><!ENTITY c SYSTEM "file:///etc/passwd">]><rss><channel/></rss>',
        b"<rss><channel><item><title>cut",
    ],
)
def test_what_is_no_feed_or_a_hostile_one_is_refused(parse: Parser, body: bytes) -> None:
    with pytest.raises(NotTheFormat):
        parse("reports", "rss", body)
