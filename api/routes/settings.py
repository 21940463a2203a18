"""Settings: read and change those of the user."""

from typing import Annotated

from fastapi import APIRouter, Body, Response

from api.commands.gateway import Expected, Submitted
from api.commands.responses import Documented, take
from api.commands.services import Services
from api.http.requests import Route, User, signed
from api.models import inputs
from api.models.paging import responses
from api.models.resource import of_version
from api.models.user_settings import CHANGES, SETTINGS, Settings, SettingsChanges, checked
from schemas.records import UpdateSettings

router = APIRouter(prefix="/v1/settings", tags=["settings"], route_class=Route, dependencies=[signed])

Changes = Annotated[SettingsChanges, Body(openapi_examples={"change": {"value": CHANGES}})]


@router.get("", responses=responses(SETTINGS.example))
async def read_settings(user: User, services: Services, response: Response) -> Settings:
    """Return your settings. Their version is the ETag, for `If-Match`; it is 0 until you change one."""
    async with services.views.of(user) as view:
        found = await view.entity(SETTINGS.table, user)
    assert found
    [response.headers["ETag"]] = of_version(found)
    return SETTINGS.show(found)


@router.patch("", status_code=202, response_model=SETTINGS.taken, responses=Documented(SETTINGS).change)
async def change_settings(body: Changes, submission: Submitted, expected: Expected, services: Services) -> Response:
    """Set the settings in the body (RFC 7396): an absent one is unchanged, null restores its default."""
    fields = checked(body, strict=submission.strict)
    command = UpdateSettings(**submission.changing(expected, body), changed=inputs.changed(body), fields=fields)
    return await take(services.gateway, command, submission)
