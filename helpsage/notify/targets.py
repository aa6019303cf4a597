"""Places outside to which notices go, through Apprise: Slack, Teams, a telephone by SMS or WhatsApp, and others.

An Apprise address carries its keys: it is a secret, encrypted in the database and never shown again. Only services
whose servers are known go by themselves; a server of one's own has to be named by the operator (`notice_hosts`), so
that nobody with a settings page makes the desk call addresses within the network.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from types import MappingProxyType
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import apprise
from apprise.plugins import url_to_dict
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage import clock, sealed, settings
from helpsage.notify.models import Target

PURPOSE = "notice targets"
LONGEST_ADDRESS = 2_000
LONGEST_NAME = 80
#: Seconds for connecting and for an answer.
TIMEOUT_S = 8.0

#: Services that are called at their maker's own servers, whatever the address says.
SERVICES: Mapping[str, str] = MappingProxyType(
    {
        "slack": "Slack",
        "workflows": "Microsoft Teams",
        "tgram": "Telegram",
        "whatsapp": "WhatsApp",
        "twilio": "SMS or WhatsApp by Twilio",
        "vonage": "SMS by Vonage",
        "msgbird": "SMS by MessageBird",
        "sinch": "SMS by Sinch",
        "clicksend": "SMS by ClickSend",
        "clickatell": "SMS by Clickatell",
        "plivo": "SMS by Plivo",
        "telnyx": "SMS by Telnyx",
        "bulksms": "SMS by BulkSMS",
        "msg91": "SMS by MSG91",
        "kavenegar": "SMS by Kavenegar",
        "46elks": "SMS by 46elks",
        "sns": "SMS by Amazon SNS",
        "discord": "Discord",
        "gchat": "Google Chat",
        "webex": "Webex",
        "pover": "Pushover",
        "pbul": "Pushbullet",
        "pagerduty": "PagerDuty",
        "line": "Line",
        "threema": "Threema",
        "guilded": "Guilded",
        "twist": "Twist",
        "flock": "Flock",
        "lark": "Lark",
        "feishu": "Feishu",
        "dingtalk": "DingTalk",
        "ifttt": "IFTTT",
    }
)
#: Services on servers of one's own.
OWN_SERVERS: Mapping[str, str] = MappingProxyType(
    {
        "mmost": "Mattermost",
        "mmosts": "Mattermost",
        "rocket": "Rocket.Chat",
        "rockets": "Rocket.Chat",
        "matrix": "Matrix",
        "matrixs": "Matrix",
        "ntfy": "ntfy",
        "ntfys": "ntfy",
        "gotify": "Gotify",
        "gotifys": "Gotify",
        "nctalk": "Nextcloud Talk",
        "nctalks": "Nextcloud Talk",
        "signal": "Signal",
        "signals": "Signal",
        "json": "Another program (JSON)",
        "jsons": "Another program (JSON)",
    }
)
#: Where the address names a server although the service has its own: these and what lies below them.
_HOSTS = {"workflows": ("logic.azure.com", "powerplatform.com", "powerautomate.com")}
#: Parts of an address that would read a file here, weaken the connection, follow a server elsewhere, hold a worker for
#: hours, or call a failure a success.
_REFUSED = frozenset(
    {"template", "verify", "redirect", "config", "include", "retry", "wait", "rto", "cto", "store", "optional"}
)

log = logging.getLogger(__name__)


class InvalidTarget(ValueError):
    """The address cannot be used; the message says why, for whoever typed it."""


class NotSent(Exception):
    """The service did not take it; the message is what Apprise said, without what was to be sent."""


def service_of(address: str) -> str:
    """Apprise's name of the service.

    Raises:
        InvalidTarget: no address, not a service we call, a server that the operator has not named.
    """
    address = address.strip()
    if not 0 < len(address) <= LONGEST_ADDRESS or not address.isprintable() or " " in address:
        raise InvalidTarget(NO_ADDRESS)
    try:
        parts = urlsplit(address)
        host, asked = parts.hostname or "", dict(parse_qsl(parts.query, keep_blank_values=True))
    except ValueError as error:
        raise InvalidTarget(NO_ADDRESS) from error
    # What stands in the path as "?..." is Apprise's to read as well: one question mark is all that is taken.
    if address.count("?") > 1 or {name.lower().lstrip("+-:") for name in asked} & _REFUSED:
        raise InvalidTarget(REFUSED_PART)
    # Two readers of one address see two servers in it when its user has a mark of its own.
    if parts.netloc.count("@") > 1 or "\\" in address:
        raise InvalidTarget(NO_ADDRESS)
    service = parts.scheme.lower()
    if service in OWN_SERVERS:
        if host.lower() not in {name.lower() for name in settings.get().notice_hosts}:
            raise InvalidTarget(UNKNOWN_HOST.format(host=host or "?"))
    elif service not in SERVICES:
        raise InvalidTarget(UNKNOWN_SERVICE)
    elif service in _HOSTS and not _lies_below(host, _HOSTS[service]):
        raise InvalidTarget(UNKNOWN_HOST.format(host=host or "?"))
    _check_as_read(address, service)
    return service


def _check_as_read(address: str, service: str) -> None:
    """Apprise reads addresses in a way of its own (`;` parts like `&`, spaces around names, a second decoding): what it
    made of this one counts.

    Raises:
        InvalidTarget
    """
    read = url_to_dict(address, secure_logging=True)  # type: ignore[no-untyped-call]
    plugin = _plugin(address)
    if not read or plugin is None:
        raise InvalidTarget(INCOMPLETE.format(service=called(service)))
    names = {str(name).lower().strip() for kind in ("qsd", "qsd+", "qsd-", "qsd:") for name in read.get(kind) or {}}
    if {name.lstrip("+-:").strip() for name in names} & _REFUSED:
        raise InvalidTarget(REFUSED_PART)
    # An AppriseAttachment is as long as it has files.
    if not plugin.verify_certificate or len(getattr(plugin, "template", None) or ()) > 0:
        raise InvalidTarget(REFUSED_PART)
    host = str(getattr(plugin, "host", None) or read.get("host") or "")
    if service in OWN_SERVERS and host.lower() not in {name.lower() for name in settings.get().notice_hosts}:
        raise InvalidTarget(UNKNOWN_HOST.format(host=host or "?"))
    if service in _HOSTS and not _lies_below(host, _HOSTS[service]):
        raise InvalidTarget(UNKNOWN_HOST.format(host=host or "?"))


def called(service: str) -> str:
    """What people call a service."""
    return SERVICES.get(service) or OWN_SERVERS.get(service) or service


def add(
    session: Session,
    name: str,
    address: str,
    events: Collection[str],
    person_id: UUID | None = None,
    team_id: UUID | None = None,
) -> Target:
    """A new target.

    Raises:
        InvalidTarget
    """
    service = service_of(address)
    target = Target(
        name=name,
        person_id=person_id,
        team_id=team_id,
        service=service,
        address=sealed.seal(PURPOSE, address.strip()),
        events=sorted(events),
        created_at=clock.now(),
    )
    session.add(target)
    session.flush()
    return target


def replace_address(target: Target, address: str) -> None:
    """Another address, with other keys.

    Raises:
        InvalidTarget
    """
    target.service = service_of(address)
    target.address = sealed.seal(PURPOSE, address.strip())
    target.error, target.failed_at, target.worked_at = "", None, None


def in_use(session: Session) -> list[Target]:
    """Those that were not removed, by name."""
    asked = select(Target).where(Target.removed_at.is_(None)).order_by(Target.name, Target.id)
    return list(session.scalars(asked))


def send(address: str, title: str, body: str) -> None:
    """Call the service, now.

    Raises:
        InvalidTarget: the operator's list has changed since.
        NotSent
    """
    service_of(address)
    plugin = _plugin(address)
    if plugin is None:
        raise InvalidTarget(INCOMPLETE.format(service=""))
    plugin.socket_connect_timeout = plugin.socket_read_timeout = TIMEOUT_S
    sender = apprise.Apprise(asset=_asset())
    sender.add(plugin)
    with apprise.LogCapture(level=logging.WARNING) as heard:  # type: ignore[no-untyped-call]
        taken = sender.notify(title=title, body=body, body_format=apprise.NotifyFormat.TEXT)
        told = heard.getvalue() if heard is not None else ""
    if not taken:
        raise NotSent(_without_secrets(told, address))


def address_of(target: Target) -> str:
    """The address with its keys.

    Raises:
        helpsage.sealed.Unreadable: the installation's secret was changed.
    """
    return sealed.unseal(PURPOSE, target.address)


def _plugin(address: str) -> apprise.NotifyBase | None:
    found = apprise.Apprise.instantiate(address, asset=_asset(), suppress_exceptions=True)
    return found if isinstance(found, apprise.NotifyBase) else None


def _asset() -> apprise.AppriseAsset:
    return apprise.AppriseAsset(
        app_id=settings.get().desk_name,
        app_desc=settings.get().desk_name,
        app_url=settings.get().web_url,
        http_redirects=False,
        async_mode=False,
        secure_logging=True,
    )


def _lies_below(host: str, parents: Collection[str]) -> bool:
    return any(host.lower() == parent or host.lower().endswith(f".{parent}") for parent in parents)


def _without_secrets(told: str, address: str) -> str:
    """The last line that Apprise wrote, unless it repeats a part of the address."""
    lines = [line.strip() for line in told.splitlines() if line.strip()]
    parts = [part for part in urlsplit(address).path.split("/") if len(part) >= 6]
    parts += [part for part in (urlsplit(address).password, urlsplit(address).username) if part and len(part) >= 4]
    clean = [line for line in lines if not any(part in line for part in parts)]
    return (clean[0].rpartition(" - ")[2] if clean else "it was not taken")[:200]


NO_ADDRESS = "Write the address as Apprise has it: slack://TokenA/TokenB/TokenC/#channel."
UNKNOWN_SERVICE = "This is none of the services that can be called. The list stands below."
UNKNOWN_HOST = "{host} is not a server that this desk may call. An operator names it in HELPSAGE_NOTICE_HOSTS."
INCOMPLETE = "{service}: something is missing in this address. Look at Apprise's description of the service."
REFUSED_PART = "Parts behind the question mark that read files or weaken the connection are not taken."
