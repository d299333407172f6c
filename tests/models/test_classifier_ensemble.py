"""Several classifiers as one, and their mirror images."""

import pytest
import torch
from models.test_classifier_bundle import ARGUMENTS, FIELDS

from napari_acs.errors import BadInput
from napari_acs.models import load_classifier, save_classifier
from napari_acs.models.classifier import ACSClassifier, pooled
from napari_acs.models.classifier_ensemble import (
    ACSClassifierEnsemble,
    seen_by,
    together,
    views_of,
)


def one(seed):
    torch.manual_seed(seed)
    return ACSClassifier(**ARGUMENTS, in_channels=3, classes=3).eval()


@pytest.fixture(scope="module")
def boxes():
    torch.manual_seed(9)
    return torch.randn(2, 3, 20, 24, 24)


@torch.no_grad()
def test_an_answer_is_the_mean_of_all_views_and_says_what_each_member_saw(boxes):
    networks = [one(0), one(1)]
    both = together(networks, mirrored=True)
    answer = both.answer(boxes)
    flipped = torch.flip(boxes, (4,))
    logits = [network(x) for network in networks for x in (boxes, flipped)]
    torch.testing.assert_close(answer.logits, sum(logits) / 4)
    torch.testing.assert_close(both(boxes), answer.logits)
    assert len(answer.seen) == 2
    for network, seen in zip(networks, answer.seen, strict=True):
        maps = [torch.cat([pooled(m) for m in network.encoder(x)], 1) for x in (boxes, flipped)]
        torch.testing.assert_close(seen, sum(maps) / 2)
    torch.testing.assert_close(both(flipped), both(boxes))  # one side is as good as the other
    assert not torch.allclose(networks[0](flipped), networks[0](boxes))


@torch.no_grad()
def test_one_network_is_itself_and_sees_what_its_encoder_makes(boxes):
    network = one(0)
    assert together([network]) is network
    (view,) = views_of(network)
    assert view.network is network and torch.equal(seen_by(view, boxes), boxes)
    answer = network.answer(boxes)
    torch.testing.assert_close(answer.logits, network(boxes))
    (seen,) = answer.seen
    torch.testing.assert_close(
        seen[:, -network.features(boxes).shape[1] :], network.features(boxes)
    )
    with pytest.raises(ValueError, match="one member"):
        ACSClassifierEnsemble([])


@torch.no_grad()
def test_a_bundle_keeps_members_and_views(boxes, tmp_path):
    both = together([one(0), one(1)], mirrored=True)
    arguments = ARGUMENTS | {"members": 2, "mirrored": True}
    spec = FIELDS | {"architecture": {"name": "acs-classifier-ensemble", "arguments": arguments}}
    bundle = save_classifier(tmp_path / "tiny-classes", spec, both, "# Two\n")
    network = load_classifier(bundle.path).network()
    assert len(views_of(network)) == 4
    torch.testing.assert_close(network(boxes), both(boxes))
    lacking = FIELDS | {
        "architecture": {
            "name": "acs-classifier-ensemble",
            "arguments": ARGUMENTS | {"members": 3},
        }
    }
    with pytest.raises(BadInput, match="does not fit"):
        save_classifier(tmp_path / "other", lacking, both, "# Two\n").network()
    for arguments in ({"members": 0}, {"pretrained": True}):
        wrong = {"name": "acs-classifier-ensemble", "arguments": ARGUMENTS | arguments}
        with pytest.raises(BadInput, match="does not take"):
            save_classifier(
                tmp_path / f"wrong{len(arguments)}{list(arguments)}",
                FIELDS | {"architecture": wrong},
                both,
                "#\n",
            ).network()
