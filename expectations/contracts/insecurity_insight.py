"""Contract of the Insecurity Insight table: incidents that harmed education, aid, health care and the protected.

Here: the columns that four topics of the publisher (SiND) have in common, whatever each calls them. Not here: the
names per topic, which are the parser's business. The publisher's topics on sexual violence have no part in it, nor
has any field on it, and no field that may name a person.
"""

from expectations.contracts.columns import Column, Promotion, TableContract

DATASETS = ("education", "aid_workers", "protection", "health")
SEXUAL_VIOLENCE = r"(?i)\bsexual|\brap(e|ed|es|ing|ists?)\b|\bcrsv\b|\bs?gbv\b|\bmolest"
"""Texts with these words are left out, whichever field they stand in. RE2 and Python read it alike; it holds no
colon, which SQLAlchemy would take for a parameter."""

INSECURITY_INSIGHT_INCIDENT = TableContract(
    table="insecurity_insight_incident",
    feed="insecurity_insight",
    description=(
        "Incidents affecting education, aid operations, protection and health care as Insecurity Insight tells of "
        "them: one row per topic, incident and recorded version. One incident may stand in several topics."
    ),
    grain="dataset x event id x recorded version",
    key=("dataset", "event_id"),
    publisher_columns=(
        Column(
            "dataset",
            "VARCHAR",
            "Topic: education, aid_workers, protection or health.",
            nullable=False,
            vocabulary=DATASETS,
        ),
        Column(
            "event_id",
            "BIGINT",
            "SiND event id; the same incident has the same id in each topic that tells of it.",
            nullable=False,
            minimum=1,
        ),
        Column("event_date", "DATE", "Day of the incident as told.", nullable=False),
        Column(
            "country_iso3",
            "VARCHAR",
            "ISO 3166-1 alpha-3 code.",
            nullable=False,
            pattern="^[A-Z]{3}$",
        ),
        Column("country_name", "VARCHAR", "Country as the publisher spells it (OPT is Palestine, PSE)."),
        Column("admin_1", "VARCHAR", "First-order administrative unit as the publisher spells it."),
        Column(
            "latitude",
            "DOUBLE",
            "Latitude (WGS 84); null where it is censored.",
            unit="degrees",
            minimum=-90,
            maximum=90,
            severity="warn",
        ),
        Column(
            "longitude",
            "DOUBLE",
            "Longitude (WGS 84); null where it is censored.",
            unit="degrees",
            minimum=-180,
            maximum=180,
            severity="warn",
        ),
        Column(
            "geo_precision",
            "INTEGER",
            "The number in the publisher's brackets: 1 exact place, 2 within 25 km, 3 district or commune, 4 province, "
            "5 linear feature, 6 country; null where it is censored.",
            vocabulary=(1, 2, 3, 4, 5, 6, 7),
            severity="warn",
        ),
        Column("geo_precision_text", "VARCHAR", "Precision in the publisher's words, blanks trimmed."),
        Column("location_kind", "VARCHAR", "Kind of place: a school building, a home, on the road, a camp."),
        Column("perpetrator_kind", "VARCHAR", "Kind of the reported perpetrator."),
        Column("perpetrator_name", "VARCHAR", "Name of the armed group or force that is reported."),
        Column("weapon", "VARCHAR", "Weapon carried or used."),
        Column(
            "event_description",
            "VARCHAR",
            "What happened; null where the publisher withholds it, and where it tells of sexual violence.",
        ),
        Column("affected", "VARCHAR", "Kind of organisation, facility or person affected."),
        Column(
            "people_killed",
            "INTEGER",
            "People of the topic (staff, students, camp residents) killed; null if the topic does not tell.",
            unit="people",
            minimum=0,
        ),
        Column("people_injured", "INTEGER", "The same, injured.", unit="people", minimum=0),
        Column("people_kidnapped", "INTEGER", "The same, kidnapped.", unit="people", minimum=0),
        Column("people_arrested", "INTEGER", "The same, arrested.", unit="people", minimum=0),
        Column(
            "facilities_damaged",
            "INTEGER",
            "Schools (1 if any), health facilities or camps damaged or destroyed; null if the topic does not tell.",
            unit="facilities",
            minimum=0,
        ),
        Column(
            "details",
            "VARCHAR",
            "The topic's other known fields as a JSON object with sorted keys; never on sexual violence.",
            nullable=False,
        ),
    ),
    promotion=Promotion.SNAPSHOT,
    event_date_column="event_date",
    country_column=("country_iso3", "iso3"),
)
