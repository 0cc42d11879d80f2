"""What can be wrong with a table, each with the exit code by which the site learns of it.

A message names columns of the benchmark and rules, never a value, a row or a file of the data.
"""


class Problem(Exception):
    """The data or the parameters are malformed."""

    exit_code = 12


class MissingColumn(Problem):
    """A column that the benchmark names is not there."""

    exit_code = 13


class Empty(Problem):
    """No case is left."""

    exit_code = 14
