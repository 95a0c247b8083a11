"""Contract of the boundary table: polygons of administrative units, from files that a person downloaded.

Each file is a snapshot of the countries and the level that it holds: a polygon that changes is a new version, one that
is left out is withdrawn. Which unit of ours a polygon is, dbt finds out; the table keeps the file's own words.
"""

from expectations.contracts.columns import Column, Promotion, TableContract

ADMIN_BOUNDARY = TableContract(
    table="admin_boundary",
    feed="boundaries",
    description="Polygons of administrative units: one row per unit as a file tells of it and recorded version.",
    grain="country x level x unit x recorded version",
    key=("country_iso3", "admin_level", "unit_key"),
    publisher_columns=(
        Column("unit_name", "VARCHAR", "Name of the unit as the file spells it.", nullable=False),
        Column(
            "unit_code", "VARCHAR", "Code of the unit in the file: a P-code, an ISO 3166-2 code or its own."
        ),
        Column("parent_name", "VARCHAR", "Name of the first-order unit it belongs to; level 2 only."),
        Column("parent_code", "VARCHAR", "Code of the first-order unit it belongs to; level 2 only."),
        Column("geometry", "VARCHAR", "Polygon or MultiPolygon as GeoJSON, WGS 84.", nullable=False),
    ),
    derived_columns=(
        Column("country_iso3", "VARCHAR", "ISO 3166-1 alpha-3 code.", nullable=False, pattern="^[A-Z]{3}$"),
        Column(
            "admin_level",
            "INTEGER",
            "1 or 2, as the file says; 1 where it does not.",
            nullable=False,
            vocabulary=(1, 2),
        ),
        Column("unit_key", "VARCHAR", "The code, or the name where there is none; ours.", nullable=False),
        Column("vertices", "INTEGER", "Points of its rings.", nullable=False, minimum=4),
        Column(
            "is_valid",
            "BOOLEAN",
            "Whether its rings neither cross themselves nor each other.",
            nullable=False,
        ),
        Column("south", "DOUBLE", "Least latitude.", nullable=False, minimum=-90, maximum=90),
        Column("west", "DOUBLE", "Least longitude.", nullable=False, minimum=-180, maximum=180),
        Column("north", "DOUBLE", "Greatest latitude.", nullable=False, minimum=-90, maximum=90),
        Column("east", "DOUBLE", "Greatest longitude.", nullable=False, minimum=-180, maximum=180),
    ),
    country_column=("country_iso3", "iso3"),
    promotion=Promotion.SNAPSHOT,
    # A polygon that is left out moves every event in it.
    max_quarantined_share=0.0,
)
