"""What may leave a site, and why."""
