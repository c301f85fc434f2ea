"""Predicting over a file: any size, any of the formats, resumed where it was interrupted."""

from __future__ import annotations

from quire.batch.formats import FORMATS, FileFormat, file_format
from quire.batch.params import read_params
from quire.batch.run import BatchStopped, BatchSummary, FileBatch, predict_file

__all__ = [
    "FORMATS",
    "BatchStopped",
    "BatchSummary",
    "FileBatch",
    "FileFormat",
    "file_format",
    "predict_file",
    "read_params",
]
