"""Contracts of the GDELT 2.0 tables: events (export, 61 columns) and mentions (16 columns).

Codes are text with their leading zeros; geography is FIPS 10-4; times are UTC. Source: the GDELT
Event Codebook V2.0. Rows are media coverage, never incidents.
"""

from dataclasses import replace

from expectations.contracts.columns import Column, Promotion, TableContract


def _doubts_only_warn(*columns: Column) -> tuple[Column, ...]:
    """What GDELT codes oddly is still what it published: only a row without its key stops a load."""
    return tuple(replace(column, severity="warn") if column.nullable else column for column in columns)


def _actor(side: int) -> tuple[Column, ...]:
    prefix, who = f"actor{side}_", f"Actor {side}"
    return (
        Column(f"{prefix}code", "VARCHAR", f"{who}: full CAMEO actor code."),
        Column(f"{prefix}name", "VARCHAR", f"{who}: name as coded."),
        Column(f"{prefix}country_code", "VARCHAR", f"{who}: 3-letter CAMEO country code."),
        Column(f"{prefix}known_group_code", "VARCHAR", f"{who}: CAMEO known-group code."),
        Column(f"{prefix}ethnic_code", "VARCHAR", f"{who}: CAMEO ethnic code."),
        Column(f"{prefix}religion1_code", "VARCHAR", f"{who}: first CAMEO religion code."),
        Column(f"{prefix}religion2_code", "VARCHAR", f"{who}: second CAMEO religion code."),
        Column(f"{prefix}type1_code", "VARCHAR", f"{who}: first CAMEO role code."),
        Column(f"{prefix}type2_code", "VARCHAR", f"{who}: second CAMEO role code."),
        Column(f"{prefix}type3_code", "VARCHAR", f"{who}: third CAMEO role code."),
    )


def _geo(prefix: str, what: str) -> tuple[Column, ...]:
    return (
        Column(
            f"{prefix}_geo_type",
            "INTEGER",
            f"{what}: 0 none, 1 country, 2 US state, 3 US city, 4 world city, 5 world ADM1.",
            vocabulary=(0, 1, 2, 3, 4, 5),
        ),
        Column(f"{prefix}_geo_full_name", "VARCHAR", f"{what}: place name."),
        Column(f"{prefix}_geo_country_code", "VARCHAR", f"{what}: FIPS 10-4 country code."),
        Column(f"{prefix}_geo_adm1_code", "VARCHAR", f"{what}: FIPS country and ADM1 code."),
        Column(f"{prefix}_geo_adm2_code", "VARCHAR", f"{what}: GAUL (or US county) code."),
        Column(f"{prefix}_geo_lat", "DOUBLE", f"{what}: latitude.", unit="degrees", minimum=-90, maximum=90),
        Column(
            f"{prefix}_geo_long", "DOUBLE", f"{what}: longitude.", unit="degrees", minimum=-180, maximum=180
        ),
        Column(f"{prefix}_geo_feature_id", "VARCHAR", f"{what}: GNS or GNIS feature id, or text."),
    )


_SLOT_COLUMNS = (
    Column("slot_at", "TIMESTAMP", "The 15-minute slot the row was published in (UTC).", nullable=False),
    Column("is_translated", "BOOLEAN", "True if from the translingual feed.", nullable=False),
)

