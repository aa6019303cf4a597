"""Articles in and out as Markdown files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from helpsage import clock
from helpsage.attachments import names
from helpsage.db.session import transaction
from helpsage.web import templating
from helpsage.web.articles import forms, packing, words
from helpsage.web.articles.forms import PATH, Publisher, Writer
from helpsage.web.portal.forms import Posted

router = APIRouter(include_in_schema=False, prefix=PATH)
