"""Task families: for each its analysis plan and its metric states, one module a family."""
