"""Files on disk."""

from __future__ import annotations

from destinations.servers._files import FileBench, case

__all__ = ["BENCH"]


class Folder(FileBench):
    destination = "files"
    cases = (
        *FileBench.cases,
        case("snapshot", path="people.parquet"),
        case("changes", path="out"),
    )

    def files(self) -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}


BENCH = Folder
