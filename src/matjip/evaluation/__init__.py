"""How we know that it is right: labelled reviews, honest measures, and baselines beside every figure."""
