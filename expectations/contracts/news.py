"""Contract of the news table: items of RSS, Atom and JSON feeds, as the outlets publish and change them.

Headline, link, date and short description only; never full text. Feed health is in the ledger.
"""

from expectations.contracts.columns import Column, Promotion, TableContract

NEWS_ITEM = TableContract(
    table="news_item",
    feed="news",
    description="Items of news feeds: one row per item and recorded version (outlets rewrite headlines silently).",
    grain="feed id x item id x recorded version",
    key=("feed_id", "item_id"),
    publisher_columns=(
        Column("feed_id", "VARCHAR", "Id of the feed in the feed list.", nullable=False),
        Column("item_id", "VARCHAR", "guid, atom:id, JSON Feed id, or the canonical link.", nullable=False),
        Column(
            "url",
            "VARCHAR",
            "Canonical link (http or https), null if the item has none that is safe.",
            pattern="^https?://",
        ),
        Column("title", "VARCHAR", "Headline as plain text, markup removed."),
        Column("summary", "VARCHAR", "Short description as plain text, markup removed."),
        Column(
            "published_at", "TIMESTAMP", "When the outlet says it was published (UTC); null if it does not."
        ),
        Column("updated_at", "TIMESTAMP", "When the outlet says it was changed (UTC)."),
        Column(
            "source_name", "VARCHAR", "True publisher where the feed is an aggregator (RSS source element)."
        ),
    ),
    derived_columns=(
        Column(
            "date_status",
            "VARCHAR",
            "dated, undated, or future (more than an hour ahead of the fetch); only dated items reach fct_article.",
            nullable=False,
            vocabulary=("dated", "undated", "future"),
        ),
        Column("publisher", "VARCHAR", "Publisher, from the feed list.", nullable=False),
        Column(
            "language",
            "VARCHAR",
            "ISO 639-1 language, from the feed list.",
            nullable=False,
            pattern="^[a-z]{2}$",
        ),
        Column(
            "reliability",
            "VARCHAR",
            "Our rating of the outlet, from the feed list.",
            nullable=False,
            vocabulary=("high", "medium", "low", "state"),
        ),
    ),
    promotion=Promotion.VERSIONED,
    event_date_column="published_at",
    max_quarantined_share=0.5,
    content_ignores=("updated_at", "publisher", "language", "reliability"),
)
