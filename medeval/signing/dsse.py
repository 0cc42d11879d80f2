"""DSSE v1 envelopes (secure-systems-lab/dsse, protocol.md): the signature covers type and payload together."""

import base64

from medeval.domain.attestation import PAYLOAD_TYPE, Envelope, EnvelopeSignature
from medeval.errors import SignatureInvalid
from medeval.signing import keys


def pre_authentication_encoding(payload_type: str, payload: bytes) -> bytes:
    """DSSE's PAE: `DSSEv1 LEN(type) type LEN(payload) payload`, lengths in ASCII decimal."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def seal(payload: bytes, private_key: bytes) -> Envelope:
    """Sign a statement's canonical bytes."""
    signature = keys.sign(private_key, pre_authentication_encoding(PAYLOAD_TYPE, payload))
    keyid = keys.fingerprint(keys.public_key_of(private_key))
    return Envelope(
        payload=base64.b64encode(payload).decode(),
        signatures=(EnvelopeSignature(keyid=keyid, sig=base64.b64encode(signature).decode()),),
    )


def unseal(envelope: Envelope, public_key: bytes) -> bytes:
    """The payload of an envelope that this key signed; raises `SignatureInvalid`."""
    payload, signature = _decode(envelope.payload), _decode(envelope.signatures[0].sig)
    keys.check_signature(public_key, signature, pre_authentication_encoding(envelope.payloadType, payload))
    return payload


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as exc:
        raise SignatureInvalid("the envelope is not base64", "Send the envelope as the site signed it.") from exc
