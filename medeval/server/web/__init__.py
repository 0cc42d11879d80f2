"""Plain pages for people, rendered by the server; no script."""
