"""Which sequence a volume is: from names, DICOM tags and image statistics, with reasons."""
