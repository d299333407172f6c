from urllib.error import URLError

import pytest
import torch

from napari_acs.errors import BadInput
from napari_acs.models.encoders import Encoder, trunk_2d
from napari_acs.models.networks import nested_probabilities
from napari_acs.models.unet import ACSUNet


@pytest.mark.parametrize(
    ("encoder", "widths"),
    [
        ("mobilenet_v2", (32, 24, 16, 12, 8)),
        ("squeezenet1_1", (32, 24, 16, 8)),
        ("resnet18", (32, 24, 16, 12, 8)),
    ],
)
def test_logits_have_the_size_of_any_input_and_reach_every_weight(encoder, widths):
    network = ACSUNet(encoder, in_channels=4, regions=3, decoder_channels=widths)
    logits = network(torch.randn(1, 4, 33, 16, 47))
    assert logits.shape == (1, 3, 33, 16, 47)
    logits.square().mean().backward()
    unreached = [n for n, p in network.named_parameters() if p.grad is None]
    assert unreached == []
    assert all(p.dim() <= 4 for p in network.parameters()), "a weight is not 2D"


def test_encoder_keeps_the_given_trunks_weights_and_taps_each_resolution():
    trunk = trunk_2d("mobilenet_v2")
    encoder = Encoder("mobilenet_v2", 4, trunk=trunk).eval()
    assert encoder.strides == (2, 4, 8, 16, 32)
    theirs = trunk.state_dict()
    for name, tensor in encoder.trunk.state_dict().items():
        if name != "0.0.weight":
            assert torch.equal(tensor, theirs[name]), name
    maps = encoder(torch.zeros(1, 4, 64, 64, 32))
    assert [m.shape[1] for m in maps] == list(encoder.channels)
    assert [m.shape[2] for m in maps] == [32, 16, 8, 4, 2]


def test_nested_probabilities_never_contradict_each_other():
    p = nested_probabilities(torch.randn(2, 3, 5, 6, 7) * 10)
    assert (p[:, 0] >= p[:, 1]).all()
    assert (p[:, 1] >= p[:, 2]).all()
    assert ((p >= 0) & (p <= 1)).all()


def test_an_unknown_encoder_is_refused():
    with pytest.raises(BadInput, match="mobilenet_v2"):
        trunk_2d("transformer")


def test_weights_that_cannot_be_downloaded_are_a_sentence_that_says_what_to_do(monkeypatch):
    def offline(*_, **__):
        raise URLError("no route to host")

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", offline)
    with pytest.raises(BadInput, match="--encoder-weights"):
        trunk_2d("mobilenet_v2", pretrained=True)


def test_decoder_of_another_depth_is_refused():
    with pytest.raises(ValueError, match="resolutions"):
        ACSUNet("mobilenet_v2", decoder_channels=(8, 8))


def test_a_native_decoder_has_the_same_layers_with_kernels_of_three_times_the_weights():
    widths = {"decoder_channels": (16, 12, 8, 6, 5), "stem_channels": 4}
    acs = ACSUNet("mobilenet_v2", 4, 3, **widths)
    native = ACSUNet("mobilenet_v2", 4, 3, **widths, decoder_mode="conv3d")
    theirs = dict(native.named_parameters())
    for name, ours in acs.named_parameters():
        shape = list(ours.shape)
        if ours.dim() == 4 and not name.startswith("encoder."):
            shape = [*shape[:2], shape[-1], *shape[2:]]
        assert list(theirs.pop(name).shape) == shape, name
    assert not theirs
    logits = native(torch.randn(1, 4, 33, 16, 47))
    assert logits.shape == (1, 3, 33, 16, 47)
    logits.square().mean().backward()
    assert [n for n, p in native.named_parameters() if p.grad is None] == []


def test_an_unknown_decoder_is_refused():
    with pytest.raises(ValueError, match="decoder_mode='soft'"):
        ACSUNet("mobilenet_v2", decoder_mode="soft")
