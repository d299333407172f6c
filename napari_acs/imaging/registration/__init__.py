"""Bring the sequences of one patient to one grid, with an honest word on how well they fit."""
