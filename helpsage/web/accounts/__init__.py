"""Accounts: making one, logging in, one's own pages, the outbox of letters, the chat of who is logged in."""

from __future__ import annotations

from fastapi import APIRouter

from helpsage.web.accounts import chat, elsewhere, login, mailbox, own, register

routers: tuple[APIRouter, ...] = (
    login.router,
    register.router,
    own.router,
    elsewhere.router,
    mailbox.router,
    chat.router,
)
