"""The measures of every region, as a table and as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QHeaderView, QTableWidget, QTableWidgetItem, QWidget

if TYPE_CHECKING:
    from napari_acs.review.measure.measures import Measures, RegionMeasures

ROWS = (
    "ml",
    "long, mm",
    "across, mm",
    "mm2",
    "3D, mm",
    "lesions",
    "side",
    "midline, mm",
)
"""Of the table, short: the dock is narrow."""
_TIPS = (
    "Volume",
    "Largest axial diameter (RANO)",
    "Largest one perpendicular to it",
    "Their product",
    "Largest diameter in 3D, of the whole region",
    "Lesions of 0.05 ml and more",
    "The patient's side",
    "Distance to the midline; 0 where the region touches it",
)
_NONE = "-"


def cells_of(region: RegionMeasures) -> tuple[str, ...]:
    """Return a region's column, in the order of `ROWS`."""
    found, middle = region.largest_axial, region.midline
    across = found.perpendicular.length_mm if found and found.perpendicular else 0.0
    return (
        f"{region.volume_ml:.2f}",
        f"{found.diameter.length_mm:.1f}" if found else _NONE,
        f"{across:.1f}" if found else _NONE,
        f"{found.product_mm2:.0f}" if found else _NONE,
        f"{region.largest_3d_diameter_mm:.1f}" if region.volume_ml else _NONE,
        f"{len(region.lesions)}",
        middle.side if middle else _NONE,
        f"{middle.to_midline_mm:.1f}" if middle else _NONE,
    )


def text_of(measures: Measures) -> str:
    """Return lines with tabs, to be pasted into a sheet or a report."""
    columns = [cells_of(region) for region in measures.regions.values()]
    lines = ["\t".join(("", *measures.regions))]
    titles = [f"{tip} ({row})" for row, tip in zip(ROWS, _TIPS, strict=True)]
    lines += ["\t".join((title, *cells)) for title, *cells in zip(titles, *columns, strict=True)]
    return "\n".join(lines)


class MeasureTable(QTableWidget):
    """One column a region, outermost first."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(len(ROWS), 0, parent)
        self.setObjectName("measures")
        self.setVerticalHeaderLabels(ROWS)
        self.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        header = self.horizontalHeader()
        assert header is not None
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        rows = self.verticalHeader()
        assert rows is not None
        rows.setDefaultSectionSize(24)
        self.setFixedHeight(24 * (len(ROWS) + 1) + 12)

    def show_measures(self, measures: Measures | None) -> None:
        """Show these measures, or none."""
        regions = {} if measures is None else measures.regions
        self.setColumnCount(len(regions))
        self.setHorizontalHeaderLabels(list(regions))
        for column, region in enumerate(regions.values()):
            for row, cell in enumerate(cells_of(region)):
                item = QTableWidgetItem(cell)
                item.setToolTip(_TIPS[row])
                self.setItem(row, column, item)
