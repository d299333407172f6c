"""Measures of a tumour from its label mask: volumes, diameters, lesions, side, change."""
