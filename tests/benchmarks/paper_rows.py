"""Made-up rows of the paper's comparison."""


def row(arm: str, fold: int, seed: int, wt: float, **more) -> dict:
    cases = {}
    for number in range(5):
        spread = 0.01 * (number - 2)
        cases[f"case{fold}{number}"] = {
            "WT": {"dice": wt + spread, "hd95_mm": 5.0 + number},
            "TC": {"dice": 0.5, "hd95_mm": 9.0},
            "ET": {"dice": 0.3 + wt / 10 - spread, "hd95_mm": 373.128664},
        }
    large = arm == "conv3d-scratch"
    return {
        "key": f"{arm}{fold}{seed}",
        "size": "small",
        "encoder": "squeezenet1_1",
        "arm": arm,
        "fold": fold,
        "seed": seed,
        "rate": 1e-3,
        "steps": 100,
        "batch": 2,
        "patch": [32, 40, 32],
        "trained_on": 20,
        "parameters": 3_000_000 if large else 1_000_000,
        "bytes": 12_000_000 if large else 4_000_000,
        "peak_mib": 900 if large else 700,
        "wall_s": 80.0,
        "cpu_s": 50.0,
        "curve": [
            [50, 40.0, 25.0, wt - 0.1, 0.4, 0.3],
            [100, 80.0, 50.0, wt, 0.5, 0.4],
        ],
        "cases": cases,
        "device": "cpu",
        "machine": "a machine",
        "commit": "abc",
        **more,
    }


def made_up(ours: float, theirs: float) -> list[dict]:
    return [
        row(arm, fold, seed, wt + 0.02 * seed)
        for arm, wt in (("acs-imagenet", ours), ("conv3d-scratch", theirs))
        for fold in (0, 1)
        for seed in (0, 1)
    ]
