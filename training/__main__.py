"""Make the built-in weights and their card: `python -m training --nsmc FILE --mams FOLDER`."""

import argparse
from pathlib import Path

from training import aspects, card, embedding, sentiment

STEPS = ("sentiment", "aspects", "embedding", "card")


def main() -> None:
    words = argparse.ArgumentParser(prog="training", description=__doc__)
    words.add_argument("--nsmc", type=Path, required=True, help="nsmc_reviews.tsv.gz: subject id, rating, text")
    words.add_argument("--mams", type=Path, required=True, help="folder with MAMS train.xml and val.xml")
    words.add_argument("--kor-semeval", type=Path, help="kor_semeval14_train.csv, for evaluation only")
    words.add_argument("--out", type=Path, default=Path("src/matjip/inference/lite"))
    words.add_argument("--card", type=Path, default=Path("docs/model-card.md"))
    words.add_argument("--only", choices=STEPS, action="append", help="these steps alone; repeatable")
    asked = words.parse_args()
    steps = asked.only or STEPS
    if "sentiment" in steps:
        print("sentiment:", sentiment.train(asked.nsmc, asked.mams, asked.out))
    if "aspects" in steps:
        print("aspects:", aspects.build(asked.out))
    if "embedding" in steps:
        print("embedding:", embedding.train(asked.nsmc, asked.mams, asked.out))
    if "card" in steps:
        card.write(asked.card, asked.out, asked.nsmc, asked.mams, asked.kor_semeval)
        print("card:", asked.card)


if __name__ == "__main__":
    main()
