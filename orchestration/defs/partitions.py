"""The partitions by which feeds are loaded and loaded again. Nothing but their definitions.

GDELT by day of DATEADDED; UCDP by release, which the publisher names and a sensor adds. News has none: an
outlet offers what it offers, and what is gone cannot be asked for again.
"""

import dagster as dg

from orchestration.feeds.gdelt import FIRST_SLOT

GDELT_DAY = dg.DailyPartitionsDefinition(
    start_date=FIRST_SLOT.date().isoformat(),
    timezone="UTC",
    # Today, too: its slots come in while it lasts.
    end_offset=1,
)
UCDP_RELEASE = dg.DynamicPartitionsDefinition(name="ucdp_release")
"""Event releases: 24.1 (annual), 26.01.26.06 (cumulative), 26.0.8 (monthly), or a file's label."""
UCDP_ACTOR_LIST = dg.DynamicPartitionsDefinition(name="ucdp_actor_list")
"""Actor lists: actor-22.1. A set of its own, or each event release would look like a missing actor list."""
