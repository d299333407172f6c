"""Networks of timm and segmentation_models_pytorch: what converts, what is refused and why."""

import pytest
import torch

from napari_acs.acs import UnsupportedModule, convert


def words(text):
    return text.split()


TIMM_QUICK = words(
    "resnet18 resnet26d efficientnet_b0 mobilenetv3_small_050 convnext_atto regnetx_002 "
    "tf_efficientnet_lite0 ghostnet_050 inception_next_atto"
)
TIMM_MORE = words(
    "resnet26t seresnet18 ecaresnet26t resnext26ts gcresnext26ts skresnet18 resnest14d "
    "resnetv2_50 densenet121 mobilenetv4_conv_small regnety_002 regnetz_005 "
    "tf_efficientnetv2_b0 ghostnetv2_100 tf_mobilenetv3_small_minimal_100 dla34 dla60_res2net "
    "hrnet_w18_small res2net50_14w_8s cspresnet50 cspdarknet53 darknet53 dpn48b "
    "ese_vovnet19b_dw hardcorenas_a mixnet_s mnasnet_small repvgg_a0 mobileone_s0 rexnet_100 "
    "selecsls42 semnasnet_050 spnasnet_100 tinynet_e xception41 lcnet_035 fbnetc_100 "
    "legacy_seresnet18 gernet_s repghostnet_050 focalnet_tiny_srf starnet_s1 fasternet_t0 "
    "convmixer_768_32"
)
TIMM_REFUSED = words(
    "convnextv2_atto nf_regnet_b0 nfnet_l0 resnetv2_50x1_bit vgg11_bn edgenext_xx_small "
    "resnetblur18 bat_resnext26ts poolformer_s12 vit_tiny_patch16_224 "
    "swin_tiny_patch4_window7_224 mobilevit_xxs"
)
SMP_QUICK = words("resnet18 timm-regnetx_002 tu-convnext_atto")
SMP_MORE = words(
    "resnext50_32x4d se_resnet50 timm-res2net50_14w_8s timm-gernet_s timm-skresnet18 "
    "densenet121 inceptionresnetv2 inceptionv4 timm-efficientnet-b0 timm-tf_efficientnet_lite0 "
    "mobilenet_v2 vgg11_bn mobileone_s0 timm-mobilenetv3_small_minimal_100 xception "
    "timm-resnest14d"
)
SMP_REFUSED = words("efficientnet-b0 dpn68 mit_b0")
SMP_NETWORKS = words("Linknet FPN PSPNet DeepLabV3Plus")
SMP_NETWORKS_MORE = words("UnetPlusPlus DeepLabV3")
SMP_NETWORKS_REFUSED = words("Unet MAnet PAN")


def slow(names):
    return [pytest.param(name, marks=pytest.mark.slow) for name in names]


def timm_network(name):
    timm = pytest.importorskip("timm")
    return timm.create_model(name, pretrained=False, num_classes=5)


def smp_encoder(name):
    smp = pytest.importorskip("segmentation_models_pytorch")
    return smp.encoders.get_encoder(name, weights=None)


def smp_network(name):
    smp = pytest.importorskip("segmentation_models_pytorch")
    return getattr(smp, name)("resnet18", encoder_weights=None)


def holds(label, flat, assert_2d_on_slices, record_property):
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in flat.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.02)
    flat.eval()
    assert_2d_on_slices(flat, (96, 64, 64), rtol=1e-3)
    solid = convert(flat).train()
    lifted = {type(m).__name__ for m in solid.modules() if type(m).__name__.startswith("Lifted")}
    assert {k: v.shape for k, v in solid.state_dict().items()} == {
        k: v.shape for k, v in flat.state_dict().items()
    }
    solid.load_state_dict(flat.state_dict())  # strict; some of smp's take no argument for it
    outputs = solid(torch.randn(2, 3, 64, 64, 64))
    several = outputs if isinstance(outputs, tuple | list) else [outputs]
    sum(out.sum() for out in several).backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in solid.parameters())
    assert any(p.grad is not None for p in solid.parameters())
    millions = sum(p.numel() for p in flat.parameters()) / 1e6
    names = ", ".join(sorted(name.removeprefix("Lifted") for name in lifted)) or "none"
    record_property("acs best effort", f"{label}\t{millions:.1f}\t{names}")


def is_refused(label, flat, record_property):
    with pytest.raises(UnsupportedModule, match="cannot convert") as refusal:
        convert(flat.eval())
    record_property("acs refused", f"{label}\t{refusal.value}")


@pytest.mark.parametrize("name", [*TIMM_QUICK, *slow(TIMM_MORE)])
def test_a_network_of_timm_converts(name, assert_2d_on_slices, record_property):
    holds(f"timm: {name}", timm_network(name), assert_2d_on_slices, record_property)


@pytest.mark.parametrize("name", TIMM_REFUSED)
def test_a_network_of_timm_is_refused(name, record_property):
    is_refused(f"timm: {name}", timm_network(name), record_property)


@pytest.mark.parametrize("name", [*SMP_QUICK, *slow(SMP_MORE)])
def test_an_encoder_of_smp_converts(name, assert_2d_on_slices, record_property):
    holds(f"smp encoder: {name}", smp_encoder(name), assert_2d_on_slices, record_property)


@pytest.mark.parametrize("name", SMP_REFUSED)
def test_an_encoder_of_smp_is_refused(name, record_property):
    is_refused(f"smp encoder: {name}", smp_encoder(name), record_property)


@pytest.mark.parametrize("name", [*SMP_NETWORKS, *slow(SMP_NETWORKS_MORE)])
def test_a_network_of_smp_converts(name, assert_2d_on_slices, record_property):
    holds(f"smp: {name} on resnet18", smp_network(name), assert_2d_on_slices, record_property)


@pytest.mark.parametrize("name", SMP_NETWORKS_REFUSED)
def test_a_network_of_smp_is_refused(name, record_property):
    is_refused(f"smp: {name}", smp_network(name), record_property)
