"""What the interface is, for programs (OpenAPI 3.1) and for people (a page of it, drawn here, without any script)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic.json_schema import models_json_schema
from starlette.requests import Request
from starlette.responses import Response

from helpsage import __version__, settings
from helpsage.tokens.scopes import ABOUT as SCOPES
from helpsage.web import templating
from helpsage.web.access import MaybeViewer
from helpsage.web.api import words
from helpsage.web.api.problems import Problem
from helpsage.web.api.route import BASE, FORM, JSON

router = APIRouter(include_in_schema=False)

_METHODS = ("get", "post", "patch", "put", "delete")
_REF = "#/components/schemas/"
#: How deep an example goes: nothing here is deeper.
_DEEPEST = 8


def operation_id(route: APIRoute) -> str:
    """Names an operation, and the function that a generated client has for it."""
    return route.name


def describe(app: FastAPI) -> None:
    """Let the application describe its interface, and nothing else."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _document(app: FastAPI) -> dict[str, Any]:
    made = get_openapi(
        title=words.TITLE.format(desk=settings.get().desk_name),
        version=__version__,
        description=words.ABOUT,
        routes=app.routes,
        tags=[{"name": name, "description": about} for name, about in words.TAGS_ABOUT.items()],
    )
    _, problem = models_json_schema([(Problem, "serialization")], ref_template=f"{_REF}{{model}}")
    made["components"]["schemas"].update(problem["$defs"])
    for unused in ("HTTPValidationError", "ValidationError"):
        made["components"]["schemas"].pop(unused, None)
    made["security"] = [{"token": []}]
    for operations in made["paths"].values():
        for given in operations.values():
            _illustrate(made, given)
    return made


def _illustrate(document: dict[str, Any], given: dict[str, Any]) -> None:
    """Say which scope an operation needs, and what is sent and answered, for readers of every kind."""
    scopes = given["security"][0]["token"]
    needed = words.SCOPE.format(scope=scopes[0]) if scopes else words.NO_SCOPE
    given["description"] = f"{given['description']}\n\n{needed}"
    sent = given.get("requestBody", {}).get("content", {})
    answered = [part for status, one in given["responses"].items() for part in _contents(status, one)]
    for media_type, content in (*sent.items(), *answered):
        if media_type == JSON:
            content["example"] = _example(document, content["schema"])
        if media_type == FORM:
            # Generators of clients know files by the older word.
            for field in _resolved(document, content["schema"])["properties"].values():
                field["format"] = "binary"