GDELT_EVENT = TableContract(
    table="gdelt_event",
    feed="gdelt",
    description="GDELT 2.0 events (export files): machine-coded coverage, one row per event id, never revised.",
    grain="global event id",
    key=("global_event_id",),
    publisher_columns=_doubts_only_warn(
        Column("global_event_id", "BIGINT", "GLOBALEVENTID.", nullable=False, minimum=1),
        Column(
            "sql_date",
            "INTEGER",
            "SQLDATE: date the event is said to have happened, yyyymmdd; may be a year off.",
        ),
        Column("month_year", "INTEGER", "MonthYear, yyyymm."),
        Column("year", "INTEGER", "Year."),
        Column("fraction_date", "DOUBLE", "FractionDate."),
        *_actor(1),
        *_actor(2),
        Column("is_root_event", "INTEGER", "1 if in the lead of the document.", vocabulary=(0, 1)),
        Column(
            "event_code",
            "VARCHAR",
            "CAMEO action code, leading zeros kept.",
            pattern="^[0-9]{2,4}$",
        ),
        Column("event_base_code", "VARCHAR", "CAMEO base code.", pattern="^[0-9]{2,3}$"),
        Column("event_root_code", "VARCHAR", "CAMEO root code, two digits.", pattern="^[0-9]{2}$"),
        Column(
            "quad_class",
            "INTEGER",
            "1 verbal cooperation, 2 material cooperation, 3 verbal conflict, 4 material conflict.",
            vocabulary=(1, 2, 3, 4),
        ),
        Column("goldstein_scale", "DOUBLE", "Goldstein score of the code.", minimum=-10, maximum=10),
        Column("num_mentions", "INTEGER", "Mentions in the first 15 minutes; never updated.", minimum=0),
        Column("num_sources", "INTEGER", "Sources in the first 15 minutes; never updated.", minimum=0),
        Column("num_articles", "INTEGER", "Articles in the first 15 minutes; never updated.", minimum=0),
        Column("avg_tone", "DOUBLE", "Average tone of those articles.", minimum=-100, maximum=100),
        *_geo("actor1", "Actor 1's place"),
        *_geo("actor2", "Actor 2's place"),
        *_geo("action", "Place of the action"),
        Column("date_added", "BIGINT", "DATEADDED, yyyymmddhhmmss UTC.", nullable=False),
        Column("source_url", "VARCHAR", "URL of the first report."),
    ),
    derived_columns=_SLOT_COLUMNS,
    promotion=Promotion.APPEND,
    event_date_column="slot_at",
)

GDELT_MENTION = TableContract(
    table="gdelt_mention",
    feed="gdelt",
    description="GDELT 2.0 mentions of events in documents, kept for the events in scope.",
    grain="global event id x mention time x document x sentence x actor offsets",
    key=(
        "global_event_id",
        "mention_time_date",
        "mention_identifier",
        "sentence_id",
        "actor1_char_offset",
        "actor2_char_offset",
    ),
    publisher_columns=_doubts_only_warn(
        Column(
            "global_event_id", "BIGINT", "GLOBALEVENTID of the mentioned event.", nullable=False, minimum=1
        ),
        Column("event_time_date", "BIGINT", "When the event was first seen, yyyymmddhhmmss UTC."),
        Column(
            "mention_time_date", "BIGINT", "When the mention was seen, yyyymmddhhmmss UTC.", nullable=False
        ),
        Column(
            "mention_type",
            "INTEGER",
            "1 web, 2 citation, 3 CORE, 4 DTIC, 5 JSTOR, 6 non-textual.",
            vocabulary=(1, 2, 3, 4, 5, 6),
        ),
        Column("mention_source_name", "VARCHAR", "Domain or name of the source."),
        Column("mention_identifier", "VARCHAR", "URL or citation of the document.", nullable=False),
        Column("sentence_id", "INTEGER", "Sentence of the mention, 1 is the lead.", nullable=False),
        Column("actor1_char_offset", "INTEGER", "Offset of actor 1 in the text; -1 if absent."),
        Column("actor2_char_offset", "INTEGER", "Offset of actor 2 in the text; -1 if absent."),
        Column("action_char_offset", "INTEGER", "Offset of the action in the text; -1 if absent."),
        Column("in_raw_text", "INTEGER", "1 if found in the raw text.", vocabulary=(0, 1)),
        Column(
            "confidence", "INTEGER", "Confidence in the extraction.", unit="percent", minimum=0, maximum=100
        ),
        Column("mention_doc_len", "INTEGER", "Length of the document.", unit="characters", minimum=0),
        Column("mention_doc_tone", "DOUBLE", "Tone of the document.", minimum=-100, maximum=100),
        Column("mention_doc_translation_info", "VARCHAR", "srclc:…;eng:… where translated."),
        Column("extras", "VARCHAR", "Reserved by the publisher."),
    ),
    derived_columns=_SLOT_COLUMNS,
    promotion=Promotion.APPEND,
    event_date_column="slot_at",
)
