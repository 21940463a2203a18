"""Targets: decisions on their commands. A target is a place where notifications go, such as a mailbox or a webhook.

Its address holds secrets, so it is on no topic: records refer to it by a UUID, and it is stored encrypted. A new
address has a new UUID. The address of a deleted target is removed with it: a restored target has none until one is set.
"""

from typing import get_args

from domain import lifecycle, ranks, validation
from schemas import records as r

MOST = 20
"""The most targets of a user that a notification goes to."""

Command = r.CreateTarget | r.UpdateTarget | r.DeleteTarget | r.RestoreTarget
Event = r.TargetCreated | r.TargetUpdated | r.TargetDeleted | r.TargetRestored | r.TargetPurged

TARGET = lifecycle.entity_type(
    "target",
    r.Target,
    commands=get_args(Command),
    events=get_args(Event),
    checks={"name": validation.name, "rank": ranks.check},
)
