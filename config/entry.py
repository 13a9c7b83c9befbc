"""What every mapping of collectors.yaml has in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator


class Entry(BaseModel):
    """Immutable; unknown keys are errors, as a typo must not be silence; errors never repeat what was written."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        str_strip_whitespace=False,
        hide_input_in_errors=True,
    )

    @classmethod
    def misfits(cls, given: Mapping[str, object]) -> Iterator[str]:
        """What is wrong with keys that are each right, or may be: which are there together, which contradict others.

        ``given`` holds what has a value, by its key in the file: as types of an entry whose keys are all right, as it
        was written of one with a refused key (``config.refusals``), so that this is told beside that.
        """
        yield from ()

    @model_validator(mode="after")
    def _keys_fit(self) -> Self:
        values = {found.alias or name: getattr(self, name) for name, found in type(self).model_fields.items()}
        for problem in self.misfits({key: value for key, value in values.items() if value is not None}):
            raise ValueError(problem)
        return self
