"""Make the built-in weights and their card: `python -m training --nsmc FILE --mams FOLDER`."""

import argparse
from pathlib import Path

from training import aspects, card, categories, embedding, manifest, quality, sentiment, terms

STEPS = ("sentiment", "aspects", "terms", "categories", "embedding", "quality", "manifest", "card")


def main() -> None:
    words = argparse.ArgumentParser(prog="training", description=__doc__)
    words.add_argument("--nsmc", type=Path, help="nsmc_reviews.tsv.gz: subject id, rating, text")
    words.add_argument("--mams", type=Path, help="folder with MAMS train.xml and val.xml")
    words.add_argument("--kor-semeval", type=Path, help="kor_semeval14_train.csv, for evaluation only")
    words.add_argument("--out", type=Path, default=Path("src/matjip/inference/lite"))
    words.add_argument("--card", type=Path, default=Path("docs/model-card.md"))
    words.add_argument("--only", choices=STEPS, action="append", help="these steps alone; repeatable")
    asked = words.parse_args()
    steps = asked.only or STEPS
    if set(steps) - {"aspects", "manifest"} and not (asked.nsmc and asked.mams):
        words.error("give --nsmc and --mams; only the steps aspects and manifest work without them")
    if "sentiment" in steps:
        print("sentiment:", sentiment.train(asked.nsmc, asked.mams, asked.out))
    if "aspects" in steps:
        print("aspects:", aspects.build(asked.out))
    if "terms" in steps:
        print("terms:", terms.train(asked.mams, asked.out))
    if "categories" in steps:
        print("categories:", categories.train(asked.nsmc, asked.mams, asked.out))
    if "embedding" in steps:
        print("embedding:", embedding.train(asked.nsmc, asked.mams, asked.out))
    if "quality" in steps:
        if not asked.kor_semeval:
            words.error("the step quality measures on --kor-semeval; give it")
        print("quality:", quality.write(asked.out, asked.kor_semeval))
    # Whatever was written, the manifest tells of it: weights that it does not know are refused.
    print("manifest:", len(manifest.write(asked.out)), "files")
    if "card" in steps:
        card.write(asked.card, asked.out, asked.nsmc, asked.mams, asked.kor_semeval)
        print("card:", asked.card)


if __name__ == "__main__":
    main()
