"""Where a build has its schemas, quoted for SQL; made while the environment names it."""

from __future__ import annotations

from dataclasses import dataclass

from cdp.warehouse import Warehouse, quoted, schema_name

__all__ = ["Places"]


@dataclass(frozen=True)
class Places:
    """The public schema, the internal one and that of state."""

    cdp: str
    internal: str
    state: str

    @staticmethod
    def here(target: str) -> Places:
        """As the environment names them now (see cdp.beside)."""
        names = ("cdp", "cdp_internal", "cdp_state")
        return Places(*(quoted(schema_name(name, target)) for name in names))

    def columns(self, warehouse: Warehouse, table: str) -> dict[str, str]:
        """Columns of a public table (cdp_…) or an internal one; empty: there is none."""
        schema = self.cdp if table.startswith("cdp_") else self.internal
        return warehouse.columns(schema.strip('"'), table)
