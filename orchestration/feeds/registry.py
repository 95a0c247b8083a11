"""The feeds there are. Adding a feed is one module, its contract, and a line here."""

from orchestration.feeds.acled import AcledFeed
from orchestration.feeds.base import Feed
from orchestration.feeds.boundaries import BoundariesFeed
from orchestration.feeds.coups import CoupsFeed
from orchestration.feeds.gdelt import GdeltFeed
from orchestration.feeds.idmc import IdmcFeed
from orchestration.feeds.insecurity_insight import InsecurityInsightFeed
from orchestration.feeds.news import NewsFeed
from orchestration.feeds.peacekeeping import PeacekeepingFeed
from orchestration.feeds.reliefweb import ReliefWebFeed
from orchestration.feeds.ucdp import UcdpFeed
from orchestration.feeds.unhcr import UnhcrFeed
from orchestration.feeds.worldbank import WorldBankFeed

FEEDS: dict[str, Feed] = {
    feed.key: feed
    for feed in (
        UcdpFeed(),
        GdeltFeed(),
        NewsFeed(),
        AcledFeed(),
        InsecurityInsightFeed(),
        WorldBankFeed(),
        UnhcrFeed(),
        IdmcFeed(),
        CoupsFeed(),
        PeacekeepingFeed(),
        ReliefWebFeed(),
        BoundariesFeed(),
    )
}


def feed_for(key: str) -> Feed:
    """The feed of that name. Raises ``ValueError`` naming the known ones."""
    try:
        return FEEDS[key]
    except KeyError:
        raise ValueError(f"unknown feed {key!r}; use one of {', '.join(FEEDS)}") from None
