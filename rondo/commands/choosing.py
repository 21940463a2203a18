"""Which dead letters are meant by what was typed."""

from collections.abc import Sequence

from rondo.commands.ending import Failed
from rondo.dead_letters import Became, Letter


def chosen(letters: Sequence[Letter], numbers: Sequence[int]) -> list[Letter]:
    """Return the letters of these numbers, each once, in the order of the log. Raises ``Failed``."""
    known = {number for one in letters for number in one.numbers}
    if missing := sorted(set(numbers) - known):
        raise Failed(f"There is no dead letter {missing[0]}; `rondo dead-letters` shows which there are.")
    return [one for one in letters if set(numbers) & set(one.numbers)]


def wanted(letters: Sequence[Letter], numbers: Sequence[int], stage: str | None, reason: str | None) -> list[Letter]:
    """Return the letters that are to be sent again: those of these numbers, without any those that are dead and match.

    Raises ``Failed`` where a number is no letter's.
    """
    if numbers:
        return chosen(letters, numbers)
    return [one for one in letters if one.became is Became.DEAD and matches(one, stage, reason)]


def page(letters: Sequence[Letter], last: int, before: int | None) -> list[Letter]:
    """Return so many letters at most, the last ones of those before one, by its number. Raises ``Failed``."""
    places = (place for place, one in enumerate(letters) if before in one.numbers)
    if (stop := len(letters) if before is None else next(places, None)) is None:
        raise Failed(f"There is no dead letter {before} among these.")
    return list(letters[max(0, stop - last) : stop])


def matches(letter: Letter, stage: str | None, reason: str | None) -> bool:
    """Tell whether a letter is a stage's, and has a text in its reason."""
    return stage in {None, letter.stage} and (reason is None or reason.casefold() in letter.reason.casefold())
