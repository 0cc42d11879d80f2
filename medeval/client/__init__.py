"""The results server over HTTP."""
