"""English restaurant sentences with a known polarity, made by a grammar."""

from collections.abc import Iterator
from random import Random

from training.lexicon_en import ANYWHERE, NOUNS, OPINIONS, PRAISE, REGRET

__all__ = ["generate"]

DEGREE = ("", "", "", "really ", "very ", "so ", "pretty ", "super ", "extremely ", "quite ", "absolutely ", "just ")
TAIL = {
    1: ("", "", ".", "!", "!!", " :)", " 😋", " 👍", " ❤️"),
    0: ("", "", ".", "...", "!", " :(", " 😡", " 👎", " 🤢"),
}


def generate(count: int, dice: Random) -> Iterator[tuple[str, int]]:
    """`count` distinct sentences, half praising (1) and half blaming (0)."""
    stock = {1: PRAISE.replace("\n", "").split("|"), 0: REGRET.replace("\n", "").split("|")}
    seen = set()
    for label, texts in stock.items():
        for text in texts:
            seen.add(text)
            yield text, label
    while len(seen) < count:
        label = len(seen) % 2
        parts = [_clause(label, dice) for _ in range(dice.choices((1, 2, 3), (5, 4, 1))[0])]
        text = dice.choice((" and ", ". ", ", ", "! ")).join(parts)
        if dice.random() < 0.35:
            text = f"{text}. {dice.choice(stock[label])}"
        if dice.random() < 0.5:
            text = text[0].upper() + text[1:]
        text += dice.choice(TAIL[label])
        if text not in seen:
            seen.add(text)
            yield text, label


def _clause(label: int, dice: Random) -> str:
    aspect = dice.choice([*NOUNS, "taste", "taste", "service", "atmosphere"])
    noun = dice.choice(NOUNS[aspect].split("|"))
    good, bad = _words(aspect, dice)
    said, opposite = (good, bad) if label else (bad, good)
    plural = noun.endswith("s") and not noun.endswith(("ss", "us"))
    was = dice.choice(("were", "are") if plural else ("was", "is"))
    form = dice.random()
    if form < 0.12:
        return f"the {noun} {was}{dice.choice(('n' + chr(39) + 't', ' not', ' never', ' not at all'))} {opposite}"
    if form < 0.22:
        return f"{dice.choice(('great', 'lovely') if label else ('such', 'really'))} {said} {noun}"
    if form < 0.3:
        return f"{said} {noun}"
    if form < 0.36:
        return f"{dice.choice(('loved', 'enjoyed', 'impressed by') if label else ('hated', 'let down by', 'unhappy with'))} the {noun}"
    if form < 0.42 and not label:
        return f"the {noun} used to be {opposite} but now it is {said}"
    if form < 0.42:
        return f"I expected {opposite} {noun} but it was {said}"
    return f"{dice.choice(('the ', 'the ', 'our ', ''))}{noun} {was} {dice.choice(DEGREE)}{said}"


def _words(aspect: str, dice: Random) -> tuple[str, str]:
    good, bad = ANYWHERE if dice.random() < 0.4 else OPINIONS[aspect]
    return dice.choice(good.split("|")), dice.choice(bad.split("|"))
