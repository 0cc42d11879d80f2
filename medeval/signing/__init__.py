"""Keys, envelopes and the hash-linked log."""
