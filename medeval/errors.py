"""Every expected failure, in one tree.

An error says what happened (`message`) and what to do next (`hint`). Its class fixes three public values that
never change once released: `code` (stable name, the key by which a client rebuilds the class), `exit_code` of the
command line, and `status` of the HTTP answer. A message holds no patient value, no path of a site and no token.
"""

from typing import ClassVar


class MedevalError(Exception):
    """An expected failure with its next step.

    `log` is the end of what a cube printed, where one ran: for the eyes of whoever ran it, part of nothing that is
    sent.
    """

    code: ClassVar[str] = "internal"
    exit_code: ClassVar[int] = 1
    status: ClassVar[int] = 500

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.log = ""


# --- what was typed, and files of specs -------------------------------------------------------------------------


class UsageError(MedevalError):
    """The command line asks for something that cannot be done as asked."""

    code, exit_code, status = "usage", 2, 400


class SpecError(MedevalError):
    """A spec, manifest or card is malformed."""

    code, exit_code, status = "spec.invalid", 10, 422


class DigestMismatch(MedevalError):
    """Bytes do not have the digest under which they were asked for."""

    code, exit_code, status = "digest.mismatch", 11, 422


# --- data of a site ---------------------------------------------------------------------------------------------


class DataError(MedevalError):
    """The raw data cannot be prepared."""

    code, exit_code, status = "data.invalid", 12, 422


class MissingColumn(DataError):
    """The raw data lacks a column that the benchmark names."""

    code, exit_code = "data.missing-column", 13


class EmptyData(DataError):
    """No case is left after preparation."""

    code, exit_code = "data.empty", 14


# --- a run of a model or an evaluator ---------------------------------------------------------------------------


class RunFailed(MedevalError):
    """A cube ran and did not do its job."""

    code, exit_code, status = "run.failed", 15, 422


class CubeExited(RunFailed):
    """The container ended with an exit code that is not zero."""

    code, exit_code = "run.exited", 16


class CubeTimedOut(RunFailed):
    """The container passed its time limit and was killed."""

    code, exit_code = "run.timeout", 17


class CubeOutOfMemory(RunFailed):
    """The container passed its memory limit and was killed."""

    code, exit_code = "run.out-of-memory", 18


class WroteNothing(RunFailed):
    """The container ended well but wrote no output."""

    code, exit_code = "run.wrote-nothing", 19


class OutputTooLarge(RunFailed):
    """The container wrote more than the benchmark allows."""

    code, exit_code = "run.output-too-large", 20


class WrongColumns(RunFailed):
    """The predictions do not have the columns of the model interface."""

    code, exit_code = "predictions.wrong-columns", 21


class WrongCases(RunFailed):
    """The predictions do not hold each case exactly once."""

    code, exit_code = "predictions.wrong-cases", 22


class ScoreNotFinite(RunFailed):
    """A score is empty, NaN, infinite or no number."""

    code, exit_code = "predictions.not-finite", 23


class ScoreOutOfRange(RunFailed):
    """A score lies outside [0, 1]."""

    code, exit_code = "predictions.out-of-range", 24


# --- what may leave a site --------------------------------------------------------------------------------------


class ResultRefused(MedevalError):
    """A result breaks its closed schema or a rule of the spec."""

    code, exit_code, status = "result.refused", 30, 422


class TooFewCases(ResultRefused):
    """A result covers fewer cases than the disclosure policy asks for."""

    code, exit_code = "disclosure.too-few-cases", 31


class PolicyConflict(MedevalError):
    """Under the disclosure policy in force, no result of this benchmark could ever leave."""

    code, exit_code, status = "disclosure.policy-conflict", 36, 422


class DifferencingRisk(MedevalError):
    """What is asked differs from what was there before in so few patients that they could be subtracted out."""

    code, exit_code, status = "disclosure.differencing", 37, 409


class ModelNotAllowed(MedevalError):
    """The data owner has not allowed this model at this site."""

    code, exit_code, status = "site.model-not-allowed", 32, 403


class SignatureInvalid(MedevalError):
    """An envelope does not verify against the key accepted for its site."""

    code, exit_code, status = "signature.invalid", 33, 422


class SiteBusy(MedevalError):
    """Another agent works in the same site folder."""

    code, exit_code, status = "site.busy", 34, 409


class SiteStateError(MedevalError):
    """A file of the site's own state cannot be read."""

    code, exit_code, status = "site.state", 35, 500


class LedgerBroken(MedevalError):
    """The site's ledger is not what was written into it, or is gone."""

    code, exit_code, status = "site.ledger-broken", 38, 500


class BudgetExhausted(MedevalError):
    """A release would tell more about a dataset than the budget leaves."""

    code, exit_code, status = "disclosure.budget-exhausted", 39, 403


# --- the results server -----------------------------------------------------------------------------------------


class ServerUnreachable(MedevalError):
    """No answer from the results server."""

    code, exit_code, status = "server.unreachable", 40, 503


class Unauthenticated(MedevalError):
    """No token, or one that the server does not know."""

    code, exit_code, status = "auth.unauthenticated", 41, 401


class Forbidden(MedevalError):
    """The token's role may not do this."""

    code, exit_code, status = "auth.forbidden", 42, 403


class NotFound(MedevalError):
    """Nothing of that name."""

    code, exit_code, status = "not-found", 43, 404


class Conflict(MedevalError):
    """Something else of that name, or a step that the current state does not allow."""

    code, exit_code, status = "conflict", 44, 409


class ServerFault(MedevalError):
    """The server answered with a fault of its own."""

    code, exit_code, status = "server.fault", 45, 500


class TransferInterrupted(MedevalError):
    """A blob transfer broke off; what arrived is kept."""

    code, exit_code, status = "transfer.interrupted", 46, 409


class BlobTooLarge(MedevalError):
    """A blob is larger than the server takes, or than was announced."""

    code, exit_code, status = "transfer.too-large", 47, 413


# --- running containers on this machine -------------------------------------------------------------------------


class RuntimeUnavailable(MedevalError):
    """No runtime on this machine can do this."""

    code, exit_code, status = "runtime.unavailable", 50, 503


class RuntimeRefused(MedevalError):
    """The runtime is too weak for data of this class."""

    code, exit_code, status = "runtime.too-weak", 51, 422


class ImageInvalid(MedevalError):
    """An image archive does not hold what its digests say."""

    code, exit_code, status = "image.invalid", 52, 422


class BuildFailed(MedevalError):
    """An image could not be built."""

    code, exit_code, status = "build.failed", 53, 422


class EngineFault(MedevalError):
    """The container engine answered with a fault."""

    code, exit_code, status = "engine.fault", 54, 503


class MissingExtra(MedevalError):
    """An optional part of medeval is not installed."""

    code, exit_code, status = "extra.missing", 55, 500


class DemoFailed(MedevalError):
    """A step of the demo failed."""

    code, exit_code, status = "demo.failed", 56, 500


def error_classes() -> dict[str, type[MedevalError]]:
    """All classes of the tree by `code`; the base class stands for what is unexpected."""
    found: dict[str, type[MedevalError]] = {}
    waiting: list[type[MedevalError]] = [MedevalError]
    while waiting:
        cls = waiting.pop()
        found[cls.code] = cls
        waiting.extend(cls.__subclasses__())
    return found


def error_by_code(code: str, message: str, hint: str = "") -> MedevalError:
    """Rebuild an error from its wire form; an unknown code gives a `ServerFault`."""
    return error_classes().get(code, ServerFault)(message, hint)
