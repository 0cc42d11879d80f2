"""Blobs by digest: from the site's cache, else downloaded into it."""

from pathlib import Path

from medeval.client.blobs import BlobClient
from medeval.domain.package import BlobRef
from medeval.packaging.store import BlobStore


class Fetcher:
    """A `runtime.port.BlobSource` that downloads what the cache lacks; a broken download is resumed by the next."""

    def __init__(self, cache: BlobStore, client: BlobClient) -> None:
        self._cache = cache
        self._client = client

    def path(self, blob: BlobRef) -> Path:
        """The verified file of a blob."""
        found = self._cache.find(blob)
        if found is None:
            self._client.download(blob, self._cache.location(blob))
            found = self._cache.path(blob)
        return found
