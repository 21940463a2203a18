"""The most common queries: as a client sends them, and as SQL written by someone who knows the tables well.

By hand means: the same columns of the same tasks in the same order, with a condition on the user and all indexes, but
without parsing a filter and without row-level security. Each statement is planned every time, as Rondo's are: a generic
plan takes up to a hundred times as long for the user with the most tasks.
"""

from dataclasses import dataclass

from bench.queries.tasks import TODAY
from domain.query.search import Search, search
from postgres import task_queries
from postgres.task_queries import Position

PAGE = 50
ZONE = "UTC"
NOW = int(TODAY.timestamp() * 1000)

_READS = TODAY.replace(tzinfo=None)
_DAY = _READS.replace(hour=0)
_OWN = "from rondo.tasks where user_id = $1"
_WORDS = f"""{_OWN} and status <> 'DELETED' and words @@ $2::text::tsquery
    order by ts_rank(words, $2::text::tsquery) desc, created_at desc, id desc limit 51"""
_BESIDE = """select distinct lexeme from rondo.tasks, unnest(words)
    where user_id = $1 and words @@ $2::text::tsquery and lexeme ~ $3"""
_TAGGED = """and tasks.id in (
        select task_id from rondo.task_tags join rondo.tags on tags.id = tag_id where tags.user_id = $1 and name = $2
    )"""


@dataclass(frozen=True)
class ByHand:
    """A statement with the values of its parameters."""

    text: str
    values: tuple[object, ...]


@dataclass(frozen=True)
class Question:
    """A client's query, and the statements by hand for it, the last of which returns the tasks."""

    name: str
    by_hand: tuple[ByHand, ...]
    filter: str | None = None
    sort: str | None = None
    q: str | None = None
    after: Position | None = None
    counts: bool = False  # facets, not tasks


def questions(user: str, deep: Position, deep_by_due: Position) -> tuple[Question, ...]:
    """Return a user's queries, given positions deep down the newest tasks, and the open ones by due."""

    def tasks(text: str, *values: object) -> tuple[ByHand, ...]:
        return (_tasks(f"{_OWN} {text} limit {PAGE + 1}", user, *values),)

    typed, intended = search("quartrely"), Search(search("quarterly").terms)
    beside = typed.beside(user, [0])
    assert beside
    return (
        Question("open, by due", tasks("and status = 'OPEN' order by due_local, id"), "open", "due"),
        Question("overdue", tasks(_OVERDUE, _READS, _DAY, TODAY), "overdue", "due"),
        Question("today", tasks(_TODAY, _DAY, TODAY.replace(hour=0)), "open and due = today", "due"),
        Question("a list", tasks(_LIST, "Company"), "open and list = Company", "order"),
        Question("a common tag", tasks(f"{_TAGGED} {_NEWEST}", "home"), "#home"),
        Question("a rare tag", tasks(f"{_TAGGED} {_NEWEST}", "tag 18"), '#"tag 18"'),
        Question("a tag of old tasks", tasks(f"{_TAGGED} {_NEWEST}", "tag 20"), '#"tag 20"'),
        Question("urgent, by due", tasks(_URGENT), "open and priority >= high", "-priority,due"),
        Question("words", (_tasks(_WORDS, user, search("baba").query(user)),), q="baba"),
        Question(
            "a mistyped word",
            (
                _tasks(_WORDS, user, typed.query(user)),
                ByHand(_BESIDE, (user, beside.tasks, beside.words)),
                _tasks(_WORDS, user, intended.query(user)),
            ),
            q="quartrely",
        ),
        Question("a page deep down", tasks(_DEEP, *deep), after=deep),
        Question("a page deep down, by due", (_deep_by_due(user, deep_by_due),), "open", "due", after=deep_by_due),
        Question("facets of the open", (ByHand(_facets("status = 'OPEN'"), (user,)),), "open", counts=True),
    )


_NEWEST = "and status <> 'DELETED' order by created_at desc, id desc"
_OVERDUE = """and status = 'OPEN' and due_local < $2::timestamp + interval '2 days' and case
        when due_time is null then due_local < $3 when due_at is null then due_local < $2 else due_at < $4
    end order by due_local, id"""
_TODAY = """and status = 'OPEN'
    and due_local >= $2::timestamp - interval '2 days' and due_local < $2::timestamp + interval '3 days'
    and case when due_at is null then due_local >= $2 and due_local < $2::timestamp + interval '1 day'
        else due_at >= $3 and due_at < $3::timestamptz + interval '1 day' end
    order by due_local, id"""
_LIST = """and status = 'OPEN'
    and list_id = (select lists.id from rondo.lists where lists.user_id = $1 and name = $2 and not deleted)
    order by rank, id"""
_URGENT = "and status = 'OPEN' and urgency >= 3 order by urgency desc, due_local, id"
_DEEP = """and status <> 'DELETED' and (created_at, id) < ($2::text::timestamptz, $3::text::uuid)
    order by created_at desc, id desc"""


def _tasks(text: str, *values: object) -> ByHand:
    return ByHand(f"{task_queries.columns()} {text}", values)


def _deep_by_due(user: str, after: Position) -> ByHand:
    """Return the page after a due, followed by tasks without one; each part starts at its place in the index."""
    own = f"{task_queries.columns()} {_OWN} and status = 'OPEN'"
    beyond = (
        f"{own} and (due_local, id) > ($2::text::timestamp, $3::text::uuid) order by due_local, id limit {PAGE + 1}"
    )
    rest = f"{own} and due_local is null order by id limit {PAGE + 1}"
    return ByHand(f"({beyond}) union all ({rest}) limit {PAGE + 1}", (user, *after))


def _facets(condition: str) -> str:
    return task_queries.facets_of(f"{_OWN} and {condition}")
