"""Settings: the only reader of environment variables, the clock, and the paths below SAHEL_HOME.

Every variable is optional; ENVIRONMENT.md lists them (kept equal by a test). No feed logic here.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from expectations.reference import countries, default_scope

DEFAULT_FEEDS = ("ucdp", "gdelt", "news")
FEEDS = (
    *DEFAULT_FEEDS,
    "acled",
    "reliefweb",
    "insecurity_insight",
    "worldbank",
    "unhcr",
    "idmc",
    "coups",
    "peacekeeping",
)
"""Every feed there is. Those by default need no key and make the product whole; the others are asked for by name."""
BY_HAND = ("boundaries",)
"""Feeds without an address: loaded from a file by `sahel load`, and never part of a run."""
DEFAULT_URLS = {
    "ucdp": "https://ucdp.uu.se",
    "ucdp_api": "https://ucdpapi.pcr.uu.se",
    "gdelt": "https://storage.googleapis.com/data.gdeltproject.org",
    "acled": "https://acleddata.com",
    "reliefweb": "https://api.reliefweb.int",
    "reliefweb_rss": "https://reliefweb.int",
    "insecurity_insight": "https://sind-api.herokuapp.com",
    "worldbank": "https://api.worldbank.org",
    "unhcr": "https://api.unhcr.org",
    "idmc": "https://data.humdata.org",
    "coups": "https://www.uky.edu",
    "peacekeeping": "https://api.psdata.un.org",
}
"""Base address by publisher; ``SAHEL_<NAME>_URL`` sets another one."""
ALL_COUNTRIES = "all"
ALERT_LEVELS = ("low", "medium", "high")
SHORTEST_SECRET_PATH = 16
MADE_MARKER = "MADE_WORLD.txt"
"""A home with this file holds made data only."""


class SettingsError(ValueError):
    """A setting that cannot be used; the message names the variable and the remedy."""


@dataclass(frozen=True)
class Settings:
    """Where things live, which feeds and countries are wanted, and what time it is.

    ``countries`` is a tuple of ISO3 codes, or None for the whole world.
    """

    home: Path = Path("data")
    feeds: tuple[str, ...] = DEFAULT_FEEDS
    countries: tuple[str, ...] | None = ()
    ucdp_url: str = DEFAULT_URLS["ucdp"]
    ucdp_api_url: str = DEFAULT_URLS["ucdp_api"]
    gdelt_url: str = DEFAULT_URLS["gdelt"]
    acled_url: str = DEFAULT_URLS["acled"]
    reliefweb_url: str = DEFAULT_URLS["reliefweb"]
    reliefweb_rss_url: str = DEFAULT_URLS["reliefweb_rss"]
    insecurity_insight_url: str = DEFAULT_URLS["insecurity_insight"]
    worldbank_url: str = DEFAULT_URLS["worldbank"]
    unhcr_url: str = DEFAULT_URLS["unhcr"]
    idmc_url: str = DEFAULT_URLS["idmc"]
    coups_url: str = DEFAULT_URLS["coups"]
    peacekeeping_url: str = DEFAULT_URLS["peacekeeping"]
    news_feeds: Path | None = None
    # Secrets have no part in what the settings show of themselves.
    ucdp_token: str | None = field(default=None, repr=False)
    acled_username: str | None = field(default=None, repr=False)
    acled_password: str | None = field(default=None, repr=False)
    reliefweb_appname: str | None = field(default=None, repr=False)
    webhook_url: str | None = field(default=None, repr=False)
    """Where new alerts are posted. Who knows it may post there too, so that the whole address is a secret."""
    alert_level: str = "medium"
    """The lowest level of an alert that is told of."""
    alert_files: bool = False
    """Whether alerts are written as a feed and a digest beside the published file."""
    contact: str | None = None
    """Who runs this, for the User-Agent: an address or a page."""
    https_proxy: str | None = None
    fixed_now: datetime | None = None
    is_made: bool = False
    """True where the data is the made world's: every surface then says so."""
    warehouse_file: Path | None = None
    """Another warehouse than the home's own: a rebuild in progress."""

    @classmethod
    def from_env(cls, home: str | Path | None = None, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read the environment. Raises ``SettingsError`` naming the variable and the remedy."""
        env = os.environ if environ is None else environ
        path = Path(home or env.get("SAHEL_HOME") or "data").expanduser().resolve()
        return cls(
            home=path,
            is_made=(path / MADE_MARKER).is_file(),
            feeds=_feeds(env.get("SAHEL_FEEDS")),
            countries=_countries(env.get("SAHEL_COUNTRIES")),
            ucdp_url=_url(env, "SAHEL_UCDP_URL", DEFAULT_URLS["ucdp"]),
            ucdp_api_url=_url(env, "SAHEL_UCDP_API_URL", DEFAULT_URLS["ucdp_api"]),
            gdelt_url=_url(env, "SAHEL_GDELT_URL", DEFAULT_URLS["gdelt"]),
            acled_url=_url(env, "SAHEL_ACLED_URL", DEFAULT_URLS["acled"]),
            reliefweb_url=_url(env, "SAHEL_RELIEFWEB_URL", DEFAULT_URLS["reliefweb"]),
            reliefweb_rss_url=_url(env, "SAHEL_RELIEFWEB_RSS_URL", DEFAULT_URLS["reliefweb_rss"]),
            insecurity_insight_url=_url(
                env, "SAHEL_INSECURITY_INSIGHT_URL", DEFAULT_URLS["insecurity_insight"]
            ),
            worldbank_url=_url(env, "SAHEL_WORLDBANK_URL", DEFAULT_URLS["worldbank"]),
            unhcr_url=_url(env, "SAHEL_UNHCR_URL", DEFAULT_URLS["unhcr"]),
            idmc_url=_url(env, "SAHEL_IDMC_URL", DEFAULT_URLS["idmc"]),
            coups_url=_url(env, "SAHEL_COUPS_URL", DEFAULT_URLS["coups"]),
            peacekeeping_url=_url(env, "SAHEL_PEACEKEEPING_URL", DEFAULT_URLS["peacekeeping"]),
            ucdp_token=env.get("UCDP_TOKEN") or None,
            acled_username=env.get("ACLED_USERNAME") or None,
            acled_password=env.get("ACLED_PASSWORD") or None,
            reliefweb_appname=env.get("RELIEFWEB_APPNAME") or None,
            webhook_url=_webhook(env.get("SAHEL_WEBHOOK_URL")),
            alert_level=_alert_level(env.get("SAHEL_ALERT_LEVEL")),
            alert_files=_is_on("SAHEL_ALERT_FILES", env.get("SAHEL_ALERT_FILES")),
            news_feeds=_news_feeds(env.get("SAHEL_NEWS_FEEDS")),
            contact=env.get("SAHEL_CONTACT") or None,
            https_proxy=env.get("HTTPS_PROXY") or env.get("https_proxy") or None,
            fixed_now=_instant(env.get("SAHEL_NOW")),
        )

    def now(self) -> datetime:
        """The load's clock: SAHEL_NOW if set, else the machine's, in UTC."""
        return self.fixed_now or datetime.now(UTC)

    def addresses(self, feed: str) -> tuple[str, ...]:
        """The base addresses that a load of the feed asks; none for the news, whose list has them."""
        if feed == "ucdp" and self.ucdp_token:
            return (self.ucdp_url, self.ucdp_api_url)
        if feed == "reliefweb" and not self.reliefweb_appname:
            return (self.reliefweb_rss_url,)
        return (getattr(self, f"{feed}_url"),) if feed in DEFAULT_URLS else ()

    @property
    def secrets(self) -> tuple[str, ...]:
        """The values that may stand nowhere but in the environment."""
        accounts = (self.ucdp_token, self.acled_username, self.acled_password, self.reliefweb_appname)
        return tuple(value for value in (*accounts, *_parts_to_hide(self.webhook_url)) if value)

    @property
    def payloads(self) -> Path:
        return self.home / "payloads"

    @property
    def warehouse(self) -> Path:
        return self.warehouse_file or self.home / "warehouse.duckdb"

    @property
    def published(self) -> Path:
        return self.home / "published"

    @property
    def bi_file(self) -> Path:
        return self.published / "sahel.duckdb"

    @property
    def delivery(self) -> Path:
        """What was told to whom. No rebuild touches it: an alert is told once."""
        return self.home / "delivery"

    @property
    def quality(self) -> Path:
        return self.home / "quality"

    @property
    def dagster_home(self) -> Path:
        return self.home / "dagster"

    @property
    def dbt_work(self) -> Path:
        """dbt's target and log folder."""
        return self.home / "dbt"

    @property
    def scratch(self) -> Path:
        """Files that a run may leave behind when killed; swept at the next start."""
        return self.home / "scratch"


def machine_now() -> datetime:
    """The machine's clock, for durations and ledger times that are not the load's clock."""
    return datetime.now(UTC)


def naive(instant: datetime | None) -> datetime | None:
    """An instant as the database keeps it: UTC, without saying so. One without a zone is taken for UTC."""
    return instant.astimezone(UTC).replace(tzinfo=None) if instant and instant.tzinfo else instant


def aware(instant: datetime | None) -> datetime | None:
    """A database timestamp as Python keeps it: aware UTC."""
    return instant.replace(tzinfo=UTC) if instant and instant.tzinfo is None else instant


def scope_text(countries: tuple[str, ...] | None) -> str:
    """A country scope as the ledger and dbt are told it: always the same text for the same scope."""
    return ALL_COUNTRIES if countries is None else ",".join(sorted(countries))


def is_loopback(host: str | None) -> bool:
    """Whether a host names this machine, by name or by address."""
    if not host:
        return False
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _feeds(text: str | None) -> tuple[str, ...]:
    if not text:
        return DEFAULT_FEEDS
    names = tuple(dict.fromkeys(name.strip().lower() for name in text.split(",") if name.strip()))
    if by_hand := [name for name in names if name in BY_HAND]:
        raise SettingsError(
            f"SAHEL_FEEDS: {by_hand[0]} has no address to ask; leave it out, and load a file: "
            f"sahel load {by_hand[0]} --file PATH"
        )
    unknown = [name for name in names if name not in FEEDS]
    if unknown or not names:
        raise SettingsError(
            f"SAHEL_FEEDS: unknown feed {', '.join(unknown) or '(none)'}; use {','.join(FEEDS)}"
        )
    return names


def _countries(text: str | None) -> tuple[str, ...] | None:
    if not text or not text.strip():
        return tuple(default_scope())
    if text.strip().lower() == ALL_COUNTRIES:
        return None
    codes = tuple(dict.fromkeys(text.replace(",", " ").upper().split()))
    known = {country.country_iso3 for country in countries()}
    unknown = [code for code in codes if code not in known]
    if unknown:
        raise SettingsError(
            f"SAHEL_COUNTRIES: {', '.join(unknown)} is not an ISO 3166-1 alpha-3 code; write e.g. MLI BFA NER, or all"
        )
    return codes


def _url(env: Mapping[str, str], name: str, default: str) -> str:
    text = (env.get(name) or default).rstrip("/")
    try:
        parts = urlsplit(text)
        _ = parts.port  # read here, where a wrong one can be told of
    except ValueError as error:
        raise SettingsError(f"{name}: not an address ({error}); write e.g. {default}, with https") from None
    if parts.username or parts.password:
        # No publisher here asks for one, and addresses are kept with what was fetched from them.
        raise SettingsError(f"{name}: leave user name and password out of the address")
    if parts.scheme == "https" and parts.hostname:
        return text
    if parts.scheme == "http" and is_loopback(parts.hostname):
        return text
    raise SettingsError(
        f"{name}: {parts.scheme or 'no scheme'} address refused; use https (http only on this machine)"
    )


def _webhook(text: str | None) -> str | None:
    """As given, since what follows the host is the publisher's business. No message repeats any of it."""
    text = (text or "").strip()
    if not text:
        return None
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        parts = None
    if parts is None or not parts.hostname or any(sign.isspace() for sign in text):
        raise SettingsError(
            "SAHEL_WEBHOOK_URL: not an address; copy the whole one, as https://hooks.slack.com/services/…"
        )
    if parts.username or parts.password:
        raise SettingsError("SAHEL_WEBHOOK_URL: leave user name and password out of the address")
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname)):
        return text
    raise SettingsError("SAHEL_WEBHOOK_URL: use https (http only on this machine)")


