"""The vocabulary of contracts: ``Column``, ``TableContract``, ``Promotion`` and the provenance every row carries.

No table is described here, and nothing here touches a database.
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum

_IDENTIFIER = re.compile(r"^[a-z_][a-z0-9_]{0,62}$")


class Promotion(StrEnum):
    """How landing rows become versions in ``raw``."""

    APPEND = "append"
    """The publisher never revises: a partition is added once, a key is kept once (GDELT)."""
    VERSIONED = "versioned"
    """A row whose content differs from the newest version of its key is a new version (news)."""
    RELEASE = "release"
    """As VERSIONED, and keys that a superseding release omits get a tombstone version (UCDP)."""
    SNAPSHOT = "snapshot"
    """As VERSIONED, and each payload tells all there is: keys that it omits get a tombstone version."""
    DELETIONS = "deletions"
    """As VERSIONED, and each row tells of a key of another table that the publisher has deleted (ACLED)."""


@dataclass(frozen=True)
class Deletes:
    """Of which ``table`` a deletion list tells. A version edited after the deletion (a key issued anew) stays."""

    table: str
    edited: str
    """Column of that table: when the publisher last edited the row."""
    deleted: str
    """Column of the deletion list, in the same unit: when it deleted the row."""


@dataclass(frozen=True)
class Column:
    """A column as the publisher defines it.

    ``dtype`` is a DuckDB type. ``minimum``/``maximum`` are inclusive and, like ``vocabulary`` and
    ``pattern``, hold for non-null values. ``severity`` is what a violation means for the load:
    ``block`` stops it, ``warn`` lets it pass with a note.
    """

    name: str
    dtype: str
    description: str
    nullable: bool = True
    unit: str | None = None
    vocabulary: tuple[str | int, ...] | None = None
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None
    severity: str = "block"

    def __post_init__(self) -> None:
        if not _IDENTIFIER.match(self.name):
            raise ValueError(f"column name {self.name!r} is not a plain lower-case identifier")
        if self.severity not in ("block", "warn"):
            raise ValueError(f"column {self.name}: severity must be block or warn, not {self.severity!r}")


@dataclass(frozen=True)
class TableContract:
    """One landing/raw table: its grain (``key``), its columns in the publisher's order, its promotion.

    ``publisher_columns`` are what the wire carries; ``derived_columns`` are added by the parser
    (slot, stream, release, country key); provenance is added by the warehouse.
    """

    table: str
    feed: str
    description: str
    grain: str
    key: tuple[str, ...]
    publisher_columns: tuple[Column, ...]
    derived_columns: tuple[Column, ...] = ()
    promotion: Promotion = Promotion.VERSIONED
    event_date_column: str | None = None
    country_column: tuple[str, str] | None = None
    """The column that holds the country, and in which standard (iso3, numeric, gw, fips)."""
    deletes: Deletes | None = None
    max_quarantined_share: float = 0.05
    content_ignores: tuple[str, ...] = field(default=())
    """Columns whose change alone does not make a new version (a re-stamped release, a re-ordered list)."""

    def __post_init__(self) -> None:
        if not _IDENTIFIER.match(self.table):
            raise ValueError(f"table name {self.table!r} is not a plain lower-case identifier")
        names = [column.name for column in self.columns]
        if len(names) != len(set(names)):
            raise ValueError(f"{self.table}: a column is named twice")
        missing = set(self.key) - set(names)
        if missing:
            raise ValueError(f"{self.table}: key columns {sorted(missing)} are not columns")
        if (self.promotion is Promotion.DELETIONS) != (self.deletes is not None):
            raise ValueError(
                f"{self.table}: a list of deletions, and nothing else, says which table it is of"
            )

    @property
    def columns(self) -> tuple[Column, ...]:
        """Business columns, publisher's first: what ``parse`` must deliver."""
        return self.publisher_columns + self.derived_columns

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def content_columns(self) -> tuple[str, ...]:
        """Columns whose values decide whether a row is a new version."""
        return tuple(name for name in self.column_names if name not in self.content_ignores)


PROVENANCE: tuple[Column, ...] = (
    Column(
        "payload_sha256",
        "VARCHAR",
        "SHA-256 of the stored payload that the row was parsed from.",
        nullable=False,
    ),
    Column("released_at", "TIMESTAMP", "When the publisher released the row, as far as it says so (UTC)."),
    Column(
        "recorded_at", "TIMESTAMP", "The load's clock when this version was recorded (UTC).", nullable=False
    ),
    Column("attempt_id", "BIGINT", "The ledger attempt that recorded this version.", nullable=False),
    Column(
        "content_hash", "VARCHAR", "MD5 over the content columns; null where the publisher never revises."
    ),
    Column(
        "is_withdrawn",
        "BOOLEAN",
        "True for a tombstone: the publisher no longer reports the key.",
        nullable=False,
    ),
)
"""Columns that every raw table carries after its business columns (landing has only payload_sha256 and released_at)."""
