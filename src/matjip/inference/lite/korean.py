"""What a Korean text praises and blames, by tables.

Korean is read without its spaces, since reviewers leave them out: a known noun, its particle, adverbs, then a known
surface form of an opinion. Where no noun fits, an opinion that implies its aspect stands alone ("맛있어요": taste).
What is denied is turned round; what was only heard, hoped or true once is left out. Precision comes before recall.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Literal, NamedTuple

import orjson

from matjip.inference.lite.read import OTHER, Read
from matjip.inference.task import Aspect, Mention, Polarity

__all__ = ["Korean"]

Role = Literal["said", "bare", "modifying", "unreal"]
FAR_CHARS = 14  # squeezed characters between a noun and its opinion; further apart they belong to other clauses
HANGUL = re.compile("[가-힣]")
WORD = re.compile(r"\n|\S+")
HANGUL_ONLY = re.compile("[가-힣]+")
BOUNDARY = re.compile(
    "(?:[^가-힣](?=.)|[가-힣](?=[^가-힣]))", re.DOTALL
)  # inside a word, before and behind what is no Hangul
SYLLABLE = re.compile("[\u1100-\u1112][\u1161-\u1175][\u11a8-\u11c2]?")  # the parts that one modern syllable is made of
PARTICLE = re.compile(
    "이랑|에서도|에서는|에서|에는|에도|까지도|까지|부터|이나|들이|들은|들도|들을|들|이고|이며|"
    "께서|님이|님도|님은|님들|분이|분도|분은|이|가|은|는|도|을|를|의|에|로|으로|와|과|랑|만|나"
)
DENIED_AFTER = re.compile("(?:지|지는|지도|진|질|진않)?(?:않|못하|못해|안)")
DENIALS = ("안", "못", "별로", "하나도", "전혀", "그닥")
DENIAL = re.compile("|".join(DENIALS))
DENIED_NOUN = re.compile("(?:은|는|이|가|까지는|까진)?(?:아니|아님|아녔)")
DENIED_BEFORE = ("안", "못", "별로안", "하나도안", "전혀안", "그닥안")
UNREAL_AFTER = re.compile(
    "줄알|까봐|다더니|다는|대서|을줄|던데|길래|고해서|고하더니|고들|(?:[가-힣]{1,5}다)?해서(?:갔|왔|가|시|먹|주문|방문|들)|"
    "[했었았]으면(?:좋|하|싶)|다?(?:는|단)(?:말|소리|평|얘기|이야기|리뷰|후기|글|댓글)|(?:은|는|도|을|를)?(?:기대하지|기대마|바라지|커녕)|"
    "이?라(?:길래|더니|는|기에|던|니까)|이?라고(?:해서|하길래|들)|이?래서|었?을(?:듯|거|것|텐데|까)|었?으면|겠|(?:은|는)?아닌가|"
    "(?:은|는|지는|지|인지는?)?(?:잘)?모르겠"
)
# The same for one role alone: "조용한 곳을 찾으면", "예쁜 가게는 많지만"; "청결 때문에 별 하나 뺍니다".
UNREAL_AFTER_ROLE = {
    "modifying": re.compile(
        "(?:거|것|걸|맛|음식|식사|분위기|데|곳|자리)?(?:을|를)?(?:좋아[하해합한]|싫어[하해합한]|기대[하했]|원하|원해|선호|찾으|찾는)|"
        "(?:집|곳|가게|카페|식당)(?:은|는|이|도)?많"
    ),
    "bare": re.compile("때문에(?:별|빼|감점)|[0-3]점|점수|문제|관리|상태"),
}
# Kind to some is said by those who were not: "외국인 손님한테만 친절해요".
ONLY_TO = ("한테만", "에게만")
# What an opinion may stand before without naming its thing: the place itself, or the meal.
PLACE = re.compile(
    "[^가-힣]|$|.{0,6}?(?:집|곳|가게|식당|카페|편|데|느낌|식사|한끼|점심|저녁|매장|공간|장소|레스토랑|음식점|동네|명소|환경|경험|시간|선택|줄|거|것)"
)
ONCE = re.compile("예전|옛날|전에는|전엔|처음엔|처음에는|초창기|작년|오픈초|그때는|그땐")
# Whose or what kind of thing it is, between an opinion and its noun: "훌륭한 이탈리아 음식".
KIND = re.compile(
    "(?:이탈리아|이태리|태국|인도|중국|일본|한국|멕시코|프랑스|베트남|스페인|그리스|터키|미국|뉴욕|정통|전통|수제|현지|가정식)(?:식|풍|의)?"
)
PAST = re.compile("[었았했였웠렸졌셨랐겼녔]")
HELPING = re.compile(
    "[하한해했함할합]|스러|스럽|드라|던|긴|기도|았|었|아|어|은|는|지|네|음|고|더"
)  # how a stem goes on in a form that the table lacks
# What joins two nouns that share an opinion: "음식과 서비스가 훌륭해요".
SHARED = re.compile("(?:와|과|랑|이랑|하고|및|,|·|/|&|도|,그리고|그리고)")
STOP = re.compile("[.!?~\n…]")
# (a noun's aspect, what the opinion right behind it would imply) that never belong together:
# "의자가 딱딱해요" says nothing of taste, "빵이 따뜻해요" nothing of the room.
STRANGERS = frozenset(
    {
        ("taste", "atmosphere"),
        ("menu", "atmosphere"),
        ("taste", "location"),
        ("atmosphere", "taste"),
        ("cleanliness", "taste"),
        ("location", "taste"),
        ("waiting", "taste"),
    }
)


class Noun(NamedTuple):
    """A noun of the table where it stands in the squeezed text."""

    aspect: Aspect
    start: int
    end: int
    resume: int  # behind its particle


@dataclass(slots=True)
class Squeezed:
    """A text without its white space, its Hangul composed, and where each character came from."""

    text: str
    at: list[int]
    until: list[int]  # where each character ends in the original: decomposed Hangul takes two or three places
    words: list[int]  # places where a word starts, ascending; the last is the text's end
    edges: set[int]  # the same

    @classmethod
    def of(cls, text: str) -> "Squeezed":
        if unicodedata.is_normalized("NFC", text):
            return cls._of_words(text)
        kept: list[str] = []
        at: list[int] = []
        until: list[int] = []
        edges: list[int] = []
        before = " "
        for letter, start, end in _letters(text):
            if not letter.isspace() or letter == "\n":
                if letter != "\n" and not (HANGUL.match(letter) and HANGUL.match(before)):
                    edges.append(len(kept))
                kept.append(letter)
                at.append(start)
                until.append(end)
            before = letter
        edges.append(len(kept))
        return cls("".join(kept), at, until, edges, set(edges))

    @classmethod
    def _of_words(cls, text: str) -> "Squeezed":
        """The same for a text that is stored as it is read, word by word: most texts, and four times as fast."""
        kept: list[str] = []
        at: list[int] = []
        edges: list[int] = []
        for match in WORD.finditer(text):
            word = match.group()
            if word != "\n":
                edges.append(len(at))
                if not HANGUL_ONLY.fullmatch(word):
                    edges += [len(at) + one.end() for one in BOUNDARY.finditer(word)]
            kept.append(word)
            at += range(match.start(), match.end())
        edges.append(len(at))
        return cls("".join(kept), at, [place + 1 for place in at], edges, set(edges))


def _heads(words: Iterable[str]) -> dict[str, tuple[int, ...]]:
    """How the words begin, by two characters or by all they have, and how long those are that begin so, the longest first.

    A word of one character begins as every longer one of its first character does.
    """
    lengths: dict[str, set[int]] = {}
    for word in words:
        lengths.setdefault(word[:2], set()).add(len(word))
    return {head: tuple(sorted({*own, *lengths.get(head[:1], ())}, reverse=True)) for head, own in lengths.items()}


def _letters(text: str) -> Iterator[tuple[str, int, int]]:
    """Each character with its place; Hangul that was stored as its parts comes as the one syllable that is read."""
    place = 0
    for match in SYLLABLE.finditer(text):
        yield from ((text[one], one, one + 1) for one in range(place, match.start()))
        yield unicodedata.normalize("NFC", match.group()), match.start(), match.end()
        place = match.end()
    yield from ((text[one], one, one + 1) for one in range(place, len(text)))


@dataclass(frozen=True, slots=True)
class Korean:
    """The Korean tables."""

    opinions: list[tuple[str, int, Aspect | None, list[Aspect], bool]]
    surfaces: dict[str, tuple[int, Role]]
    nouns: dict[str, Aspect]
    adverbs: dict[str, bool]
    heads: dict[str, tuple[int, ...]] = field(default_factory=dict)  # how surfaces begin → how long they are
    noun_heads: dict[str, tuple[int, ...]] = field(default_factory=dict)
    starts: frozenset[str] = frozenset()  # characters that anything known starts with: all others are passed over
    adverb_starts: frozenset[str] = frozenset()

    @classmethod
    def load(cls, file: Traversable | Path) -> "Korean":
        """Read what `training/aspects.py` wrote."""
        table = orjson.loads(file.read_bytes())
        opinions, surfaces, nouns, adverbs = (table[name] for name in ("opinions", "surfaces", "nouns", "adverbs"))
        assert isinstance(opinions, list)
        assert isinstance(surfaces, dict)
        assert isinstance(nouns, dict)
        assert isinstance(adverbs, list)
        return cls(
            [tuple(opinion) for opinion in opinions],
            {surface: (number, role) for surface, (number, role) in surfaces.items()},
            nouns,
            dict.fromkeys(adverbs, True),
            _heads(surfaces),
            _heads(nouns),
            frozenset(
                word[0] for words in (surfaces, nouns, adverbs, DENIALS, ONCE.pattern.split("|")) for word in words
            ),
            frozenset(word[0] for word in adverbs),
        )

    def surface_at(self, text: str, place: int) -> str | None:
        """The longest surface form that starts here."""
        for size in self.heads.get(text[place : place + 2]) or self.heads.get(text[place : place + 1], ()):
            surface = text[place : place + size]
            if surface in self.surfaces:
                return surface
        return None

    def noun_at(self, squeezed: Squeezed, place: int) -> Noun | None:
        """The longest noun that starts here; a noun of one syllable must stand alone or before an opinion."""
        text = squeezed.text
        for size in self.noun_heads.get(text[place : place + 2]) or self.noun_heads.get(text[place : place + 1], ()):
            end = place + size
            aspect = self.nouns.get(text[place:end])
            if aspect is None or end > len(text):
                continue
            particle = PARTICLE.match(squeezed.text, end)
            resume = particle.end() if particle and not self.surface_at(squeezed.text, end) else end
            followed = self.surface_at(squeezed.text, resume) or self.adverb_at(squeezed.text, resume)
            if size > 1 or followed or (resume > end and resume in squeezed.edges):
                return Noun(aspect, place, end, resume)
        return None

    def adverb_at(self, text: str, place: int) -> int:
        """The length of the adverb that starts here; 0 without one."""
        if text[place : place + 1] not in self.adverb_starts:
            return 0
        for size in range(min(5, len(text) - place), 0, -1):
            if text[place : place + size] in self.adverbs:
                return size
        return 0

    def read(self, text: str) -> Read:
        """What the text says of its aspects, and where it holds an opinion's words and says nothing."""
        found: list[Mention] = []
        silent: list[tuple[int, int]] = []
        squeezed = Squeezed.of(text)
        place, noun, once = 0, None, -1
        fellows: list[Noun] = []  # nouns that the present one is joined to
        edges = iter(squeezed.words)
        edge = next(edges)
        length = len(squeezed.text)
        stops = (match.start() for match in STOP.finditer(squeezed.text))
        stop = next(stops, length)
        while place < length:  # each place where a word starts, or where what was read ends
            while stop <= place:
                noun, once = None, -1
                stop = next(stops, length)
            if squeezed.text[place] in self.starts:
                if ONCE.match(squeezed.text, place):
                    once = place
                if surface := self.surface_at(squeezed.text, place):
                    end = place + len(surface)
                    if self._is_silent(squeezed, place, surface, noun, once=once >= 0):
                        silent.append((squeezed.at[place], squeezed.until[end - 1]))
                    elif mention := self._mention(text, squeezed, place, surface, noun):
                        found.append(mention)
                        if noun and fellows and mention.start == squeezed.at[noun.start]:
                            found += self._shared(text, squeezed, mention, fellows, self.surfaces[surface][0])
                    place = end
                    continue
                if thing := self.noun_at(squeezed, place):
                    joined = noun and SHARED.fullmatch(squeezed.text, noun.end, place)
                    fellows = [*fellows, noun] if noun and joined else []
                    noun = thing
                    place = thing.resume
                    continue
                if size := self.adverb_at(squeezed.text, place) or self._denial_at(squeezed.text, place):
                    place = place + size
                    continue
            while edge <= place:
                edge = next(edges, len(squeezed.text))
            place = edge
        return Read(found, silent)

    def _is_silent(self, squeezed: Squeezed, place: int, surface: str, noun: Noun | None, *, once: bool) -> bool:
        """Whether what was only heard, hoped or true once is said here, or something of a thing that is none of ours."""
        number, role = self.surfaces[surface]
        _, _, implied, aspects, _ = self.opinions[number]
        end = place + len(surface)
        if role == "unreal" or UNREAL_AFTER.match(squeezed.text, end):
            return True
        if role in UNREAL_AFTER_ROLE and UNREAL_AFTER_ROLE[role].match(squeezed.text, end):
            return True
        if squeezed.text.endswith(ONLY_TO, 0, place) or (once and (role == "modifying" or PAST.search(surface))):
            return True
        if noun is None or (place - noun.resume <= FAR_CHARS and noun.aspect in aspects):
            return False
        strange = noun.aspect == OTHER or (noun.aspect, implied) in STRANGERS
        return strange and self._touches(squeezed.text, noun.resume, place)

    def _shared(
        self, text: str, squeezed: Squeezed, mention: Mention, fellows: list[Noun], number: int
    ) -> Iterator[Mention]:
        """The same said of the nouns that this one is joined to, where it goes with them."""
        for noun in fellows:
            if noun.aspect in self.opinions[number][3] and noun.aspect != mention.aspect:
                target = text[squeezed.at[noun.start] : squeezed.until[noun.end - 1]]
                yield replace(mention, aspect=noun.aspect, target=target, start=squeezed.at[noun.start])

    @staticmethod
    def _denial_at(text: str, place: int) -> int:
        denial = DENIAL.match(text, place)
        return denial.end() - place if denial else 0

    def _mention(self, text: str, squeezed: Squeezed, place: int, surface: str, noun: Noun | None) -> Mention | None:
        number, role = self.surfaces[surface]
        form, polarity, implied, aspects, strict = self.opinions[number]
        end = place + len(surface)
        if role == "bare" and not self._stands_alone(squeezed, end):
            return None
        if noun and (place - noun.resume > FAR_CHARS or noun.aspect not in aspects):
            noun = None
        if role == "modifying":
            kind = KIND.match(squeezed.text, end)
            ahead = self.noun_at(squeezed, kind.end() if kind else end)
            if (ahead and ahead.aspect not in aspects) or not (ahead or noun or PLACE.match(squeezed.text, end)):
                return None  # "따뜻한 라떼" says nothing of a welcome, and "예쁜 조형물" nothing of the room
            if ahead and not (noun and self._touches(squeezed.text, noun.resume, place)):
                noun = ahead  # "맛있는 음식, 끔찍한 서비스": what stands behind, unless the opinion ends its own clause
        if strict and not (noun and (noun.start > place or self._touches(squeezed.text, noun.resume, place))):
            return None
        aspect = noun.aspect if noun else implied
        if aspect is None:
            return None
        denied_before = squeezed.text[max(0, place - 4) : place].endswith(DENIED_BEFORE)
        after = DENIED_AFTER.match(squeezed.text, end) or (
            DENIED_NOUN.match(squeezed.text, end) if role == "said" else None
        )
        if (
            after
            and not surface.endswith(("지", "지는", "지도", "진"))
            and DENIED_AFTER.match(squeezed.text, end)
            and after.group()[0] in "않못안"
        ):
            after = None  # "맛있어요 안 짜요": the denial belongs to the next opinion
        negated = denied_before != (after is not None)
        first = min(noun.start, place) if noun else place
        last = max(end, noun.end if noun and noun.start > place else end, after.end() if after else end)
        if denied_before and first == place:
            first = place - 1
        return Mention(
            aspect=aspect,
            polarity=_polarity(polarity, negated=negated),
            target=text[squeezed.at[noun.start] : squeezed.until[noun.end - 1]] if noun else None,
            opinion=form,
            start=squeezed.at[first],
            end=_word_end(squeezed, last),
            negated=negated,
        )

    def _stands_alone(self, squeezed: Squeezed, end: int) -> bool:
        """A bare stem ends its word, or the next known word begins: 바삭공장 is a name, and says nothing of a crust."""
        text = squeezed.text
        return end in squeezed.edges or bool(
            self.surface_at(text, end)
            or self.noun_at(squeezed, end)
            or self.adverb_at(text, end)
            or HELPING.match(text, end)
        )

    def _touches(self, text: str, place: int, until: int) -> bool:
        """Whether only adverbs and denials stand between."""
        while place < until:
            size = self.adverb_at(text, place) or self._denial_at(text, place)
            if not size:
                return False
            place += size
        return place == until


def _word_end(squeezed: Squeezed, end: int) -> int:
    """The end of the word that a span stops in, so that a quoted span reads whole; at most three characters on."""
    for more in range(4):
        if end + more in squeezed.edges:
            return squeezed.until[end + more - 1]
    return squeezed.until[end - 1]


def _polarity(sign: int, *, negated: bool) -> Polarity:
    return "positive" if (sign > 0) != negated else "negative"
