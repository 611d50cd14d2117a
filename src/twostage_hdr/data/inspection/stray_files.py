"""Files that look like data and are silently left out."""

from twostage_hdr.data.hdm import HdmSource
from twostage_hdr.data.hdr_folder import HdrFolderSource
from twostage_hdr.data.inspection.finding import Finding, below
from twostage_hdr.data.procedural_source import ProceduralSource
from twostage_hdr.imaging.challenge_png import alignratio_path_for
from twostage_hdr.imaging.ldr_png import read_png_header


def stray_files(source: HdmSource | HdrFolderSource | ProceduralSource) -> list[Finding]:
    """Frames without a reference (HdM), 16-bit PNGs without an alignratio (folders)."""
    if isinstance(source, HdmSource):
        return [
            Finding(
                scene=scene_id,
                file=below(source.file(scene_id, "medium.png"), source.root),
                problem="no reference beside it (_gt.png)",
                cure="nothing needs to be done: frames without reference are skipped",
                poison=False,
            )
            for scene_id in source.unreferenced
        ]
    if isinstance(source, HdrFolderSource):
        return [
            Finding(
                scene=below(path, source.root),
                file=below(path, source.root),
                problem=f"a 16-bit PNG without {alignratio_path_for(path).name}",
                cure="write the scale beside it (65535 / maximum of the encoded image), or it is left out",
                poison=False,
            )
            for path in sorted(source.root.rglob("*.png"))
            if not alignratio_path_for(path).is_file() and read_png_header(path).deep
        ]
    return []
