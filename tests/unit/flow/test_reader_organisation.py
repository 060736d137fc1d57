"""Whose token it is, and what it may do, before anything is read."""

from __future__ import annotations

from collections import deque

import pytest

from producer import errors, events
from producer.model import steps
from tests.support.build import at
from tests.support.desk import Desk, empty
from tests.support.lane import SOURCE, assembly, checkpoint
from tests.support.virtual_time import in_virtual_time


@in_virtual_time
async def test_the_organisation_is_remembered_before_anything_is_read() -> None:
    desk = Desk(answer=empty, organisations=deque(["org-1"]), expected="org-1")
    assert (await desk.run(1))[:2] == ["identified org-1", "started 09:54:00-09:59:30"]


@in_virtual_time
async def test_a_known_organisation_is_not_told_again() -> None:
    known = assembly(checkpoint("09:59"))
    known.take(steps.Identified(organisation_id="org-1"), at("10:00"))
    desk = Desk(answer=empty, organisations=deque(["org-1"]), stands=known.build(at("10:00")).checkpoint)
    assert (await desk.run(1))[0] == "started 09:54:00-09:59:30"


@in_virtual_time
async def test_an_organisation_that_can_not_be_verified_is_said_and_read_all_the_same() -> None:
    desk = Desk(answer=empty, organisations=deque([None]), expected="org-1")
    assert (await desk.run(1))[0] == "started 09:54:00-09:59:30"
    told = [event for event in desk.events if isinstance(event, events.OrganisationUnverified)]
    assert told == [events.OrganisationUnverified(source=SOURCE, expected="org-1")]


@in_virtual_time
async def test_what_is_not_permitted_is_said_before_anything_is_due() -> None:
    desk = Desk(answer=empty)
    desk.source.permissions.append(errors.PermissionMissing("403"))
    assert await desk.run(1) == []
    assert [event.reason for event in desk.events if isinstance(event, events.SourceBlocked)] == ["PermissionMissing"]


@pytest.mark.parametrize(
    ("expected", "remembered", "message"),
    [
        ("org-2", None, "the token belongs to organisation org-1, genesys.realm_id says org-2"),
        (None, "org-2", "the token belongs to organisation org-1, the checkpoint says org-2"),
        ("org-1", "org-2", "the token belongs to organisation org-1, the checkpoint says org-2"),
    ],
)
@in_virtual_time
async def test_nothing_is_read_of_another_organisation(
    expected: str | None, remembered: str | None, message: str
) -> None:
    known = assembly(checkpoint("09:59"))
    if remembered:
        known.take(steps.Identified(organisation_id=remembered), at("10:00"))
    stands = known.build(at("10:00")).checkpoint
    desk = Desk(answer=empty, organisations=deque(["org-1"]), stands=stands, expected=expected)
    assert await desk.run(100) == []
    blocked = [event for event in desk.events if isinstance(event, events.SourceBlocked)]
    assert [(event.reason, event.message, event.wait.total_seconds()) for event in blocked] == [
        ("WrongOrganisation", message, 60),
        ("WrongOrganisation", message, 120),
    ]


@in_virtual_time
async def test_an_organisation_that_can_not_be_asked_for_is_asked_for_again() -> None:
    desk = Desk(answer=empty, organisations=deque([errors.CredentialsRefused("401"), "org-1"]))
    assert (await desk.run(61))[:2] == ["identified org-1", "started 09:54:00-10:00:30"]
