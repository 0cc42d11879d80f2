"""Who this machine speaks for: the server's address and a token per role, in one private file."""

import os
from pathlib import Path

from medeval.domain.base import Value
from medeval.domain.messages import Secret
from medeval.domain.permissions import Role
from medeval.errors import Unauthenticated


class Login(Value):
    """A server and the tokens that its operator handed out."""

    server: str
    tokens: dict[Role, Secret]

    def token(self, *roles: Role) -> str:
        """The token of the first of these roles that is there; raises `Unauthenticated`."""
        for role in roles:
            if role in self.tokens:
                return self.tokens[role]
        wanted = " or ".join(roles)
        raise Unauthenticated(f"not logged in as {wanted}", "Log in with `medeval login SERVER --token-file FILE`.")

    def any_token(self) -> str | None:
        """A token for what every role may do, or None."""
        return next(iter(self.tokens.values()), None)


def load_login(path: Path) -> Login:
    """Read the login file; raises `Unauthenticated` when there is none."""
    try:
        data = path.read_bytes()
    except FileNotFoundError as exc:
        raise Unauthenticated("not logged in", "Log in with `medeval login SERVER --token-file FILE`.") from exc
    return Login.from_json(data)


def save_login(path: Path, login: Login) -> None:
    """Write the login file, readable by its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(login.to_canonical())
    partial.replace(path)
