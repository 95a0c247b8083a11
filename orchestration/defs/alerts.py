"""The sensor that tells of new alerts as soon as a version with them is published.

Only the tick. What is told, to whom and how often is `orchestration.delivery`, which `sahel alerts --deliver` calls too.
"""

import json

import dagster as dg

from orchestration.defs.resources import SahelResource
from orchestration.delivery import EXPECTED, HOW, DeliveryBusy, PublishedTooOld, deliver, is_configured
from orchestration.settings import Settings


class DeliveryFailed(Exception):
    """What a tick that could not tell shows of it: one line, without the webhook's address."""


@dg.sensor(
    name="new_alerts",
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=300,
    description=(
        "Posts new alerts to SAHEL_WEBHOOK_URL and writes them as a feed and a digest (SAHEL_ALERT_FILES) when a version is "
        "published, each alert once. With neither set it does nothing. Runs nothing, and never opens the warehouse."
    ),
)
def new_alerts(context: dg.SensorEvaluationContext, sahel: SahelResource) -> dg.SensorResult | dg.SkipReason:
    settings = sahel.settings
    if not is_configured(settings):
        return dg.SkipReason(f"nobody is to be told; {HOW}")
    if not settings.bi_file.is_file():
        return dg.SkipReason("nothing is published yet; run `sahel demo` or `sahel run`, or start a job here")
    # Taken before the file is read: a version that is put in place meanwhile is another one at the next tick.
    cursor = _mark(settings)
    if context.cursor == cursor:
        return dg.SkipReason("the published version has been told of")
    failure = None
    try:
        delivered = deliver(settings)
    except (PublishedTooOld, DeliveryBusy) as error:
        return dg.SkipReason(f"{error}")
    except EXPECTED as error:
        failure = f"{error}"
    if failure:
        # Outside of the handler: a tick shows an error with all that led to it. The cursor stays, so that the next one tries again.
        raise DeliveryFailed(failure)
    return dg.SensorResult(skip_reason="; ".join(delivered.lines()), cursor=cursor)


def _mark(settings: Settings) -> str:
    """Which file is published, and who is told of which alerts; the webhook itself is a secret and no part of it."""
    file = settings.bi_file.stat()
    return json.dumps(
        {
            "file": [file.st_ino, file.st_mtime_ns],
            "webhook": settings.webhook_url is not None,
            "files": settings.alert_files,
            "level": settings.alert_level,
        }
    )
