"""Calls an operation as FastAPI would, with less work for each request.

FastAPI determines on each request how to read every parameter, and keeps stacks of what dependencies may have to
close. Here this is known once, from the same declarations: an operation and its dependencies are coroutines that close
nothing. Parameters are validated by FastAPI's own fields, so values and errors are the same.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import iscoroutinefunction
from typing import Any, cast

from fastapi import Request, Response
from fastapi._compat import ModelField, field_annotation_is_sequence, get_missing_field_error
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError, ResponseValidationError
from fastapi.routing import APIRoute
from fastapi.security.base import SecurityBase
from pydantic_core import PydanticUndefined
from starlette.exceptions import HTTPException

Location = tuple[str, ...]
_UNSUPPORTED = ("cookie_params", "websocket_param_name", "background_tasks_param_name", "security_scopes_param_name")


class _Parameter:
    """A parameter in the path, the query or a header."""

    def __init__(self, declared: ModelField) -> None:
        info: Any = declared.field_info
        self.name, self._alias, self._field = declared.name, declared.alias, declared
        self._place: Location = (info.in_.value, self._alias)
        self._is_listed = field_annotation_is_sequence(info.annotation)
        self._is_required, self._default = info.is_required(), declared.default
        assert self._default is PydanticUndefined or isinstance(self._default, str | int | None), declared

    def read(self, given: Any, values: dict[str, Any]) -> list[Any]:
        """Add its value to ``values``; return the errors in it."""
        value = given.getlist(self._alias) if self._is_listed else given.get(self._alias)
        if value is None or value == []:
            if self._is_required:
                return [get_missing_field_error(loc=self._place)]
            values[self.name] = self._default
            return []
        values[self.name], errors = self._field.validate(value, values, loc=self._place)
        return errors


@dataclass
class _Call:
    """A coroutine with its parameters, and the dependencies whose results it takes."""

    function: Callable[..., Any]
    name: str | None
    before: list["_Call"]
    parameters: list[tuple[str, list[_Parameter]]]
    """Those of each place that has some, by the name of the request's attribute that holds them."""
    request: str | None
    response: str | None

    @classmethod
    def of(cls, declared: Dependant) -> "_Call":
        """Return the call of what FastAPI found. Raises ``TypeError`` for what is not supported here."""
        function = declared.call
        if not iscoroutinefunction(function) or any(getattr(declared, name) for name in _UNSUPPORTED):
            raise TypeError(f"{function} is no coroutine, or has parameters of a kind that no operation has.")
        places = (
            ("path_params", declared.path_params),
            ("query_params", declared.query_params),
            ("headers", declared.header_params),
        )
        return cls(
            cast("Callable[..., Any]", function),
            declared.name,
            [cls.of(each) for each in declared.dependencies if not isinstance(each.call, SecurityBase)],
            [(place, [*map(_Parameter, found)]) for place, found in places if found],
            declared.request_param_name,
            declared.response_param_name,
        )


class _Solving:
    """The values of one request's dependencies, each called once."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._solved: dict[Callable[..., Any], Any] = {}
        self.response: Response | None = None

    async def values(self, call: _Call) -> tuple[dict[str, Any], list[Any]]:
        """Return the arguments of a call but for its body, and the errors in them, in FastAPI's order."""
        values: dict[str, Any] = {}
        errors: list[Any] = []
        for each in call.before:
            below = await self._solve(each)
            if below:
                errors += below
            elif each.name is not None:
                values[each.name] = self._solved[each.function]
        self._read(call, values, errors)
        if call.request is not None:
            values[call.request] = self._request
        if call.response is not None:
            self.response = self.response or _no_response()
            values[call.response] = self.response
        return values, errors

    async def _solve(self, call: _Call) -> list[Any]:
        if call.function in self._solved:
            return []
        values, errors = await self.values(call)
        if not errors:
            self._solved[call.function] = await call.function(**values)
        return errors

    def _read(self, call: _Call, values: dict[str, Any], errors: list[Any]) -> None:
        for place, parameters in call.parameters:
            given = getattr(self._request, place)
            for parameter in parameters:
                errors += parameter.read(given, values)


def _no_response() -> Response:
    response = Response()
    del response.headers["content-length"]
    response.status_code = cast("Any", None)
    return response


class Operation:
    """What a route does with a request whose user is known."""

    def __init__(self, route: APIRoute) -> None:
        self._call = _Call.of(route.dependant)
        self._body = route.body_field
        self._status, self._field = route.status_code, route.response_field
        self._how: Mapping[str, Any] = {"by_alias": route.response_model_by_alias}

    async def __call__(self, request: Request) -> Response:
        """Return the answer. Raises ``Problem`` and RequestValidationError."""
        body, missing = await self._read(request)
        solving = _Solving(request)
        values, errors = await solving.values(self._call)
        if errors or missing:
            raise RequestValidationError([*errors, *missing])
        if self._body is not None:
            values[self._body.name] = body
        answer = await self._call.function(**values)
        return answer if isinstance(answer, Response) else self._response(answer, solving.response)

    async def _read(self, request: Request) -> tuple[Any, list[Any]]:
        """Return the body, validated by ``StrictRequest``, and the error where there is none."""
        if self._body is None:
            return None, []
        try:
            if await request.body():
                return await request.json(), []
        except HTTPException:
            raise
        except Exception as error:
            raise HTTPException(400, "There was an error parsing the body") from error
        return None, [get_missing_field_error(("body",))]

    def _response(self, answer: Any, extra: Response | None) -> Response:
        """Return the response with an answer of the documented model; ``extra`` has further headers of it."""
        assert self._field is not None
        value, errors = self._field.validate(answer, {}, loc=("response",))
        if errors:
            raise ResponseValidationError(errors=errors, body=answer)
        content = self._field.serialize_json(value, **self._how)
        status = (extra.status_code if extra else None) or self._status or 200
        response = Response(content, status, media_type="application/json")
        if extra:
            response.headers.raw.extend(extra.headers.raw)
        return response
