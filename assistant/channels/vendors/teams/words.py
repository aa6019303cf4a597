"""What administrators read of Teams' failures, and what a card is called where it is not shown."""

from __future__ import annotations

from typing import Final

NO_LOGIN: Final = "Microsoft gives us no token: the app's id, tenant or secret is wrong or has run out ({reason})"
NOT_AUTHORISED: Final = "Teams does not accept our token: the bot was removed or belongs to another tenant"
LOGIN_AWAY: Final = "Microsoft's login service does not answer ({reason})"
REFUSED: Final = "Teams refused it: status {status}, {code}"
NO_JSON: Final = "Teams answered {status} with something else than JSON"
NOT_STORED: Final = "OneDrive did not take a file: status {status}"
ELSEWHERE: Final = "A file was to be put somewhere else than OneDrive ({host})"
FILE_OFFERED: Final = "A file for you. It is put into your OneDrive."
FILE_SENT: Final = "✓ {name}"
SUMMARY: Final = "Please choose"
NO_THREAD: Final = "Teams began no thread in the channel"
NO_PERSONAL_CHAT: Final = "Teams opened no personal chat"
