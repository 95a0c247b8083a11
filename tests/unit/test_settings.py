"""Every setting: its default, what it takes, and what it says when it cannot be used.

Not here: that ENVIRONMENT.md and the code agree (tests/contract/test_environment.py).
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from expectations.reference import countries
from orchestration.settings import (
    DEFAULT_FEEDS,
    DEFAULT_URLS,
    FEEDS,
    MADE_MARKER,
    Settings,
    SettingsError,
    is_loopback,
    scope_text,
)

DEFAULT_SCOPE = "MLI BFA NER NGA TCD MRT SEN GMB GIN GNB BEN TGO GHA CIV CMR SDN ERI"


def of(**environ: str) -> Settings:
    return Settings.from_env("somewhere", environ=environ)


def test_the_defaults_are_those_of_the_design(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings.from_env(environ={})
    assert settings.home == tmp_path / "data"
    assert settings.feeds == DEFAULT_FEEDS == ("ucdp", "gdelt", "news")
    assert sorted(settings.countries) == sorted(DEFAULT_SCOPE.split())
    assert settings.ucdp_url == DEFAULT_URLS["ucdp"] == "https://ucdp.uu.se"
    assert settings.gdelt_url == DEFAULT_URLS["gdelt"]
    assert (settings.news_feeds, settings.contact, settings.https_proxy, settings.fixed_now) == (None,) * 4
    assert settings.secrets == ()
    assert not settings.is_made
    assert settings.bi_file == settings.home / "published" / "sahel.duckdb"
    assert settings.warehouse == settings.home / "warehouse.duckdb"


def test_an_argument_wins_over_sahel_home(tmp_path: Path) -> None:
    environ = {"SAHEL_HOME": str(tmp_path / "named")}
    assert Settings.from_env(environ=environ).home == tmp_path / "named"
    assert Settings.from_env(tmp_path / "given", environ=environ).home == tmp_path / "given"


def test_a_home_is_absolute_so_that_a_change_of_folder_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    assert Settings.from_env("relative", environ={}).home == tmp_path / "relative"
    assert Settings.from_env("~/data", environ={}).home == tmp_path / "me" / "data"


def test_a_home_with_the_marker_is_made(tmp_path: Path) -> None:
    (tmp_path / MADE_MARKER).write_text("made\n")
    assert Settings.from_env(tmp_path, environ={}).is_made


@pytest.mark.parametrize(
    ("text", "feeds"),
    [
        ("ucdp", ("ucdp",)),
        (" News , UCDP ", ("news", "ucdp")),
        ("gdelt,gdelt,", ("gdelt",)),
        ("", DEFAULT_FEEDS),
    ],
)
def test_feeds(text: str, feeds: tuple[str, ...]) -> None:
    assert of(SAHEL_FEEDS=text).feeds == feeds


@pytest.mark.parametrize("text", ["ucdp,acledd", ",", "ucdp gdelt"])
def test_an_unknown_feed_is_refused_with_the_known_ones(text: str) -> None:
    with pytest.raises(SettingsError, match=r"^SAHEL_FEEDS: .*ucdp,gdelt,news"):
        of(SAHEL_FEEDS=text)


@pytest.mark.parametrize("text", ["mli, ben", "MLI BEN", "MLI,BEN,mli"])
def test_countries(text: str) -> None:
    assert of(SAHEL_COUNTRIES=text).countries == ("MLI", "BEN")


def test_all_countries_is_the_world() -> None:
    assert of(SAHEL_COUNTRIES=" All ").countries is None
    assert scope_text(None) == "all"
    assert scope_text(("NER", "BEN")) == scope_text(("BEN", "NER")) == "BEN,NER"


@pytest.mark.parametrize("text", ["ML", "MLI XXX", "Mali", "all MLI"])
def test_a_code_that_is_no_iso3_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match=r"^SAHEL_COUNTRIES: .*alpha-3.* or all"):
        of(SAHEL_COUNTRIES=text)


def test_any_country_of_the_world_may_be_named() -> None:
    every = tuple(country.country_iso3 for country in countries())
    assert of(SAHEL_COUNTRIES=" ".join(every)).countries == every


@pytest.mark.parametrize("name", ["SAHEL_UCDP_URL", "SAHEL_GDELT_URL"])
@pytest.mark.parametrize(
    "url",
    [
        "http://ucdp.uu.se",
        "ftp://127.0.0.1",
        "ucdp.uu.se",
        "https://",
        "http://localhost.example.org",
        "http://127.0.0.1.example.org",
        "http://10.0.0.1",
        "file:///etc/passwd",
        "http://[::1",
        "https://ucdp.uu.se:https",
    ],
)
def test_an_address_that_is_not_https_is_refused(name: str, url: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name}: .*https"):
        of(**{name: url})


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://mirror.example.org/ucdp/", "https://mirror.example.org/ucdp"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://localhost:8000/", "http://localhost:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_https_or_this_machine(url: str, kept: str) -> None:
    assert of(SAHEL_UCDP_URL=url).ucdp_url == kept
    assert of(SAHEL_GDELT_URL=url).gdelt_url == kept


@pytest.mark.parametrize(
    "url", ["http://me:canary@example.org", "https://me:canary@example.org", "https://canary@h"]
)
def test_a_password_in_an_address_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(SettingsError, match="leave user name and password out") as caught:
        of(SAHEL_UCDP_URL=url)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "expected"),
    [("localhost", True), ("127.9.9.9", True), ("::1", True), ("0.0.0.0", False), ("", False), (None, False)],
)
def test_loopback(host: str | None, expected: bool) -> None:
    assert is_loopback(host) is expected


def test_the_news_list_must_be_there(tmp_path: Path) -> None:
    path = tmp_path / "mine.yml"
    with pytest.raises(SettingsError, match=r"^SAHEL_NEWS_FEEDS: no file at .*mine\.yml"):
        of(SAHEL_NEWS_FEEDS=str(path))
    path.write_text("feeds: []\n")
    assert of(SAHEL_NEWS_FEEDS=str(path)).news_feeds == path


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-06-30T12:00:00Z", datetime(2026, 6, 30, 12, tzinfo=UTC)),
        ("2026-06-30T14:00:00+02:00", datetime(2026, 6, 30, 12, tzinfo=UTC)),
        ("2026-06-30T12:00", datetime(2026, 6, 30, 12, tzinfo=UTC)),
        (" 2026-06-30 ", datetime(2026, 6, 30, tzinfo=UTC)),
        ("20260630T070000-0500", datetime(2026, 6, 30, 12, tzinfo=UTC)),
    ],
)
def test_the_clock_may_be_set(text: str, instant: datetime) -> None:
    settings = of(SAHEL_NOW=text)
    assert settings.now() == instant
    assert settings.now().utcoffset() == timedelta(0)


def test_the_clock_runs_where_it_is_not_set() -> None:
    settings = of(SAHEL_NOW="")
    before = datetime.now(UTC)
    assert before <= settings.now() <= datetime.now(UTC)


@pytest.mark.parametrize("text", ["yesterday", "30.06.2026", "2026-13-01", "12:00"])
def test_what_is_no_instant_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match=r"^SAHEL_NOW: .*write e\.g\. 2026-06-30T12:00:00Z"):
        of(SAHEL_NOW=text)


def test_contact_and_proxy() -> None:
    settings = of(SAHEL_CONTACT="desk@example.org", https_proxy="http://proxy.example.org:3128")
    assert settings.contact == "desk@example.org"
    assert settings.https_proxy == "http://proxy.example.org:3128"
    assert of(HTTPS_PROXY="http://a", https_proxy="http://b").https_proxy == "http://a"


def test_what_settings_show_of_themselves_holds_no_secret() -> None:
    secret = {
        "UCDP_TOKEN": "token-canary",
        "ACLED_USERNAME": "name-canary",
        "ACLED_PASSWORD": "password-canary",
        "RELIEFWEB_APPNAME": "appname-canary",
    }
    settings = of(**secret)
    assert sorted(settings.secrets) == sorted(secret.values())
    assert "canary" not in repr(settings)


def test_each_feed_says_which_addresses_it_asks() -> None:
    without, with_all = of(), of(UCDP_TOKEN="t", RELIEFWEB_APPNAME="a")
    assert without.addresses("ucdp") == (DEFAULT_URLS["ucdp"],)
    assert with_all.addresses("ucdp") == (DEFAULT_URLS["ucdp"], DEFAULT_URLS["ucdp_api"])
    assert without.addresses("reliefweb") == (DEFAULT_URLS["reliefweb_rss"],)
    assert with_all.addresses("reliefweb") == (DEFAULT_URLS["reliefweb"],)
    assert without.addresses("news") == ()
    told = {url for feed in FEEDS for settings in (without, with_all) for url in settings.addresses(feed)}
    assert told == set(DEFAULT_URLS.values())


# Alerts


def test_alerts_are_told_to_nobody_unless_it_is_set() -> None:
    settings = of()
    assert (settings.webhook_url, settings.alert_files, settings.alert_level) == (None, False, "medium")
    assert settings.delivery == settings.home / "delivery"
    told = of(SAHEL_WEBHOOK_URL=f" {WEBHOOK}\n", SAHEL_ALERT_FILES="1", SAHEL_ALERT_LEVEL=" HIGH")
    assert (told.webhook_url, told.alert_files, told.alert_level) == (WEBHOOK, True, "high")
    assert [
        of(SAHEL_ALERT_FILES=word).alert_files for word in ("on", "true", "YES", "0", "no", "off", "")
    ] == [
        *[True] * 3,
        *[False] * 4,
    ]


WEBHOOK = "https://hooks.example/services/T0CANARY/B0CANARY/canary?sig=canary"


def test_the_webhook_is_a_secret_whole_and_without_its_host() -> None:
    settings = of(SAHEL_WEBHOOK_URL=WEBHOOK)
    assert settings.secrets == (WEBHOOK, "/services/T0CANARY/B0CANARY/canary?sig=canary")
    assert "CANARY" not in repr(settings).upper()
    # A path too short to hold a key may be a part of any publisher's address.
    assert of(SAHEL_WEBHOOK_URL="https://hooks.example/news").secrets == ("https://hooks.example/news",)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("SAHEL_WEBHOOK_URL", "canary", "not an address"),
        ("SAHEL_WEBHOOK_URL", "https://h.example:canary/x", "not an address"),
        ("SAHEL_WEBHOOK_URL", "https://h.example/can ary", "not an address"),
        ("SAHEL_WEBHOOK_URL", "http://h.example/canary", "use https"),
        ("SAHEL_WEBHOOK_URL", "ftp://h.example/canary", "use https"),
        ("SAHEL_WEBHOOK_URL", "https://me:canary@h.example/x", "user name and password"),
        ("SAHEL_ALERT_FILES", "perhaps", "write 1 or 0"),
        ("SAHEL_ALERT_LEVEL", "urgent", "use low, medium, high"),
    ],
)
def test_a_setting_of_alerts_that_cannot_be_used_says_so_without_the_secret(
    name: str, value: str, told: str
) -> None:
    with pytest.raises(SettingsError, match=rf"^{name}: .*{told}") as caught:
        of(**{name: value})
    assert "canary" not in str(caught.value)
