"""Values: frozen, closed, canonical (RFC 8785) and digested (sha256)."""

import hashlib
import json
import re
from typing import Any, Self

import rfc8785
from pydantic import BaseModel, ConfigDict, ValidationError

from medeval.domain import strict_json
from medeval.errors import MedevalError, SpecError


class Value(BaseModel):
    """A spec, card, result or message: equal content has equal bytes and an equal digest."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, hide_input_in_errors=True, defer_build=True
    )

    def to_canonical(self) -> bytes:
        """The canonical JSON of this value (RFC 8785), the bytes that are digested and signed."""
        return rfc8785.dumps(self.model_dump(mode="json", by_alias=True))

    def to_digest(self) -> str:
        """`sha256:` and the hex digest of the canonical JSON."""
        return digest_of(self.to_canonical())

    @classmethod
    def from_json(cls, data: bytes, *, refuse: type[MedevalError] = SpecError) -> Self:
        """Read strict JSON; raise `refuse` naming the first wrong field and the rule it breaks."""
        return cls.from_plain(strict_json.loads(data, refuse=refuse), refuse=refuse)

    @classmethod
    def from_plain(cls, plain: Any, *, refuse: type[MedevalError] = SpecError) -> Self:
        """Like `from_json`, from what a JSON or YAML parser returned."""
        try:
            return cls.model_validate_json(json.dumps(plain, allow_nan=False))
        except ValidationError as exc:
            raise refuse(*explain(exc)) from None
        except (TypeError, ValueError, RecursionError) as exc:
            hint = "Use text, finite numbers, lists and mappings without loops; quote dates and versions."
            raise refuse("a value is neither text, finite number, list nor mapping", hint) from exc


def digest_of(data: bytes) -> str:
    """`sha256:` and the hex digest of `data`."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def explain(exc: ValidationError) -> tuple[str, str]:
    """The first broken rule of a validation as (message, hint), without the refused value."""
    errors = exc.errors(include_url=False, include_input=False)
    first = errors[0]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    rule = first["msg"]
    if first["type"] == "union_tag_invalid":  # pydantic's own text of this rule quotes the refused value
        rule = "{discriminator} must be one of {expected_tags}".format(**first["ctx"])
    if first["type"] == "union_tag_not_found":
        rule = "{discriminator} is missing, which says what this is".format(**first["ctx"])
    return f"{field_path(first['loc'])}: {rule}{more}", "Correct the named field and try again."


def field_path(location: tuple[int | str, ...]) -> str:
    """`("states", 1, "n0")` as `states[1].n0`."""
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{_plain_key(part)}"
    return path.lstrip(".") or "document"


def _plain_key(key: str) -> str:
    """A key as a message can hold it: an undeclared one is somebody's text, so only a short plain word is repeated."""
    return key if re.fullmatch(r"[A-Za-z0-9_@.-]{1,64}", key) else "(undeclared)"
