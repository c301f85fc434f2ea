"""Moving one packaged model, with its lineage, as a single file from one tracking store to another."""

from __future__ import annotations

from quire.bundle.bring import Imported, ImportedVersion, import_model
from quire.bundle.export import Exported, export_model

__all__ = ["Exported", "Imported", "ImportedVersion", "export_model", "import_model"]
