"""What the intake says: to people, to other mail servers, and on tickets."""

from __future__ import annotations

NO_TEXT = "(This letter has no text.)"
ENCRYPTED = "(This letter is encrypted, and the desk has no key to it. Please ask for it in plain words.)"
NO_SUBJECT = "(no subject)"

#: Why nothing was made of a record, for administrators.
REASONS = {
    "report": "a delivery report of a mail server",
    "bounce": "a letter of ours that came back; it is marked on the person",
    "read_notice": "a notice that a letter was read",
    "auto_submitted": "an automatic answer",
    "list": "a mailing list or a mass mailing",
    "suppressed": "a letter that asks not to be answered by programs",
    "no_return_path": "a letter that cannot be answered (empty return path)",
    "own": "a letter of this desk that came back to it",
    "honeypot": "a form in which a field was filled in that people do not see",
    "empty": "nothing in it",
    "invalid": "it does not hold what this way in expects",
}

NOT_KEPT = "Not kept with this ticket (the raw letter has it):\n{files}"
MORE_FILES = "{count} more files: at most {limit} of one letter are taken."
TOO_BIG_TICKET = "“{name}”: the files of this ticket have reached their limit."
NOT_ON_TICKET = "This answers {reference}, but {sender} is not on that ticket. If it belongs there, merge the two."
FORGED = "The mail server says that this letter is not from the domain of {sender} (DMARC failed). Be careful."
SEVERAL = "This letter names several authors, so that nobody knows whose it is. Be careful."
FORWARDED = "Forwarded by {name}."
FORWARDED_SAYING = "Forwarded by {name}, who says:\n\n{words}"
CUT = "This letter was larger than {limit} MB; only its beginning was fetched, and its files are missing."
BOUNCED = "The letter to {address} came back: {status} {words}"
BY_ADDRESS = "it came in by {address}"
REOPENED = "answered by e-mail"
LONG = "\n\n(Shortened. The whole letter is a click away.)"

TOO_LARGE = (
    "552 5.3.4 This message is larger than {limit} MB, which is all that this desk takes. "
    "Please send smaller files, or a link to them."
)
NOT_HERE = "550 5.1.1 Nobody here reads this address."
LATER = "451 4.3.0 This desk cannot keep the message just now. Please try again."
BUSY = "421 4.7.0 This desk is busy with others just now. Please try again."
TOO_MANY = "452 4.5.3 Too many recipients."
KEPT = "250 2.0.0 Kept as {number}"

FORM = {
    "sent": "Thank you. We have your message.",
    "sent_to": "We answer to {email}. Your number is {number}; you can quote it.",
    "empty": "Please write a few words about what is wrong.",
    "too_long": "This is too long: at most {limit:,} characters fit.",
    "no_email": "Please give the address we can answer to, like name@example.org.",
    "long_name": "This name is too long.",
    "too_often": "That was a lot in a short time. Please wait a few minutes; what you wrote is still here.",
    "again": "This page was open for too long. What you wrote is still here: please send it again.",
    "secret": "This needs the secret of this form.",
    "origin": "This page is not one of those that may send this form.",
    "closed": "This form is closed.",
    "invalid": "This is not what this address expects.",
    "other": "Something else came under this id before (record {number}). Please send this under another id.",
}

SPEAKERS = {"person": "Customer", "agent": "Agent", "bot": "Assistant", "system": "System"}

#: What people write who only want to say thank you. With nothing but such words a finished ticket stays finished.
_THANKS = """
thanks thank you thx ty cheers great super perfect ok okay good fine nice wonderful excellent lovely cool yes it works
worked working solved fixed resolved now again all much so very many a lot for your the help quick reply support that is
was this really kind regards best appreciate appreciated have day danke dankeschön vielen herzlichen dank sehr gut jetzt
geht es alles wieder klar prima merci beaucoup bien gracias muchas grazie mille perfetto perfecto parfait bedankt je
"""
THANKS = frozenset(_THANKS.split())
MOST_THANKS = 14
