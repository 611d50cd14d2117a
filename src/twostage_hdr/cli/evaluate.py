"""`twostage-hdr evaluate`: trained weights beside the LDR row, as a table and a page."""

from pathlib import Path
from typing import Any

import torch
from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

import twostage_hdr
from twostage_hdr.camera.response import GammaResponse
from twostage_hdr.cli.evaluation_data import PARTS, build_data
from twostage_hdr.cli.run_directory import RunDirectory, commit
from twostage_hdr.cli.targets import check_settings, trusted
from twostage_hdr.cli.terminal import Terminal, counted
from twostage_hdr.data.datamodule import ALL
from twostage_hdr.data.pair_source import SRGB, PairSource
from twostage_hdr.data.splits import spread_over_groups
from twostage_hdr.data.store.store_source import StoreSource
from twostage_hdr.data.triple import Triple
from twostage_hdr.errors import InputError
from twostage_hdr.evaluation.color_video_vdp import ColorVideoVdp, score_jod
from twostage_hdr.evaluation.methods import FolderMethod, Method, OperatorMethod, network_method
from twostage_hdr.evaluation.protocol import CAP_FACT
from twostage_hdr.evaluation.report.page import write_report
from twostage_hdr.evaluation.report.report_image import REFERENCE, ReportImage
from twostage_hdr.evaluation.results import read_results
from twostage_hdr.evaluation.run import Visit
from twostage_hdr.evaluation.run import evaluate as run_protocol
from twostage_hdr.evaluation.saved_results import SavedResults, file_name
from twostage_hdr.evaluation.tables import terminal_table, write_table
from twostage_hdr.expansion.all_operators import ALL_OPERATORS
from twostage_hdr.imaging.atomic import write_text
from twostage_hdr.imaging.preview import eight_bit, write_png8
from twostage_hdr.inference.weights import find_weights, load_weights
from twostage_hdr.inference.whole_frame import Response, parse_response
from twostage_hdr.metrics.per_image import PerImageMetric
from twostage_hdr.radiometry.gamma import HDM_GAMMA, decode_gamma


def evaluate(config: DictConfig) -> None:
    """Scores the checkpoint on the chosen data and writes table, scores per image, pictures and report.

    Raises:
        InputError: weights or data that cannot be used.
    """
    console, out = Terminal(), Path(HydraConfig.get().runtime.output_dir)
    if (out / "checkpoints").is_dir():
        raise InputError(f"hydra.run.dir={out}", "a training run, whose report this would replace", "choose another")
    _check(config)
    data, settings = build_data(config)
    frozen = data.frozen(config.split)
    chosen = spread_over_groups(frozen.scenes, len(frozen) if config.limit is None else config.limit)
    places = {frozen.scenes[index].id: frozen.scenes[index].group for index in chosen}
    number = len(set(places.values()))
    shown = f"{number} place{'s' * (number != 1)}"
    facts = {
        "weights": str(config.weights),
        "data": type(data.source).__name__ + (f", {data.root}" if data.root else ""),
        "images": f"{len(chosen)} of the {config.split} set, of {shown}"
        + (", which is also the training set" if data.splits.shared else ""),
        CAP_FACT: f"{data.source.cap:g}",
        "version": f"{twostage_hdr.__version__}, commit {commit()}",
    }
    methods = _methods(config, _frames_response(config, data.source))
    saved = SavedResults(out / "results") if config.save_results or config.cvvdp else None
    images: dict[str, dict[str, torch.Tensor]] = {}
    with counted(console, "scoring") as advance:
        total = len(chosen) * (len(methods) + 1)
        run_protocol(
            methods,
            (frozen[index] for index in chosen),
            out,
            metrics=_metrics(config),
            cap=data.source.cap,
            places=places,
            facts=facts,
            progress=lambda scene, title, done: advance(done, total, f"{scene} · {title}"),
            visit=_keeping(out / "pictures", config.pictures, images, saved),
        )
    results = score_jod(out, str(config.cvvdp)) if config.cvvdp else read_results(out / "summary.json")
    asked: Any = OmegaConf.to_container(config, resolve=True)
    kept = asked | {"data": OmegaConf.to_container(settings, resolve=True)}
    # Not `config.yaml`, which an evaluation in a run's own folder would take from the run.
    write_text(out / "evaluation.yaml", OmegaConf.to_yaml(OmegaConf.create(kept)))
    write_table(out, results)
    write_report(
        out / "report.html",
        title="Two-Stage HDR: evaluation",
        facts=results.facts,
        rows=results.rows,
        columns=results.columns,
        images=[ReportImage(name=scene, panes=panes) for scene, panes in images.items()],
        curves=RunDirectory(Path(str(config.weights))).curves(),
    )
    console.print(terminal_table(results.rows, results.columns, title=f"{len(chosen)} images of {shown}"))
    lines = [f"Table     {out / 'table.md'}, per image {out / 'per_image.csv'}", f"Pictures  {out / 'pictures'}"]
    lines += [f"Results   {saved.directory}"] if saved else []
    console.print(*lines, f"Report    {out / 'report.html'}", sep="\n")


