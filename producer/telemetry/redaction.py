"""Keeps secrets out of everything that leaves the process as text: log lines, status, configuration, labels.

The last guard, not the first: values are masked where they are held. Configured secrets are known here by value, in the
spellings in which they travel; access tokens are known by the header that carries them.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "***"
MOST_SECRETS = 64
_AUTHORIZATION = re.compile(r"\b(Basic|Bearer)\s+[A-Za-z0-9+/=._~-]{20,}", re.IGNORECASE)


class Redactor:
    """Replaces every known secret by `***`. Knows at most 64 at a time; of more, the oldest is forgotten."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: OrderedDict[str, None] = OrderedDict()
        self._pattern: re.Pattern[str] | None = None
        for secret in secrets:
            self.learn(secret)

    def learn(self, secret: str) -> None:
        """Keep this value out from now on, for instance a secret that was rotated on disk."""
        if not secret.strip() or secret in self._secrets:
            return
        self._secrets[secret] = None
        if len(self._secrets) > MOST_SECRETS:
            self._secrets.popitem(last=False)
        spellings = {spelling for known in self._secrets for spelling in _spellings(known)}
        longest_first = sorted(spellings, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first)))

    def text(self, text: str) -> str:
        """The same text without secrets."""
        masked = self._pattern.sub(MASK, text) if self._pattern else text
        return _AUTHORIZATION.sub(rf"\1 {MASK}", masked)

    def value(self, value: Any) -> Any:
        """The same value without secrets in any of its texts, keys included; what holds no text stays as it is."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.value(key): self.value(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(map(self.value, value))
        if is_dataclass(value) and not isinstance(value, type):
            return replace(value, **{each.name: self.value(getattr(value, each.name)) for each in fields(value)})
        return value

    def __repr__(self) -> str:
        return f"Redactor({len(self._secrets)} secrets)"


def _spellings(secret: str) -> set[str]:
    """A secret as it is, in a URL, in a form, and inside a repr."""
    return {secret, quote(secret, safe=""), quote(secret), quote_plus(secret), repr(secret)[1:-1]}
