"""What a restoration costs: operations, seconds and memory of both sizes.

compact: seconds per megapixel and peak memory of `restore_scene` on the processor, each size in a process of its own.
full: SD-Turbo's true shape with random weights; on a CUDA device milliseconds in bfloat16, without one the operations alone.
Operations are those of floating-point numbers as torch.utils.flop_counter counts them on the meta device: a
multiplication and the addition after it are two.
share: what the processor does a second in convolutions, attention and matrix products of the compact size, by PyTorch's
profiler, and in the whole call, beside a product of two large matrices in the same process.
Prints Markdown tables and writes OUT/compute.json.
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.lines import Line, compared, report
from f2s_ray.evaluation.tables import table
from f2s_ray.media.memory import peak_bytes
from f2s_ray.models import networks
from f2s_ray.models.face2scene import Face2Scene, Face2SceneConfig
from f2s_ray.models.full_scene import FullSceneConfig, FullSceneRestorer
from f2s_ray.models.mapnet import TOKENS
from f2s_ray.models.scene_restorer import SceneConfig, SceneRestorer
from f2s_ray.models.sd_turbo import SdTurbo

SIDES = {"512²": (512, 512), "1024²": (1024, 1024), "2048²": (2048, 2048), "12 MP": (3000, 4000), "60 MP": (6336, 9504)}
LARGEST = "60 MP"  # minutes, so with all threads only
FULL_SIDES = (512, 1024)
WIDTH = 1024
UNET = {
    "block_out_channels": (320, 640, 1280, 1280),
    "cross_attention_dim": WIDTH,
    "attention_head_dim": (5, 10, 20, 20),
    "use_linear_projection": True,
}
VAE = {
    "block_out_channels": (128, 256, 512, 512),
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "layers_per_block": 2,
    "latent_channels": 4,
}
SIGNAL, NOISE = 0.06826, 0.99767
WORDS = 77
PEAK_SIDE = 2048  # of the matrices
KINDS = {"conv": "convolutions", "scaled_dot_product": "attention", "bmm": "attention", "mm": "matrix products"}
PUBLISHED = [
    ["OSEDiff, published, A100", "105", "", ""],
    ["S3Diff, published, A100", "280", "740", "7.2"],
]


@dataclass(frozen=True)
class Run:
    """One size on the processor."""

    size: str
    megapixels: float
    threads: int
    seconds: float
    peak_memory_mib: float


def turbo_shape() -> SdTurbo:
    """Networks of SD-Turbo's true shape, random, on torch's current default device."""
    return SdTurbo(UNet2DConditionModel(**UNET), AutoencoderKL(**VAE), SIGNAL, NOISE)


def full_shape(guidance: float = 1.10) -> FullSceneRestorer:
    """The full size with its adapters, random, on torch's current default device."""
    text = torch.zeros(2, WORDS, WIDTH)
    return FullSceneRestorer(FullSceneConfig(guidance=guidance), turbo_shape(), text)


def operations(call: Callable[..., object], *inputs: object) -> float:
    """Floating-point operations of a call, in units of 10^12."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        call(*inputs)
    return counter.get_total_flops() / 1e12


def parameters() -> dict[str, float]:
    """Millions of parameters by part."""
    with torch.device("meta"):
        base, full, compact = turbo_shape(), full_shape(), SceneRestorer(SceneConfig())
    trained = full.trainable()
    lora = {part: [v for k, v in trained.items() if k.startswith(part) and "lora_" in k] for part in ("unet", "vae")}
    groups = {
        "SD-Turbo's UNet": base.unet.parameters(),
        "SD-Turbo's VAE": base.vae.parameters(),
        "LoRA of the UNet": lora["unet"],
        "LoRA of the VAE's encoder": lora["vae"],
        "all that trains": trained.values(),
        "compact scene restorer": compact.parameters(),
    }
    return {name: sum(one.numel() for one in group) / 1e6 for name, group in groups.items()}


def full_operations(side: int) -> dict[str, float]:
    """10^12 operations of the merged full size by part, for a square picture."""
    with torch.device("meta"):
        base, full = turbo_shape(), full_shape()
        full.merge()
        picture, latent = torch.empty(1, 3, side, side), torch.empty(1, 4, side // 8, side // 8)
        step, words = torch.empty(1), torch.empty(1, WORDS + TOKENS, WIDTH)
        return {
            "VAE's encoder": operations(base.vae.encode, picture),
            "UNet, once": operations(base.unet, latent, step, words),
            "VAE's decoder": operations(base.vae.decode, latent),
            "all, guidance 1.10": operations(full, picture, None),
        }


def compact_operations(side: int) -> float:
    """10^12 operations of the compact scene restorer, for a square picture in one call."""
    with torch.device("meta"):
        return operations(SceneRestorer(SceneConfig()), torch.empty(1, 3, side, side), None)


def measure_compact(config: Face2SceneConfig, size: str) -> Run:
    """Run in a fresh process: its high-water mark is this picture's, loading the networks included."""
    height, width = SIDES[size]
    model = Face2Scene(config)
    rgb = torch.rand(3, height, width, generator=torch.Generator().manual_seed(0))
    model.restore_scene(rgb[:, :128, :128], None)
    begin = time.perf_counter()
    model.restore_scene(rgb, None)
    seconds = time.perf_counter() - begin
    return Run(size, height * width / 1e6, config.threads, seconds, peak_bytes() / 2**20)


