"""Who and what the organisation consists of: queues, users, wrap-up codes, divisions, skills, flows.

Made once, from the seed.
"""

from __future__ import annotations

from random import Random
from typing import Any, NamedTuple

from producer.simulator import identity

_TEAMS = (
    "Sales",
    "Support",
    "Billing",
    "Returns",
    "Claims",
    "Retention",
    "Onboarding",
    "Technical",
    "Loyalty",
    "Orders",
)
_REGIONS = ("North", "South", "Île-de-France", "Zürich")
_CODES = (
    "Resolved",
    "Call back",
    "Escalated",
    "Wrong number",
    "Complaint",
    "Order taken",
    "Information",
    "No answer",
    "Spam",
)
_FIRST = ("Ana", "Zoë", "Jürgen", "Siân", "Łukasz", "Mónica", "Yuki", "Amélie", "Noor", "Oğuz", "Ivan", "Grace")
_LAST = (
    "Martin",
    "Nuñez",
    "Müller",
    "Ó Néill",
    "Kowalski",
    "García",
    "田中",
    "Lefèvre",
    "Haddad",
    "Öztürk",
    "Petrov",
    "Smith",
)

_LEFT = 10
"""Each tenth user has left: conversations still name them, and the list only where it is asked for any state."""


class Entity(NamedTuple):
    """Something with an id and a name."""

    id: str
    name: str


def person(dice: Random) -> str:
    """A name that somebody could have."""
    return f"{dice.choice(_FIRST)} {dice.choice(_LAST)}"


class Directory:
    """The entities that conversations refer to, and that the reference calls list: all but the part that is `unlisted`
    of the queues and wrap-up codes.
    """

    def __init__(self, seed: int, *, queues: int = 40, unlisted: float = 0.0) -> None:
        dice = Random(identity.spread(seed, "directory"))

        def entities(*names: str) -> tuple[Entity, ...]:
            return tuple(Entity(identity.uuid(dice), name) for name in names)

        self.organization = entities(f"Simulated organisation {seed}")[0]
        self.divisions = entities("Home", *_REGIONS)
        self.queues = entities(*(f"{team} {region}" for team in _TEAMS for region in _REGIONS))
        self.users = entities(*(f"{person(dice)} {number}" for number in range(1, 301)))
        self.wrapup_codes = entities(*(f"{code} {team}" for team in _TEAMS[:6] for code in _CODES))
        self.skills = entities(*(f"Skill {number}" for number in range(1, 21)))
        self.languages = entities("English", "Español", "Deutsch", "日本語")
        self.teams = entities(*_TEAMS)
        self.campaigns = entities("Winter", "Renewals", "Win back")
        self.flows = entities(*(f"Flow {team}" for team in _TEAMS))
        self.forms = entities("Quality", "Compliance", "Satisfaction")
        self.edges = entities(*(f"Edge {number}" for number in range(1, 9)))
        self.queues = _as_many(self.queues, queues, Random(identity.spread(seed, "queues")))
        self._unlisted = _some_of((self.queues, self.wrapup_codes), unlisted, Random(identity.spread(seed, "unlisted")))

    def listing(self, kind: str) -> list[dict[str, Any]] | None:
        """The entities that a reference call knows, as the platform writes them; None for an unknown kind."""
        entities = self._all(kind)
        return None if entities is None else [one for one in entities if one["id"] not in self._unlisted]

    def _all(self, kind: str) -> list[dict[str, Any]] | None:
        home = {"id": self.divisions[0].id, "name": self.divisions[0].name}
        match kind:
            case "routing/queues":
                return [{"id": one.id, "name": one.name, "division": home, "mediaSettings": {}} for one in self.queues]
            case "routing/wrapupcodes":
                return [{"id": one.id, "name": one.name, "division": home} for one in self.wrapup_codes]
            case "users":
                return [
                    {
                        "id": one.id,
                        "name": one.name,
                        "division": home,
                        "state": "inactive" if n % _LEFT == 0 else "active",
                        "username": f"u{n}@example.invalid",
                    }
                    for n, one in enumerate(self.users, 1)
                ]
            case "authorization/divisions":
                return [
                    {"id": one.id, "name": one.name, "homeDivision": n == 0, "objectCounts": {}}
                    for n, one in enumerate(self.divisions)
                ]
        return None


def _as_many(entities: tuple[Entity, ...], count: int, dice: Random) -> tuple[Entity, ...]:
    """The first of them, or more of the same names with a number."""
    more = range(len(entities), count)
    others = (Entity(identity.uuid(dice), f"{entities[number % len(entities)].name} {number}") for number in more)
    return (*entities[:count], *others)


def _some_of(kinds: tuple[tuple[Entity, ...], ...], part: float, dice: Random) -> frozenset[str]:
    """The ids of a part of each kind."""
    chosen = (dice.sample(entities, round(part * len(entities))) for entities in kinds)
    return frozenset(entity.id for entities in chosen for entity in entities)
