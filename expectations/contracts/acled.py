"""Contracts of the ACLED tables: the events as last edited, and the list of those that were deleted.

Columns are the wire's own, under their own names, as the API sends them by default (one row per event) with
``population=full``. Which rows there are to ask for, and what an empty answer means, is the feed's business.
"""

from expectations.contracts.columns import Column, Deletes, Promotion, TableContract

EVENT_TYPES: dict[str, tuple[str, ...]] = {
    "Battles": ("Armed clash", "Government regains territory", "Non-state actor overtakes territory"),
    "Explosions/Remote violence": (
        "Chemical weapon",
        "Air/drone strike",
        "Suicide bomb",
        "Shelling/artillery/missile attack",
        "Remote explosive/landmine/IED",
        "Grenade",
    ),
    "Violence against civilians": ("Sexual violence", "Attack", "Abduction/forced disappearance"),
    "Protests": ("Peaceful protest", "Protest with intervention", "Excessive force against protesters"),
    "Riots": ("Violent demonstration", "Mob violence"),
    "Strategic developments": (
        "Agreement",
        "Arrests",
        "Change to group/activity",
        "Disrupted weapons use",
        "Headquarters or base established",
        "Looting/property destruction",
        "Non-violent transfer of territory",
        "Other",
    ),
}
"""Event types and their sub-event types (ACLED codebook). A new one is loaded, with a warning."""

ACLED_EVENT = TableContract(
    table="acled_event",
    feed="acled",
    description="ACLED events as published and edited: rows are overwritten under their id, and deleted, for months.",
    grain="event id x recorded version",
    key=("event_id_cnty",),
    publisher_columns=(
        Column(
            "event_id_cnty",
            "VARCHAR",
            "ACLED event id: a country prefix and a number. Kept when the event is re-coded, also to another country.",
            nullable=False,
        ),
        Column("event_date", "DATE", "Day of the event.", nullable=False),
        Column("year", "INTEGER", "Year of the event.", minimum=1900, maximum=2100, severity="warn"),
        Column(
            "time_precision",
            "INTEGER",
            "1 exact day, 2 within a week, 3 within a month.",
            vocabulary=(1, 2, 3),
            severity="warn",
        ),
        Column(
            "disorder_type", "VARCHAR", "Political violence, Demonstrations, Strategic developments, or two."
        ),
        Column(
            "event_type",
            "VARCHAR",
            "One of six event types.",
            vocabulary=tuple(EVENT_TYPES),
            severity="warn",
        ),
        Column(
            "sub_event_type",
            "VARCHAR",
            "One of 25 sub-event types.",
            vocabulary=tuple(sub for subs in EVENT_TYPES.values() for sub in subs),
            severity="warn",
        ),
        Column("actor1", "VARCHAR", "Actor; that it stands first does not make it the attacker."),
        Column("assoc_actor_1", "VARCHAR", "Actors associated with actor 1, separated by semicolons."),
        Column("inter1", "VARCHAR", "Kind of actor 1: a label, or a code 1-8."),
        Column("actor2", "VARCHAR", "Second actor, if there is one."),
        Column("assoc_actor_2", "VARCHAR", "Actors associated with actor 2, separated by semicolons."),
        Column("inter2", "VARCHAR", "Kind of actor 2: a label, or a code 0-8."),
        Column("interaction", "VARCHAR", "The pair of kinds: a label, or a two-digit code."),
        Column("civilian_targeting", "VARCHAR", "Civilian targeting, where civilians were the main target."),
        Column("iso", "INTEGER", "ISO 3166-1 numeric code of the country, as a number.", nullable=False),
        Column("region", "VARCHAR", "ACLED region."),
        Column("country", "VARCHAR", "Country as ACLED spells it."),
        Column("admin1", "VARCHAR", "First-order administrative unit as ACLED spells it."),
        Column("admin2", "VARCHAR", "Second-order administrative unit as ACLED spells it."),
        Column("admin3", "VARCHAR", "Third-order administrative unit as ACLED spells it."),
        Column("location", "VARCHAR", "Name of the place."),
        Column(
            "latitude",
            "DOUBLE",
            "Latitude (WGS 84).",
            unit="degrees",
            minimum=-90,
            maximum=90,
            severity="warn",
        ),
        Column(
            "longitude",
            "DOUBLE",
            "Longitude (WGS 84).",
            unit="degrees",
            minimum=-180,
            maximum=180,
            severity="warn",
        ),
        Column(
            "geo_precision",
            "INTEGER",
            "1 the town itself, 2 near it or in a small area, 3 a larger region.",
            vocabulary=(1, 2, 3),
            severity="warn",
        ),
        Column("source", "VARCHAR", "Sources, separated by semicolons."),
        Column(
            "source_scale", "VARCHAR", "Scale of the sources: local, national, international and the like."
        ),
        Column("notes", "VARCHAR", "What happened, in a few sentences."),
        Column(
            "fatalities",
            "INTEGER",
            "Reported fatalities, the most conservative figure; not attributed to a side.",
            nullable=False,
            unit="deaths",
            minimum=0,
        ),
        Column(
            "tags", "VARCHAR", "Tags, separated by semicolons; a crowd size may be a figure or a category."
        ),
        Column(
            "timestamp",
            "BIGINT",
            "When ACLED last edited the row (Unix seconds).",
            nullable=False,
            unit="seconds",
            minimum=0,
        ),
        Column(
            "population_best",
            "BIGINT",
            "Best estimate of the people living near the place.",
            unit="people",
            minimum=0,
            severity="warn",
        ),
        Column(
            "population_1km",
            "BIGINT",
            "People living within 1 km.",
            unit="people",
            minimum=0,
            severity="warn",
        ),
        Column(
            "population_2km",
            "BIGINT",
            "People living within 2 km.",
            unit="people",
            minimum=0,
            severity="warn",
        ),
        Column(
            "population_5km",
            "BIGINT",
            "People living within 5 km.",
            unit="people",
            minimum=0,
            severity="warn",
        ),
    ),
    derived_columns=(
        Column("country_iso3", "VARCHAR", "ISO 3166-1 alpha-3 code, from iso.", nullable=False),
    ),
    promotion=Promotion.VERSIONED,
    event_date_column="event_date",
    country_column=("country_iso3", "iso3"),
    # A page may repeat events of the page before it; only a payload that is mostly unreadable stops the load.
    max_quarantined_share=0.5,
)

ACLED_DELETION = TableContract(
    table="acled_deletion",
    feed="acled",
    description="ACLED's list of deleted events; each deletion withdraws the event's versions recorded before it.",
    grain="event id x time of deletion",
    key=("event_id_cnty", "deleted_timestamp"),
    publisher_columns=(
        Column("event_id_cnty", "VARCHAR", "ACLED event id that was deleted.", nullable=False),
        Column(
            "deleted_timestamp",
            "BIGINT",
            "When ACLED deleted it (Unix seconds).",
            nullable=False,
            unit="seconds",
            minimum=0,
        ),
    ),
    promotion=Promotion.DELETIONS,
    deletes=Deletes(table="acled_event", edited="timestamp", deleted="deleted_timestamp"),
    max_quarantined_share=0.5,
)
