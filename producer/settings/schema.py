"""The JSON Schema of the settings file, for editors and for the generated reference."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from producer.settings.model import Settings
from producer.settings.values import span_text


class _Schema(GenerateJsonSchema):
    """Defaults in the form they are written in, and no titles that only repeat a name."""

    def encode_default(self, dft: Any) -> Any:
        if isinstance(dft, timedelta):
            return span_text(dft)
        if isinstance(dft, tuple):
            return [self.encode_default(each) for each in dft]
        return super().encode_default(dft)

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - the signature is given
        return False


def json_schema() -> dict[str, Any]:
    """Every setting with its documentation, default and bounds, as JSON Schema."""
    schema = Settings.model_json_schema(schema_generator=_Schema, mode="serialization")
    return {"$schema": _Schema.schema_dialect, **schema}
