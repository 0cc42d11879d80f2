"""Predictions and labels to metric states, inside evaluators; binary states need numpy alone."""
