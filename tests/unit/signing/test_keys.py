"""Ed25519 against RFC 8032's vectors, and every way a key can be wrong."""

import base64
import hashlib

import pytest

from medeval.errors import SignatureInvalid, SiteStateError
from medeval.signing import keys

#: RFC 8032, section 7.1, tests 1 to 3: secret key, public key, message, signature.
VECTORS = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]


@pytest.mark.parametrize(("secret", "public", "message", "signature"), [[bytes.fromhex(x) for x in v] for v in VECTORS])
def test_vectors_of_rfc_8032(secret, public, message, signature):
    assert keys.public_key_of(secret) == public
    assert keys.sign(secret, message) == signature
    keys.check_signature(public, signature, message)


def test_one_changed_bit_does_not_verify():
    public, message, signature = (bytes.fromhex(x) for x in VECTORS[1][1:])
    for position in range(8 * len(signature)):
        changed = bytearray(signature)
        changed[position // 8] ^= 1 << position % 8
        with pytest.raises(SignatureInvalid):
            keys.check_signature(public, bytes(changed), message)
    with pytest.raises(SignatureInvalid):
        keys.check_signature(public, signature, message + b"\0")
    with pytest.raises(SignatureInvalid):
        keys.check_signature(keys.public_key_of(bytes(32)), signature, message)


@pytest.mark.parametrize("signature", [b"", b"\0" * 63, b"\0" * 64, b"\0" * 65])
def test_what_is_no_signature_does_not_verify(signature):
    with pytest.raises(SignatureInvalid):
        keys.check_signature(bytes.fromhex(VECTORS[0][1]), signature, b"")


@pytest.mark.parametrize("public", [b"", b"\0" * 31, b"\xff" * 33])
def test_what_is_no_key_does_not_verify(public):
    with pytest.raises(SignatureInvalid):
        keys.check_signature(public, bytes.fromhex(VECTORS[0][3]), b"")


def test_new_keys_differ():
    assert len({keys.new_private_key() for _ in range(20)}) == 20


def test_a_fingerprint_is_the_sha256_of_the_raw_key():
    raw = bytes(range(32))
    assert keys.fingerprint(raw) == "sha256:" + hashlib.sha256(raw).hexdigest()


def test_public_keys_travel_as_base64():
    raw = bytes(range(32))
    assert keys.read_public_key(base64.b64encode(raw).decode()) == raw


@pytest.mark.parametrize("text", ["", "AAAA", "not base64!", "A" * 44, "\u00e9" * 4])
def test_what_is_no_public_key_is_refused(text):
    with pytest.raises(SignatureInvalid):
        keys.read_public_key(text)


def test_a_damaged_private_key_is_an_error_with_a_next_step():
    with pytest.raises(SiteStateError) as refused:
        keys.sign(b"short", b"")
    assert "backup" in refused.value.hint
