"""Triples prepared once: a folder of plain NumPy files that is memory-mapped, not decoded.

    scenes --PatchMaker--> write_scene (one process per core, a record for each) --prepare--> DIR/store.json
    DIR --StoreSource--> StoredPatches (training) and frozen whole images (validation, test)

`layout.py` documents the files; `docs/data.md` says how a stranger reads them.
"""
