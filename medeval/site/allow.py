"""`site allow`: what the data owner permits to run, by digest or by a standing rule. Kept at the site."""

from medeval.domain.messages import ModelItem
from medeval.errors import NotFound
from medeval.site.context import Site
from medeval.site.records import AllowedModel, AllowList, StandingRule


def allow_models(site: Site, refs: list[str]) -> AllowList:
    """Permit these models, each by its digest, or by a name pinned to the digest that the server shows now."""
    rules = site.store.get_allow_list()
    known = {model.digest: model for model in rules.models}
    for ref in refs:
        allowed = get_allowed(site, ref)
        known[allowed.digest] = allowed
    return _keep(site, rules.model_copy(update={"models": tuple(known.values())}))


def get_allowed(site: Site, ref: str) -> AllowedModel:
    """A model by digest, or by a name pinned to the digest that the server shows now; raises `NotFound`."""
    card = _get_model(site, ref).card
    return AllowedModel(ref=card.ref, digest=card.to_digest())


def allow_rule(site: Site, benchmark: str, organisation: str | None) -> AllowList:
    """Permit every model approved in a benchmark that the server knows, of one organisation or of any."""
    rules = site.store.get_allow_list()
    name = site.api.get_benchmark(benchmark).spec.name
    rule = StandingRule.from_plain({"benchmark": name, "organisation": organisation})
    return _keep(site, rules.model_copy(update={"rules": tuple(dict.fromkeys((*rules.rules, rule)))}))


def revoke(site: Site, ref: str) -> AllowList:
    """Take back what was permitted for a model or a benchmark; raises `NotFound` when nothing was.

    What was released stays released.
    """
    rules = site.store.get_allow_list()
    name = ref.partition("@")[0]
    kept = AllowList(
        models=tuple(model for model in rules.models if ref not in (model.ref, model.name, model.digest)),
        rules=tuple(rule for rule in rules.rules if rule.benchmark != name),
    )
    if kept == rules:
        raise NotFound(f"nothing was allowed for {ref[:80]}", "See `medeval site allow`.")
    return _keep(site, kept)


def _get_model(site: Site, ref: str) -> ModelItem:
    """A submitted model by name or by digest; raises `NotFound`."""
    if not ref.startswith("sha256:"):
        return site.api.get_model(ref)
    for item in site.api.list_models():
        if item.digest == ref:
            return item
    raise NotFound("the server has no model of that digest", "See `medeval model list --output json`.")


def _keep(site: Site, rules: AllowList) -> AllowList:
    site.store.put_allow_list(rules)
    return rules
