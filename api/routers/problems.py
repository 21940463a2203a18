"""What each type of problem means: where a problem's ``type`` leads to."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict

from api.problems import BUSY, CATALOGUE, FULL, NOT_FOUND, VALIDATION, Kind, Problem, documented

router = APIRouter(prefix="/problems", tags=["problems"])


class Meaning(BaseModel):
    """What a type of problem means, and what to do."""

    model_config = ConfigDict(json_schema_extra={"examples": [asdict(BUSY) | {"type": BUSY.type}]})

    type: str
    name: str
    status: int
    title: str
    meaning: str
    again: int | None
    """Seconds after which the same request may be sent again; null where it would be refused again."""

    @classmethod
    def of(cls, kind: Kind) -> "Meaning":
        """Show a kind of problem."""
        return cls(type=kind.type, **asdict(kind))


@router.get("/{name}", responses=documented(NOT_FOUND, VALIDATION, FULL))
async def explain_problem(name: Annotated[str, Path(max_length=100)]) -> Meaning:
    """Return what a type of problem means and what to do."""
    if not (kind := CATALOGUE.get(name)):
        raise Problem(NOT_FOUND, f"There is no type of problem with this name. There are: {', '.join(CATALOGUE)}.")
    return Meaning.of(kind)
