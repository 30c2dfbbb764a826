"""What a restaurant is good at, and better at than its peers: eight pure steps, A to H, in one table at the end."""

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from matjip.analysis import wording
from matjip.analysis.distinct import against_group
from matjip.analysis.evidence import Judged, Mask, Place
from matjip.analysis.profiles import Profile, profile_of, together
from matjip.analysis.proportions import Share, corrected_difference, percentile, shrunk_difference
from matjip.analysis.result import Comparison, Corrected, Distinct, Group, Step, Strength, claim_id
from matjip.analysis.sample import Sample, stratified
from matjip.inference.quality import Quality
from matjip.inference.task import Aspect, Counted, Facts
from matjip.reviews.review import Restaurant

__all__ = [
    "EVERYONE",
    "STEPS",
    "Candidate",
    "Claim",
    "Rules",
    "Working",
    "choose_group",
    "find_strengths",
]

HALF_LIFE_DAYS = 180.0  # praise half a year old counts half in the ranking
UNDATED_WEIGHT = 0.5  # of a review that does not say when it was written
VOICES_FOR_TIMES = 10  # below, "so many times as often" would jump with every review
LEADING_SHARE = 1 / 3  # of a claim's voices: what fewer say or name does not lead its sentence
SIMILAR, EVERYONE, NOBODY = "similar", "everyone", "none"
Key = tuple[Aspect, str | None, str | None]  # aspect, thing, opinion


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The thresholds of one run."""

    min_support: int
    min_consistency: float
    max_age_days: int
    sample_reviews: int
    seed: int
    group_min_restaurants: int
    group_min_reviews: int
    group_max_restaurants: int
    group_similar_restaurants: int
    false_discovery_rate: float
    min_difference: float
    shrink_reviews: int
    max_strengths: int
    max_distinct: int
    max_per_aspect: int
    quotes: int
    quote_chars: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A thing (or, where none is named, an opinion) that is praised, and where."""

    aspect: Aspect
    target: str | None
    opinion: str | None  # None: a thing under any opinion, or the whole aspect
    places: tuple[Place, ...]
    joined: tuple[Key, ...] = ()  # other candidates that were found to be one with it

    @property
    def key(self) -> Key:
        return self.aspect, self.target, self.opinion


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A candidate in words, with the number of voices behind it."""

    aspect: Aspect
    text: str
    support: int
    places: tuple[Place, ...]
    is_whole: bool  # of everything that praises the aspect, the share that step G tests
    key: Key
    joined: tuple[Key, ...] = ()
    among: tuple[str, ...] = ()  # of a whole aspect: opinions that several voices share, the most shared first
    named: tuple[str, ...] = ()  # of a whole aspect: things that several voices name
    opinions: tuple[str, ...] = ()  # of an aspect in which no thing is named: all that the claim says
    said: tuple[str, ...] = ()  # of a thing or an opinion: what its sentence may say, the most said first


@dataclass(frozen=True, slots=True, kw_only=True)
class Working:
    """What the steps hand on. Each fills its own fields and leaves the others."""

    judged: Judged
    language: wording.Language
    rules: Rules
    mask: Mask
    here: Restaurant | None
    others: tuple[Restaurant, ...]
    review_counts: Mapping[str, int]
    profiles: Mapping[str, Profile]  # of the group, of reviews in `compared_language` alone
    alike: tuple[str, ...]  # other restaurants, the most similar first, where that was asked for
    compared_language: str
    counted_to: int  # log position of the profiles
    quality: Quality
    sample: Sample | None = None
    candidates: tuple[Candidate, ...] = ()
    claims: tuple[Claim, ...] = ()
    group: Group = field(default_factory=lambda: Group(chosen_by=NOBODY, restaurants=0, reviews=0))
    group_ids: tuple[str, ...] = ()
    group_profile: Profile | None = None
    comparison: tuple[Comparison, ...] = ()
    distinct: Mapping[Aspect, Distinct] = field(default_factory=dict)
    strengths: tuple[Strength, ...] = ()
    facts: Mapping[str, Facts] = field(default_factory=dict)  # behind each strength's words, by its claim's id
    taken: int = 0  # of the step that ran last
    given: int = 0
    note: str | None = None  # of the step that ran last
    steps: tuple[Step, ...] = ()


def find_strengths(working: Working) -> Working:
    """Run the table; each step leaves what it took and gave."""
    for letter, name, step in STEPS:
        working = step(replace(working, note=None))
        done = Step(step=letter, name=name, taken=working.taken, given=working.given, note=working.note)
        working = replace(working, steps=(*working.steps, done))
    return working


def collect(working: Working) -> Working:
    """A: a sample stratified by label and recency; its seed and sizes are in the note."""
    sample = stratified(working.judged, size=working.rules.sample_reviews, seed=working.rules.seed)
    strata = ", ".join(f"{name} {drawn}/{size}" for name, size, drawn in sample.strata)
    return replace(
        working,
        sample=sample,
        taken=working.judged.considered,
        given=len(sample.reviews),
        note=f"seed {sample.seed}; label/age third: {strata}" if strata else None,
    )


def propose(working: Working) -> Working:
    """B: every thing that any review praises, every praising opinion that names none, and every praised aspect as a whole."""
    found: dict[Key, list[Place]] = {}
    for place in working.judged.places(polarity="positive"):
        found.setdefault(_key(place, working.language), []).append(place)
        found.setdefault((place.mention.aspect, None, None), []).append(place)
    candidates = tuple(
        Candidate(aspect=aspect, target=target, opinion=opinion, places=tuple(dict.fromkeys(places)))
        for (aspect, target, opinion), places in found.items()
    )
    return replace(working, candidates=candidates, taken=working.judged.considered, given=len(candidates))


def support(working: Working) -> Working:
    """C: enough independent voices, which mostly praise and not blame, and at least one of which is not too old."""
    blamed: dict[Key, list[Place]] = {}
    for place in working.judged.places(polarity="negative"):
        blamed.setdefault((*_key(place, working.language)[:2], None), []).append(place)
        blamed.setdefault((place.mention.aspect, None, None), []).append(place)
    kept: list[Candidate] = []
    dropped: Counter[str] = Counter()
    for each in working.candidates:
        against = blamed.get((each.aspect, each.target, None), []) if each.opinion is None else []
        wrong = _unfit(each, against, working)
        if wrong:
            dropped[wrong] += 1
        else:
            kept.append(each)
    note = ", ".join(f"{dropped[why]} {why}" for why in sorted(dropped)) or None
    return replace(working, candidates=tuple(kept), taken=len(working.candidates), given=len(kept), note=note)


def merge(working: Working) -> Working:
    """D: one thing under several names is one; an opinion without a thing joins the thing that it is mostly said of. Then words.

    A claim names something, or counts: a whole aspect that few praise, each in other words, is left to step G's figures.
    """
    merged: list[Claim] = []
    for aspect in sorted({each.aspect for each in working.candidates}):
        mine = [each for each in working.candidates if each.aspect == aspect]
        things = _as_one([each for each in mine if each.target is not None], working)
        opinions = [each for each in mine if each.opinion is not None and not wording.is_generic(each.opinion)]
        merged += [claim for each in _joined(things, opinions, working) if (claim := _worded(each, working))]
        whole = [each for each in mine if each.target is None and each.opinion is None]
        merged += [claim for each in whole if (claim := _worded(each, working))]
    unique = tuple({claim.text: claim for claim in sorted(merged, key=lambda claim: claim.support)}.values())
    return replace(working, claims=unique, taken=len(working.candidates), given=len(unique))


def choose_peers(working: Working) -> Working:
    """E: the narrowest group that is large enough."""
    chosen_by, ids = choose_group(
        working.here, working.others, working.review_counts, working.rules, alike=working.alike
    )
    reviews = sum(working.profiles[each].reviews for each in ids if each in working.profiles)
    note = None
    if chosen_by == NOBODY:
        note = _too_few(working)
    return replace(
        working,
        group=Group(
            chosen_by=chosen_by,
            restaurants=len(ids),
            reviews=reviews,
            language=working.compared_language if ids else None,
            counted_to=working.counted_to if ids else None,
            note=note,
        ),
        group_ids=ids,
        taken=len(working.others),
        given=len(ids),
        note=note,
    )


def profile_peers(working: Working) -> Working:
    """F: the group's shares of praise and blame, aspect by aspect, beside this restaurant's."""
    profiles = [working.profiles[each] for each in working.group_ids if each in working.profiles]
    if not sum(profile.reviews for profile in profiles):
        note = working.group.note or _uncounted(working)
        return replace(
            working, group=working.group.model_copy(update={"note": note}), taken=len(profiles), given=0, note=note
        )
    group = together(profiles)
    here = _here(working)
    aspects = sorted({*group.praise, *group.blame, *here.praise, *here.blame})
    comparison = tuple(
        Comparison(
            aspect=aspect,
            praise=_share(here.praise.get(aspect, 0), here.reviews),
            group_praise=_share(group.praise.get(aspect, 0), group.reviews),
            blame=_share(here.blame.get(aspect, 0), here.reviews),
            group_blame=_share(group.blame.get(aspect, 0), group.reviews),
        )
        for aspect in aspects
    )
    return replace(working, group_profile=group, comparison=comparison, taken=len(profiles), given=len(comparison))


def compare(working: Working) -> Working:
    """G: which aspects are praised here more than in the group, at the false discovery rate that was asked for."""
    group, rules = working.group_profile, working.rules
    if group is None:
        return replace(working, taken=0, given=0, note=working.group.note)
    here = _here(working)
    found = against_group(here, working.profiles, min_expected=rules.min_support)
    distinct = {}
    for aspect, test in found.items():
        mine = Share(here.praise.get(aspect, 0), here.reviews)
        difference, interval = shrunk_difference(mine, test.ordinary, shrink=rules.shrink_reviews)
        if test.q_value > rules.false_discovery_rate or difference < rules.min_difference:
            continue
        corrected = corrected_difference(difference, interval, working.quality.praise.get(aspect))
        peers = {
            name: _share(profile.praise.get(aspect, 0), profile.reviews)
            for name, profile in working.profiles.items()
            if profile.reviews
        }
        distinct[aspect] = Distinct(
            share=mine.value,
            group_share=test.ordinary.value,
            difference=difference,
            interval=interval,
            corrected=corrected and Corrected(difference=corrected[0], interval=corrected[1]),
            percentile=percentile(mine.value, peers),
            p_value=test.p_value,
            q_value=test.q_value,
        )
    tests = max((test.tests for test in found.values()), default=0)
    note = f"false discovery rate {rules.false_discovery_rate:g} over {len(found)} aspects here and {tests} tests in the group"
    return replace(working, distinct=distinct, taken=len(found), given=len(distinct), note=note)


def select(working: Working) -> Working:
    """H: the distinct first, as whole aspects, which is what was tested; then what is praised by most and most recently, few an aspect."""
    rules = working.rules
    ranked = sorted(working.claims, key=lambda claim: (-_weight(claim, working.judged), claim.text))
    by_difference = sorted(working.distinct, key=lambda aspect: (-working.distinct[aspect].difference, aspect))
    wholes = {claim.aspect: claim for claim in working.claims if claim.is_whole}
    heads = [wholes[aspect] for aspect in by_difference if aspect in wholes][: rules.max_distinct]
    in_particular = {claim.aspect for claim in working.claims if not claim.is_whole}
    ranked = [
        claim
        for claim in ranked
        if not claim.is_whole or (_says_something(claim, working) and claim.aspect not in in_particular)
    ]
    said = {(claim.aspect, opinion) for claim in heads for opinion in claim.among[:1]}
    ranked = [
        claim for claim in ranked if not claim.opinions or not {(claim.aspect, each) for each in claim.opinions} <= said
    ]
    chosen: list[Claim] = list(heads)
    per_aspect = Counter(claim.aspect for claim in chosen)
    for claim in ranked:
        if claim in chosen or per_aspect[claim.aspect] >= rules.max_per_aspect or len(chosen) >= rules.max_strengths:
            continue
        chosen.append(claim)
        per_aspect[claim.aspect] += 1
    spent: set[int] = set()
    strengths = tuple(_strength(claim, working, spent, is_distinct=claim in heads) for claim in chosen)
    facts = {each.claim_id: _facts(claim, each, working) for claim, each in zip(chosen, strengths, strict=True)}
    return replace(working, strengths=strengths, facts=facts, taken=len(working.claims), given=len(strengths))


STEPS: tuple[tuple[str, str, Callable[[Working], Working]], ...] = (
    ("A", "collect evidence", collect),
    ("B", "propose candidates", propose),
    ("C", "count support in all reviews", support),
    ("D", "merge and word", merge),
    ("E", "choose the comparison group", choose_peers),
    ("F", "profile the group", profile_peers),
    ("G", "test for distinctness", compare),
    ("H", "rank and select", select),
)


def choose_group(
    here: Restaurant | None,
    others: Sequence[Restaurant],
    review_counts: Mapping[str, int],
    rules: Rules,
    *,
    alike: Sequence[str] = (),
) -> tuple[str, tuple[str, ...]]:
    """How the peers were chosen and who they are: the first of ever wider groups with enough restaurants and reviews.

    By category, region and price band; then those whose reviews are most `alike`, where there are more than that; then
    everyone. A group larger than the limit is thinned by a hash of the ids, which favours nobody and repeats.
    """
    peers = [each for each in others if (here is None or each.id != here.id) and review_counts.get(each.id, 0)]
    nearest = alike[: rules.group_similar_restaurants] if len(others) > rules.group_similar_restaurants else ()
    for name, group in _ever_wider(here, peers, nearest):
        thinned = sorted(group, key=lambda each: hashlib.blake2b(each.id.encode()).digest())[
            : rules.group_max_restaurants
        ]
        enough = sum(review_counts[each.id] for each in thinned) >= rules.group_min_reviews
        if len(thinned) >= rules.group_min_restaurants and enough:
            return name, tuple(sorted(each.id for each in thinned))
    return NOBODY, ()


def _unfit(candidate: Candidate, against: Sequence[Place], working: Working) -> str | None:
    """Why the candidate is no strength; None if it may be one."""
    rules, judged = working.rules, working.judged
    voices = _voices(judged, candidate.places)
    if voices < rules.min_support:
        return f"below {rules.min_support} voices"
    if voices < rules.min_consistency * (voices + _voices(judged, against)):
        return f"praised by less than {rules.min_consistency:.0%} of those who speak of it"
    written = [judged.snapshot.reviews[place.review].created_at for place in candidate.places]
    if all(at is not None and judged.snapshot.as_of - at > timedelta(days=rules.max_age_days) for at in written):
        return f"not said for {rules.max_age_days} days"
    return None


def _as_one(things: Sequence[Candidate], working: Working) -> list[Candidate]:
    """Things that are one under several names: "국밥" and "돼지국밥" called alike, or named together by most of who name either.

    The name that most voices use stays.
    """
    ones: list[Candidate] = []
    for each in sorted(things, key=lambda thing: (-_voices(working.judged, thing.places), str(thing.target))):
        same = next((at for at, other in enumerate(ones) if _are_one(each, other, working)), None)
        if same is None:
            ones.append(each)
        else:
            places = tuple(dict.fromkeys((*ones[same].places, *each.places)))
            ones[same] = replace(ones[same], places=places, joined=(*ones[same].joined, each.key))
    return ones


def _are_one(one: Candidate, other: Candidate, working: Working) -> bool:
    mine, theirs = ({working.judged.units[at.review] for at in thing.places} for thing in (one, other))
    if 2 * len(mine & theirs) > max(len(mine), len(theirs)):
        return True
    shorter, longer = sorted((str(one.target), str(other.target)), key=len)
    called, also_called = ({_said(at, working) for at in thing.places} - {None} for thing in (one, other))
    alike = any(not wording.is_generic(said) for said in called & also_called if said)
    return alike and longer.endswith(shorter)


def _key(place: Place, language: wording.Language) -> Key:
    """By the thing, where it says more than the aspect; else by the opinion, where it may be said; else by the aspect."""
    mention = place.mention
    if mention.target and wording.is_nameable(mention.target, mention.aspect, language):
        return mention.aspect, wording.folded(mention.target, language), None
    return mention.aspect, None, wording.phrase(mention.opinion, language, negated=mention.negated)


def _voices(judged: Judged, places: Iterable[Place]) -> int:
    return judged.support(place.review for place in places)


def _joined(things: Sequence[Candidate], opinions: Sequence[Candidate], working: Working) -> list[Candidate]:
    """Things as they are; an opinion joins the thing most often called so, or stands by itself."""
    joined = list(things)
    for each in sorted(opinions, key=lambda each: -len(each.places)):
        called_so = [sum(_said(place, working) == each.opinion for place in thing.places) for thing in joined]
        if called_so and max(called_so) >= working.rules.min_support and each.aspect not in ("taste", "menu"):
            at = called_so.index(max(called_so))
            places = (*joined[at].places, *each.places)
            joined[at] = replace(joined[at], places=places, joined=(*joined[at].joined, each.key))
        else:
            joined.append(each)
    return joined


def _said(place: Place, working: Working) -> str | None:
    return wording.phrase(place.mention.opinion, working.language, negated=place.mention.negated)


def _worded(candidate: Candidate, working: Working) -> Claim | None:
    voices: dict[str, set[int]] = {}
    for place in candidate.places:
        if said := _said(place, working):
            voices.setdefault(said, set()).add(working.judged.units[place.review])
    is_whole = candidate.target is None and candidate.opinion is None
    ordered = sorted(voices, key=lambda said: (wording.is_generic(said), -len(voices[said]), said))
    named = _named_opinions(ordered, voices) if not is_whole else []
    if not is_whole and not named:
        return None
    support_count = _voices(working.judged, candidate.places)
    often = max(2, LEADING_SHARE * support_count)
    things = tuple(_things(candidate, working, often)) if is_whole else ()
    shared = [said for said in ordered if len(voices[said]) >= often and not wording.is_generic(said)]
    among = tuple(shared[:2]) if is_whole else ()
    leading = [(candidate.aspect, None, said) for said in among] + [(candidate.aspect, name, None) for name in things]
    return Claim(
        aspect=candidate.aspect,
        text=wording.claim(
            candidate.aspect,
            target=candidate.target,
            opinions=named,
            support=support_count,
            considered=working.judged.considered,
            language=working.language,
            named=things,
            among=among,
        ),
        support=support_count,
        places=tuple(sorted(candidate.places, key=lambda place: _said(place, working) not in named)),
        is_whole=is_whole,
        key=candidate.key,
        joined=(*candidate.joined, *leading),  # each would be a claim of its own, and hidden with it
        among=among,
        named=things,
        opinions=tuple(named) if candidate.target is None and not is_whole else (),
        said=tuple(named[:2]),
    )


def _things(candidate: Candidate, working: Working, often: float) -> list[str]:
    """The two things that most voices name, where so many do."""
    voices: dict[str, set[int]] = {}
    for place in candidate.places:
        target = _key(place, working.language)[1]
        if target is not None:
            voices.setdefault(target, set()).add(working.judged.units[place.review])
    named = [target for target in voices if len(voices[target]) >= often]
    return sorted(named, key=lambda target: (-len(voices[target]), target))[:2]


def _named_opinions(opinions: Sequence[str], voices: Mapping[str, Collection[int]]) -> list[str]:
    """The one or two that most say; what a single voice says stands only when nobody says more."""
    if not opinions:
        return []
    most = max(len(voices[said]) for said in opinions)
    often = [said for said in opinions if len(voices[said]) >= min(2, most)]
    specific = [said for said in often if not wording.is_generic(said)]
    return specific[:2] or often[:1]


def _strength(claim: Claim, working: Working, spent: set[int], *, is_distinct: bool) -> Strength:
    judged = working.judged
    return Strength(
        claim_id=claim_id("strengths", *claim.key),
        same_as=tuple(claim_id("strengths", *key) for key in claim.joined),
        type="distinct" if is_distinct else "representative",
        aspect=claim.aspect,
        claim=_compared(claim, working) if is_distinct else claim.text,
        support=claim.support,
        considered=judged.considered,
        support_ratio=claim.support / judged.considered,
        distinct=working.distinct[claim.aspect] if is_distinct else None,
        review_ids=tuple(dict.fromkeys(judged.snapshot.reviews[place.review].id for place in claim.places)),
        quotes=judged.quotes(
            _in_evidence(claim, working),
            mask=working.mask,
            limit=working.rules.quotes,
            max_chars=working.rules.quote_chars,
            spent=spent,
        ),
    )


def _facts(claim: Claim, strength: Strength, working: Working) -> Facts:
    """What a strength's words may say: as much as its sentence by rules has to choose from."""
    _, target, _ = claim.key
    opinions, things = claim.said, claim.named
    if claim.is_whole:  # one or the other: what is said of the aspect is not said of the thing
        opinions, things = claim.among, () if claim.among else claim.named
    elif target is not None:
        things = (target,)
    counted = Counted(
        aspect=claim.aspect,
        called=wording.called(claim.aspect, working.language, opinions),
        polarity="positive",
        support=claim.support,
        is_many=claim.support >= wording.MANY * strength.considered,
        named=tuple((thing, None if claim.is_whole else claim.support) for thing in things),
        opinions=opinions,
        has_others=claim.is_whole,
    )
    times = _times(claim, working) if strength.distinct else None
    return Facts(
        language=working.language,
        considered=strength.considered,
        points=(counted,),
        is_compared=strength.distinct is not None,
        times=None if times is None else round(times, 1),
        text=strength.claim,
        quotes=tuple(quote.text for quote in strength.quotes),
    )


