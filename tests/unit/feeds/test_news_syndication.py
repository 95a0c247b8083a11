"""Reading feeds: the zoo of real ones, hostile ones, encodings, dates, links and text.

Belongs here: bytes in, items out. Does not belong here: the feed list, fetching, tables (test_news.py).
"""

import contextlib
import json
import sys
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies as st

from orchestration.feeds import syndication
from orchestration.feeds.base import NotTheFormat
from orchestration.feeds.syndication import canonical_link, plain_text, read_date, read_items

BASE = "https://outlet.example/news/feed.xml"
MB = 1024 * 1024

# --- real feeds --------------------------------------------------------------------------------------

NO_FEEDS = {
    "feed_rs/atom/atom_entry_1.xml",
    "feed_rs/xml/xml_sample_1.xml",
    "feed_rs/xml/xml_sample_2.xml",
    "rss_parser/unrecognized.rss",
}
# (items, items with a date, items without an identity)
KNOWN = {
    "feed_rs/atom/atom_example_6.xml": (4, 4, 0),
    "feed_rs/atom/atom_mediarss_reddit_1.xml": (25, 25, 0),
    "feed_rs/atom/atom_spec_1.xml": (1, 1, 0),
    "feed_rs/jsonfeed/jsonfeed_elastic_1.1.json": (3, 2, 0),
    "feed_rs/jsonfeed/jsonfeed_example_1.json": (2, 2, 0),
    "feed_rs/jsonfeed/jsonfeed_spec_1.json": (1, 1, 0),
    "feed_rs/rss0/rss_0.91_missing_id.xml": (1, 0, 1),
    "feed_rs/rss0/rss_0.91_spec_1.xml": (2, 0, 0),
    "feed_rs/rss0/rss_0.92_spec_1.xml": (3, 0, 3),
    "feed_rs/rss1/rss_1.0_example_1.xml": (2, 2, 0),
    "feed_rs/rss1/rss_1.0_iso8859.xml": (1, 1, 0),
    "feed_rs/rss2/rss_2.0_bbc.xml": (1, 1, 0),
    "feed_rs/rss2/rss_2.0_invalid_1.xml": (0, 0, 0),
    "feed_rs/rss2/rss_2.0_relurl_1.xml": (2, 2, 0),
    "feed_rs/rss2/rss_2.0_spec_1.xml": (2, 2, 0),
    "rss_parser/craigslist.rss": (25, 25, 0),
    "rss_parser/encoding.rss": (40, 40, 0),
    "rss_parser/feedburner.atom": (25, 25, 0),
    "rss_parser/guardian.rss": (55, 55, 0),
    "rss_parser/heise.atom": (15, 15, 0),
    "rss_parser/heraldsun.rss": (2, 0, 0),
    "rss_parser/incomplete-fields.atom": (1, 0, 1),
    "rss_parser/itunes-missing-image.rss": (131, 131, 0),
    "rss_parser/many-links.rss": (25, 25, 0),
    "rss_parser/reddit-home.rss": (24, 24, 0),
    "rss_parser/rss-1.rss": (69, 69, 0),
    "rss_parser/uolNoticias.rss": (15, 15, 0),
    "rss_parser/xml2js-options.rss": (69, 69, 0),
}


def test_every_feed_of_the_zoo_parses_or_is_refused_with_a_reason(shared_data):
    zoo = shared_data / "feed_zoo"
    files = sorted(path for path in zoo.rglob("*") if path.is_file())
    assert len(files) == 98
    refused, read = set(), {}
    for path in files:
        name = path.relative_to(zoo).as_posix()
        try:
            items = read_items(path.read_bytes(), None, BASE)
        except NotTheFormat as error:
            assert str(error)
            refused.add(name)
            continue
        dated = sum(item.published_at is not None for item in items)
        read[name] = (len(items), dated, sum(item.problem is not None for item in items))
    assert refused == NO_FEEDS
    assert {name: read[name] for name in KNOWN} == KNOWN
    assert sum(items for items, _, _ in read.values()) == 743


