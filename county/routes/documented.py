"""How the routes' bodies and errors appear in the OpenAPI document; they are read by hand."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel, TypeAdapter

NEVER_COMES = "422"
ITS_SHAPES = ("HTTPValidationError", "ValidationError")


class ErrorAnswer(BaseModel):
    """What every error carries; `server_time` comes with 401 only."""

    code: str
    message: str
    server_time: str | None = None


def errors_documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The error answers a route may give."""
    return {status: {"model": ErrorAnswer} for status in statuses}


def body_documented(shape: type[Any]) -> dict[str, Any]:
    """The JSON body a route reads, described without being parsed by the framework."""
    schema = TypeAdapter(shape).json_schema(ref_template="#/components/schemas/{model}")
    _parts.update(schema.pop("$defs", {}))
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


_parts: dict[str, Any] = {}
"""Shapes that only requests contain: the framework does not know them by itself."""


def correct_document(app: FastAPI) -> None:
    """Let the OpenAPI document name every shape its bodies refer to, and no error that never comes.

    The framework adds a 422 of its own to each route with parameters; here they are texts, which
    it takes as they are.
    """
    document = app.openapi()
    shapes = document["components"]["schemas"]
    shapes.update({name: shape for name, shape in _parts.items() if name not in shapes})
    for route in document["paths"].values():
        for operation in route.values():
            operation["responses"].pop(NEVER_COMES, None)
    for name in ITS_SHAPES:
        shapes.pop(name, None)
