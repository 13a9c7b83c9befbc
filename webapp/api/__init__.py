"""The REST resources, one file each; handlers parse, call and serialise."""

from __future__ import annotations

from webapp.api import builds, filters, grid, meta, pipelines, series, sources, summary, waiting

BLUEPRINTS = (
    builds.blueprint,
    summary.blueprint,
    pipelines.blueprint,
    series.blueprint,
    grid.blueprint,
    waiting.blueprint,
    sources.blueprint,
    filters.blueprint,
    meta.blueprint,
)
