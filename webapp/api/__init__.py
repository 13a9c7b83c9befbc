"""The REST resources, one file each; handlers parse, call and serialise."""

from __future__ import annotations

from webapp.api import (
    alerts,
    builds,
    filters,
    grid,
    meta,
    pipelines,
    receivers,
    series,
    silences,
    sources,
    summary,
    waiting,
)

BLUEPRINTS = (
    builds.blueprint,
    summary.blueprint,
    pipelines.blueprint,
    series.blueprint,
    grid.blueprint,
    waiting.blueprint,
    alerts.blueprint,
    silences.blueprint,
    receivers.blueprint,
    sources.blueprint,
    filters.blueprint,
    meta.blueprint,
)
