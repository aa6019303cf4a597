"""Which language a text is written in: by its script, or by the small words that every sentence has.

Good enough to send a ticket to someone who reads it; a text of two words is left unsure.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

from helpsage.triage.reading import Judgement

VERSION = "language-1"
LONGEST_TEXT = 2_000
#: Below it a language is only a guess.
SURE = 0.6

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
        "the a an and or to of in on is are was it this that my me i you your we have has not can cannot do "
        "does for with at from please hello hi when what how but be been there will would since no any still "
        "by as if"
    ),
    "de": (
        "der die das ein eine und oder zu von in auf ist sind war es dieses mein meine mir mich ich sie wir "
        "haben hat nicht kann können mit bei aus bitte hallo wenn was wie aber für seit kein keine noch den "
        "dem im auch sehr"
    ),
    "fr": (
        "le la les un une et ou de du des dans sur est sont il elle ce cette mon ma mes je vous nous avons ai "
        "pas ne peux peut avec pour bonjour merci quand comment mais depuis plus que qui au aux en y sans"
    ),
    "es": (
        "el la los las un una y o de del en es son lo esto mi mis yo usted nosotros tengo no puedo puede con "
        "por para hola gracias cuando como pero desde que se al está muy más sin"
    ),
    "it": (
        "il lo la gli le un una e o di del della in è sono questo mio mia io lei noi ho non posso può con per "
        "ciao grazie quando come ma da che si al alla molto più senza"
    ),
    "pt": (
        "o a os as um uma e ou de do da em no na é são isto meu minha eu você nós tenho não posso pode com "
        "por para olá obrigado quando como mas desde que se ao muito mais sem"
    ),
    "nl": (
        "de het een en of van in op is zijn was dit dat mijn mij ik u wij we heb heeft niet kan met bij uit "
        "graag hallo als wat hoe maar voor sinds geen nog naar ook zeer"
    ),
    "pl": (
        "i w na z do nie się jest są to ten ta mój moja ja pan pani mam można proszę dzień dobry jak ale od "
        "już po za czy"
    ),
    "tr": "ve bir bu şu için ile değil var yok ben benim mi mı ne nasıl ama çok daha gibi merhaba lütfen olarak",
    "hi": "hai nahi nahin ka ki ke ko se mera meri mujhe kya kaise ho raha rahi kar karo karna par aur bhi kyun",
}
_WORDS = {language: frozenset(words.split()) for language, words in _SMALL_WORDS.items()}
_LETTERS = re.compile(r"[^\W\d_]+")
_NOT_PROSE = re.compile(r"\S*[@/\\]\S*|https?:\S+")


def read(text: str) -> Judgement:
    """The language of a text."""
    plain = _NOT_PROSE.sub(" ", text[:LONGEST_TEXT])
    words = [word.casefold() for word in _LETTERS.findall(plain)]
    by_script = _by_script(plain)
    if by_script is not None:
        return by_script
    found = Counter({language: sum(word in small for word in words) for language, small in _WORDS.items()})
    (best, hits), (_, others) = found.most_common(2)
    if not hits:
        return Judgement(None, 0.0, "no small word of a known language", VERSION)
    # As if two words more spoke for another language: few words prove little.
    confidence = (hits - others * 0.7) / (hits - others * 0.7 + 1.5) if hits > others else 0.0
    known = [word for word in dict.fromkeys(words) if word in _WORDS[best]][:5]
    evidence = f"small words: {', '.join(known)}"
    if confidence < SURE:
        return Judgement(None, confidence, evidence, VERSION, likely=best)
    return Judgement(best, confidence, evidence, VERSION)


def _by_script(text: str) -> Judgement | None:
    scripts = Counter(unicodedata.name(each, "").partition(" ")[0].partition("-")[0] for each in text if each.isalpha())
    total = scripts.total()
    foreign = [(count, script) for script, count in scripts.items() if script in _SCRIPTS]
    if not foreign or sum(count for count, _ in foreign) * 2 < total:
        return None
    if scripts["HIRAGANA"] + scripts["KATAKANA"]:
        return Judgement("ja", 0.95, "written in kana", VERSION)
    count, script = max(foreign)
    return Judgement(_SCRIPTS[script], 0.5 + 0.45 * count / total, f"written in {script.lower()}", VERSION)
