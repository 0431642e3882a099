"""Measures Safelight against its peers, side by side in one run. `make bench`; see `BENCHMARKS.md` for the figures."""
