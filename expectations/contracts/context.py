"""Contracts of the context tables: population, displacement, coups, deaths of peacekeepers.

Figures of other publishers that give conflict its scale and background. Each payload tells a whole series,
past years revised, so each is a snapshot: what changes is a new version, what is left out is withdrawn.
The last column of a key is what a quarantined row begins with, so that it is not taken for left out.
"""

from expectations.contracts.columns import Column, Promotion, TableContract

_ISO3 = "^[A-Z]{3}$"
_YEAR = {"nullable": False, "minimum": 1900, "maximum": 2100}


def _people(name: str, description: str) -> Column:
    return Column(name, "BIGINT", description, unit="people", minimum=0)


WORLDBANK_INDICATOR = TableContract(
    table="worldbank_indicator",
    feed="worldbank",
    description="World Bank indicator values (population): one row per country, indicator, year and recorded version.",
    grain="country x indicator x year x recorded version",
    key=("indicator", "year", "country_iso3"),
    publisher_columns=(
        Column("country_iso3", "VARCHAR", "ISO 3166-1 alpha-3 code.", nullable=False, pattern=_ISO3),
        Column("indicator", "VARCHAR", "Indicator id, case-sensitive: SP.POP.TOTL.", nullable=False),
        Column("year", "INTEGER", "Year of the value.", **_YEAR),
        Column("value", "DOUBLE", "The value; null where the World Bank has none.", minimum=0),
        Column("indicator_name", "VARCHAR", "Indicator as the World Bank names it."),
        Column("obs_status", "VARCHAR", "Remark on the value (E estimate, F forecast); mostly empty."),
        Column("decimal_places", "INTEGER", "Decimals to show, as the World Bank advises.", minimum=0),
        Column(
            "last_updated", "DATE", "Day on which the World Bank last updated the series.", nullable=False
        ),
    ),
    country_column=("country_iso3", "iso3"),
    promotion=Promotion.SNAPSHOT,
    max_quarantined_share=0.01,
    content_ignores=("last_updated", "indicator_name", "decimal_places"),
)

UNHCR_POPULATION = TableContract(
    table="unhcr_population",
    feed="unhcr",
    description="UNHCR population figures: one row per country of origin, country of asylum, year and recorded version.",
    grain="country of origin x country of asylum x year x recorded version",
    key=("year", "country_origin_iso3", "country_asylum_iso3"),
    publisher_columns=(
        Column("year", "INTEGER", "Year; stocks are at its end, or in its middle for the newest.", **_YEAR),
        Column(
            "country_origin_iso3",
            "VARCHAR",
            "Country of origin as UNHCR codes it: ISO 3166-1 alpha-3, or a code of its own (stateless, unknown).",
            nullable=False,
            pattern=_ISO3,
        ),
        Column(
            "country_asylum_iso3",
            "VARCHAR",
            "Country of asylum, ISO 3166-1 alpha-3; for the internally displaced the country itself.",
            nullable=False,
            pattern=_ISO3,
        ),
        _people("refugees", "Refugees under UNHCR's mandate, and people in refugee-like situations."),
        _people("asylum_seekers", "People whose claim for asylum is pending."),
        _people("returned_refugees", "Refugees who returned during the year."),
        _people("idps", "Internally displaced people of concern to UNHCR; not IDMC's total."),
        _people("returned_idps", "Internally displaced people who returned during the year."),
        _people("stateless", "Stateless people."),
        _people("ooc", "Others of concern to UNHCR."),
        _people("oip", "Other people in need of international protection."),
        _people("hst", "Host community."),
    ),
    # No country column: a row has two countries. Each batch says of which of them it tells all.
    promotion=Promotion.SNAPSHOT,
    max_quarantined_share=0.01,
)

IDMC_DISPLACEMENT = TableContract(
    table="idmc_displacement",
    feed="idmc",
    description="IDMC figures on internal displacement by conflict and violence: one row per country, year and recorded version.",
    grain="country x year x recorded version",
    key=("year", "country_iso3"),
    publisher_columns=(
        Column("country_iso3", "VARCHAR", "ISO 3166-1 alpha-3 code.", nullable=False, pattern=_ISO3),
        Column("country_name", "VARCHAR", "Country as IDMC names it."),
        Column("year", "INTEGER", "Year of the figures.", **_YEAR),
        _people(
            "new_displacement",
            "Displacements by conflict and violence during the year; a person displaced twice counts twice.",
        ),
        _people("new_displacement_rounded", "The same, rounded for publication."),
        _people(
            "total_displacement", "People living in displacement by conflict and violence at the year's end."
        ),
        _people("total_displacement_rounded", "The same, rounded for publication."),
    ),
    country_column=("country_iso3", "iso3"),
    promotion=Promotion.SNAPSHOT,
    content_ignores=("country_name",),
)

