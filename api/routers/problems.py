"""What each type of problem means: where a problem's ``type`` leads to."""

from fastapi import APIRouter
from pydantic import BaseModel

from api.problems import CATALOGUE, NOT_FOUND, Problem

router = APIRouter(prefix="/problems", tags=["problems"])


class Meaning(BaseModel):
    """What a type of problem means."""

    type: str
    status: int
    title: str
    meaning: str


@router.get("/{name}", summary="What a problem means", response_model=Meaning)
async def meaning(name: str) -> Meaning:
    """Return what the problem's type means and what to do."""
    if not (kind := CATALOGUE.get(name)):
        raise Problem(NOT_FOUND, f"There is no type of problem with this name. There are: {', '.join(CATALOGUE)}.")
    return Meaning(type=kind.type, status=kind.status, title=kind.title, meaning=kind.meaning)