def _parts_to_hide(url: str | None) -> tuple[str, ...]:
    """The webhook's address and what follows its host, as a server may repeat it. A path too short to hold a key could
    stand in any text."""
    if url is None:
        return ()
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    return (url, path) if len(path) >= SHORTEST_SECRET_PATH else (url,)


def _alert_level(text: str | None) -> str:
    level = (text or "medium").strip().lower()
    if level not in ALERT_LEVELS:
        raise SettingsError(f"SAHEL_ALERT_LEVEL: no level {level!r}; use {', '.join(ALERT_LEVELS)}")
    return level


def _is_on(name: str, text: str | None) -> bool:
    answer = (text or "0").strip().lower()
    if answer in ("1", "true", "yes", "on"):
        return True
    if answer in ("0", "false", "no", "off"):
        return False
    raise SettingsError(f"{name}: {answer!r} is neither on nor off; write 1 or 0")


def _news_feeds(text: str | None) -> Path | None:
    if not text:
        return None
    path = Path(text).expanduser()
    if not path.is_file():
        raise SettingsError(f"SAHEL_NEWS_FEEDS: no file at {path}; name a YAML list of feeds")
    return path.resolve()


def _instant(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        instant = datetime.fromisoformat(text.strip())
    except ValueError:
        raise SettingsError(
            f"SAHEL_NOW: {text!r} is not an ISO instant; write e.g. 2026-06-30T12:00:00Z"
        ) from None
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
