"""Whether a token belongs to the organisation that is meant. Pure."""

from __future__ import annotations

from producer import errors


def refuse_other(actual: str | None, *, realm_id: str | None, remembered: str | None = None) -> None:
    """Nothing is said where the API does not tell (None). `remembered` is what the checkpoint says.

    Raises WrongOrganisation.
    """
    for expected, where in ((realm_id, "genesys.realm_id"), (remembered, "the checkpoint")):
        if actual is not None and expected is not None and expected != actual:
            raise errors.WrongOrganisation(f"the token belongs to organisation {actual}, {where} says {expected}")
