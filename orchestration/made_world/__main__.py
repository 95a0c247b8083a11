"""``python -m orchestration.made_world`` serves the made world by hand, to look at or to try feeds on."""

import argparse
import time
from datetime import UTC, datetime

from orchestration.made_world import MADE_LABEL, WORLD_END, Publishers, World, serve
from orchestration.made_world.publishers import UCDP_TOKEN


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m orchestration.made_world", description=MADE_LABEL)
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument(
        "--scale", type=float, default=1.0, help="how much happens, 1 is about 6,000 fatal incidents"
    )
    parser.add_argument("--as-of", type=instant, default=WORLD_END, help="such as 2026-06-20T12:00, in UTC")
    options = parser.parse_args()
    publishers = Publishers(World(options.seed, options.scale), options.as_of)
    with serve(publishers, options.port) as served:
        print(f"{MADE_LABEL}, as of {publishers.as_of.isoformat()}. Stop with Ctrl-C.")
        for name, value in served.environment().items():
            print(f"{name}={value}")
        print(f"# UCDP_TOKEN={UCDP_TOKEN} has UCDP asked through its API")
        print(f"SAHEL_NOW={publishers.as_of.isoformat()}", flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            pass


def instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


if __name__ == "__main__":
    main()
