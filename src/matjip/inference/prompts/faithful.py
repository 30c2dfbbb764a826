"""Whether a text says what the facts say and nothing else.

It is read as a small closed language: the facts' own words and numbers, and a few plain words that carry no fact of their own.
One word outside of it, a number beside another thing than its own, or praise where there is blame, and the text is refused. That
refuses good sentences too: the text by rules stands in their place.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby

from matjip.inference.prompts.inflected import NO_MORE, PARTICLES, inflected
from matjip.inference.prompts.question import Reason
from matjip.inference.task import Counted, Facts

__all__ = ["EN_CLAIM_WORDS", "EN_SUMMARY_WORDS", "KO_CLAIM_CHARS", "KO_SUMMARY_CHARS", "SENTENCES", "fault"]

KO_CLAIM_CHARS, EN_CLAIM_WORDS = (15, 28), 12  # as the claims by rules
KO_SUMMARY_CHARS, EN_SUMMARY_WORDS = 160, 60  # a third more than the longest by rules
SENTENCES = 3
SEVERAL = 2  # voices
NUMBER = r"\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?"
SIGNS = re.compile(r"[가-힣A-Za-zÀ-ÖØ-öø-ɏ0-9 .,()%·:;'\"“”‘’\-]+")
QUOTE_SIGNS = "'\"“”‘’"
NEGATION = re.compile(r"않|없|못|안|아니|말고|not\b|no\b|never|hardly|without|\w+n['’]t\b", re.IGNORECASE)
HYPE = re.compile(
    r"최고|최상|으뜸|대박|완벽|인생|압도|극찬|환상|강추|필수|최악|전설|best|worst|amazing|perfect|incredible|must|ultimate|famous"
    r"|legend|heaven|unforgettable|world|awesome|superb|outstanding|finest|unbeatable|unmatched|greatest",
    re.IGNORECASE,
)
# How a sentence ends in Korean: with a verb, a count or a headline's noun; and with what none ends in English.
ENDS = {
    "ko": re.compile(r"(?:다|요|\d[개건배%]|칭찬|호평|평가|만족|불만|지적)$"),
    "en": re.compile(
        r"(?<![A-Za-z])(?!(?:the|an?|of|and|is|are|was|were|be|been|have|has|had|by|for|with|in|on|to|their|its|this|that|these|those"
        r"|who|which|as|also|about|from|both|while|but|other|among|out|what|meanwhile|main|such as|including|get|gets|got)$)"
        r"[A-Za-z0-9%]+$",
        re.IGNORECASE,
    ),
}
Rule = tuple[str, str]  # a kind of word, and the pattern of such words


def _nouns(words: str) -> str:
    return rf"(?:{words})(?:{PARTICLES})?{NO_MORE}"


def _verbs(lemmas: str) -> str:
    return "|".join(inflected(lemma) for lemma in lemmas.split())


def _done(words: str) -> str:
    """칭찬 as 칭찬이, 칭찬했고, 칭찬받는."""
    return rf"(?:{words})(?:{_verbs('하다 받다 되다')}|{PARTICLES}{NO_MORE}|{NO_MORE})"


# Kinds of plain words: "praise" and "blame" turn a sentence one way; "positive" and "negative" are whole reviews; "examples"
# says that there are others; "many", "several" and "foremost" have to be true; "plain" says nothing.
KOREAN: tuple[Rule, ...] = (
    (
        "foremost",
        rf"(?:순으로|이야기가|언급이|의견이)\s(?:가장\s)?{inflected('많다')}|(?:순으로|가장\s많이)\s{inflected('꼽히다')}|가장\s{inflected('많다')}",
    ),
    ("praise", rf"{_done('칭찬|호평|만족|장점|강점')}|{_verbs('좋다 좋아하다')}|마음에\s{inflected('들다')}"),
    ("blame", rf"{_done('불만|지적|혹평|불평|단점|비판|아쉬움')}|{_verbs('아쉽다 아쉬워하다')}"),
    ("positive", _nouns("긍정적|긍정")),
    ("negative", _nouns("부정적|부정")),
    ("examples", rf"(?:등|비롯해|비롯한){NO_MORE}|등(?:의|이|을|은|도)?{NO_MORE}"),
    ("many", rf"{inflected('많다')}|많이{NO_MORE}|{_nouns('다수')}"),
    ("several", rf"{_nouns('여럿')}|여러(?:\s번)?{NO_MORE}"),
    (
        "plain",
        _nouns("리뷰|후기|손님|방문객|작성자|의견|반응|평가|평|이야기|언급|점|부분|이곳|곳|쪽|편|가운데|중|것|분들")
        + rf"|(?:그리고|또한|또|다만|반면|한편|특히|함께|이|그|대한|대해|대해서는|관한|관해){NO_MORE}|"
        + _verbs(
            "있다 나오다 꼽다 꼽히다 이어지다 모이다 남기다 말하다 하다 되다 받다 들다 보이다 언급하다 언급되다 얻다 이다"
        ),
    ),
)
ENGLISH: tuple[Rule, ...] = (
    ("foremost", r"most often\b"),
    (
        "praise",
        r"(?:praise[sd]?|praising|compliment(?:s|ed)?|likes?|liked|enjoy(?:s|ed)?|appreciate[sd]?|well[ -]liked)\b",
    ),
    (
        "blame",
        r"(?:critici[sz](?:e|es|ed|ing)|criticisms?|complain(?:s|ed|ts?)?|dislike[sd]?|fault(?:s|ed)?|shortcomings?)\b",
    ),
    ("positive", r"positive\b"),
    ("negative", r"negative\b"),
    ("examples", r"(?:among other(?:s| things)?|including|such as|for example|for instance|and more|and others)\b"),
    ("many", r"many\b"),
    ("several", r"(?:several|some)\b"),
    (
        "plain",
        r"(?:the|an?|of|and|is|are|was|were|be|been|have|has|had|by|for|with|in|on|to|their|its|it|this|that|these|those|who|which"
        r"|reviewers?|reviews?|guests?|diners|customers|visitors|people|they|mention(?:s|ed)?|say|says|said|name[sd]?|speak|spoke"
        r"|as|also|here|about|from|both|while|but|other|among|out|get|gets|got|earn(?:s|ed)?|draw(?:s|n)?|come|comes|go|goes"
        r"|there|what|meanwhile|point(?:s|ed)?|main)\b",
    ),
)


@dataclass(frozen=True, slots=True)
class _Word:
    """One word of a text, what it is and where it stands."""

    kind: str
    value: str
    start: int
    end: int


class _Refused(Exception):
    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


def fault(text: str, facts: Facts, *, is_claim: bool) -> Reason | None:
    """Why this text may not stand for these facts; None where it may."""
    try:
        _hold(text, facts, is_claim=is_claim)
    except _Refused as refused:
        return refused.reason
    return None


def _hold(text: str, facts: Facts, *, is_claim: bool) -> None:
    if any(unicodedata.category(sign)[0] == "C" for sign in text) or unicodedata.normalize("NFC", text) != text:
        raise _Refused("sign")
    if facts.language == "ko" and not re.search("[가-힣]", text):
        raise _Refused("language")
    if not SIGNS.fullmatch(text):
        raise _Refused("hype" if HYPE.search(text) else "sign")
    words = list(_words(text, facts))
    sentences = [list(group) for is_stop, group in groupby(words, lambda word: word.kind == "stop") if not is_stop]
    _check_length(text, facts, len(sentences), is_claim=is_claim)
    _check_quotes(text, words, facts)
    said = [word for word in words if word.kind not in ("plain", "quote", "stop")]
    _check_all(said, facts)
    for sentence in sentences:
        (_check_one if facts.leaning is None else _check_several)(sentence, facts)
        _check_form(text[sentence[0].start : sentence[-1].end], sentence, facts)
    (_check_claim if is_claim else _check_summary)(said, facts)


def _words(text: str, facts: Facts) -> Iterator[_Word]:
    """The text, word by word. Raises _Refused at one that the facts do not explain."""
    rules = _rules(facts)
    at = 0
    while at < len(text):
        if text[at] in " ,()·:;-":
            at += 1
            continue
        kind, found = next(((kind, found) for kind, rule in rules if (found := rule.match(text, at))), ("", None))
        if found is None or found.end() == at:
            raise _Refused(_why(text[at:], facts))
        if kind:
            value = found[1] if found.re.groups and found[1] is not None else found[0]
            yield _Word(kind, value, at, found.end())
        at = found.end()


def _why(rest: str, facts: Facts) -> Reason:
    word, *after = rest.split()
    if word[0].isdigit():
        return "number"
    if any(map(NEGATION.match, (word, *after[:1]))):  # 진하지 않은: the word before says it too
        return "negation"
    if HYPE.match(word):
        return "hype"
    return "language" if facts.language == "en" and re.match("[가-힣]", word) else "word"


def _rules(facts: Facts) -> list[tuple[str, re.Pattern[str]]]:
    """What may stand in a text of these facts; the first that fits is taken."""
    return [*_own(facts), *_plain(facts.language)]


def _own(facts: Facts) -> list[tuple[str, re.Pattern[str]]]:
    """The facts' own words, the longest first: what is named, what is said of it, how the aspects are called."""
    own = [("thing", name) for point in facts.points for name, _ in point.named]
    own += [("opinion", said) for point in facts.points for said in point.opinions]
    own += [("aspect", name) for point in facts.points for name in point.called]
    unique = sorted(dict.fromkeys(own), key=lambda one: -len(one[1]))  # stable: a thing before an aspect of its name
    return [(kind, _own_word(kind, word, facts.language)) for kind, word in unique]


