"""Changed alerts, for whoever listens on /ws.

Alerts are no part of the change feed: its seq is that of builds, and resuming by it must stay lossless. Which alerts
changed is told by when they last did, as it is kept; what was told of a moment ago is remembered, because
transactions do not become visible in the order of their clocks. A page that missed one asks for alerts anew.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from webapp import store_alerts
from webapp.alert_frames import AlertChange
from webapp.db import Lanes
from webapp.live import Change

if TYPE_CHECKING:
    from collector.storage.database import Database
    from config.model import Config

OVERLAP = timedelta(minutes=1)
AT_ONCE = 500


class AlertWatch:
    """Remembers which states of alerts were told. Every call reads in the watcher's thread."""

    def __init__(self, lanes: Lanes, database: Database, config: Config, clock: Callable[[], datetime]) -> None:
        self._lanes, self._database, self._config, self._clock = lanes, database, config, clock
        self._from = clock()
        self._told: dict[int, str] = {}

    def changed(self, *, told: bool = True) -> list[AlertChange]:
        """The alerts that changed since the last call; none when nobody is ``told``. Raises Unavailable.

        The clock may be set back, so the look begins at whichever is earlier: the last one's or the present.
        """
        now = self._clock()
        since = min(self._from, now) - OVERLAP
        recent = dict(self._lanes.watch(store_alerts.alert_changes, self._database, since))
        ids = [alert_id for alert_id, at in recent.items() if self._told.get(alert_id) != at]
        found = self._read(ids) if told else []
        self._told, self._from = recent, now
        return found

    def _read(self, ids: list[int]) -> list[AlertChange]:
        parts = [ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE)]
        found = [one for part in parts for one in self._lanes.watch(store_alerts.alerts_by_id, self._database, part)]
        return [_change(store_alerts.shown(alert, self._config)) for alert in found]


def _change(alert: dict[str, Any]) -> AlertChange:
    return AlertChange(alert, Change(0, alert, alert["on_default"]))