COUP = TableContract(
    table="coup",
    feed="coups",
    description="Coups and coup attempts: one row per attempt as a dataset lists it and recorded version.",
    grain="dataset x coup attempt x recorded version",
    key=("coup_id",),
    publisher_columns=(
        Column(
            "ccode",
            "INTEGER",
            "Correlates of War code of the country; Gleditsch and Ward's, where they agree.",
            nullable=False,
            minimum=1,
            maximum=999,
        ),
        Column("country", "VARCHAR", "Country as the dataset spells it.", nullable=False),
        Column("coup_date", "DATE", "Day of the attempt.", nullable=False),
        Column("number_in_year", "INTEGER", "The attempt's number in its year (CAM only).", minimum=1),
        Column("is_successful", "BOOLEAN", "Whether those in power were unseated.", nullable=False),
        Column("is_violent", "BOOLEAN", "Whether there was combat (CAM only)."),
        Column("version", "VARCHAR", "Version of the dataset as the file says."),
    ),
    derived_columns=(
        Column("coup_id", "VARCHAR", "dataset-ccode-date-number of the day; ours.", nullable=False),
        Column(
            "dataset",
            "VARCHAR",
            "powell_thyne (Powell and Thyne 2011 and updates) or cam (Coup Agency and Mechanisms; Albrecht, Koehler and Schutz 2021).",
            nullable=False,
            vocabulary=("powell_thyne", "cam"),
        ),
        Column("country_iso3", "VARCHAR", "ISO 3166-1 alpha-3 code.", nullable=False, pattern=_ISO3),
        Column(
            "number_of_day",
            "INTEGER",
            "1, and more where a dataset lists several attempts in a country on one day.",
            nullable=False,
            minimum=1,
        ),
    ),
    event_date_column="coup_date",
    country_column=("country_iso3", "iso3"),
    promotion=Promotion.SNAPSHOT,
    content_ignores=("version",),
)

PEACEKEEPER_FATALITY = TableContract(
    table="peacekeeper_fatality",
    feed="peacekeeping",
    description="Deaths in UN peace operations: one row per death and recorded version. No names, no gender.",
    grain="casualty id x recorded version",
    key=("casualty_id",),
    publisher_columns=(
        Column("casualty_id", "VARCHAR", "The UN's id: mission, day and number.", nullable=False),
        Column("incident_date", "DATE", "Day of the incident.", nullable=False),
        Column("mission_acronym", "VARCHAR", "The UN mission.", nullable=False),
        Column("type_of_casualty", "VARCHAR", "What the UN calls the casualty: Fatality."),
        Column("casualty_nationality", "VARCHAR", "Nationality as the UN spells it."),
        Column("casualty_personnel_type", "VARCHAR", "Military, Police, Civilian and the like."),
        Column(
            "type_of_incident", "VARCHAR", "Malicious Act, Accident, Illness, Self-Inflicted and the like."
        ),
        Column(
            "m49_code", "VARCHAR", "UN M49 code of the nationality as three-digit text.", pattern="^[0-9]{3}$"
        ),
        Column("isocode3", "VARCHAR", "ISO 3166-1 alpha-3 code of the nationality, as the UN gives it."),
        Column("last_update", "TIMESTAMP", "When the UN last updated the row, as it says."),
    ),
    derived_columns=(
        Column(
            "country_iso3",
            "VARCHAR",
            "Country of the mission's headquarters (peacekeeping_mission.csv), which need not be that of the incident.",
            pattern=_ISO3,
        ),
    ),
    event_date_column="incident_date",
    country_column=("country_iso3", "iso3"),
    promotion=Promotion.SNAPSHOT,
    max_quarantined_share=0.02,
    content_ignores=("last_update",),
)

CONTEXT_CONTRACTS = (WORLDBANK_INDICATOR, UNHCR_POPULATION, IDMC_DISPLACEMENT, COUP, PEACEKEEPER_FATALITY)
