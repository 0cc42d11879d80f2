"""The kinds of pictures, apart from what draws them, so that a command line can name them at once."""

from enum import StrEnum


class Kind(StrEnum):
    """What can be drawn."""

    FOREST = "forest"
    CALIBRATION = "calibration"
    DECISION = "decision"
    HEAT = "heat"
