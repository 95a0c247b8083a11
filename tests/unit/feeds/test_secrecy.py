"""Secrets that a server repeats: found in every spelling, taken out of texts, and never mistaken for data."""

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, strategies as st

from orchestration.feeds.http import HttpClient, PermanentError, RefusedError, TransientError
from orchestration.feeds.secrecy import HIDDEN, hidden, repeats
from orchestration.settings import Settings
from tests.unit.feeds.fault_server import Answer, FaultServer

SECRET = 'p/ss?&="wôrd\\7'
SPELLINGS = {
    "plain": SECRET,
    "other case": SECRET.swapcase(),
    "address": quote(SECRET, safe=""),
    "path": quote(SECRET),
    "form": quote_plus(SECRET),
    "json": json.dumps(SECRET),
    "json as it is": json.dumps(SECRET, ensure_ascii=False),
    "json of php": json.dumps(SECRET).replace("/", "\\/"),
    "html": html.escape(SECRET),
    "base64": base64.b64encode(SECRET.encode()).decode(),
    "base64 after a name": base64.b64encode(f"a:{SECRET}".encode()).decode(),
    "base64 after a longer one": base64.urlsafe_b64encode(f"ab:{SECRET}: and more".encode()).decode(),
}


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_it_is_found_and_hidden_in_every_spelling(spelling: str) -> None:
    text = f"before {spelling} after {spelling}."
    assert repeats(text.encode(), ["another one", SECRET])
    shown = hidden(text, (SECRET,))
    assert not repeats(shown.encode(), [SECRET])
    assert shown.startswith("before ") and shown.endswith(".") and shown.count(HIDDEN) == 2


@given(
    secret=st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), min_size=8, max_size=24).filter(
        lambda text: not text.isalpha() and not text.isdigit() and text == text.lower()
    ),
    before=st.text(max_size=4),
    after=st.text(max_size=4),
)
def test_any_secret_is_found_wherever_it_stands(secret: str, before: str, after: str) -> None:
    for spell in (str, quote, quote_plus, json.dumps, html.escape):
        told = f"{before}{spell(secret)}{after}".encode("utf-8", "surrogatepass")
        assert repeats(told, [secret]), spell
    basic = base64.b64encode(f"{before}{secret}{after}".encode("utf-8", "surrogatepass"))
    assert repeats(basic, [secret])


@pytest.mark.parametrize("secret", ["bamako", "Niger", "20260630", "ab1", ""])
def test_a_word_or_a_number_is_not_looked_for_in_data(secret: str) -> None:
    assert not repeats(
        b'{"location": "Bamako", "country": "Niger", "day": "20260630", "id": "ab1"}', [secret]
    )


def test_a_word_is_hidden_in_messages_all_the_same() -> None:
    assert (
        hidden("https://made.example/bamako answered 404", ("bamako",))
        == f"https://made.example/{HIDDEN} answered 404"
    )


@pytest.mark.parametrize("secrets", [(), ("",), ("ab",)])
def test_where_there_is_nothing_to_hide_the_text_stays(secrets: tuple[str, ...]) -> None:
    assert hidden("about nothing", secrets) == "about nothing"
    assert not repeats(b"about nothing", secrets)


def test_a_body_that_is_no_text_is_looked_at_too() -> None:
    assert repeats(b"\xff\xfe\x00" + SECRET.encode() + b"\x80", [SECRET])


# --- in what the client tells ------------------------------------------------------------------------

TOKEN = "made-token-7f3a"


@pytest.fixture
def server():
    with FaultServer() as running:
        yield running


@pytest.fixture
def client(tmp_path):
    settings = Settings(home=tmp_path, acled_password=SECRET)
    with HttpClient(settings, sleep=lambda _: None, max_attempts=1) as http:
        yield http


def test_headers_and_address_hold_neither_the_account_nor_what_was_issued_on_it(server, client) -> None:
    told = f'"{TOKEN}-{quote(SECRET, safe="")}"'
    server.script("/a", Answer(status=302, headers={"Location": f"/b/{TOKEN}?x={quote(SECRET, safe='')}"}))
    server.script(
        f"/b/{TOKEN}",
        Answer(b"fine", headers={"ETag": told, "Content-Type": f"text/{TOKEN}", "Last-Modified": told}),
    )
    answer = client.get(f"{server.base}/a", max_bytes=100, headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.body == b"fine"
    assert answer.url == f"{server.base}/b/{HIDDEN}?x={HIDDEN}"
    assert answer.etag == answer.last_modified == f'"{HIDDEN}-{HIDDEN}"'
    assert answer.media_type == f"text/{HIDDEN}"
    assert TOKEN not in str(answer.headers) and SECRET not in str(answer.headers)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(status=302, headers={"Location": f"ftp://{TOKEN}.example/{quote(SECRET)}"}), RefusedError),
        (Answer(status=302, headers={"Location": f"/gone/{TOKEN}"}), PermanentError),
        (Answer(b"x", headers={"Content-Encoding": TOKEN}), PermanentError),
        (Answer(status=500, headers={"Location": f"/gone/{TOKEN}"}), TransientError),
    ],
)
def test_errors_tell_neither(server, client, answer: Answer, error: type[Exception]) -> None:
    server.script("/a", answer)
    with pytest.raises(error) as raised:
        client.get(f"{server.base}/a", max_bytes=100, headers={"x-access-token": TOKEN})
    assert not repeats(f"{raised.value} {raised.value.url}".encode(), [TOKEN, SECRET])


def test_a_form_is_hidden_where_it_is_repeated(server, client) -> None:
    server.script("/login", Answer(b"{}", headers={"ETag": '"made-refresh-77"'}))
    form = {"grant_type": "refresh_token", "refresh_token": "made-refresh-77"}
    answer = client.post(f"{server.base}/login", form=form, max_bytes=100)
    assert answer.etag == f'"{HIDDEN}"'


def test_what_a_call_carries_shows_nothing_of_itself(client, monkeypatch) -> None:
    seen = []
    monkeypatch.setattr(client, "_follow", lambda ask, deadline: seen.append(repr(ask)))
    client.get("http://127.0.0.1:9/a", max_bytes=1, headers={"authorization": f"Bearer {TOKEN}"})
    assert seen and TOKEN not in seen[0] and SECRET not in seen[0]