def _in_evidence(claim: Claim, working: Working) -> Sequence[Place]:
    """The places that step A's sample holds, so that quotes are of all seasons; all of them where those are too few."""
    sampled = set(working.sample.reviews) if working.sample else set()
    drawn = [place for place in claim.places if place.review in sampled]
    return drawn if _voices(working.judged, drawn) >= working.rules.quotes else claim.places


def _says_something(claim: Claim, working: Working) -> bool:
    """Of a whole aspect: what many say or name of it, or else that many praise it, by the count.

    Where the reviews are in another language than the claims, whose words cannot be shown, the count is all there is.
    """
    is_foreign = working.language != working.compared_language
    return bool(claim.among or claim.named) or is_foreign or claim.support >= wording.MANY * working.judged.considered


def _compared(claim: Claim, working: Working) -> str:
    return wording.distinct_claim(
        claim.aspect,
        times=_times(claim, working),
        language=working.language,
        named=claim.named,
        among=claim.among,
    )


def _times(claim: Claim, working: Working) -> float | None:
    """How many times as often as in the group, where enough say so."""
    found = working.distinct[claim.aspect]
    if not found.group_share or claim.support < VOICES_FOR_TIMES:
        return None
    return 1 + found.difference / found.group_share


def _weight(claim: Claim, judged: Judged) -> float:
    """Many voices, lately."""
    reviews = {place.review for place in claim.places}
    weights = []
    for review in reviews:
        written = judged.snapshot.reviews[review].created_at
        if written is None:
            weights.append(UNDATED_WEIGHT)
        else:
            age_days = max(0.0, (judged.snapshot.as_of - written).total_seconds() / 86_400)
            weights.append(0.5 ** (age_days / HALF_LIFE_DAYS))
    recency = sum(weights) / len(weights)
    return math.log1p(claim.support) * (0.5 + 0.5 * recency)