def test_text_of_the_zoo_is_plain(shared_data):
    for path in sorted((shared_data / "feed_zoo").rglob("*")):
        if path.is_dir() or path.relative_to(shared_data / "feed_zoo").as_posix() in NO_FEEDS:
            continue
        for item in read_items(path.read_bytes(), None, BASE):
            for text in (item.title, item.summary, item.source_name):
                assert text is None or not syndication._TAG_LIKE.search(text), (path.name, text)
            assert item.url is None or item.url.startswith(("http://", "https://")), (path.name, item.url)


def rss(items: str, prolog: str = '<?xml version="1.0" encoding="UTF-8"?>', version: str = "2.0") -> bytes:
    return f'{prolog}<rss version="{version}"><channel><title>t</title>{items}</channel></rss>'.encode()


def one(fields: str, prolog: str = "") -> syndication.Item:
    (item,) = read_items(rss(f"<item>{fields}</item>", prolog), None, BASE)
    return item


def test_rss_2():
    item = one(
        "<guid isPermaLink='false'>a1</guid><link>/a?utm_source=rss&amp;id=7#top</link><title>Un &amp; deux</title>"
        "<description>&lt;p&gt;Trois &amp;eacute;t&amp;eacute;s&lt;/p&gt;</description>"
        "<pubDate>Tue, 30 Jun 2026 10:00:00 +0200</pubDate><source url='https://x.example'>The Source</source>"
    )
    assert (item.item_id, item.url) == ("a1", "https://outlet.example/a?id=7")
    assert (item.title, item.summary, item.source_name) == ("Un & deux", "Trois étés", "The Source")
    assert (item.published_at, item.updated_at) == (datetime(2026, 6, 30, 8, tzinfo=UTC), None)


