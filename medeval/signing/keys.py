"""Ed25519 keys (RFC 8032): a private key file at the site, a fingerprint that people compare."""

import base64

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from medeval.domain.base import digest_of
from medeval.errors import SignatureInvalid, SiteStateError


def new_private_key() -> bytes:
    """32 bytes of a fresh private key."""
    return Ed25519PrivateKey.generate().private_bytes_raw()


def public_key_of(private_key: bytes) -> bytes:
    """The 32 bytes of the public key."""
    return _private(private_key).public_key().public_bytes_raw()


def fingerprint(public_key: bytes) -> str:
    """What people compare on both sides: the sha256 digest of the raw public key."""
    return digest_of(public_key)


def sign(private_key: bytes, message: bytes) -> bytes:
    """A signature of 64 bytes."""
    return _private(private_key).sign(message)


def check_signature(public_key: bytes, signature: bytes, message: bytes) -> None:
    """Raise `SignatureInvalid` unless the signature is this key's over this message."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError) as exc:
        hint = "Send it with the key whose fingerprint the operator accepted for this site."
        raise SignatureInvalid("the signature does not match the site's accepted key", hint) from exc


def read_public_key(text: str) -> bytes:
    """The 32 bytes of a public key from base64; raises `SignatureInvalid`."""
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError as exc:
        raise SignatureInvalid("the public key is not base64", "Register the site again with its own key.") from exc
    if len(raw) != 32:  # RFC 8032: 32 octets
        raise SignatureInvalid("an Ed25519 public key has 32 bytes", "Register the site again with its own key.")
    return raw


def _private(private_key: bytes) -> Ed25519PrivateKey:
    try:
        return Ed25519PrivateKey.from_private_bytes(private_key)
    except ValueError as exc:
        raise SiteStateError("the site's private key is unreadable", "Restore it from the site's backup.") from exc