def _ever_wider(
    here: Restaurant | None, peers: Sequence[Restaurant], alike: Sequence[str]
) -> list[tuple[str, list[Restaurant]]]:
    wider: list[tuple[str, list[Restaurant]]] = []
    if here is not None and here.categories:
        own = set(here.categories)
        akin = [each for each in peers if not own.isdisjoint(each.categories)]
        near = [each for each in akin if here.region and each.region == here.region]
        wider += [
            (
                "category+region+price",
                [each for each in near if here.price_band and each.price_band == here.price_band],
            ),
            ("category+region", near),
            ("category+price", [each for each in akin if here.price_band and each.price_band == here.price_band]),
            ("category", akin),
        ]
    if alike:
        wider.append((SIMILAR, [each for each in peers if each.id in set(alike)]))
    return [*wider, (EVERYONE, list(peers))]


def _too_few(working: Working) -> str:
    rules = working.rules
    known = sum(bool(working.review_counts.get(each.id, 0)) for each in working.others)
    if working.language == "en":
        return (
            f"{known} other restaurants with reviews are known; a comparison needs "
            f"{rules.group_min_restaurants} with {rules.group_min_reviews} reviews in all."
        )
    return (
        f"리뷰가 있는 다른 식당이 {known}곳뿐입니다. "
        f"비교하려면 {rules.group_min_restaurants}곳 이상, 리뷰 {rules.group_min_reviews}개 이상이 필요합니다."
    )


def _uncounted(working: Working) -> str:
    restaurants, position = working.group.restaurants, working.counted_to
    if working.language == "en":
        return (
            f"None of the group's {restaurants} restaurants has counted reviews in this language and time; "
            f"the counters stand at log position {position:,}."
        )
    return (
        f"비교 식당 {restaurants}곳에 이 언어와 기간으로 집계된 리뷰가 없습니다. "
        f"집계는 로그 {position:,}번까지 반영되었습니다."
    )


def _here(working: Working) -> Profile:
    """This restaurant's own side of the comparison: like with like, so reviews in the group's language alone."""
    return profile_of(working.judged, language=working.compared_language)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
