"""Regrouping: a log that was written by stages in some topologies goes on with them in others.

    held      the topologies that the log has states of, by their changelogs
    plan      which of them end, which begin, and with which positions
    transfer  ends and fills a partition of theirs
    regroup   all of it, in order

What a regrouping changes, and when, in terms of a kill at any point:

1. Each partition of each former topology is *frozen*: its workers are fenced, and refuse to go on.
2. The state of each new one is filled with what its stages had, in any number of transactions; it can't be opened.
3. One transaction over all partitions opens the new topologies, says on their blocks where their state comes from, and
   ends the former ones.

Until the third has been committed nothing of the former state was changed, so a regrouping can begin again, to this
grouping or another, also to the one before.
"""

from streams.regrouping.plan import NotRegroupable
from streams.regrouping.regroup import Regrouped, regroup

__all__ = ["NotRegroupable", "Regrouped", "regroup"]
