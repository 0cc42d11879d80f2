"""The HTTP API under `/api/v1`: each endpoint asks one service."""