def _keeping(folder: Path, limit: int, images: dict[str, dict[str, torch.Tensor]], saved: SavedResults | None) -> Visit:
    """Keeps the first few scenes' results, and their frames as PNG; saves all where that is wanted."""

    def visit(triple: Triple, method: str, linear: torch.Tensor) -> None:
        scene = str(triple.scene)
        if saved:
            saved.save(triple, method, linear)
        if scene not in images and len(images) < limit:
            folder.mkdir(parents=True, exist_ok=True)
            write_png8(folder / f"{file_name(scene)}_ldr.png", eight_bit(triple.ldr))
            images[scene] = {}
        if scene in images:
            images[scene].pop(REFERENCE, None)  # last: LDR and ours are compared first
            images[scene] |= {method: linear, REFERENCE: decode_gamma(triple.reference16)}

    return visit


def _check(config: DictConfig) -> None:
    """Refuses what cannot be evaluated before anything is read, a misspelt name first."""
    check_settings(config)
    for name in ("networks", "folders", "metrics"):
        if config[name] is not None and not isinstance(config[name], DictConfig):
            raise InputError(f"{name}={config[name]}", f"expected pairs, '{name}={{Title: PLACE, ...}}'")
    if config.split not in (*PARTS, ALL):
        raise InputError(f"split={config.split}", f"choose one of {', '.join((*PARTS, ALL))}")
    find_weights(str(config.weights))
    if config.cvvdp:
        ColorVideoVdp(program=str(config.cvvdp)).find()


def _frames_response(config: DictConfig, source: object) -> Response:
    """As asked or stated; else a virtual camera's gamma, or HdM's. A store has that of what it was made of."""
    if config.response is not None:
        return parse_response(config.response)
    if isinstance(source, StoreSource):
        response = source.stored.response
    elif isinstance(source, PairSource):
        response = source.response
    else:
        camera = getattr(source, "camera", None)
        response = camera and (camera.response.gamma if isinstance(camera.response, GammaResponse) else "estimated")
    if response == SRGB:
        return "declared"
    return HDM_GAMMA if response is None else parse_response(response)


def _methods(config: DictConfig, response: Response) -> list[Method]:
    """The checkpoint, then whatever it is compared with: other weights, operators, folders of results."""
    trust = trusted(config)
    networks = {Path(str(config.weights)).name: config.weights, **(config.networks or {})}
    methods: list[Method] = [
        network_method(load_weights(str(weights), trust=trust), name=file_name(title), title=title, response=response)
        for title, weights in networks.items()
    ]
    if config.operators:
        methods += [
            OperatorMethod(operator=operator, name=name, title=operator.title)
            for name, operator in ALL_OPERATORS.items()
        ]
    for title, folder in (config.folders or {}).items():
        methods.append(FolderMethod(folder=Path(folder), name=file_name(title), title=title))
    return methods


def _metrics(config: DictConfig) -> dict[str, PerImageMetric]:
    """Metrics of the user's own."""
    metrics = {str(name): instantiate(metric) for name, metric in (config.metrics or {}).items()}
    for name, metric in metrics.items():
        if not isinstance(metric, PerImageMetric):
            cure = "derive it from twostage_hdr.metrics.per_image.PerImageMetric"
            raise InputError(f"metrics.{name}", f"{type(metric).__name__} is no PerImageMetric", cure)
    return metrics