@cache
def _own_word(kind: str, word: str, language: str) -> re.Pattern[str]:
    if language == "en":
        return re.compile(rf"({_spaced(word)}){'' if kind == 'opinion' else 's?'}(?![A-Za-z0-9])", re.IGNORECASE)
    if kind == "opinion" and word.endswith("다"):
        return re.compile(f"(?:{inflected(word)})")
    return re.compile(rf"({_spaced(word)})(?:{PARTICLES})?{NO_MORE}")


def _spaced(word: str) -> str:
    return r"\s".join(re.escape(part) for part in word.split())


@cache
def _plain(language: str) -> list[tuple[str, re.Pattern[str]]]:
    rules: tuple[Rule, ...]
    if language == "ko":
        dotted = rf"(?:{PARTICLES})?{NO_MORE}"
        rules = (
            ("all", rf"(?:(?:리뷰|후기)\s)?({NUMBER})개(?:의\s(?:리뷰|후기))?\s(?:중|가운데)(?:에서|에)?{NO_MORE}"),
            ("recent", rf"최근\s석\s달(?:간|\s동안|에)?\s({NUMBER})개{dotted}"),
            ("recent", rf"최근\s석\s달에는\s없(?:음|고|습니다){NO_MORE}"),
            ("compared", rf"비교\s식당의\s({NUMBER})배{dotted}"),
            ("compared", rf"비교\s식당보다\s(?:더\s)?{inflected('많다')}"),
            ("share", rf"({NUMBER})\s?%{dotted}"),
            ("count", rf"({NUMBER})(?:개|건){dotted}"),
            ("better", _verbs("나아지다 좋아지다")),
            ("worse", _verbs("나빠지다")),
            *KOREAN,
            ("", rf"(?<=[)'\"”’]){PARTICLES}{NO_MORE}"),
        )
    else:
        more = r"(?:as often as|more often than)(?: at)? similar restaurants\b"
        rules = (
            ("all", rf"(?:out of|of|among|in)\s(?:all\s|the\s)?({NUMBER})\sreviews?\b"),
            ("recent", rf"({NUMBER})\sin the last three months\b"),
            ("recent", r"none in the last three months\b"),
            (
                "compared",
                rf"({NUMBER})\stimes\s(?:as often (?:here )?as|more often (?:here )?than) at similar restaurants\b",
            ),
            ("compared", rf"more often (?:here )?than at similar restaurants\b|{more}"),
            ("share", rf"({NUMBER})\s?(?:%|per cent\b|percent\b)"),
            ("count", rf"({NUMBER})(?![\w.]*\d)(?![A-Za-z])"),
            ("better", r"(?:better|improv(?:ed|ing))\b"),
            ("worse", r"(?:worse|worsened|worsening)\b"),
            *ENGLISH,
        )
    signs: tuple[Rule, ...] = (("quote", f"[{QUOTE_SIGNS}]"), ("stop", r"\.(?!\d)"))
    return [(kind, re.compile(rule, re.IGNORECASE)) for kind, rule in (*rules, *signs)]


