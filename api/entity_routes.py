"""The routes that entity types have in common: commands, reads of one and all, and a history."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Path, Response

from api.commands.gateway import Expected, Submitted
from api.commands.responses import Documented, take
from api.commands.services import Services
from api.http import cursors
from api.http.problems import NOT_FOUND
from api.http.requests import Route, User, empty, signed
from api.models import examples, histories, inputs, outputs
from api.models.paging import Cursor, Limit, list_responses, listed, responses
from api.models.resource import Resource
from schemas import ids

_CHANGE = "Set the fields in the body (RFC 7396): an absent field is unchanged, null clears one."


class EntityRoutes:
    """The router of a resource. Each method adds a route, with its description in the OpenAPI document."""

    def __init__(self, of: Resource[Any, Any]) -> None:
        self.of = of
        self.answers = Documented(of)
        self._path = f"/{{{of.parameter}}}"
        self._id = Path(alias=of.parameter, description=f"The {of.noun}'s id.")
        plural = of.of.plural
        self.router = APIRouter(prefix=f"/v1/{plural}", tags=[plural], route_class=Route, dependencies=[signed])

    def create(self, command: type[Any], new: Any, description: str) -> None:
        """Add the command that creates one; ``new`` is the annotation of its body. Its id is the command's, derived."""
        of = self.of

        @self.router.post(
            "",
            name=f"create_{of.word}",
            description=description,
            status_code=202,
            response_model=of.taken,
            responses=self.answers.create,
        )
        async def route(body: new, submission: Submitted, services: Services) -> Response:
            fields, id_ = of.checked(body, strict=submission.strict), ids.derive(of.word, submission.command)
            asked = command(**submission.common(body), **{of.word: id_}, fields=fields)
            return await take(services.gateway, asked, submission)

    def change(self, command: type[Any], changes: Any, description: str = _CHANGE) -> None:
        """Add the command that sets the fields of a body; ``changes`` is its annotation."""
        of = self.of

        @self.router.patch(
            self._path,
            name=f"change_{of.word}",
            description=description,
            status_code=202,
            response_model=of.taken,
            responses=self.answers.change,
        )
        async def route(
            body: changes, submission: Submitted, expected: Expected, services: Services, id_: UUID = self._id
        ) -> Response:
            fields = of.checked(body, strict=submission.strict)
            common, changed = submission.changing(expected, body), inputs.changed(body)
            asked = command(**common, **{of.word: str(id_)}, changed=changed, fields=fields)
            return await take(services.gateway, asked, submission)

    def command(self, verb: str, command: type[Any], description: str) -> None:
        """Add a command without a body: ``delete`` is the request's method, any other verb the end of its path."""
        of, deletes = self.of, verb == "delete"

        @self.router.api_route(
            self._path if deletes else f"{self._path}/{verb}",
            methods=["DELETE" if deletes else "POST"],
            name=f"{verb}_{of.word}",
            description=description,
            status_code=202,
            response_model=of.taken,
            responses=self.answers.command,
            dependencies=[empty],
        )
        async def route(
            submission: Submitted, expected: Expected, services: Services, id_: UUID = self._id
        ) -> Response:
            asked = command(**submission.changing(expected), **{of.word: str(id_)})
            return await take(services.gateway, asked, submission)

    def read(self, description: str) -> None:
        """Add the read of one, with its entity tag."""
        of, model, answers = self.of, self.of.model, responses(self.of.example, NOT_FOUND)
        name = f"read_{of.word}"

        @self.router.get(self._path, name=name, description=description, response_model=model, responses=answers)
        async def route(user: User, services: Services, response: Response, id_: UUID = self._id) -> Any:
            async with services.views.of(user) as view:
                item = await view.entity(of.table, str(id_))
            if item is None:
                raise of.missing()
            if of.etags:
                response.headers["ETag"] = of.etags(item)[0]
            return of.show(item)

    def page(self, description: str) -> None:
        """Add the list of all that are not deleted, in the custom order."""
        of, plural, answers = self.of, self.of.of.plural, list_responses(self.of.example)
        model: Any = outputs.Page[self.of.model]  # type: ignore[name-defined]
        name = f"list_{plural}"

        @self.router.get("", name=name, description=description, response_model=model, responses=answers)
        async def route(user: User, services: Services, limit: Limit = 50, cursor: Cursor = None) -> Response:
            after = cursors.ranked(plural, cursor)
            async with services.views.of(user) as view:
                page = await view.entities(of.table, limit, after)
            return listed(plural, of.members, page)

    def history(self, description: str) -> None:
        """Add the history of one, also of a purged one."""
        of, answers = self.of, list_responses(examples.ENTRY, NOT_FOUND)
        path, name = f"{self._path}/history", f"read_history_of_{of.word}"
        model = outputs.Page[histories.Entry]

        @self.router.get(path, name=name, description=description, response_model=model, responses=answers)
        async def route(
            user: User, services: Services, limit: Limit = 50, cursor: Cursor = None, id_: UUID = self._id
        ) -> Response:
            after, subject = cursors.number("history", cursor), of.of.subject(str(id_))
            async with services.views.of(user) as view:
                page = await view.history_of_subject(subject, limit, after)
                if not page.items and await view.entity(of.table, str(id_)) is None:
                    raise of.missing()
            return listed("history", histories.entry_members, page)
