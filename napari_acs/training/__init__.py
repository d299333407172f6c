"""Recipes that make bundles: data, augmentation, losses, loop, card."""
