"""UCDP's releases: their names, the days they cover, where they lie, which one supersedes which.

Pure functions of names and dates. Not here: which releases exist today, which only the publisher knows
(``ucdp`` asks), and what superseding does to rows (promotion).
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date

EXAMPLES = "24.1 (annual), 26.0.8 (one month), 26.01.26.06 (January to June), actor-22.1"
ANNUAL_EXPECTED_FROM_MONTH = 7
"""The annual release comes in June."""
MONTHLY_EXPECTED_AFTER_DAYS = 45
"""The candidate events of a month come three to seven weeks after its end."""

_RANK = {"monthly": 0, "cumulative": 1, "annual": 2}
_COPY = re.compile(r"( ?\(\d+\)| - copy)?\.(csv|zip)$", re.IGNORECASE)
"""What browsers and people add to the name of a file."""


@dataclass(frozen=True)
class Release:
    """A release: its name, kind, the days it covers, and its path below the base URL ("" for a file)."""

    name: str
    kind: str
    path: str = ""
    period_start: date | None = None
    period_end: date | None = None

    @property
    def stream(self) -> str:
        return {"annual": "ged", "monthly": "candidate", "cumulative": "candidate"}.get(self.kind, self.kind)

    def is_expected(self, today: date) -> bool:
        """Whether the publisher's own rhythm says that it should be there by now."""
        if self.kind == "annual":
            return today >= date(self.period_end.year + 1, ANNUAL_EXPECTED_FROM_MONTH, 1)
        return self.kind == "monthly" and (today - self.period_end).days >= MONTHLY_EXPECTED_AFTER_DAYS


def parse_release(text: str) -> Release:
    """The release of that name. Raises ``ValueError`` with examples."""
    name = text.strip()
    if match := re.fullmatch(r"actor-(\d\d)\.1", name):
        return actor_list(2000 + int(match[1]))
    if match := re.fullmatch(r"(\d\d)\.1", name):
        return annual(2000 + int(match[1]))
    if match := re.fullmatch(r"(\d\d)\.0\.([1-9]|1[0-2])", name):
        return monthly(2000 + int(match[1]), int(match[2]))
    if match := re.fullmatch(r"(\d\d)\.(0[1-9]|1[0-2])\.\1\.(0[1-9]|1[0-2])", name):
        year, first, last = 2000 + int(match[1]), int(match[2]), int(match[3])
        if first <= last:
            return cumulative(year, last, first)
    raise ValueError(f"ucdp: {text!r} is not a UCDP release; write for example {EXAMPLES}")


def annual(year: int) -> Release:
    """The release of that year, which covers up to the year before."""
    yy = f"{year % 100:02d}"
    path = f"/downloads/ged/ged{yy}1-csv.zip"
    return Release(f"{yy}.1", "annual", path, date(1989, 1, 1), date(year - 1, 12, 31))


def cumulative(year: int, last: int, first: int = 1) -> Release:
    """The candidate events of the months from ``first`` to ``last`` in one file."""
    yy = f"{year % 100:02d}"
    name = f"{yy}.{first:02d}.{yy}.{last:02d}"
    path = f"/downloads/candidateged/GEDEvent_v{name.replace('.', '_')}.csv"
    return Release(name, "cumulative", path, date(year, first, 1), _month_end(year, last))


def monthly(year: int, month: int) -> Release:
    """The candidate events of one month, with revisions of a few earlier ones."""
    yy = f"{year % 100:02d}"
    path = f"/downloads/candidateged/GEDEvent_v{yy}_0_{month}.csv"
    return Release(f"{yy}.0.{month}", "monthly", path, date(year, month, 1), _month_end(year, month))


def actor_list(year: int) -> Release:
    """The actor list of that year's version."""
    yy = f"{year % 100:02d}"
    return Release(f"actor-{yy}.1", "actor", f"/downloads/actor/ucdp-actor-{yy}1.csv")


def period_of(release: str) -> tuple[date | None, date | None]:
    """First and last day that a release covers; (None, None) for actor lists and labels of files."""
    try:
        found = parse_release(release)
    except ValueError:
        return None, None
    return found.period_start, found.period_end


def release_order(release: str) -> tuple[int, date, int, str]:
    """A sort key by which a later release supersedes an earlier one where both tell of the same time.

    By the last day covered; on the same day the more complete one is the later (monthly, cumulative,
    annual). Actor lists come after all events, by version; labels of files come last.
    """
    try:
        found = parse_release(release)
    except ValueError:
        return 2, date.max, 0, release
    if found.period_end is None:
        return 1, date.max, 0, found.name
    return 0, found.period_end, _RANK[found.kind], found.name


def release_of_file(file_name: str) -> Release | None:
    """The release that the publisher's own file name tells (``GEDEvent_v26_0_8.csv``, ``ged241-csv.zip``)."""
    name = _COPY.sub("", file_name)
    if match := re.fullmatch(r"ged(\d\d)1(-csv)?", name, re.IGNORECASE):
        return parse_release(f"{match[1]}.1")
    if match := re.fullmatch(r"gedevent_v(\d\d(?:_\d{1,2}){1,3})", name, re.IGNORECASE):
        try:
            return parse_release(match[1].replace("_", "."))
        except ValueError:
            return None
    return None


def _month_end(year: int, month: int) -> date:
    return date(year, month, monthrange(year, month)[1])