def _contents(status: str, answer: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """What a success has in it; refusals say all there is to say of themselves."""
    return list(answer.get("content", {}).items()) if int(status) < 300 else []


@router.get(f"{BASE}/openapi.json")
def openapi_document(request: Request) -> Response:
    """The whole interface, for programs."""
    if not hasattr(request.app.state, "api_document"):
        request.app.state.api_document = json.dumps(request.app.openapi(), ensure_ascii=False)
    return Response(
        request.app.state.api_document, media_type="application/json", headers={"Access-Control-Allow-Origin": "*"}
    )


# --- for people


@dataclass(frozen=True)
class Parameter:
    """One thing that can be said beside the body."""

    name: str
    where: str
    kind: str
    about: str
    required: bool


@dataclass(frozen=True)
class Operation:
    """One thing that can be done."""

    name: str
    method: str
    path: str
    about: list[str]
    scopes: list[str]
    parameters: list[Parameter]
    call: str
    answers: list[tuple[str, str]]
    example: str


@dataclass(frozen=True)
class Chapter:
    """Operations about one thing."""

    name: str
    about: str
    operations: list[Operation] = field(default_factory=list)


@router.get("/api")
def page(request: Request, viewer: MaybeViewer) -> Response:
    """The whole interface, for people."""
    context = {
        "chapters": chapters(request.app.openapi()),
        "problems": words.PROBLEMS,
        "scopes": {scope.value: about for scope, about in SCOPES.items()},
        "base": f"{settings.get().web_url}{BASE}",
        "limit": settings.get().api_requests_a_minute,
    }
    return templating.page(request, "api.html", context)


def chapters(document: dict[str, Any]) -> list[Chapter]:
    """The document, as people read it."""
    found = {tag["name"]: Chapter(tag["name"], tag["description"]) for tag in document["tags"]}
    for path, operations in document["paths"].items():
        for method in _METHODS:
            if method in operations:
                operation = operations[method]
                found[operation["tags"][0]].operations.append(_operation(document, method, path, operation))
    return list(found.values())


def _operation(document: dict[str, Any], method: str, path: str, given: dict[str, Any]) -> Operation:
    parameters = [
        Parameter(
            one["name"],
            one["in"],
            _kind(document, one["schema"]),
            one.get("description", ""),
            one.get("required", False),
        )
        for one in given.get("parameters", [])
    ]
    answers = sorted((status, answer["description"]) for status, answer in given["responses"].items())
    return Operation(
        name=given["operationId"],
        method=method.upper(),
        path=path,
        # Without the scope, which stands in a line of its own.
        about=[" ".join(part.split()) for part in given["description"].split("\n\n")[:-1]],
        scopes=given["security"][0]["token"],
        parameters=parameters,
        call=_call(document, method, path, given),
        answers=answers,
        example=_answered(document, given),
    )


def _call(document: dict[str, Any], method: str, path: str, given: dict[str, Any]) -> str:
    """The call, as a shell has it."""
    known = {
        one["name"]: _example(document, one["schema"]) for one in given.get("parameters", []) if one["in"] == "path"
    }
    filled = re.sub(r"{(\w+)}", lambda found: str(known.get(found[1], found[1])), path)
    lines = [f"curl -X {method.upper()}" if method not in ("get", "post") else "curl"]
    lines[0] += f" {settings.get().web_url}{filled}"
    lines.append('-H "Authorization: Bearer $TOKEN"')
    lines += [
        f"-H '{one['name']}: {_example(document, one['schema'])}'"
        for one in given.get("parameters", [])
        if one["in"] == "header" and one.get("required")
    ]
    if "requestBody" in given:
        content = given["requestBody"]["content"].get(JSON)
        if content is None:
            lines.append("-F file=@bill.pdf")
        else:
            body = json.dumps(content["example"], ensure_ascii=False).replace("'", "'\\''")
            lines += ["-H 'Content-Type: application/json'", f"-d '{body}'"]
    elif method == "post":
        lines.insert(1, "-X POST")
    return " \\\n  ".join(lines)


def _answered(document: dict[str, Any], given: dict[str, Any]) -> str:
    for status, answer in given["responses"].items():
        content = answer.get("content", {}).get("application/json")
        if int(status) < 300 and content:
            return json.dumps(content["example"], indent=2, ensure_ascii=False)
    return ""


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        found: dict[str, Any] = document["components"]["schemas"][schema["$ref"].removeprefix(_REF)]
        return found
    choices = [one for one in schema.get("anyOf", []) if one.get("type") != "null"]
    return (
        {**_resolved(document, choices[0]), **{k: v for k, v in schema.items() if k != "anyOf"}} if choices else schema
    )


def _kind(document: dict[str, Any], schema: dict[str, Any]) -> str:
    """What a value is, in a word or two."""
    found = _resolved(document, schema)
    if "enum" in found:
        return ", ".join(str(value) for value in found["enum"])
    if found.get("type") == "array":
        return f"any of: {_kind(document, found['items'])}"
    return str(found.get("format") or found.get("type", "value"))


def _example(document: dict[str, Any], schema: dict[str, Any], depth: int = 0) -> Any:
    """A value that fits."""
    found = _resolved(document, schema)
    for known in ("examples", "enum"):
        if found.get(known):
            return found[known][0]
    for known in ("const", "default"):
        if found.get(known) is not None:
            return found[known]
    if depth > _DEEPEST:
        return None
    match found.get("type"):
        case "object":
            return {name: _example(document, one, depth + 1) for name, one in found.get("properties", {}).items()}
        case "array":
            return [_example(document, found["items"], depth + 1)]
        case kind:
            return _PLAIN.get(str(found.get("format")), _PLAIN.get(str(kind)))


_PLAIN: dict[str, Any] = {
    "uuid": "8e03978e-40d5-43dd-bc93-6894a57f9324",
    "date-time": "2026-03-03T09:30:00Z",
    "date": "2026-03-03",
    "integer": 1,
    "number": 1.5,
    "boolean": True,
    "string": "text",
}
