"""Published figures beside measured ones, of every benchmark that has some: `python -m scripts.reproduce SHARED`."""