def test_rdf_dates_by_dublin_core():
    body = b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
      xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://outlet.example/"><title>t</title></channel>
      <item rdf:about="https://outlet.example/1"><title>One</title><link>https://outlet.example/1</link>
      <dc:date>2026-06-30T10:00:00+01:00</dc:date></item></rdf:RDF>"""
    (item,) = read_items(body, None, BASE)
    assert item.published_at == datetime(2026, 6, 30, 9, tzinfo=UTC)
    assert item.item_id == "https://outlet.example/1"


def test_atom_prefers_published_and_its_source_is_no_publisher():
    body = b"""<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://outlet.example/b/"><title>t</title><id>f</id>
      <entry><id>urn:1</id><title type="text">AT&amp;T</title><link href="x.html"/><source><title>Planet</title></source>
      <published>2026-06-29T00:00:00Z</published><updated>2026-06-30T00:00:00Z</updated></entry>
      <entry><id>urn:2</id><title type="html">&lt;b&gt;B&lt;/b&gt;</title><updated>2026-06-28T00:00:00Z</updated></entry>
      </feed>"""
    first, second = read_items(body, None, BASE)
    assert (first.title, first.url) == ("AT&T", "https://outlet.example/b/x.html")
    assert first.source_name is None
    assert (first.published_at.day, first.updated_at.day) == (29, 30)
    assert (second.title, second.url, second.published_at.day) == ("B", None, 28)


def test_json_feed():
    items = [
        {
            "id": 7,
            "url": "/a",
            "title": "A",
            "content_html": "<p>x</p>",
            "date_published": "2026-06-30T10:00:00Z",
        },
        {
            "external_url": "https://else.example/b#c",
            "date_modified": "2026-06-30T10:00:00Z",
            "title": "\ud800B",
        },
        "not an item",
    ]
    body = json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "t", "items": items}).encode()
    first, second, third = read_items(body, "application/feed+json", BASE)
    assert (first.item_id, first.url, first.summary) == ("7", "https://outlet.example/a", "x")
    assert (second.item_id, second.title, second.updated_at.day) == ("https://else.example/b", "B", 30)
    assert third.problem == "no id and no http link"


def test_a_long_article_is_cut_to_a_short_description():
    item = one(f"<guid>1</guid><description>{'mot ' * 5000}</description>")
    assert len(item.summary) <= syndication.SUMMARY_CHARS
    assert item.summary.endswith("…")


# --- hostile feeds -----------------------------------------------------------------------------------

ITEM = "<item><guid>1</guid><title>{}</title></item>"
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
HOSTILE = {
    "billion laughs": rss(ITEM.format("&l9;"), f'<!DOCTYPE r [<!ENTITY l0 "lol">{LAUGHS}]>'),
    "quadratic blow-up": rss(ITEM.format("&a;" * 20_000), f'<!DOCTYPE r [<!ENTITY a "{"a" * 100_000}">]>'),
    "short quadratic": rss(ITEM.format("&a;" * 20_000), f'<!DOCTYPE r [<!ENTITY a "{"a" * 5_000}">]>'),
    "external entity": rss(ITEM.format("&x;"), '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
    "parameter entity": rss(
        ITEM.format("x"), '<!DOCTYPE r [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x"> %x;]>'
    ),
    "external DTD": rss(ITEM.format("x"), '<!DOCTYPE rss SYSTEM "http://127.0.0.1:9/x.dtd">'),
    "hidden behind a comment": rss(
        ITEM.format("&a;"), '<!-- <rss> --><!DOCTYPE r [<!ENTITY a "]>"><!ENTITY b "b">]>'
    ),
    "in UTF-16": rss(ITEM.format("&a;"), '<!DOCTYPE r [<!ENTITY a "aaaaaaaa">]>').decode().encode("utf-16"),
    "type that never ends": b"<!DOCTYPE" + b" " * 9 * MB,
    "entities that never end": b"<!DOCTYPE r [" + b'<!ENTITY a "b">' * 500_000,
    "comments that never end": b"<!--" * 2 * MB,
    "deep": rss("<a>" * MB + "</a>" * MB),
    "many items": rss(ITEM.format("x") * 150_000),
    "broken and large": rss(ITEM.format("&nbsp;" * MB)),
    "too large": b"x" * 11 * MB,
    "deep JSON": b'{"items":' + b"[" * 5 * MB,
    "long number": b'{"version":' + b"9" * 5 * MB + b"}",
    "many JSON items": b'{"version":"https://jsonfeed.org/version/1","items":[' + b"1," * 10_000 + b"1]}",
    "other JSON": b'{"error": "not found"}',
    "a web page": b"<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>",
    "a page in XHTML": b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><body/></html>',
    "text": b"Not Found",
    "nothing": b"",
    "random bytes": bytes(range(256)) * 100,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_or_foreign_body_is_refused_at_once(name):
    began = time.process_time()
    with pytest.raises(NotTheFormat) as caught:
        read_items(HOSTILE[name], None, BASE)
    assert time.process_time() - began < 2
    assert 0 < len(str(caught.value)) < 250


@pytest.mark.parametrize(
    "text", ["<" * MB, "&" * MB, "<!" * MB, "<![CDATA[" * 100_000, "<item a='" * 100_000]
)
def test_broken_markup_takes_bounded_time(text):
    began = time.process_time()
    with contextlib.suppress(NotTheFormat):
        read_items(rss(ITEM.format(text)), None, BASE)
    assert time.process_time() - began < 5


_touched: list[str] = []


def _watch(event: str, arguments: tuple) -> None:
    if event in ("open", "socket.connect", "socket.getaddrinfo", "urllib.Request"):
        _touched.append(f"{event} {arguments}")


def test_no_file_is_opened_and_no_address_asked_for_an_entity(tmp_path):
    secret = tmp_path / "canary.txt"
    secret.write_text("secret")
    sys.addaudithook(_watch)
    for declaration in (
        f'[<!ENTITY x SYSTEM "{secret.as_uri()}">]',
        f'[<!ENTITY % x SYSTEM "{secret.as_uri()}"> %x;]',
        f'SYSTEM "{secret.as_uri()}"',
        f'PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "{secret.as_uri()}"',
        'PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://127.0.0.1:9/rss.dtd"',
    ):
        body = rss(ITEM.format("&x;"), f"<!DOCTYPE rss {declaration}>")
        try:
            titles = [item.title for item in read_items(body, None, BASE)]
        except NotTheFormat:
            titles = []
        assert "secret" not in titles
    assert [event for event in _touched if "canary" in event or "127.0.0.1" in event] == []


@pytest.mark.parametrize(
    "prolog",
    [
        '<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://my.netscape.com/rss-0.91.dtd">',
        '<!DOCTYPE rss [\n  <!ENTITY nbsp "&#160;">\n  <!ENTITY eacute "&#xE9;">\n]>',
        "<!DOCTYPE rss>",
        "\n\n  <?xml version='1.0'?><!-- made by hand --><?xml-stylesheet href='x.css'?>\n",
        "\ufeff",
    ],
)
def test_a_harmless_prolog_and_html_entities_still_parse(prolog):
    assert (
        one("<guid>1</guid><title>caf&eacute;&nbsp;noir &mdash; x</title>", prolog).title == "café noir — x"
    )


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("&lt;script&gt;alert(1)&lt;/script&gt;Attaque à Djibo", "Attaque à Djibo"),
        ("<![CDATA[<img src=x onerror=alert(1)>Attaque]]>", "Attaque"),
        ("&amp;lt;script&amp;gt;alert(1)&amp;lt;/script&amp;gt;Titre", "Titre"),
        ("Q&amp;amp;A", "Q&A"),
        ("Prices &lt; 5 &amp; rising", "Prices < 5 & rising"),
        ("a\x00b\x07c\x1b[31m", "abc[31m"),
        ("safe \u202etxt.exe", "safe txt.exe"),
        ("l&#146;arm&#233;e", "l’armée"),
        ("  two\n\t lines  ", "two lines"),
    ],
)
def test_titles_are_plain_text(markup, text):
    assert one(f"<guid>1</guid><title>{markup}</title>").title == text


@given(st.text(alphabet="<>/!?&;#x6ltgampscriptb \"'\x00\u202e", max_size=60))
def test_no_tag_survives(text):
    for nested in (text, text.replace("&", "&amp;"), f"&lt;{text}&gt;"):
        plain = plain_text(nested, 500)
        assert plain is None or not syndication._TAG_LIKE.search(plain)
        assert plain is None or plain == " ".join(plain.split())


@pytest.mark.parametrize(
    ("link", "canonical"),
    [
        ("javascript:alert(1)", None),
        ("JavaScript:alert(1)", None),
        ("data:text/html,<script>", None),
        ("file:///etc/passwd", None),
        ("mailto:a@b.example", None),
        ("https://", None),
        ("https://[broken", None),
        ("https://h.example:port/", None),
        ("", None),
        ("https://h.example/" + "a" * 3000, None),
        ("HTTPS://User:pw@H.Example:443/A#frag", "https://h.example/A"),
        ("http://h.example:8080/a?b=1", "http://h.example:8080/a?b=1"),
        ("//h.example/a", "https://h.example/a"),
        ("../a", "https://outlet.example/a"),
        (" https://h.example/a\n b ", "https://h.example/ab"),
        ("https://h.example/?utm_source=x&id=1&fbclid=2&xtor=RSS-3", "https://h.example/?id=1"),
        ("https://h.example/?a=%C3%A9&b", "https://h.example/?a=%C3%A9&b"),
        ('https://h.example/"><script>', "https://h.example/%22%3E%3Cscript%3E"),
        ("https://ministere.example/communiqué", "https://ministere.example/communiqué"),
    ],
)
def test_links_are_http_or_nothing(link, canonical):
    assert canonical_link(link, BASE) == canonical


def test_a_javascript_link_leaves_the_item_without_identity():
    assert one("<link>javascript:alert(1)</link><title>x</title>").problem == "no id and no http link"


def test_an_id_without_end_is_a_problem():
    assert "1000 characters" in one(f"<guid isPermaLink='false'>{'x' * 2000}</guid>").problem


# --- encodings ---------------------------------------------------------------------------------------

FRENCH = "L’armée à Ménaka – été"


@pytest.mark.parametrize(
    ("encoding", "declared", "content_type"),
    [
        ("utf-8", "UTF-8", None),
        ("utf-8", None, None),
        ("utf-8", "ISO-8859-1", None),
        ("utf-8", "windows-1252", "text/xml; charset=ISO-8859-1"),
        ("cp1252", "ISO-8859-1", None),
        ("cp1252", "UTF-8", "application/rss+xml; charset=UTF-8"),
        ("cp1252", None, None),
        ("cp1252", "windows-1252", "text/xml"),
        ("utf-16", "UTF-16", None),
        ("utf-8-sig", "UTF-8", None),
        ("cp1252", "zlib", "text/xml; charset=unicode_escape"),
        ("cp1252", "no-such-charset", "text/xml; charset="),
    ],
)
def test_the_encoding_is_found_whatever_is_declared(encoding, declared, content_type):
    prolog = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    body = rss(ITEM.format(FRENCH), prolog).decode().encode(encoding)
    assert read_items(body, content_type, BASE)[0].title == FRENCH


def test_the_http_charset_goes_before_the_prolog():
    body = rss(ITEM.format("Привет"), '<?xml version="1.0" encoding="UTF-8"?>').decode().encode("koi8-r")
    assert read_items(body, "text/xml; charset=koi8-r", BASE)[0].title == "Привет"


# --- dates -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Tue, 30 Jun 2026 10:00:00 GMT",
        "Tue, 30 Jun 2026 12:00:00 +0200",
        "Wed, 30 Jun 2026 10:00:00 Z",
        "30 Jun 2026 11:00 +0100",
        "mar., 30 juin 2026 10:00:00 +0000",
        "mardi 30 juin 2026 à 10h00",
        "Mardi, 30 Juin 2026 11:00:00 CET",
        "Tue, 30 Jun 2026 12:00:00 CEST",
        "Tue, 30 Jun 2026 11:00:00 WAT",
        "Tue, 30 Jun 2026 06:00:00 EDT",
        "Tue, 30 Jun 2026 12:00:00 GMT+2",
        "Tue, 30 Jun 2026 12:00:00 UTC+02:00",
        "ter, 30 jun 2026 07:00:00 -0300",
        "30 de junho de 2026 10:00",
        "Tue, 30 Jun 2026 10:00:00 XYZ",
        "2026-06-30T10:00:00Z",
        "2026-06-30T12:00:00+02:00",
        "2026-06-30 10:00:00",
        "20260630T100000Z",
    ],
)
def test_dates_as_outlets_write_them(text):
    assert read_date(text) == datetime(2026, 6, 30, 10, tzinfo=UTC)


def test_a_day_alone_is_its_beginning():
    assert read_date("30 août 2026") == datetime(2026, 8, 30, tzinfo=UTC)
    assert read_date("1er février 2026") == datetime(2026, 2, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "31 Feb 2026", "99 Jun 2026", "9999999999999", "0001-01-01T00:00:00+14:00"]
)
def test_what_is_no_date_is_none(text):
    assert read_date(text) is None


@pytest.mark.parametrize("text", ["Thu, 01 Jan 1970 00:00:00 GMT", "0001-01-01T00:00:00Z", "soon", ""])
def test_an_item_is_never_given_a_date(text):
    item = one(f"<guid>1</guid><pubDate>{text}</pubDate>")
    assert (item.published_at, item.updated_at) == (None, None)
