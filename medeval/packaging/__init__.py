"""Source folder to checked manifest to package."""
