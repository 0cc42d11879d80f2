"""`site init`: a key pair, a salt, and a registration that an operator accepts by fingerprint."""

import base64
import os

from medeval.domain.attestation import SandboxRecord
from medeval.domain.ids import check_name, check_title
from medeval.domain.messages import NewSite, RegisteredSite
from medeval.errors import Conflict, SignatureInvalid
from medeval.runtime.port import Probe
from medeval.signing import keys
from medeval.site.egress import Egress
from medeval.site.levels import check_site_level
from medeval.site.records import SiteRecord
from medeval.site.store import SiteStore, write

SALT_BYTES = 32


def init_site(
    store: SiteStore, egress: Egress, name: str, title: str, server: str, probe: Probe, min_level: int | None = None
) -> SiteRecord:
    """Set up a site, its ledger with it, and register its public key.

    Again with the same name it keeps the key and refreshes the credential. `min_level` is the least level that may run
    here; not given, it stays what it was. Raises `RuntimeRefused` where the runtime that was probed is weaker.
    """
    check_name(name)
    check_title(title)
    known = store.find_site()
    if known is not None and known.name != name:
        raise Conflict(f"this folder belongs to site {known.name}", "Choose another folder with --home.")
    least = min_level if min_level is not None else known.min_level if known else 0
    check_site_level(probe.level, least)
    public_key = keys.public_key_of(_private_key(store))
    own = keys.fingerprint(public_key)
    new = NewSite(name=name, title=title, public_key=base64.b64encode(public_key).decode())
    registered = egress.register(new)
    if (registered.site.name, registered.site.fingerprint) != (name, own):
        hint = "Someone between here and the server may have changed it. Accept no key; tell the operator."
        raise SignatureInvalid("the server registered another key than this site's", hint)
    return _keep(store, registered, server, probe, least)


def _private_key(store: SiteStore) -> bytes:
    """The site's key, made at first; the salt beside it."""
    if not store.salt_file.exists():
        write(store.salt_file, os.urandom(SALT_BYTES))
    if not store.key_file.exists():
        write(store.key_file, keys.new_private_key())
    return store.key_file.read_bytes()


def _keep(store: SiteStore, registered: RegisteredSite, server: str, probe: Probe, least: int) -> SiteRecord:
    write(store.upload_token_file, registered.upload_token.encode("ascii"))
    record = SiteRecord.from_plain(
        {
            "name": registered.site.name,
            "title": registered.site.title,
            "server": server,
            "fingerprint": registered.site.fingerprint,
            "sandbox": sandbox_of(probe).model_dump(mode="json"),
            "package_kind": probe.package_kind,
            "min_level": least,
        }
    )
    store.put_site(record)
    return record


def sandbox_of(probe: Probe) -> SandboxRecord:
    """What statements say of the runtime that was probed."""
    return SandboxRecord.from_plain({"runtime": probe.name, "version": probe.version, "level": probe.level})
