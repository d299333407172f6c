"""The pre-flight check: what is wrong with a study before anything is predicted."""

from __future__ import annotations

from napari_acs.imaging.check.line import CheckLine, worst
from napari_acs.imaging.check.needs import Needs
from napari_acs.imaging.check.study import TOPICS, check_study

__all__ = ["TOPICS", "CheckLine", "Needs", "check_study", "worst"]
