from __future__ import annotations

from producer.doctor.results import NEEDS, Outcome, Prerequisite, all_well, complete, failed, ok, warning

ALL = [ok(each, "fine") for each in Prerequisite]


def test_there_is_one_result_for_each_prerequisite_in_order() -> None:
    assert [result.prerequisite for result in complete(reversed(ALL))] == list(Prerequisite)


def test_the_last_word_on_a_prerequisite_counts() -> None:
    told = complete([*ALL, failed(Prerequisite.LOGIN, "a new token is refused as well", "see")])

    assert {each.prerequisite for each in told if each.outcome is Outcome.FAILED} == {Prerequisite.LOGIN}


def test_what_nobody_told_is_skipped_with_the_first_of_its_needs_that_failed() -> None:
    told = complete([ok(Prerequisite.SETTINGS, ""), failed(Prerequisite.BROKER, "down", "start it")])
    skipped = {each.prerequisite: each.finding for each in told if each.outcome is Outcome.SKIPPED}

    assert skipped[Prerequisite.TOPICS] == "broker failed"
    assert skipped[Prerequisite.TRANSACTIONAL_ID] == "broker failed"
    assert skipped[Prerequisite.LOGIN] == "nobody could tell"


def test_without_settings_everything_that_needs_them_is_skipped_for_them() -> None:
    told = complete([failed(Prerequisite.SETTINGS, "bad", "mend"), ok(Prerequisite.SECRETS, "")])

    assert {each.finding for each in told if each.prerequisite in NEEDS} == {"settings failed"}


def test_warnings_do_not_fail() -> None:
    assert all_well([*ALL, warning(Prerequisite.TOPICS, "other", "see")])
    assert not all_well([*ALL, failed(Prerequisite.TOPICS, "other", "see")])
