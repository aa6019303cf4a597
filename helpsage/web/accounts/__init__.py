"""Accounts: making one, logging in, one's own pages, the outbox of letters, the chat of who is logged in."""

from __future__ import annotations

from fastapi import APIRouter

from helpsage.web.accounts import chat, confirming, elsewhere, login, mailbox, own, places, register, tokens

routers: tuple[APIRouter, ...] = (
    login.router,
    register.router,
    own.router,
    confirming.router,
    tokens.router,
    places.router,
    elsewhere.router,
    mailbox.router,
    chat.router,
)
