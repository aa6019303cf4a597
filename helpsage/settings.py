"""Every setting, in one object, from the environment and `helpsage.toml`.

A variable is the field's name in capitals behind `HELPSAGE_` (`HELPSAGE_WEB_PORT`); `DATABASE_URL` is read without the
prefix, as operators expect. The environment wins over the file.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from functools import cached_property, lru_cache
from pathlib import Path

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

ROOT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """The configuration of one installation.

    Ports are TCP ports on `host` (public programs) or on 127.0.0.1 (the action server, always private).
    """

    model_config = SettingsConfigDict(
        env_prefix="HELPSAGE_", extra="ignore", populate_by_name=True, toml_file=ROOT / "helpsage.toml"
    )

    #: What the organisation calls its desk; shown in the chat and on pages.
    desk_name: str = "Help Sage"
    #: Address that the public programs listen on. `0.0.0.0` opens them to the network.
    host: str = "127.0.0.1"
    web_port: int = Field(8000, ge=1, le=65535)
    assistant_port: int = Field(5005, ge=1, le=65535)
    actions_port: int = Field(5055, ge=1, le=65535)
    #: Where people's browsers find the web program and the assistant; derived from host and port when empty.
    public_url: str = ""
    public_chat_url: str = ""
    #: Web pages (scheme://host[:port]) that may embed the chat, besides our own. `*` allows every page.
    allowed_origins: list[str] = []
    #: Also speak the protocol of the public `rasa-webchat` widget.
    rasa_webchat: bool = False
    #: Everything that is not in git: database, logs, secrets, environments, caches.
    var: Path = ROOT / "var"
    #: One's own PostgreSQL 15+; empty means the embedded one under `var`.
    database_url: str = Field("", validation_alias=AliasChoices("DATABASE_URL", "HELPSAGE_DATABASE_URL"))
    #: Signs conversation tokens and sessions; made at the first start and kept in `var/secret` when empty.
    secret: SecretStr = SecretStr("")
    #: Processes of the assistant.
    assistant_processes: int = Field(1, ge=1, le=64)
    #: Folder of another sentence encoder (encoder.onnx, tokenizer.json); empty means the one made at set-up.
    encoder: Path | None = None
    #: Days after which what was said in a conversation without a ticket is removed. 0 keeps it.
    conversation_retention_days: int = Field(365, ge=0)
    #: Days after which the assistant forgets the dialogue state of a silent conversation. The transcript stays.
    tracker_retention_days: int = Field(30, ge=0)
    #: Days after which dispatched events and jobs given up long ago are removed. 0 keeps them.
    outbox_retention_days: int = Field(30, ge=0)
    #: Days for which a closed ticket can be reopened; after that a new one is advised. 0: always.
    reopen_days: int = Field(30, ge=0)
    #: `json` for machines, `text` for people, `auto` chooses by terminal.
    log_format: str = "auto"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments first, then the environment, then the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @cached_property
    def secret_key(self) -> str:
        """The signing secret: the configured one, or the one kept in `var/secret`, made when it is missing."""
        if self.secret.get_secret_value():
            return self.secret.get_secret_value()
        return kept_secret(self.var / "secret")

    def derived(self, purpose: str) -> str:
        """A key for one purpose, so that no two parts share one (HMAC-SHA256 of the purpose, as hex)."""
        return hmac.new(self.secret_key.encode(), purpose.encode(), hashlib.sha256).hexdigest()

    @property
    def web_url(self) -> str:
        """The address people open, without a trailing slash."""
        return (self.public_url or f"http://{self._shown_host}:{self.web_port}").rstrip("/")

    @property
    def chat_url(self) -> str:
        """The address the chat widget connects to, without a trailing slash."""
        return (self.public_chat_url or f"http://{self._shown_host}:{self.assistant_port}").rstrip("/")

    @property
    def actions_url(self) -> str:
        """The action server, which never leaves this machine."""
        return f"http://127.0.0.1:{self.actions_port}"

    @property
    def _shown_host(self) -> str:
        return "localhost" if self.host in ("127.0.0.1", "0.0.0.0", "::") else self.host  # noqa: S104 compared, not bound

    def sqlalchemy_url(self) -> str:
        """The database address for SQLAlchemy with psycopg2.

        Raises:
            RuntimeError: no address is configured and the embedded server has not been started by `./sage`.
        """
        return f"postgresql+psycopg2://{self.libpq_url().split('://', 1)[1]}"

    def libpq_url(self) -> str:
        """The database address as libpq, asyncpg and psycopg read it.

        Raises:
            RuntimeError: no address is configured and the embedded server has not been started by `./sage`.
        """
        url = self.database_url
        if not url:
            kept = self.var / "database.url"
            if not kept.exists():
                raise RuntimeError("no database: run `./sage up`, or set DATABASE_URL")
            url = kept.read_text().strip()
        scheme, _, rest = url.partition("://")
        if scheme.split("+")[0] not in ("postgres", "postgresql"):
            raise RuntimeError(f"DATABASE_URL must begin with postgresql://, not {scheme}://")
        return f"postgresql://{rest}"


def kept_secret(path: Path) -> str:
    """Read the secret at `path`, or make one that only this user can read. Two starters end with the same one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    made = secrets.token_urlsafe(48)
    with os.fdopen(handle, "w") as file:
        file.write(made)
    return made


@lru_cache(maxsize=1)
def get() -> Settings:
    """The settings of this process, read once."""
    return Settings()
