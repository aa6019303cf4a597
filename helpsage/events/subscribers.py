"""Who wants to know what: which tasks follow which event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from helpsage.jobs.queue import DEFAULT_QUEUE, LATER_QUEUE, READING_QUEUE


@dataclass(frozen=True)
class Subscription:
    """A task that follows a kind of event.

    Attributes:
        task: its registered name; it is called with `event_id`, `subject_id` and `payload`.
        stream: events of one subject are handled in order within a stream; a stream that hangs holds up no other.
        together: one job does many events (`helpsage/jobs/following.py`). For tasks that talk to the database alone:
            what waits for somebody else's server would hold up the others.
        only_if: a statement; while it finds no row there is nothing to do, and no job.
        only_for: a statement that finds those of `:subjects` for which there is something to do; the others get no job.
        only_by: kind of actor; what others do is of no interest.
        priority: the higher, the sooner among all jobs that wait.
        shards: jobs of many events that run side by side at most, each with the subjects that fall to it. Where each
            takes long, fewer than a worker has places for: what people wait for finds one free.
        queue: of `helpsage/jobs/queue.py`.
    """

    task: str
    stream: str
    together: bool = False
    only_if: str = ""
    only_for: str = ""
    only_by: str = ""
    priority: int = 0
    shards: int = 2
    queue: str = DEFAULT_QUEUE


_WEBHOOKS = Subscription(
    "webhooks.write",
    "webhooks",
    together=True,
    only_if="select from webhook where disabled_at is null and removed_at is null",
)
_PLACES = "select from alert_place where installation is not null and removed_at is null"
_ALERT = Subscription("alerts.tell", "alerts", together=True, only_if=_PLACES)
_ALERT_CHAT = Subscription("alerts.tell_chat", "alerts", only_if=_PLACES)
_ROUND_ROBIN = "select from team where assignment = 'round_robin' and archived_at is null"
_GIVE = Subscription("assignment.give", "assignment", together=True, only_if=_ROUND_ROBIN)
_MOVED = Subscription("assignment.moved", "assignment", together=True, only_if=_ROUND_ROBIN)
#: Whom to tell is found out before all else; somebody in a chat waits for what is said there.
_SOON, _AT_ONCE = 10, 20
#: Letters to many are never in the way of that: when everybody writes at once, they come when there is time.
_TELL = Subscription("notify.tell", "notify", together=True, priority=_SOON, shards=1, queue=LATER_QUEUE)
#: Two at a time, so that one thinks while the other writes; more would only make smaller batches.
_TRIAGE = Subscription("triage.read", "triage", together=True, shards=2, queue=READING_QUEUE)
_LEARN = replace(_TRIAGE, only_by="agent")
#: Tickets about the same are looked for when the machine has nothing else to do.
_COMPARE = Subscription("triage.compare", "twins", together=True, queue=LATER_QUEUE, shards=1)
#: Files come with what was said in a chat application; most tickets never were there.
_EARLIER_FILES = Subscription(
    "channels.fetch_earlier_files",
    "files",
    only_for="select t.id from ticket t join channel_conversation c on c.conversation_id = t.conversation_id "
    "where t.id = any(cast(:subjects as uuid[]))",
)
_INDEX = Subscription("knowledge.index", "knowledge")

SUBSCRIBERS: Mapping[str, tuple[Subscription, ...]] = MappingProxyType(
    {
        "ticket.opened": (
            _TRIAGE,
            _TELL,
            _WEBHOOKS,
            _ALERT,
            _EARLIER_FILES,
            Subscription("handoff.keep_files", "chat_files", only_if="select from chat_file"),
        ),
        "ticket.replied": (
            Subscription("chat.deliver_reply", "chat", priority=_AT_ONCE),
            _TELL,
            _WEBHOOKS,
            _ALERT,
        ),
        "ticket.commented": (_TELL, _WEBHOOKS, _ALERT),
        "ticket.noted": (_TELL, _WEBHOOKS, _ALERT),
        "ticket.status_changed": (
            Subscription("chat.tell_status", "chat", priority=_AT_ONCE),
            _TELL,
            _WEBHOOKS,
            _GIVE,
            _ALERT,
        ),
        "ticket.assigned": (_TELL, _WEBHOOKS, _GIVE, _ALERT),
        "ticket.escalated": (_TELL, _WEBHOOKS, _ALERT),
        "ticket.alerted": (_TELL, _WEBHOOKS, _ALERT),
        "ticket.due_soon": (_TELL, _WEBHOOKS, _ALERT),
        "ticket.breached": (_TELL, _WEBHOOKS, _ALERT),
        **dict.fromkeys(
            (
                "ticket.tagged",
                "ticket.details_changed",
                "ticket.rated",
                "ticket.unmerged",
            ),
            (_WEBHOOKS,),
        ),
        "ticket.merged": (_WEBHOOKS, _ALERT),
        "ticket.routed": (_WEBHOOKS, _GIVE, _COMPARE),
        "ticket.team_changed": (_WEBHOOKS, _MOVED, _ALERT),
        "service_levels.changed": (Subscription("service_levels.recount", "service_levels"),),
        "ticket.category_changed": (_WEBHOOKS, replace(_LEARN, task="triage.learn_topic")),
        "ticket.priority_changed": (_WEBHOOKS, replace(_LEARN, task="triage.learn_urgency"), _ALERT),
        "identity.heard": (Subscription("identities.hear", "identities"),),
        "identity.profile_read": (Subscription("identities.vouch", "identities"),),
        "mail.queued": (Subscription("mail.deliver", "mail"),),
        "mail.may_wait": (Subscription("mail.deliver", "mail", queue=LATER_QUEUE),),
        **dict.fromkeys(("article.published", "article.withdrawn"), (_INDEX,)),
        "conversation.owner_changed": (Subscription("handoff.follow", "handoff"), _ALERT_CHAT),
        "conversation.agent_said": (Subscription("alerts.tell_answer", "alerts", only_if=_PLACES),),
        "alert.heard": (Subscription("alerts.hear", "alerts.heard"),),
        "conversation.files_sent": (Subscription("channels.fetch_files", "files"),),
        "conversation.form_sent": (Subscription("channels.file_form", "ticket"),),
        "channel.broken": (Subscription("channels.tell_broken", "channels"),),
        "conversation.person_wrote": (
            Subscription("chat.add_words_to_ticket", "ticket"),
            Subscription("alerts.tell_words", "alerts", only_if=_PLACES),
        ),
    }
)
