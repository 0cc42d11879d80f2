"""Predictions and labels to metric states; runs inside evaluators, with numpy alone."""
