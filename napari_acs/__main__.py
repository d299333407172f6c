"""``python -m napari_acs``: the command line."""

from __future__ import annotations

from napari_acs.cli import main

if __name__ == "__main__":
    main()
