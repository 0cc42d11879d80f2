"""`site allow`: what the data owner permits to run, by digest or by a standing rule. Kept at the site."""

from medeval.site.context import Site
from medeval.site.records import AllowedModel, AllowList, StandingRule


def allow_models(site: Site, refs: list[str]) -> AllowList:
    """Permit these models, each pinned to the digest that the server shows now."""
    rules = site.store.get_allow_list()
    known = {model.digest: model for model in rules.models}
    for ref in refs:
        item = site.api.get_model(ref)
        known[item.digest] = AllowedModel(ref=item.card.ref, digest=item.card.to_digest())
    return _keep(site, rules.model_copy(update={"models": tuple(known.values())}))


def allow_rule(site: Site, benchmark: str, organisation: str | None) -> AllowList:
    """Permit every model approved in a benchmark, of one organisation or of any."""
    rules = site.store.get_allow_list()
    rule = StandingRule(benchmark=benchmark.partition("@")[0], organisation=organisation)
    return _keep(site, rules.model_copy(update={"rules": tuple(dict.fromkeys((*rules.rules, rule)))}))


def revoke(site: Site, ref: str) -> AllowList:
    """Take back what was permitted for a model or a benchmark of this name; what was released stays released."""
    rules = site.store.get_allow_list()
    kept = AllowList(
        models=tuple(model for model in rules.models if ref not in (model.ref, model.ref.partition("@")[0])),
        rules=tuple(rule for rule in rules.rules if rule.benchmark != ref),
    )
    return _keep(site, kept)


def _keep(site: Site, rules: AllowList) -> AllowList:
    site.store.put_allow_list(rules)
    return rules
