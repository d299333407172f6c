"""Pictures read back: contours on the mask's border, letters, proportions, diameters."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from review.measure.shapes import TURNS, blob, turned
from review.report.reading_html import colours
from review.report.studies import OBLIQUE, UPRIGHT, head
from scipy.ndimage import binary_dilation

from napari_acs.imaging import Volume, lps_grid, to_lps
from napari_acs.review.measure.tumour import measure_tumour
from napari_acs.review.report.drawing import pictures_of
from napari_acs.review.report.picture import CALIPER, COLOURS, Letters, draw

LETTERS = Letters("A", "P", "R", "L")


def read(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def borders(mask):
    """Sides between voxels in and out of a mask: ends (n, 2, 2) as continuous (row, column)."""
    found = []
    for axis in (0, 1):
        for at in np.argwhere(np.diff(mask.astype(int), axis=axis)):
            middle = at + np.eye(2)[axis] / 2
            across = np.eye(2)[1 - axis] / 2
            found.append((middle - across, middle + across))
    return np.array(found)


def distances(points, ends):
    """From points (n, 2) to the nearest of segments (m, 2, 2) that run along an axis."""
    low, high = ends.min(1), ends.max(1)
    near = np.clip(points[:, None], low, high)
    return np.linalg.norm(points[:, None] - near, axis=-1)


@pytest.mark.parametrize("sides", [(1.0, 1.0), (0.9, 2.7), (4.0, 1.1)])
@pytest.mark.parametrize("seed", range(3))
def test_contours_lie_on_the_border_of_the_mask(seed, sides):
    mask = blob(seed, (23, 31))
    mask[[0, -1]] = mask[:, [0, -1]] = False
    empty = np.zeros_like(mask)
    regions = {"WT": empty, "TC": mask, "ET": empty}
    png, width, height, scale = draw(np.zeros(mask.shape), regions, sides, (0, 1), LETTERS)
    picture = read(png)
    assert picture.shape[:2] == (height, width)
    assert width / height == pytest.approx(
        31 * sides[1] / (23 * sides[0]), rel=2 / min(width, height)
    )
    assert scale == pytest.approx(width / (31 * sides[1]))
    grow = np.array([height / 23, width / 31])
    drawn = np.argwhere(colours(picture, COLOURS["TC"])) + 0.5
    ends = (borders(mask) + 0.5) * grow
    assert distances(drawn, ends).min(1).max() <= 1.5  # no pixel that touches no border
    middles = ends.mean(1)
    off = np.linalg.norm(middles[:, None] - drawn, axis=-1).min(1)
    assert off.max() <= 1.5  # and no border without a pixel
    assert not colours(picture, COLOURS["WT"]).any()


def test_inner_contours_lie_over_outer_ones():
    wt = np.zeros((20, 20), bool)
    wt[5:15, 5:15] = True
    core = wt.copy()
    core[:, 10:] = False
    png, *_ = draw(wt * 0.0, {"WT": wt, "TC": core, "ET": wt & False}, (1, 1), (0, 1), LETTERS)
    picture = read(png)
    line = picture[210]
    left, right = (np.flatnonzero(colours(line, COLOURS[name])) for name in ("TC", "WT"))
    assert abs(left.min() - 105) <= 1.5
    assert abs(left.max() - 210) <= 1.5
    assert right.min() > 300  # the common border is the core's


def all_pictures(labels, grid, images):
    volumes = {name: Volume(array, grid) for name, array in images.items()}
    return pictures_of(labels, grid, measure_tumour(labels, grid), volumes)


@pytest.mark.parametrize("grid", [UPRIGHT, OBLIQUE], ids=["upright", "oblique"])
def test_flipped_and_permuted_files_give_the_same_picture(grid):
    study = head(grid)
    expected = all_pictures(study.labels, grid, study.images)
    assert len(expected) >= 3
    for order, signs in TURNS[5::9]:
        moved, other = turned(study.labels, grid, order, signs)
        images = {n: turned(a, grid, order, signs)[0] for n, a in study.images.items()}
        found = all_pictures(moved, other, images)
        assert [(p.why, p.level, p.letters) for p in found] == [
            (p.why, p.level, p.letters) for p in expected
        ]
        for a, b in zip(found, expected, strict=True):
            one, two = read(a.png), read(b.png)
            # Ends of diameters are rounded to pixels; they have black sides.
            lines = binary_dilation(colours(one, CALIPER) | colours(two, CALIPER), iterations=3)
            differ = np.abs(one.astype(int) - two).max(-1) > 2
            assert not (differ & ~lines).any()
            assert (differ & lines).sum() < 100


@pytest.mark.parametrize("grid", [UPRIGHT, OBLIQUE], ids=["upright", "oblique"])
def test_letters_sides_and_proportions_are_the_patients(grid):
    study = head(grid)
    first, *others = all_pictures(study.labels, grid, study.images)
    assert first.why[0] == "largest area of WT"
    assert first.sequence == "FLAIR"
    assert {p.sequence for p in others} == {"T1ce"}
    assert (first.letters.left[0], first.letters.right[0]) == ("R", "L")
    assert (first.letters.top[0], first.letters.bottom[0]) == ("A", "P")
    own = lps_grid(grid)
    top, bottom, left, right = first.box
    wide, high = (right - left) * own.spacing[0], (bottom - top) * own.spacing[1]
    assert first.width / first.height == pytest.approx(wide / high, rel=0.01)
    picture = read(first.png)
    rows, columns = np.nonzero(colours(picture, COLOURS["WT"]))
    assert columns.mean() > first.width / 2  # the tumour is on the left: at the picture's right
    large = to_lps(study.labels, grid)
    assert first.level == np.count_nonzero(large, axis=(1, 2)).argmax()
    # Where the contour is, in the patient: around the tumour's centre.
    index = [
        left + columns.mean() / first.width * (right - left) - 0.5,
        top + rows.mean() / first.height * (bottom - top) - 0.5,
        first.level,
    ]
    x, _, _ = own.index_to_point([index])[0]
    assert abs(x - 30) < 8
    assert np.any((picture[:40] == 255).all(-1))  # a letter at the top


def test_a_tilted_scan_has_two_letters():
    study = head(OBLIQUE)
    tilted = [p.letters for p in all_pictures(study.labels, OBLIQUE, study.images)]
    cosines = np.reshape(lps_grid(OBLIQUE).direction, (3, 3))
    assert abs(cosines[2, 1]) < 0.25  # this one is not tilted enough
    assert tilted[0].top == "A"


def test_diameters_are_drawn_where_they_were_measured():
    study = head(UPRIGHT)
    measures = measure_tumour(study.labels, UPRIGHT)
    axial = measures.regions["ET"].largest_axial
    shown = next(
        p
        for p in all_pictures(study.labels, UPRIGHT, study.images)
        if "largest diameter of ET" in p.why
    )
    drawn = np.argwhere(colours(read(shown.png), CALIPER))
    top, bottom, left, right = shown.box
    index = np.stack(
        [
            left + (drawn[:, 1] + 0.5) / shown.width * (right - left) - 0.5,
            top + (drawn[:, 0] + 0.5) / shown.height * (bottom - top) - 0.5,
            np.full(len(drawn), shown.level),
        ],
        axis=1,
    )
    points = UPRIGHT.index_to_point(index)
    for line in (axial.diameter, axial.perpendicular):
        for end in line.ends_lps_mm:
            assert np.linalg.norm(points - end, axis=1).min() < 1.0
    assert len(drawn) < 5 * shown.pixels_per_mm * (
        axial.diameter.length_mm + axial.perpendicular.length_mm
    ) * len(measures.regions["ET"].lesions)


def test_an_image_on_another_grid_is_brought_to_the_masks():
    study, other = head(UPRIGHT), head(OBLIQUE)
    volumes = {"flair": Volume(other.images["flair"], OBLIQUE)}
    measures = measure_tumour(study.labels, UPRIGHT)
    first = pictures_of(study.labels, UPRIGHT, measures, volumes)[0]
    assert first.interpolated
    same = all_pictures(study.labels, UPRIGHT, study.images)[0]
    assert not same.interpolated
    middle = read(first.png)[first.height // 2, first.width // 3].astype(int)
    assert 0 < middle[0] < 255
    assert pictures_of(study.labels, UPRIGHT, measures, {}) == ()


def test_a_slice_comes_once_in_one_sequence():
    study = head(UPRIGHT)
    for names in (("flair",), ("flair", "t1ce")):
        found = all_pictures(study.labels, UPRIGHT, {n: study.images[n] for n in names})
        shown = [(p.level, p.sequence) for p in found]
        assert len(set(shown)) == len(shown)
        said = [why for p in found for why in p.why]
        assert said[0] == "largest area of WT"
        assert sorted(said[1:]) == [
            "largest diameter of ET", "middle of lesion 1 of ET", "middle of lesion 2 of ET",
        ]  # fmt: skip


@pytest.mark.parametrize("where", ["outside", "one", "all"])
def test_voxels_that_are_no_number_blacken_no_picture(where):
    """SPM and FSL write NaN outside of the brain: one such voxel made every picture black."""
    study = head(UPRIGHT)
    whole = study.images["t1ce"].astype(np.float32)
    broken = whole.copy()
    broken[{"outside": whole == 0, "one": (0, 0, 0), "all": ...}[where]] = np.nan
    clean, found = (
        all_pictures(study.labels, UPRIGHT, {"t1ce": image}) for image in (whole, broken)
    )
    assert len(found) == len(clean)
    if where == "all":
        return
    for one, other in zip(clean, found, strict=True):
        inside = slice(other.height // 4, other.height // 2)
        assert np.median(read(other.png)[inside, inside]) > 20
        if where == "one":
            assert one.png == other.png