def _check_length(text: str, facts: Facts, sentences: int, *, is_claim: bool) -> None:
    if facts.language == "ko":
        low, high = KO_CLAIM_CHARS if is_claim else (KO_CLAIM_CHARS[0], KO_SUMMARY_CHARS)
        fits = low <= len(text) <= high
    else:
        fits = 2 <= len(text.split()) <= (EN_CLAIM_WORDS if is_claim else EN_SUMMARY_WORDS)
    if not fits or not 1 <= sentences <= (1 if is_claim else SENTENCES):
        raise _Refused("length")


def _check_form(said: str, sentence: Sequence[_Word], facts: Facts) -> None:
    """What the right words in no order look like. It is no grammar: some of that passes."""
    own = [word.value.casefold() for word in sentence if word.kind in ("thing", "opinion", "aspect")]
    turns = [word for word in sentence if word.kind in ("praise", "blame")]
    if len(set(own)) < len(own) or len(turns) > 1:
        raise _Refused("repeated")
    if not ENDS[facts.language].search(said.rstrip(" )")):
        raise _Refused("unfinished")


def _check_quotes(text: str, words: Sequence[_Word], facts: Facts) -> None:
    marks = [word for word in words if word.kind == "quote"]
    if len(marks) % 2:
        raise _Refused("quoted")
    evidence = [_closed(quote) for quote in facts.quotes]
    for opening, closing in zip(marks[::2], marks[1::2], strict=True):
        said = _closed(text[opening.end : closing.start])
        if not said or not any(said in quote for quote in evidence):
            raise _Refused("quoted")


