"""The help centre: what the desk has written for people, to be read and searched by everyone."""

from __future__ import annotations

from helpsage.web.help import files, reading, sitemap, voting

routers = (sitemap.router, files.router, voting.router, reading.router)
