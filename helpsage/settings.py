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
from typing import Literal

from pydantic import AliasChoices, BaseModel, Field, SecretStr
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

ROOT = Path(__file__).resolve().parent.parent


class OidcProvider(BaseModel):
    """An identity provider that people may sign on with (OpenID Connect)."""

    #: On the button: "Log in with Campus".
    name: str
    #: Its address; the configuration is found below it (OpenID Connect Discovery 1.0, section 4).
    issuer: str
    client_id: str
    client_secret: SecretStr = SecretStr("")
    #: Whether an address that it calls verified is taken as proven. Only for a provider that answers for its addresses.
    trust_email: bool = False
    #: Whether it asks for a second factor itself, so that ours is not asked for.
    second_factor: bool = False


class Mailbox(BaseModel):
    """A mailbox whose letters become tickets, read by IMAP."""

    host: str
    #: 993 is TLS from the start; 143 switches to it unless `security` says otherwise.
    port: int = Field(993, ge=1, le=65535)
    user: str
    password: SecretStr
    security: Literal["tls", "starttls", "none"] = "tls"
    folder: str = "INBOX"
    #: Where letters go once they are kept here; empty leaves them, marked as read.
    done_folder: str = ""
    #: Seconds between looks at a server that cannot announce new letters (IDLE), and at most between any two.
    every: int = Field(60, ge=1, le=1500)


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
    #: Folder with the weights of another one (model.safetensors, tokenizer.json) to make it of: docs/languages.md.
    encoder_source: Path | None = None
    #: Days after which what was said in a conversation without a ticket is removed. 0 keeps it.
    conversation_retention_days: int = Field(365, ge=0)
    #: Days after which the assistant forgets the dialogue state of a silent conversation. The transcript stays.
    tracker_retention_days: int = Field(30, ge=0)
    #: Days after which dispatched events and jobs given up long ago are removed. 0 keeps them.
    outbox_retention_days: int = Field(30, ge=0)
    #: Days for which a closed ticket can be reopened; after that a new one is advised. 0: always.
    reopen_days: int = Field(30, ge=0)
    #: Mail server. Empty: letters stay in the local outbox, where administrators read them (/agent/mail).
    smtp_host: str = ""
    smtp_port: int = Field(587, ge=1, le=65535)
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    #: Switch to TLS after connecting; refused by a server that cannot. Port 465 is TLS from the start.
    smtp_starttls: bool = True
    #: Address that letters come from; `no-reply@` this desk's host when empty.
    mail_from: str = ""
    #: Days after which letters are removed. 0 keeps them.
    mail_retention_days: int = Field(90, ge=0)
    #: Mailboxes by a short name: `{"support": {"host": "imap.example.org", "user": "...", "password": "..."}}`.
    imap: dict[str, Mailbox] = {}
    #: Port on which letters are taken by SMTP (or LMTP); 0 takes none. Behind a mail server that faces the Internet.
    mail_listen_port: int = Field(0, ge=0, le=65535)
    mail_listen_host: str = "127.0.0.1"
    mail_listen_protocol: Literal["smtp", "lmtp"] = "smtp"
    #: Megabytes (10^6 bytes) of one letter. Larger ones are refused kindly, or cut when they lie in a mailbox.
    mail_max_mb: int = Field(25, ge=1, le=200)
    #: What the receiving mail server calls itself in Authentication-Results; only that one is believed.
    mail_authserv_id: str = ""
    #: Days after which raw records that were worked off are removed. 0 keeps them.
    inbound_retention_days: int = Field(180, ge=0)
    #: Whether people may make accounts themselves.
    registration: bool = True
    #: Whether staff get in only with a second factor.
    staff_two_factor: bool = False
    #: What is shown after repeated failure; `builtin` needs no network.
    captcha: Literal["builtin", "recaptcha", "hcaptcha", "off"] = "builtin"
    captcha_site_key: str = ""
    captcha_secret: SecretStr = SecretStr("")
    #: Where answers are checked; empty means the provider's own address.
    captcha_verify_url: str = ""
    #: Identity providers by a short key that is part of their return address: `/login/with/<key>/callback`.
    oidc: dict[str, OidcProvider] = {}
    #: Megabytes (10^6 bytes) that one attached file may have.
    attachment_max_mb: int = Field(10, ge=1, le=1000)
    #: Files that one message may have.
    attachment_max_files: int = Field(10, ge=1, le=50)
    #: Megabytes that the files of one ticket may have together.
    attachment_ticket_mb: int = Field(100, ge=1)
    #: Tickets at a time that the desk gives an agent by itself, unless another number is set for them.
    agent_capacity: int = Field(10, ge=1, le=1000)
    #: Minutes after their last visit for which an agent counts as being there.
    present_minutes: int = Field(15, ge=6, le=24 * 60)
    #: Chats that one agent has at a time.
    chats_at_once: int = Field(4, ge=1, le=50)
    #: Minutes for which somebody waits for an agent in the chat before it becomes a ticket.
    chat_longest_wait_minutes: int = Field(20, ge=1, le=24 * 60)
    #: A chat waits that long, in seconds, before agents who want to hear of it are told, wherever they are.
    chat_notice_seconds: int = Field(60, ge=10, le=3600)
    #: Minutes of an agent's silence after which a chat is offered to others.
    chat_agent_idle_minutes: int = Field(4, ge=1, le=24 * 60)
    #: Minutes of a person's silence after which they are asked whether they are still there, and then the chat ends.
    chat_person_idle_minutes: int = Field(6, ge=1, le=24 * 60)
    #: Days of the figures begin at midnight in this zone: `Asia/Kolkata`.
    time_zone: str = "UTC"
    #: Letters about tickets that one address gets within an hour; what is more waits for a digest.
    notices_an_hour: int = Field(30, ge=1)
    #: Receipts ("we have your ticket") that one address gets within an hour; what is more is not sent: another program
    #: that answers by itself must not be answered for ever.
    receipts_an_hour: int = Field(5, ge=1)
    #: Days after which records of who was told what are removed. 0 keeps them.
    notice_retention_days: int = Field(90, ge=0)
    #: Hosts of one's own that notices may go to besides the known services: a Mattermost, an ntfy, a Matrix server.
    notice_hosts: list[str] = []
    #: Ask how it went when a ticket is closed.
    satisfaction: bool = True
    #: Days within which one person is not asked again.
    satisfaction_rest_days: int = Field(14, ge=0)
    #: Where Todoist is (`helpsage/boards`).
    todoist_address: str = "https://api.todoist.com"
    #: Networks that are not public and may be called by webhooks all the same: `10.1.0.0/16`.
    webhook_networks: list[str] = []
    #: Hours for which a webhook's message is tried before it is given up.
    webhook_patience_hours: int = Field(120, ge=1)
    #: Days after which delivered messages of webhooks are removed. 0 keeps them.
    webhook_retention_days: int = Field(30, ge=0)
    #: Requests that one token of the API may send within a minute, to one web program.
    api_requests_a_minute: int = Field(600, ge=1)
    #: OpenAI-compatible endpoint that reads new tickets, up to `/v1`; empty: the local reader, which needs no network.
    triage_url: str = ""
    triage_model: str = "gpt-4o-mini"
    triage_key: SecretStr = SecretStr("")
    #: Seconds that it has for an answer; after that the local reader reads.
    triage_timeout_s: float = Field(10.0, gt=0, le=120)
    #: Requests that it gets a day (UTC); after that the local reader reads.
    triage_daily_requests: int = Field(2_000, ge=0)
    #: Confidence from which a topic counts; below it is unsure.
    triage_sure: float = Field(0.5, ge=0, le=1)
    #: OpenAI-compatible endpoint that writes answers out of passages of articles, up to `/v1`; empty: they are quoted.
    answers_url: str = ""
    answers_model: str = "gpt-4o-mini"
    answers_key: SecretStr = SecretStr("")
    #: Seconds that it has; the person waits so long before a passage is quoted instead.
    answers_timeout_s: float = Field(6.0, gt=0, le=30)
    #: Days back in which a person's own tickets, and hours back in which others', may be about the same thing.
    twins_own_days: int = Field(30, ge=0)
    twins_others_hours: int = Field(72, ge=0)
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
        return (self.public_url or self.own_web_url).rstrip("/")

    @property
    def chat_url(self) -> str:
        """The address the chat widget connects to, without a trailing slash."""
        return (self.public_chat_url or f"http://{self._shown_host}:{self.assistant_port}").rstrip("/")

    @property
    def takes_mail(self) -> bool:
        """Whether letters come in: the mailroom runs then."""
        return bool(self.imap) or self.mail_listen_port > 0

    @property
    def actions_url(self) -> str:
        """The action server, which never leaves this machine."""
        return f"http://127.0.0.1:{self.actions_port}"

    @property
    def own_web_url(self) -> str:
        """The web program as the programs beside it reach it."""
        return f"http://{self._shown_host}:{self.web_port}"

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
