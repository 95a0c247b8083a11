"""Contracts of the ReliefWeb tables: reports and disasters, as catalogued by OCHA's editors.

Catalogue entries only: who published what about which country and when, with a link and a short excerpt. The
text of a report belongs to its publisher and is in no table. How they are asked for is the feed's business.

A report that the API tells of is known by ReliefWeb's number. The RSS feed tells no number, only the readable
address, so its rows have a key of their own kind; ``url_alias`` is the same in both and joins them.
"""

from expectations.contracts.columns import Column, Promotion, TableContract

_ISO3 = "^[A-Z]{3}$"
_ISO3_LIST = "^[A-Z]{3}(;[A-Z]{3})*$"
_HTTPS = "^https://[^ ]+$"
_CHANNEL = Column(
    "channel",
    "VARCHAR",
    "Which way the row came: api, or rss, which tells less (no number, no edit stamp, few fields).",
    nullable=False,
    vocabulary=("api", "rss"),
)

RELIEFWEB_REPORT = TableContract(
    table="reliefweb_report",
    feed="reliefweb",
    description="Reports that ReliefWeb catalogues (situation reports, assessments, news, maps): one row per report "
    "and recorded version; link and excerpt, never the text.",
    grain="report key x recorded version",
    key=("report_key",),
    publisher_columns=(
        Column(
            "report_key",
            "VARCHAR",
            "ReliefWeb's number of the report as text; from RSS the path of its address.",
            nullable=False,
        ),
        Column("report_id", "BIGINT", "ReliefWeb's number of the report; null from RSS.", minimum=1),
        Column("title", "VARCHAR", "Title as plain text; RSS puts the country before it.", nullable=False),
        Column("url", "VARCHAR", "Permanent address of the entry.", nullable=False, pattern=_HTTPS),
        Column("url_alias", "VARCHAR", "Readable address of the entry, as RSS gives it.", pattern=_HTTPS),
        Column("status", "VARCHAR", "Editorial status, as ReliefWeb words it; null from RSS."),
        Column(
            "primary_country_iso3",
            "VARCHAR",
            "ISO3 of the country that the report is mainly about; WLD is ReliefWeb's world.",
            pattern=_ISO3,
        ),
        Column(
            "country_iso3s",
            "VARCHAR",
            "ISO3 of every country that the report is about, ';' between, sorted.",
            pattern=_ISO3_LIST,
        ),
        Column("source_names", "VARCHAR", "Organisations that published it, ';' between, sorted."),
        Column(
            "source_shortnames",
            "VARCHAR",
            "Their short names, ';' between, sorted; not in the order of source_names.",
        ),
        Column("format_names", "VARCHAR", "Kinds of content (Situation Report, Map …), ';' between, sorted."),
        Column("theme_names", "VARCHAR", "Themes (Health, Protection …), ';' between, sorted."),
        Column("language_codes", "VARCHAR", "Languages of the report, ';' between, sorted."),
        Column(
            "disaster_ids",
            "VARCHAR",
            "ReliefWeb's numbers of the disasters it is about, ';' between, sorted.",
        ),
        Column("disaster_glides", "VARCHAR", "GLIDE numbers of those disasters, ';' between, sorted."),
        Column("disaster_type_names", "VARCHAR", "Kinds of disaster it is about, ';' between, sorted."),
        Column("date_original", "TIMESTAMP", "When its source published it (UTC)."),
        Column("date_created", "TIMESTAMP", "When ReliefWeb posted it (UTC)."),
        Column("date_changed", "TIMESTAMP", "When ReliefWeb last saved the entry (UTC); null from RSS."),
        Column("origin_url", "VARCHAR", "Address at its source, where ReliefWeb gives it.", pattern=_HTTPS),
        Column("excerpt", "VARCHAR", "Beginning of the text as plain text, at most 500 characters."),
    ),
    derived_columns=(_CHANNEL,),
    promotion=Promotion.VERSIONED,
    # The day of posting: the original's date may lie years back, and a save would make old reports new.
    event_date_column="date_created",
    max_quarantined_share=0.05,
    # Editors save entries often (a file, a tag that we do not keep); a version is a change of what we keep.
    content_ignores=("date_changed",),
)

RELIEFWEB_DISASTER = TableContract(
    table="reliefweb_disaster",
    feed="reliefweb",
    description="Disasters that ReliefWeb follows, archived ones included: one row per disaster and recorded version.",
    grain="disaster key x recorded version",
    key=("disaster_key",),
    publisher_columns=(
        Column(
            "disaster_key",
            "VARCHAR",
            "ReliefWeb's number of the disaster as text; from RSS the path of its address.",
            nullable=False,
        ),
        Column("disaster_id", "BIGINT", "ReliefWeb's number of the disaster; null from RSS.", minimum=1),
        Column("name", "VARCHAR", "Name of the disaster.", nullable=False),
        Column("glide", "VARCHAR", "GLIDE number, null while none is issued."),
        Column(
            "status",
            "VARCHAR",
            "Where ReliefWeb's coverage stands: alert, current or ongoing, past, or archived; null from RSS.",
            vocabulary=("alert", "current", "ongoing", "past", "alert-archive", "archive"),
            severity="warn",
        ),
        Column("primary_type", "VARCHAR", "Main kind of disaster (Drought, Epidemic …)."),
        Column("type_names", "VARCHAR", "Every kind of disaster, ';' between, sorted."),
        Column("primary_country_iso3", "VARCHAR", "ISO3 of the country mainly affected.", pattern=_ISO3),
        Column(
            "country_iso3s",
            "VARCHAR",
            "ISO3 of every country affected, ';' between, sorted.",
            pattern=_ISO3_LIST,
        ),
        Column("date_event", "TIMESTAMP", "When it began (UTC)."),
        Column("date_created", "TIMESTAMP", "When ReliefWeb began to follow it (UTC); null from RSS."),
        Column("date_changed", "TIMESTAMP", "When ReliefWeb last saved the entry (UTC); null from RSS."),
        Column("url", "VARCHAR", "Permanent address of the entry.", nullable=False, pattern=_HTTPS),
        Column("url_alias", "VARCHAR", "Readable address of the entry, as RSS gives it.", pattern=_HTTPS),
    ),
    derived_columns=(_CHANNEL,),
    promotion=Promotion.VERSIONED,
    # What a disaster is dated by everywhere, and the one date that both ways tell.
    event_date_column="date_event",
    max_quarantined_share=0.05,
    content_ignores=("date_changed",),
)
