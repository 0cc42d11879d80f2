"""From metric states to measures: one module for each task family."""