def measure_compact_all(weights: str | None, sizes: Sequence[str]) -> list[Run]:
    """Every size at two threads, and all but the largest at one."""
    runs = []
    for threads in (1, 2):
        for size in sizes:
            if threads == 1 and size == LARGEST:
                continue
            with get_context("spawn").Pool(1) as pool:
                runs.append(pool.apply(measure_compact, (Face2SceneConfig(weights=weights, threads=threads), size)))
    return runs


def shares(threads: int, repeat: int) -> dict[str, list[float]]:
    """10^9 operations a second on so many threads, ``repeat`` times: at the most, of each kind, of the whole call."""
    torch.set_num_threads(threads)
    model, side = networks.load("scene_restorer", None).eval(), 512
    rgb, one, two = torch.rand(1, 3, side, side), *torch.rand(2, PEAK_SIDE, PEAK_SIDE)
    with torch.device("meta"), FlopCounterMode(display=False) as counter, torch.no_grad():
        SceneRestorer(SceneConfig())(torch.empty(1, 3, side, side), None)
    counts = {kind_of(str(name)): 0.0 for name in counter.get_flop_counts()["Global"]}
    for name, count in counter.get_flop_counts()["Global"].items():
        counts[kind_of(str(name))] += count
    found: dict[str, list[float]] = {name: [] for name in ("most", *counts, "all of it")}
    with torch.inference_mode():
        model(rgb, None)
        for _ in range(repeat):
            found["most"].append(2 * PEAK_SIDE**3 / 1e9 / min(_seconds(lambda: one @ two) for _ in range(5)))
            found["all of it"].append(sum(counts.values()) / 1e9 / _seconds(lambda: model(rgb, None)))
            with profile(activities=[ProfilerActivity.CPU]) as profiled:
                model(rgb, None)
            spent = dict.fromkeys(counts, 0.0)
            for event in profiled.key_averages():
                if (kind := kind_of(event.key)) in spent:
                    spent[kind] += event.self_cpu_time_total / 1e6
            for kind, count in counts.items():
                found[kind].append(count / 1e9 / spent[kind])
    return found


def kind_of(name: str) -> str:
    """Which kind of work an operation of PyTorch is; itself where it is another."""
    return next((kind for part, kind in KINDS.items() if part in name), name)


def _seconds(call: Callable[[], object]) -> float:
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def share_lines(repeat: int) -> list[Line]:
    """On one thread and on two."""
    lines = []
    for threads in (1, 2):
        with get_context("spawn").Pool(1) as pool:
            found = pool.apply(shares, (threads, repeat))
        for kind, rates in found.items():
            if kind != "most":
                aim = "0.6 or more" if kind in ("convolutions", "attention") else ""
                what = f"compact, 512², {kind}, threads {threads}"
                lines.append(compared(what, rates, "product of matrices", found["most"], "GFLOP/s", aim))
    return lines


