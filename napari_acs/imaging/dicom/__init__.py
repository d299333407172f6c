"""DICOM: find series, read them as volumes, and write masks back as SEG and RTSTRUCT.

Nothing here loads pydicom or highdicom on import; they come with the first DICOM file.
"""