def _closed(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split()).casefold()


def _check_all(said: Sequence[_Word], facts: Facts) -> None:
    """What holds of the text as a whole, whatever it is of."""
    kinds = {word.kind for word in said}
    for word in said:
        if word.kind == "all" and _value(word) != facts.considered:
            raise _Refused("number")
        if word.kind == "compared" and not (
            facts.is_compared and (word.value[0] not in "0123456789" or _value(word) == facts.times)
        ):
            raise _Refused("number" if facts.is_compared else "word")
    if kinds & {"positive", "negative"} and facts.leaning is None:
        raise _Refused("word")
    if "foremost" in kinds and not _has(facts.text, "foremost", facts.language):
        raise _Refused("word")
    for point in facts.points:
        names = [name for name, _ in point.named]
        _check_order([word.value for word in said if word.kind == "thing"], names)


def _check_order(said: Sequence[str], names: Sequence[str]) -> None:
    """What is named most is named first, and is not left out for what is named less."""
    known = {name.casefold(): place for place, name in enumerate(names)}
    places = list(dict.fromkeys(known[word.casefold()] for word in said if word.casefold() in known))
    if places != list(range(len(places))):
        raise _Refused("order")


def _has(text: str, kind: str, language: str) -> bool:
    rules = [rule for name, rule in _plain(language) if name == kind]
    return any(rule.search(text) for rule in rules)


def _check_one(sentence: Sequence[_Word], facts: Facts) -> None:
    """A sentence of facts about one thing: its own direction, and its own numbers beside it."""
    [point] = facts.points
    other = "blame" if point.polarity == "positive" else "praise"
    if any(word.kind == other for word in sentence):
        raise _Refused("polarity")
    _check_amounts(sentence, [point])
    if any(word.kind in ("better", "worse") and word.kind != point.trend for word in sentence):
        raise _Refused("polarity")
    if any(word.kind == "share" for word in sentence):
        raise _Refused("number")
    for word in sentence:
        if word.kind == "recent" and (point.recent is None or (_value(word) or 0) != point.recent):
            raise _Refused("number")
    counts = {name.casefold(): count for name, count in point.named}
    for at, word in enumerate(sentence):
        if word.kind != "count":
            continue
        before, after = _anchor(sentence[:at][::-1]), _anchor(sentence[at:])
        is_of_thing = before is not None and before.kind == "thing" and counts[before.value.casefold()] == _value(word)
        beside = [one for one in (before, after) if one is not None]
        is_of_all = _value(word) == point.support and (
            not beside or any(one.kind == "aspect" or counts[one.value.casefold()] == point.support for one in beside)
        )
        if not (is_of_thing or is_of_all):
            raise _Refused("number")


