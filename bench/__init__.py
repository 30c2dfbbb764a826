"""The benchmarks: each compares in one run and gives flat rows; `scripts/bench` is their one door."""
