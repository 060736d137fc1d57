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


class Entity(NamedTuple):
    """Something with an id and a name."""

    id: str
    name: str


def person(dice: Random) -> str:
    """A name that somebody could have."""
    return f"{dice.choice(_FIRST)} {dice.choice(_LAST)}"


class Directory:
    """The entities that conversations refer to, and that the reference calls list."""

    def __init__(self, seed: int) -> None:
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

    def listing(self, kind: str) -> list[dict[str, Any]] | None:
        """The entities of a reference call, as the platform writes them; None for an unknown kind."""
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
                        "state": "active",
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
