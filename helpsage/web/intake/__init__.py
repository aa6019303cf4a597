"""Ways in over the web: each department's form, which needs no script, and addresses for other people's programs."""

from __future__ import annotations

from fastapi import APIRouter

from helpsage.web.intake import form, machines

routers: tuple[APIRouter, ...] = (form.router, machines.router)
