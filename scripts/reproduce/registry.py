"""The benchmarks whose published figures are reproduced; each brings its own module."""

from scripts.reproduce import heart_disease, hippocampus, tcga_brca
from scripts.reproduce.federation import Reproduction

BENCHMARKS: dict[str, Reproduction] = {
    found.play.benchmark: found for found in (heart_disease.BENCHMARK, tcga_brca.BENCHMARK, hippocampus.BENCHMARK)
}
