"""Metric states of many sites to estimates with intervals."""
