from __future__ import annotations

import uuid

from producer.simulator import identity


def test_an_id_is_a_uuid_that_decodes_to_its_key() -> None:
    for key in (0, 1, identity.pack(3, 29_000_000, 17), (1 << identity.KEY_BITS) - 1):
        identifier = identity.conversation_id(7, key)
        assert uuid.UUID(identifier).version == 4
        assert identity.key_of(7, identifier) == key


def test_foreign_ids_have_no_key() -> None:
    ours = identity.conversation_id(7, 12345)
    other = ("f" if ours[0] != "f" else "0") + ours[1:]
    assert [identity.key_of(7, one) for one in (other, str(uuid.uuid4()), "a", "", ours.upper())] == [None] * 5
    assert identity.key_of(8, ours) is None


def test_a_key_comes_apart_again() -> None:
    assert identity.unpack(identity.pack(2, 29_000_000, 200_000)) == (2, 29_000_000, 200_000)
