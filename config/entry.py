"""What every mapping of collectors.yaml has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Entry(BaseModel):
    """Immutable; unknown keys are errors, as a typo must not be silence; errors never repeat what was written."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        str_strip_whitespace=False,
        hide_input_in_errors=True,
    )
