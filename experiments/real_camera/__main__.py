"""Real exposures of a real camera: one frame of a bracket is reconstructed, all of it is the reference.

python -m experiments.real_camera BRACKET ... [--expandnet expandnet.safetensors] [--results DIR]

BRACKET: a folder of JPEGs of one scene with exposure times in their EXIF. Scored as the virtual cameras are.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from experiments.comparison.render import render_table
from experiments.real_camera.bracket import read_bracket, scenes
from twostage_hdr.data.triple import Triple
from twostage_hdr.evaluation.methods import Method, NetworkMethod, OperatorMethod
from twostage_hdr.evaluation.run import evaluate
from twostage_hdr.expansion.all_operators import ALL_OPERATORS
from twostage_hdr.inference.weights import load_weights

HERE = Path(__file__).parent
ANY = "two_stage_any"
RESPONSES = {"declared": "response declared, sRGB", "estimated": "response estimated"}


def methods(others: list[str], expandnet: Path | None) -> list[Method]:
    """The set for any photograph under both responses, other sets, ExpandNet's published weights, every operator."""
    networks: list[Method] = [
        NetworkMethod(network=load_weights(ANY), name=f"{ANY}_{response}", title=f"{ANY}, {told}", response=response)
        for response, told in RESPONSES.items()
    ]
    networks += [NetworkMethod(network=load_weights(name), name=name, title=name) for name in others]
    if expandnet:
        network = load_weights(expandnet)
        networks.append(NetworkMethod(network=network, name="ExpandNet", title="ExpandNet, published weights"))
    operators = (
        OperatorMethod(operator=operator, name=name, title=operator.title) for name, operator in ALL_OPERATORS.items()
    )
    return [*networks, *operators]


def frames(folders: list[Path]) -> Iterator[Triple]:
    """All frames of all brackets that can be reconstructed and judged."""
    for folder in folders:
        for triple in scenes(read_bracket(folder)):
            yield triple._replace(scene=f"{folder.name}/{triple.scene}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("brackets", type=Path, nargs="+", help="folders of JPEGs, one for each scene")
    parser.add_argument("--networks", nargs="*", default=["two_stage", "two_stage_gamma"], help="other sets to compare")
    parser.add_argument("--expandnet", type=Path, help="ExpandNet's published weights, imported")
    parser.add_argument("--results", type=Path, default=HERE / "results")
    arguments = parser.parse_args()
    facts = {"data": ", ".join(folder.name for folder in arguments.brackets)}
    compared = methods(arguments.networks, arguments.expandnet)
    evaluate(compared, frames(arguments.brackets), arguments.results, facts=facts)
    render_table(arguments.results)
    print((arguments.results / "table.md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