def milliseconds(call: Callable[[], object], repeats: int = 20) -> float:
    """Median of some calls on the CUDA device, after warming up."""
    for _ in range(5):
        call()
    times = []
    for _ in range(repeats):
        torch.cuda.synchronize()
        begin = time.perf_counter()
        call()
        torch.cuda.synchronize()
        times.append(time.perf_counter() - begin)
    return 1000 * sorted(times)[repeats // 2]


def measure_full() -> list[dict[str, object]]:
    """Milliseconds and peak memory on the CUDA device, bfloat16, adapters merged, random weights."""
    rows: list[dict[str, object]] = []
    for guidance in (1.0, 1.10):
        with torch.device("cuda"):
            full = full_shape(guidance)
        full.merge()
        full.to(torch.bfloat16).to(memory_format=torch.channels_last).eval()  # type: ignore[call-overload]
        ways: dict[str, Callable[..., object]] = {
            "plain": full,
            "torch.compile": torch.compile(full, fullgraph=False, dynamic=False),
            "torch.compile, CUDA graphs": torch.compile(full, mode="reduce-overhead", dynamic=False),
        }
        for name, way in ways.items():
            for side in FULL_SIDES:
                rows.append({"way": name, "guidance": guidance, "side": side, **_on_device(way, side)})
        torch.compiler.reset()
    return rows


@torch.inference_mode()
def _on_device(way: Callable[..., object], side: int) -> dict[str, float]:
    picture = torch.rand(1, 3, side, side, device="cuda")
    tokens = torch.randn(1, TOKENS, WIDTH, device="cuda")
    torch.cuda.reset_peak_memory_stats()
    spent = milliseconds(lambda: way(picture, tokens))
    return {"milliseconds": spent, "peak_memory_gib": torch.cuda.max_memory_allocated() / 2**30}


def device_table(rows: Sequence[dict[str, object]]) -> str:
    """One line a way and guidance; the published times beside them."""
    lines = []
    for name in dict.fromkeys((row["way"], row["guidance"]) for row in rows):
        some = {row["side"]: row for row in rows if (row["way"], row["guidance"]) == name}
        peak = max(float(str(row["peak_memory_gib"])) for row in some.values())
        spent = [f"{float(str(some[side]['milliseconds'])):.1f}" for side in FULL_SIDES]
        lines.append([f"full, {name[0]}, guidance {name[1]:.2f}", *spent, f"{peak:.1f}"])
    title = [f"bfloat16 on {torch.cuda.get_device_name()}", "512² ms", "1024² ms", "peak GiB"]
    return table(title, [*lines, *PUBLISHED])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="compact up to 1024² only")
    parser.add_argument("--weights", help="folder of the four networks; default: the shipped ones")
    parser.add_argument("--out", type=Path, default=Path("bench-out"), help="where the JSON goes")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="a file that keeps the lines of shares, too")
    words = parser.parse_args()
    counted = parameters()
    full = {f"{side}²": full_operations(side) for side in FULL_SIDES}
    compact = {f"{side}²": compact_operations(side) for side in FULL_SIDES}
    print(table(["parameters", "millions"], [[name, f"{count:.2f}"] for name, count in counted.items()]))
    parts = list(full["512²"])
    lines = [["full", size, *(f"{row[part]:.3f}" for part in parts)] for size, row in full.items()]
    lines += [["compact", size, *[""] * (len(parts) - 1), f"{count:.3f}"] for size, count in compact.items()]
    print(f"\n{table(['10^12 operations', 'picture', *parts], lines)}\n", flush=True)
    runs = measure_compact_all(words.weights, list(SIDES)[: 2 if words.quick else None])
    title = ["compact on the processor", "threads", "seconds", "seconds per megapixel", "peak MiB"]
    lines = [
        [r.size, str(r.threads), f"{r.seconds:.2f}", f"{r.seconds / r.megapixels:.2f}", f"{r.peak_memory_mib:.0f}"]
        for r in runs
    ]
    print(f"{table(title, lines)}\n", flush=True)
    report(share_lines(words.repeat), words.keep)
    rows = measure_full() if torch.cuda.is_available() else []
    print(device_table(rows) if rows else "No CUDA device here: of the full size the operations alone are given.")
    facts = {
        "parameters_millions": counted,
        "full_tera_operations": full,
        "compact_tera_operations": compact,
        "compact": [asdict(run) for run in runs],
        "full": rows,
    }
    words.out.mkdir(parents=True, exist_ok=True)
    (words.out / "compute.json").write_text(json.dumps(facts, indent=1))


if __name__ == "__main__":
    main()
