"""The results server."""
