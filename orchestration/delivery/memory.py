"""What was told of which alert, where, when: one JSON line each in `delivery/sent.jsonl`, only ever added to.

Here: the file, and the lock that lets one delivery through at a time. Not here: what follows from it (webhook.py, files.py).
"""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Self

from orchestration.delivery.alerts import Alert, title
from orchestration.settings import Settings, naive

SENT, COUNTED, REVISED, COVERED, WITHDRAWN = "sent", "counted", "revised", "covered", "withdrawn"
"""What was told: the alert; that it is one of so many more; that its facts are others; that another one covers it; that
it no longer stands."""


class MemoryDamaged(RuntimeError):
    """What was told before cannot be read; the message says what to do. Nothing is told, rather than all once more."""


class DeliveryBusy(RuntimeError):
    """Another process is delivering on this home."""


@dataclass(frozen=True)
class Told:
    """A line. What is needed of an alert that may be gone tomorrow is kept with it."""

    channel: str
    alert_id: str
    action: str
    sent_at: datetime
    alert_kind: str
    rule: str
    rule_version: int
    series: str
    level: str
    source: str
    alert_date: date
    known_at: datetime
    title: str
    digest: str

    @classmethod
    def of(cls, alert: Alert, channel: str, action: str, now: datetime) -> Self:
        return cls(
            channel=channel,
            alert_id=alert.alert_id,
            action=action,
            sent_at=naive(now).replace(microsecond=0),
            alert_kind=alert.alert_kind,
            rule=alert.rule,
            rule_version=alert.rule_version,
            series=alert.series,
            level=alert.level,
            source=alert.source,
            alert_date=alert.alert_date,
            known_at=alert.known_at,
            title=title(alert),
            digest=alert.digest,
        )

    def later(self, action: str, now: datetime) -> Self:
        return replace(self, action=action, sent_at=naive(now).replace(microsecond=0))


class Memory:
    """What a channel was told last of each alert. To be used within ``locked``."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "sent.jsonl"
        self._whole = 0
        self._last: dict[tuple[str, str], Told] = {}
        self._read()

    def last(self, channel: str, alert_id: str) -> Told | None:
        return self._last.get((channel, alert_id))

    def of(self, channel: str) -> list[Told]:
        return [told for (known, _), told in self._last.items() if known == channel]

    def add(self, lines: Iterable[Told]) -> None:
        """Write lines and have them on the disk. What a crash left of an unfinished line is cut off first."""
        lines = list(lines)
        if not lines:
            return
        is_new = not self.path.exists()
        written = "".join(_encode(line) for line in lines).encode()
        with self.path.open("ab") as file:
            file.truncate(self._whole)
            file.write(written)
            file.flush()
            os.fsync(file.fileno())
        if is_new:
            _sync_folder(self.path.parent)
        self._whole += len(written)
        self._last |= {(line.channel, line.alert_id): line for line in lines}

    def _read(self) -> None:
        data = self.path.read_bytes() if self.path.exists() else b""
        # A line without its end was cut off by a crash: it counts as never written, and the alert is told again.
        self._whole = data.rfind(b"\n") + 1
        for number, line in enumerate(data[: self._whole].splitlines(), start=1):
            try:
                told = _decode(line)
            except (ValueError, TypeError, KeyError):
                raise MemoryDamaged(
                    f"line {number} of {self.path} cannot be read; delete that line and run it again (without the whole "
                    "file, the alerts of the last 90 days are told once more)"
                ) from None
            self._last[told.channel, told.alert_id] = told


@contextmanager
def locked(settings: Settings) -> Iterator[Memory]:
    """The home's memory, to this process alone. Raises ``DeliveryBusy`` at once where another one has it."""
    settings.delivery.mkdir(parents=True, exist_ok=True)
    with (settings.delivery / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DeliveryBusy("another process is delivering alerts now; it tells what is new") from None
        yield Memory(settings.delivery)


def _encode(line: Told) -> str:
    told = {
        name: value.isoformat() if isinstance(value, date) else value for name, value in asdict(line).items()
    }
    return json.dumps(told, ensure_ascii=False) + "\n"


def _decode(line: bytes) -> Told:
    told = json.loads(line)
    times = {name: datetime.fromisoformat(told[name]) for name in ("sent_at", "known_at")}
    return Told(**(told | times | {"alert_date": date.fromisoformat(told["alert_date"])}))


def _sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
