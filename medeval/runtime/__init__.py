"""Run one pinned cube, sealed."""
