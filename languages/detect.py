"""Which language a text is written in: by its script, or by the small words that every sentence has.

Good enough to answer in the same language and to send a ticket to someone who reads it; a word or two are left unsure.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from languages import SOURCE, SPOKEN

VERSION: Final = "language-2"
LONGEST_TEXT: Final = 2_000
#: Below it a language is only a guess.
SURE: Final = 0.6
#: As if this much more spoke for another language: few words prove little.
DOUBT: Final = 0.9
#: How much of what speaks for the next likely language counts against the likeliest.
RIVALRY: Final = 0.7
#: What a letter that one language has to itself counts, against 1 for a word; once a text.
LETTER: Final = 0.8
#: Words of a message that may change the language of a conversation.
WORDS_TO_SWITCH: Final = 3
#: Letters of a script of its own that may.
LETTERS_TO_SWITCH: Final = 6

#: Scripts that (nearly) one language is written in here, by the first word of a character's Unicode name.
_SCRIPTS = {
    "DEVANAGARI": "hi",
    "ARABIC": "ar",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "HANGUL": "ko",
    "CJK": "zh",
    "THAI": "th",
    "HEBREW": "he",
    "GREEK": "el",
    "BENGALI": "bn",
    "TAMIL": "ta",
    "TELUGU": "te",
    "CYRILLIC": "ru",
}
_SMALL_WORDS = {
    "en": (
        "the a an and or to of in on is are was it this that my me i you your we have has not can cannot do does for "
        "with at from please hello hi when what how but be been there will would since no any still by as if they "
        "them he she his her our who where why which just get got did don't can't doesn't won't isn't i'm it's "
        "need want help again after before yesterday today tomorrow anymore thanks thank cant dont doesnt im "
        "could should am about into out up off all some too very now then than problem working works work "
        "open close ticket account forgot lost broken says said"
    ),
    "de": (
        "der die das ein eine einen einem einer und oder zu zum zur von vom in auf ist sind war es dieses mein meine "
        "meinen meinem meiner mir mich ich sie wir ihr du er haben habe hat hatte nicht kann können konnte mit bei aus "
        "bitte hallo wenn was wie wo wer warum wann aber für seit kein keine keinen noch den dem des im am auch sehr "
        "nur mehr schon immer wieder nach vor über unter um bis doch dass weil wird werden wurde muss müssen möchte "
        "will wollen brauche geht gehen funktioniert heute gestern morgen danke jemand jemandem etwas nichts "
        "passwort konto anmelden drucker rechnung bezahlt geld zurück hilfe sprechen ticket guten tag "
        "ja nein gibt habt sich als ob mal fuer koennen waere moechte ueber zurueck"
    ),
    "fr": (
        "le la les un une et ou de du des dans sur est sont il elle ce cette ces mon ma mes je j' vous nous avons ai "
        "avez a été pas ne n' peux peut pouvez avec pour bonjour bonsoir merci quand comment pourquoi où mais depuis "
        "plus que qui qu' quoi au aux en y sans par se s' c' d' l' m' mon votre vos notre suis être fait faire "
        "fonctionne marche toujours encore rien quelqu'un aujourd'hui hier demain besoin veux voudrais "
        "aide compte passe imprimante paiement payé argent oublié ouvrir parler oui non svp très aussi tout ca ça"
    ),
    "es": (
        "el la los las un una unos unas y o u de del en es son está estoy están lo esto este esta ese esa eso mi mis "
        "me yo usted ustedes nosotros tengo tiene no puedo puede pueden con por para hola gracias cuando cuándo como "
        "cómo pero desde que qué se al muy más sin hay he ha hace hacer quiero quisiera necesito funciona nada "
        "olvidó clave vino respuesta todavía ya también donde dónde quién alguien hoy ayer mañana favor "
        "ayuda cuenta contraseña correo "
        "impresora pago pagué dinero olvidé abrir hablar persona sí buenos buenas días tardes sigue fue ser "
        "estaba han si le les su sus otra otro vez porque entrar problema"
    ),
    "it": (
        "il lo la gli le un una e o di del della in è sono questo mio mia io lei noi ho non posso può con per ciao "
        "grazie quando come ma da che si al alla molto più senza mi sul nel dal perché anche ancora vorrei bisogno"
    ),
    "pt": (
        "o a os as um uma e ou de do da em no na é são isto meu minha eu você nós tenho não posso pode com por para "
        "olá obrigado quando como mas desde que se ao muito mais sem está estou meus minhas pelo pela ainda preciso"
    ),
    "nl": (
        "de het een en of van in op is zijn was dit dat mijn mij ik u wij we heb heeft niet kan met bij uit graag "
        "hallo als wat hoe maar voor sinds geen nog naar ook zeer er aan om mag moet wil graag bedankt"
    ),
    "pl": (
        "i w na z do nie się jest są to ten ta mój moja ja pan pani mam można proszę dzień dobry jak ale od "
        "już po za czy"
    ),
    "tr": "ve bir bu şu için ile değil var yok ben benim mi mı ne nasıl ama çok daha gibi merhaba lütfen olarak",
    "hi": (
        "hai hain hun hoon tha thi the nahi nahin nhi ka ki ke ko se mein me mai main mera meri mere mujhe mujhko hum "
        "hamara humko aap aapka aapki apna apni kya kyu kyun kyon kaise kab kahan kaun kitna kitne ho hota "
        "hoti hua hui "
        "raha rahi rahe gaya gayi gaye kar karo karna karne karke karu karun kiya kijiye kariye kardo karta karti "
        "par pe aur bhi abhi ab toh to yeh ye woh wo koi kuch sab bahut thoda sirf phir fir lekin magar agar liye "
        "chahiye chal chalta chalu chalti de do diya dijiye dena lena liya le batao bataiye bata madad kripya "
        "namaste namaskar dhanyavaad shukriya haan nahi ji bhai paisa paise khul band baat karni bhool "
        "aaj kal parso se tak wala wali hogaya pata sakta sakte sakti wapas kripaya aa jaldi"
    ),
}  # fmt: skip
_WORDS = {language: frozenset(words.split()) for language, words in _SMALL_WORDS.items()}
#: How many languages have a word; one that is shared proves less.
_SHARED = Counter(word for words in _WORDS.values() for word in words)
#: By word, the languages that have it and what it counts for each: a message is looked through once.
_WEIGHED = {
    word: tuple((language, 1 / count) for language, words in _WORDS.items() if word in words)
    for word, count in _SHARED.items()
}
#: Letters that among the languages here (nearly) one has to itself.
_OWN_LETTERS = {
    "ñ": "es",
    "¿": "es",
    "¡": "es",
    "ß": "de",
    "œ": "fr",
    "ł": "pl",
    "ş": "tr",
    "ğ": "tr",
    "ã": "pt",
    "õ": "pt",
}
_LETTERS = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_ELIDED = re.compile(r"^(?:[cdjlmnst]|qu)['’]", re.IGNORECASE)
_NOT_PROSE = re.compile(r"\S*[@/\\]\S*|https?:\S+")

_NAMED = {
    "en": r"english|ingl[eé]s|englisch|anglais|angrezi|angreji|अंग्रेज़ी|अंग्रेजी|इंग्लिश",
    "es": r"spanish|espa[nñ]ol|spanisch|espagnol|castellano|स्पेनिश",
    "de": r"german|alem[aá]n|deutsch|allemand|जर्मन",
    "fr": r"french|franc[eé]s|franz[oö]sisch|fran[cç]ais|फ़्रेंच|फ्रेंच",
    "hi": r"hindi|हिन्दी|हिंदी",
}
_PLEASE = r"please|plz|pls|por favor|bitte|s'il vous pla[iî]t|svp|kripya"
#: Words about talking: with one of them a language that is named is one to talk in.
_TALKING = re.compile(
    r"\b(?:speak|talk|answer|reply|respond|write|switch|change|continue|chat|can (?:we|you|i)|could (?:we|you)|habl\w*"
    r"|respond\w*|contest\w*|escrib\w*|cambi\w*|podemos|puedes?|sprech\w*|sprichst|antwort\w*|schreib\w*|können|kannst"
    r"|parl\w*|répond\w*|écri\w*|pou[rv]\w+|bol\w*|baat|batao|likh\w*|bata\w*)|बोल|बात|लिख|बता",
    re.IGNORECASE,
)
_IN = {
    language: re.compile(
        rf"\b(?:in|auf|en|to|speak|hablar?|hablas|sprechen|parler|parlez)\s+(?:{names})|(?:{names})\s+(?:mein|me|mai|में)",
        re.I,
    )
    for language, names in _NAMED.items()
}
#: Said with nothing but courtesy: "hindi please", "auf Deutsch", "español".
_ALONE = {
    language: re.compile(rf"^\W*(?:(?:in|auf|en)\s+)?(?:{names})(?:\s+(?:mein|me|mai|में))?[\W]*(?:{_PLEASE})?\W*$", re.I)
    for language, names in _NAMED.items()
}
#: A wish is said in a few words; a longer text that names a language is about something else.
LONGEST_WISH: Final = 8
#: Greetings that belong to one language: one of them is enough to be answered in it.
_GREETINGS = {
    "hola": "es", "buenas": "es", "buenos días": "es", "buenas tardes": "es", "buenas noches": "es",
    "bonjour": "fr", "bonsoir": "fr", "salut": "fr",
    "guten tag": "de", "guten morgen": "de", "guten abend": "de", "hallo": "de", "moin": "de", "servus": "de",
    "namaste": "hi", "namaskar": "hi", "नमस्ते": "hi", "नमस्कार": "hi", "प्रणाम": "hi",
}  # fmt: skip


@dataclass(frozen=True)
class Found:
    """The language of a text.

    Attributes:
        value: its code; None when it is unsure.
        confidence: 0 to 1.
        evidence: what it rests on, in words for people.
        likely: the best guess when `value` is None.
        hits: words of the text that speak for it; letters, of a script of its own.
    """

    value: str | None
    confidence: float
    evidence: str
    likely: str | None = None
    hits: int = 0


@dataclass(frozen=True)
class Switch:
    """What a conversation is held in from now on, and whether somebody asked for it."""

    language: str
    asked_for: bool = False


def read(text: str) -> Found:
    """The language of a text."""
    plain = _NOT_PROSE.sub(" ", text[:LONGEST_TEXT])
    by_script = None if plain.isascii() else _by_script(plain)
    if by_script is not None:
        return by_script
    words = _words(plain)
    scores: Counter[str] = Counter()
    for word in words:
        for language, weight in _WEIGHED.get(word, ()):
            scores[language] += weight  # type: ignore[assignment]  # counters add fractions as well
    if not plain.isascii():
        for language in {_OWN_LETTERS[letter] for letter in plain.casefold() if letter in _OWN_LETTERS}:
            scores[language] += LETTER  # type: ignore[assignment]
    if not scores:
        return Found(None, 0.0, "no small word of a known language")
    (best, most), (_, second) = [*scores.most_common(2), ("", 0)][:2]
    lead = max(0.0, most - RIVALRY * second)
    confidence = lead / (lead + DOUBT) if most > second else 0.0
    known = [word for word in dict.fromkeys(words) if word in _WORDS[best]]
    evidence = f"small words: {', '.join(known[:5])}" if known else "letters of its own"
    if confidence < SURE:
        return Found(None, confidence, evidence, best, len(known))
    return Found(best, confidence, evidence, hits=len(known))


def wish(text: str) -> str | None:
    """The language that somebody asks to be answered in: "en español, por favor"."""
    if len(text) > 100 or len(text.split()) > LONGEST_WISH:
        return None
    talks = _TALKING.search(text) is not None
    return next(
        (code for code in _NAMED if _ALONE[code].search(text) or (talks and _IN[code].search(text))),
        None,
    )


def is_only_a_wish(text: str) -> bool:
    """Whether somebody says which language they want, and nothing else."""
    return wish(text) is not None and any(pattern.search(text) for pattern in _ALONE.values())


def follow(language: str, asked_for: bool, text: str) -> Switch:
    """The language of a conversation after a message.

    A wish always counts. Somebody who said what they want keeps it, whatever they write in. Else the conversation
    follows a message that is surely in another language and has more than a word or two to show it; a greeting that
    only one language has is enough. "ok", a name or a number change nothing.

    Args:
        language: of the conversation so far.
        asked_for: whether the person chose it.
        text: what they wrote; nothing for a button.
    """
    wanted = wish(text)
    if wanted is not None:
        return Switch(wanted, asked_for=True)
    if asked_for:
        return Switch(language, asked_for=True)
    greeted = _GREETINGS.get(text.casefold().strip(" \t\n.,;:!¡?¿)("))
    if greeted is not None:
        return Switch(greeted)
    found = read(text)
    if found.value in SPOKEN and found.value != language and _is_enough(found, text):
        return Switch(found.value)
    return Switch(language)


def spoken(code: str | None) -> str | None:
    """The language of ours that a code means (`de-AT` is `de`); None for one that we do not speak."""
    base = (code or "").strip().lower().replace("_", "-").partition("-")[0]
    return base if base in SPOKEN else None


def preferred(header: str | None) -> str:
    """The first language of an `Accept-Language` header (RFC 9110, 12.5.4) that we speak, by its quality."""
    ranked: list[tuple[float, int, str]] = []
    for place, part in enumerate((header or "")[:500].split(",")):
        code, _, quality = part.strip().partition(";")
        language = spoken(code)
        if language is not None:
            ranked.append((-_quality(quality), place, language))
    return min(ranked)[2] if ranked and min(ranked)[0] < 0 else SOURCE


def _quality(written: str) -> float:
    name, _, value = written.strip().partition("=")
    if name != "q":
        return 1.0
    try:
        return min(1.0, max(0.0, float(value)))
    except ValueError:
        return 0.0


def _is_enough(found: Found, text: str) -> bool:
    if not text.isascii() and found.evidence.startswith("written in"):
        return found.hits >= LETTERS_TO_SWITCH
    return found.hits >= 2 and len(_words(text)) >= WORDS_TO_SWITCH


def _words(plain: str) -> list[str]:
    """The words in small letters; what French ties to the next word with an apostrophe counts by itself."""
    return list(_untied(match.casefold().replace("’", "'") for match in _LETTERS.findall(plain)))


def _untied(words: Iterable[str]) -> Iterable[str]:
    for word in words:
        tied = _ELIDED.match(word)
        if tied is not None and word not in _WORDS["en"]:
            yield tied[0]
            yield word[tied.end() :]
        else:
            yield word


def _by_script(text: str) -> Found | None:
    scripts = Counter(_script(each) for each in text if each.isalpha())
    total = scripts.total()
    foreign = [(count, script) for script, count in scripts.items() if script in _SCRIPTS]
    if not foreign or sum(count for count, _ in foreign) * 2 < total:
        return None
    if scripts["HIRAGANA"] + scripts["KATAKANA"]:
        return Found("ja", 0.95, "written in kana", hits=total)
    count, script = max(foreign)
    return Found(_SCRIPTS[script], 0.5 + 0.45 * count / total, f"written in {script.lower()}", hits=count)


def _script(letter: str) -> str:
    return "LATIN" if letter < "\u0250" else unicodedata.name(letter, "").partition(" ")[0].partition("-")[0]
