"""Every record on one of Rondo's topics, as a frozen struct.

``avro/rondo.<Name>.avsc`` is the contract, which ``schemas/avsc.py`` writes from the struct of the same name: its
fields, their types and defaults, and as docs the texts below them or those of ``base.DOCS``. Conventions:

* ids are UUIDs written as strings, derived from what caused them (see ``ids``), never from offsets or randomness;
* ``user`` is the user's id and also the Kafka key: all records of a user are in one partition, in order;
* ``at`` is the record's time in milliseconds since 1970-01-01T00:00Z; derived records have their cause's time;
* a record is frozen and can't be part of a reference cycle: so ``gc=False``, the garbage collector skips it;
* local dates and times are ISO 8601 strings, distinct from instants: a zone's rules change, what was asked does not.
"""

from schemas.records.audit import *
from schemas.records.bulks import *
from schemas.records.filters import *
from schemas.records.lists import *
from schemas.records.notifications import *
from schemas.records.outcomes import *
from schemas.records.reminders import *
from schemas.records.runtime import *
from schemas.records.settings import *
from schemas.records.tags import *
from schemas.records.targets import *
from schemas.records.tasks import *
