import numpy as np
from PIL import Image
from training.conftest import blob

from napari_acs.training.losses import region_masks
from napari_acs.training.pictures import write_picture


def test_a_picture_shows_the_slice_with_most_tumour_plain_true_and_found(tmp_path):
    case = blob(1)
    truth = region_masks(case.labels[None])[0].sum(0)
    write_picture(case, truth * 0, tmp_path / "a.png")
    plain, true, found = np.split(np.asarray(Image.open(tmp_path / "a.png")), 3, axis=1)
    assert (plain == found).all()
    marked = (plain != true).any(-1)
    level = int((case.labels > 0).sum((1, 2)).argmax())
    scale = plain.shape[0] // case.labels.shape[1]
    assert (marked[::scale, ::scale] == (case.labels[level] > 0).numpy()).mean() > 0.99
