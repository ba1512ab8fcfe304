"""The benchmarks compare equal work; no test looks at how long anything takes."""
