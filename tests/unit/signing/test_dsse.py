import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medeval.domain.attestation import Envelope, EnvelopeSignature
from medeval.errors import SignatureInvalid, SpecError
from medeval.signing import dsse, keys

SECRET = bytes(range(32))
PUBLIC = keys.public_key_of(SECRET)


def test_pae_of_the_dsse_specification():
    """protocol.md, test vectors: the pre-authentication encoding of its example."""
    encoded = dsse.pre_authentication_encoding("http://example.com/HelloWorld", b"hello world")
    assert encoded == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


def test_pae_counts_bytes_and_not_characters():
    assert dsse.pre_authentication_encoding("\u00e9", b"") == b"DSSEv1 2 \xc3\xa9 0 "


@given(st.text(max_size=9), st.binary(max_size=9), st.text(max_size=9), st.binary(max_size=9))
def test_pae_is_injective(type_a, payload_a, type_b, payload_b):
    same = (type_a, payload_a) == (type_b, payload_b)
    encoded = [dsse.pre_authentication_encoding(*pair) for pair in ((type_a, payload_a), (type_b, payload_b))]
    assert (encoded[0] == encoded[1]) is same


@given(st.binary(max_size=200))
def test_what_is_sealed_is_unsealed(payload):
    envelope = dsse.seal(payload, SECRET)
    assert dsse.unseal(envelope, PUBLIC) == payload
    assert envelope.signatures[0].keyid == keys.fingerprint(PUBLIC)
    assert dsse.unseal(Envelope.from_json(envelope.to_canonical()), PUBLIC) == payload


def test_golden_envelope():
    """A wire contract, and a check that the signature covers the payload's bytes and not its base64."""
    envelope = dsse.seal(b"hello world", SECRET)
    signed = b"DSSEv1 28 application/vnd.in-toto+json 11 hello world"
    assert envelope.payload == "aGVsbG8gd29ybGQ="
    assert base64.b64decode(envelope.signatures[0].sig) == keys.sign(SECRET, signed)


@pytest.mark.parametrize("change", ["payload", "signature", "key", "payload not base64", "signature not base64"])
def test_what_was_changed_is_refused(change):
    envelope, public = dsse.seal(b'{"cases": 100}', SECRET), PUBLIC
    signature = envelope.signatures[0]
    if change == "payload":
        envelope = envelope.model_copy(update={"payload": base64.b64encode(b'{"cases": 900}').decode()})
    elif change == "signature":
        other = dsse.seal(b"something else", SECRET).signatures[0]
        envelope = envelope.model_copy(update={"signatures": (other,)})
    elif change == "key":
        public = keys.public_key_of(bytes(32))
    elif change == "payload not base64":
        envelope = envelope.model_copy(update={"payload": "aGVsb"})
    else:
        short = EnvelopeSignature(keyid=signature.keyid, sig="A")
        envelope = envelope.model_copy(update={"signatures": (short,)})
    with pytest.raises(SignatureInvalid):
        dsse.unseal(envelope, public)


@pytest.mark.parametrize("number", [0, 2])
def test_an_envelope_has_one_signature(number):
    plain = {"payload": "", "payloadType": "application/vnd.in-toto+json"}
    signature = {"keyid": keys.fingerprint(PUBLIC), "sig": ""}
    with pytest.raises(SpecError, match="signatures"):
        Envelope.from_plain({**plain, "signatures": [signature] * number})


def test_another_payload_type_is_refused():
    plain = dsse.seal(b"", SECRET).model_dump(mode="json")
    with pytest.raises(SpecError, match="payloadType"):
        Envelope.from_plain({**plain, "payloadType": "text/plain"})
