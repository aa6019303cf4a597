"""For clients of programs on this machine."""

from __future__ import annotations

import ssl

#: Nothing here speaks TLS, and reading the machine's certificates costs each new client 60 ms. Shared, because nobody
#: writes to it; it trusts nobody.
NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
