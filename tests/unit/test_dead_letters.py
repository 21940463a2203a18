"""Which dead letters are meant, in which order, and how a command about them ends."""

from random import Random

import pytest
from click.testing import CliRunner

from rondo.commands.dead_letter_commands import check_put_back, dead_letters_group, matches, page, select, to_resend
from rondo.commands.exits import AWAY, FAILED, USAGE, Failed
from rondo.operator.dead_letters import Became, DeadLetterRecord, in_order
from tests.unit.domain.given import NOON

HOUR = 3_600_000
NOWHERE = -1


def dead_letter(
    number: int, offset: int = 0, *, died: int = NOON, stage: str = "tasks", topic: str = "t", **more
) -> DeadLetterRecord:
    """A letter of this number about the record at this offset."""
    one = DeadLetterRecord(stage, topic, 0, offset, died, b"u", None, (), [number])
    for name, value in more.items():
        setattr(one, name, value)
    return one


def offsets(dead_letters: list[DeadLetterRecord]) -> list[int]:
    return [one.offset for one in dead_letters]


def numbers(dead_letters: list[DeadLetterRecord]) -> list[int]:
    return [one.number for one in dead_letters]


def test_dead_letters_are_in_the_order_of_the_log_though_a_clock_was_set_back():
    after = dead_letter(2, 11, died=NOON - 2 * HOUR)
    assert offsets(in_order([after, dead_letter(1, 10)])) == [10, 11]


def test_dead_letters_are_in_the_order_of_the_log_though_the_later_record_was_dead_lettered_first():
    """As when the first letter is gone after 90 days, or views read again."""
    assert offsets(in_order([dead_letter(1, 11), dead_letter(2, 10)])) == [10, 11]


def test_dead_letters_of_several_inputs_are_in_the_order_in_which_they_arrived():
    found = [
        dead_letter(3, 7, topic="a"),
        dead_letter(1, 9, topic="b"),
        dead_letter(2, 5, topic="a"),
        dead_letter(4, 1, stage="audit"),
    ]
    assert numbers(in_order(found)) == [1, 2, 3, 4]


def test_timers_are_in_the_order_in_which_they_were_dead_lettered():
    assert numbers(in_order([dead_letter(2, NOWHERE, died=NOON - HOUR), dead_letter(1, NOWHERE)])) == [1, 2]


@pytest.mark.parametrize("seed", range(20))
def test_each_dead_letter_is_there_once_and_those_of_an_input_by_their_offsets(seed: int):
    chance = Random(seed)
    found = [
        dead_letter(n, chance.randrange(50), topic=chance.choice("ab"), died=chance.randrange(9)) for n in range(30)
    ]
    chance.shuffle(found)
    ordered = in_order(found)
    assert sorted(numbers(ordered)) == list(range(30))
    for topic in "ab":
        of_topic = offsets([one for one in ordered if one.topic == topic])
        assert of_topic == sorted(of_topic)


@pytest.mark.parametrize(
    ("stage", "reason", "meant"),
    [
        (None, None, True),
        ("tasks", None, True),
        ("audit", None, False),
        (None, "NO SCHEMA", True),
        (None, "no topic", False),
        ("tasks", "schema 64", True),
        ("audit", "schema 64", False),
        ("tasks", "schema 65", False),
    ],
)
def test_a_dead_letter_is_selected_by_its_stage_and_by_text_in_its_reason(
    stage: str | None, reason: str | None, meant: bool
):
    assert matches(dead_letter(1, reason="the registry has no schema 64"), stage, reason) == meant


def test_a_dead_letter_is_selected_by_any_of_its_numbers_once_and_in_the_order_of_the_log():
    found = [dead_letter(9, 1), dead_letter(2, 2), dead_letter(3, 3)]
    found[0].numbers = [1, 9]
    assert offsets(select(found, (3, 9, 1, 3))) == [1, 3]


def test_a_number_that_no_dead_letter_has_is_named():
    with pytest.raises(Failed, match="There is no dead letter 7"):
        select([dead_letter(1)], (1, 7))


def test_what_was_put_back_or_is_sent_is_only_sent_again_by_its_number():
    found = [dead_letter(n, n, became=became) for n, became in enumerate(Became)]
    dead, *others = found
    assert to_resend(found, (), None, None) == [dead]
    assert to_resend(found, tuple(numbers(others)), None, None) == others


def test_only_those_of_a_stage_and_a_reason_are_sent_again():
    found = [dead_letter(n, n, stage=stage, reason=f"schema {n % 2}") for n, stage in enumerate(["tasks", "audit"] * 3)]
    found[1].reason = "schema 0"
    assert numbers(to_resend(found, (), "tasks", None)) == [0, 2, 4]
    assert numbers(to_resend(found, (), None, "schema 0")) == [0, 1, 2, 4]
    assert numbers(to_resend(found, (), "audit", "schema 0")) == [1]
    assert numbers(to_resend(found, (), None, None)) == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("last", "before", "shown"),
    [(2, None, [3, 4]), (50, None, [0, 1, 2, 3, 4]), (2, 3, [1, 2]), (50, 3, [0, 1, 2]), (2, 0, [])],
)
def test_a_page_is_the_last_ones_before_a_dead_letter(last: int, before: int | None, shown: list[int]):
    assert numbers(page([dead_letter(n, n) for n in range(5)], last, before)) == shown


def test_a_page_before_an_unknown_dead_letter_is_refused():
    with pytest.raises(Failed, match="no dead letter 9 among these"):
        page([dead_letter(1)], 2, 9)


@pytest.mark.parametrize(
    "words", [(), ("--yes",), ("3", "--all"), ("3", "--stage", "tasks"), ("3", "--reason", "x"), ("--stage", "nobody")]
)
def test_what_is_sent_again_is_named_by_numbers_or_else_chosen(words: tuple[str, ...]):
    done = CliRunner().invoke(dead_letters_group, ["resend", *words])
    assert (done.exit_code, "Usage:" in done.output) == (USAGE, True)


@pytest.mark.parametrize(
    ("became", "status", "sentence"),
    [
        ([Became.PUT_BACK, Became.DEAD], FAILED, "1 of 2 could not be put back"),
        ([Became.PUT_BACK, "It is older than 90 days: …"], FAILED, "1 of 2 could not be put back"),
        ([Became.SENT, Became.DEAD], FAILED, "1 of 2 could not be put back"),
        ([Became.SENT, Became.PUT_BACK, Became.SENT], AWAY, "2 were resent, but their stages have not processed"),
    ],
)
def test_sending_again_ends_by_what_became_of_all(became: list[str], status: int, sentence: str):
    with pytest.raises(Failed, match=sentence) as failed:
        check_put_back(became)
    assert failed.value.exit_code == status


@pytest.mark.parametrize("became", [[], [Became.PUT_BACK] * 2])
def test_sending_again_is_done_once_all_are_put_back(became: list[str]):
    check_put_back(became)
