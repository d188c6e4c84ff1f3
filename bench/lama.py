"""The generator's forward: the published form in fp32 TorchScript, as the tool in use runs it, beside ours.

python -m bench.lama [--sides 512 1024] [--batches 1 2 4 8 16]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import torch

from bench.machine import best_seconds, describe
from inference.engines.lama.fused import FusedGenerator
from inference.engines.lama.network import BIG_LAMA, Generator

_GFLOP_512 = 440.0  # of one forward at 512×512


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sides", type=int, nargs="+", default=[512, 1024])
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 2, 4, 8, 16])
    options = parser.parse_args()
    run(options.sides, options.batches)


def run(sides: Sequence[int] = (512, 1024), batches: Sequence[int] = (1, 2, 4, 8, 16)) -> None:
    """Print the tables."""
    print(f"\n## LaMa forward\n\n{describe()}\n")
    torch.manual_seed(0)
    generator = Generator(BIG_LAMA).eval().requires_grad_(False)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    _compare(generator, device, sides)
    if device.type == "cuda":
        _throughput(generator, device, sides, batches)


def _compare(generator: Generator, device: torch.device, sides: Sequence[int]) -> None:
    peak = _matmul_tflops(device)
    print(f"bf16 matrix product of this machine: {peak:.2f} TFLOP/s\n")
    print(
        "| side | fp32 TorchScript, s | ours fp32, s | ours bf16, s | times faster | PSNR of bf16, dB | of bf16 peak | third of the picture, s |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for side in sides:
        image, mask = (tensor.to(device) for tensor in _scene(1, side))
        published = generator.to(device)
        with torch.inference_mode():
            scripted = torch.jit.trace(published, (image, mask), check_trace=False)  # type: ignore[no-untyped-call]
            reference = published(image, mask)
            theirs = best_seconds(lambda: _finished(scripted(image, mask), device), warm=2)  # noqa: B023 - runs at once
        whole = (slice(0, side), slice(0, side))
        third = (slice(side // 3, 2 * side // 3),) * 2
        full = FusedGenerator(published, device=device, dtype=torch.float32)
        half = FusedGenerator(published, device=device, dtype=torch.bfloat16)
        fp32 = best_seconds(lambda: _finished(full(image, mask, whole), device))  # noqa: B023
        bf16 = best_seconds(lambda: _finished(half(image, mask, whole), device))  # noqa: B023
        part = best_seconds(lambda: _finished(half(image, mask, third), device))  # noqa: B023
        psnr = _psnr(half(image, mask, whole), reference)
        share = _GFLOP_512 * (side / 512) ** 2 / bf16 / 1000 / peak
        print(
            f"| {side} | {theirs:.2f} | {fp32:.2f} | {bf16:.2f} | {theirs / bf16:.1f} | {psnr:.0f} | {share:.0%} | {part:.2f} |"
        )


def _throughput(generator: Generator, device: torch.device, sides: Sequence[int], batches: Sequence[int]) -> None:
    half = FusedGenerator(generator, device=device, dtype=torch.bfloat16)
    print("\n| images a second at batch | " + " | ".join(map(str, batches)) + " |")
    print("| --- |" + " --- |" * len(batches))
    for side in sides:
        rates = []
        for batch in batches:
            image, mask = (tensor.to(device) for tensor in _scene(batch, side))
            whole = (slice(0, side), slice(0, side))
            seconds = best_seconds(lambda: _finished(half(image, mask, whole), device), times=10, warm=3)  # noqa: B023
            rates.append(f"{batch / seconds:.0f}")
        print(f"| {side}² | " + " | ".join(rates) + " |")


def _scene(batch: int, side: int) -> tuple[torch.Tensor, torch.Tensor]:
    coarse = torch.rand(batch, 3, side // 16, side // 16)
    image = torch.nn.functional.interpolate(coarse, size=(side, side), mode="bicubic").clamp(0, 1)
    mask = torch.zeros(batch, 1, side, side)
    mask[:, :, side // 3 : 2 * side // 3, side // 3 : 2 * side // 3] = 1
    return image, mask


def _finished(result: torch.Tensor, device: torch.device) -> torch.Tensor:
    if device.type == "cuda":
        torch.cuda.synchronize()
    return result


def _psnr(ours: torch.Tensor, reference: torch.Tensor) -> float:
    """Against the range the reference uses, not the possible one: random weights paint faint pictures."""
    spread = reference.amax() - reference.amin()
    return float(10 * torch.log10(spread**2 / (ours - reference).square().mean()))


def _matmul_tflops(device: torch.device) -> float:
    side = 2048 if device.type == "cpu" else 8192
    one, other = (torch.randn(side, side, device=device, dtype=torch.bfloat16) for _ in range(2))
    return 2 * side**3 / best_seconds(lambda: _finished(one @ other, device), times=5) / 1e12


if __name__ == "__main__":
    main()