def _check_several(sentence: Sequence[_Word], facts: Facts) -> None:
    """A sentence of facts about several things: it praises, or blames, or says how the reviews lean; each number by its own."""
    kinds = {word.kind for word in sentence}
    aspects = [word for word in sentence if word.kind == "aspect"]
    if kinds & {"recent", "better", "worse", "thing", "opinion"}:
        raise _Refused("number" if "recent" in kinds else "word")
    turns = kinds & {"praise", "blame"}
    if aspects and (len(turns) != 1 or kinds & {"positive", "negative"}):
        raise _Refused("polarity")
    if not aspects and turns:
        raise _Refused("polarity")
    polarity = "negative" if "blame" in turns else "positive"
    points = [point for point in facts.points if point.polarity == polarity]
    told = [point for word in aspects for point in points if _is_called(point, word)]
    if not all(any(_is_called(point, word) for point in points) for word in aspects):
        raise _Refused("polarity")
    places = list(dict.fromkeys(points.index(point) for point in told))
    if places != list(range(len(places))):
        raise _Refused("order")
    _check_amounts(sentence, told)
    owners = _owners(facts, points)
    numbers = [(at, word) for at, word in enumerate(sentence) if word.kind in ("count", "share")]
    sides: tuple[Callable[[int], _Word | None], ...] = (
        lambda at: _anchor(sentence[:at][::-1]),
        lambda at: _anchor(sentence[at:]),
    )
    if not any(all(owners(side(at), word) for at, word in numbers) for side in sides):
        raise _Refused("number")


def _owners(facts: Facts, points: Sequence[Counted]) -> Callable[[_Word | None, _Word], bool]:
    """Whether a number is the count or the share of what stands beside it."""

    def owns(anchor: _Word | None, number: _Word) -> bool:
        if anchor is None:
            return False
        if anchor.kind == "aspect":
            found = [point.support for point in points if _is_called(point, anchor)]
            return number.kind == "count" and _value(number) in found
        told = facts.leaning if number.kind == "count" else facts.per_cent
        return told is not None and _value(number) == told[anchor.kind == "negative"]

    return owns


def _anchor(words: Sequence[_Word]) -> _Word | None:
    """The next word that a number can be of."""
    return next((word for word in words if word.kind in ("aspect", "thing", "positive", "negative")), None)


def _check_amounts(sentence: Sequence[_Word], points: Sequence[Counted]) -> None:
    for word in sentence:
        if word.kind == "many" and not (points and all(point.is_many for point in points)):
            raise _Refused("word")
        if word.kind == "several" and not (points and all(point.support >= SEVERAL for point in points)):
            raise _Refused("word")


def _check_claim(said: Sequence[_Word], facts: Facts) -> None:
    """A claim names what the facts name, praises, and does not take examples for all."""
    [point] = facts.points
    kinds = {word.kind for word in said}
    concrete = kinds & {"thing", "opinion"}
    has_words = bool(point.named or point.opinions) and not facts.is_compared  # a comparison may have no room for them
    if not concrete and (has_words or "aspect" not in kinds):
        raise _Refused("one_sided")
    if not kinds & {"opinion", "praise"} or (facts.is_compared and "compared" not in kinds):
        raise _Refused("one_sided")
    if concrete and point.has_others and "examples" not in kinds:
        raise _Refused("one_sided")


def _check_summary(said: Sequence[_Word], facts: Facts) -> None:
    """A summary says its number, and leaves out neither praise nor blame."""
    kinds = {word.kind for word in said}
    if facts.leaning is None:
        [point] = facts.points
        turned = "praise" if point.polarity == "positive" else "blame"
        counted = any(word.kind == "count" and _value(word) == point.support for word in said)
        if not {turned, "aspect"} <= kinds or not counted:
            raise _Refused("one_sided")
        return
    there = {"praise" if point.polarity == "positive" else "blame" for point in facts.points}
    if not there <= kinds or "count" not in kinds or len(kinds & {"positive", "negative"}) == 1:
        raise _Refused("one_sided")


def _is_called(point: Counted, word: _Word) -> bool:
    return word.value.casefold() in {name.casefold() for name in point.called}


def _value(word: _Word) -> float | None:
    digits = word.value.replace(",", "")
    return float(digits) if re.fullmatch(r"\d+(?:\.\d+)?", digits) else None
