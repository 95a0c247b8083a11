"""The feeds there are. Adding a feed is one module, its contract, and a line here."""

from orchestration.feeds.base import Feed
from orchestration.feeds.gdelt import GdeltFeed
from orchestration.feeds.news import NewsFeed
from orchestration.feeds.ucdp import UcdpFeed

FEEDS: dict[str, Feed] = {feed.key: feed for feed in (UcdpFeed(), GdeltFeed(), NewsFeed())}


def feed_for(key: str) -> Feed:
    """The feed of that name. Raises ``ValueError`` naming the known ones."""
    try:
        return FEEDS[key]
    except KeyError:
        raise ValueError(f"unknown feed {key!r}; use one of {', '.join(FEEDS)}") from None
