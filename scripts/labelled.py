"""Labelled sets as `matjip eval` reads them: `python scripts/labelled.py DATA OUT` converts what lies in DATA into OUT."""

import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Iterator
from pathlib import Path

import orjson
from training.sources import KOREAN_CATEGORIES, KOREAN_POLARITIES, mams_windows, nsmc
from training.sources import kor_semeval as sentences_of

Rows = Iterable[dict[str, object]]

OWN = Path(__file__).resolve().parents[1] / "src" / "matjip" / "evaluation" / "guard.tsv"
NSMC, KOR_SEMEVAL, MAMS = "nsmc_reviews.tsv.gz", "kor_semeval14_train.csv", "mams/val.xml"
SIDES = ("negative", "positive")
POLARITIES = {**KOREAN_POLARITIES, "중립": "neutral", "대립": None}  # both at once leans no one way


def main(data: Path, out: Path) -> None:
    """Write a JSONL a set; say what is missing."""
    write(out / "1-own.jsonl", own())
    for name, sets in SETS.items():
        if not (data / name).exists():
            print(f"eval: {data / name} is not here, so that set is left out", file=sys.stderr)
            continue
        for target, rows in sets.items():
            write(out / f"{target}.jsonl", rows(data / name))


def own() -> Rows:
    """Hard short reviews in Korean and English, written for this project."""
    for line in OWN.read_text(encoding="utf-8").splitlines():
        label, text = line.split("\t")
        yield {"text": text, "label": label}


def nsmc_development(path: Path) -> Rows:
    """Film reviews of the subjects with id % 25 == 1, which training never sees: rated up to 4, or from 9; balanced."""
    return ({"text": text, "label": SIDES[label]} for text, label in nsmc(path)["development"])


def kor_semeval(path: Path) -> Rows:
    """Restaurant sentences: the label where all categories lean one way, and every category as an aspect."""
    for text, labels in sentences_of(path).items():
        spoken = {label for label in labels.values() if label in POLARITIES}
        aspects = [
            {"aspect": "|".join(ours), "polarity": POLARITIES[labels[category]]}
            for category, ours in KOREAN_CATEGORIES.items()
            if labels.get(category) in POLARITIES
        ]
        yield {"text": text, "label": POLARITIES[min(spoken)] if spoken in ONE_SIDED else None, "aspects": aspects}


ONE_SIDED = ({"긍정"}, {"부정"})


def mams_clauses(path: Path) -> Rows:
    """The clause around each English term that is praised or blamed."""
    return ({"text": text, "label": SIDES[label]} for text, label in mams_windows(path) if text)


def mams_terms(path: Path) -> Iterator[dict[str, object]]:
    """English sentences and every term in them, by its place."""
    for sentence in ElementTree.parse(path).getroot().iter("sentence"):
        terms = [
            {"polarity": term.get("polarity"), "start": int(term.get("from", 0)), "end": int(term.get("to", 0))}
            for term in sentence.iter("aspectTerm")
        ]
        yield {"text": sentence.findtext("text") or "", "aspects": terms}


def write(file: Path, rows: Rows) -> None:
    with file.open("wb") as lines:
        lines.writelines(orjson.dumps(row) + b"\n" for row in rows)


SETS = {
    NSMC: {"2-nsmc-development": nsmc_development},
    KOR_SEMEVAL: {"3-kor-semeval": kor_semeval},
    MAMS: {"4-mams-clauses": mams_clauses, "5-mams-terms": mams_terms},
}

if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
