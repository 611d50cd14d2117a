"""The local page: what it keeps and shows, and in a browser."""

import shutil
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from tests.inference.bracket.conftest import write_frame
from tests.refusal import refusal_of
from twostage_hdr.boundary import pixel_limit
from twostage_hdr.cli.app import EXAMPLE_CLIPPED, build_page, example_photograph, local_settings, serve
from twostage_hdr.cli.app_result import AppResult, reconstruct_for_app
from twostage_hdr.cli.main import app as verbs
from twostage_hdr.imaging.hdr import read_hdr
from twostage_hdr.imaging.ldr import read_ldr
from twostage_hdr.inference.reconstruct import ReconstructOptions, Reconstructor, load_reconstructor
from twostage_hdr.networks.two_stage import TwoStageNetwork


@pytest.fixture(scope="module")
def reconstructor() -> Reconstructor:
    return load_reconstructor(TwoStageNetwork(features=8, growth=4), ReconstructOptions(device="cpu"))


@pytest.fixture
def photograph(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 61, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "street.png")
    return tmp_path / "street.png"


@pytest.fixture
def result(photograph: Path, reconstructor: Reconstructor, tmp_path: Path) -> AppResult:
    return reconstruct_for_app([photograph], reconstructor, tmp_path, lambda share: None)


def test_progress_rises_to_one(photograph, reconstructor, tmp_path):
    shares: list[float] = []
    reconstruct_for_app([photograph], reconstructor, tmp_path, shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_without_exposure_the_photograph_is_shown_as_it_is(result, photograph):
    before, after = result.panes(0)
    np.testing.assert_array_equal(before, np.asarray(Image.open(photograph)))
    assert after.shape == before.shape


def test_one_stop_less_is_half_the_light(result):
    before, _ = result.panes(-1)
    white = np.asarray(result.panes(0)[0]) == 255
    assert set(before[white]) == {round((1.055 * 0.5 ** (1 / 2.4) - 0.055) * 255)}  # IEC 61966-2-1


def test_files_hold_the_reconstruction_in_full(result, photograph, reconstructor):
    paths = result.write(["tiff", "ultrahdr"])
    assert [path.name for path in paths] == ["street.tif", "street_ultrahdr.jpg"]
    expected = reconstructor.image(np.asarray(Image.open(photograph)))
    np.testing.assert_array_equal(read_hdr(paths[0]).pixels, expected)


def test_several_photographs_are_a_bracket(tmp_path, reconstructor):
    light = np.repeat(np.geomspace(0.02, 8, 40 * 60, dtype=np.float32).reshape(40, 60, 1), 3, axis=2)
    paths = [tmp_path / "a.png", tmp_path / "b.png"]
    for path, seconds in zip(paths, (1.0, 0.125), strict=True):
        write_frame(path, light * seconds, seconds=seconds, second=0)
    result = reconstruct_for_app(paths, reconstructor, tmp_path, lambda share: None)
    assert "frames at +3.0, +0.0 stops (EXIF)" in result.summary
    np.testing.assert_allclose(result.reconstruction[20], light[20] / 8, rtol=0.05)  # b.png is the better exposed


def test_a_large_photograph_is_shown_small_and_written_large(tmp_path, reconstructor):
    Image.new("RGB", (2000, 30), (9, 99, 199)).save(tmp_path / "wide.png")
    result = reconstruct_for_app([tmp_path / "wide.png"], reconstructor, tmp_path, lambda share: None)
    assert result.panes(0)[1].shape == (19, 1280, 3)
    assert read_hdr(result.write(["hdr"])[0]).pixels.shape == (30, 2000, 3)


def test_the_example_is_an_ordinary_photograph_with_clipped_lights(tmp_path):
    example_photograph(tmp_path / "example.png")
    pixels = np.asarray(Image.open(tmp_path / "example.png"))
    assert pixels.shape == (640, 960, 3)
    assert (pixels.max(-1) == 255).mean() == pytest.approx(EXAMPLE_CLIPPED, abs=0.002)
    assert np.median(pixels) > 10


def test_without_gradio_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "gradio", None)
    with refusal_of("app", "gradio", "pip install 'twostage-hdr[app]'"):
        serve(port=None, open_browser=False)


@pytest.mark.parametrize("port", [0, 65536])
def test_a_port_that_does_not_exist_is_refused(port):
    with refusal_of(f"--port {port}", 65535):
        serve(options=ReconstructOptions(device="cpu"), port=port, open_browser=False)


def test_the_limit_on_pixels_holds_for_the_page(monkeypatch, photograph):
    monkeypatch.setattr("twostage_hdr.cli.app.serve", lambda *_, **__: None)
    monkeypatch.setattr(pixel_limit, "_chosen", None)
    assert CliRunner().invoke(verbs, ["app", "--max-megapixels", "0.001"]).exit_code == 0
    with refusal_of(photograph, "61x40 px", "0.00244 megapixels", 0.001):
        read_ldr(photograph)


def test_a_port_in_use_is_refused_in_one_line(monkeypatch):
    pytest.importorskip("gradio")
    monkeypatch.setenv("GRADIO_TEMP_DIR", "kept")  # and what serve() sets is undone
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with refusal_of(f"--port {port}"):
            serve(options=ReconstructOptions(device="cpu"), port=port, open_browser=False)


@pytest.fixture
def address(reconstructor: Reconstructor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    pytest.importorskip("gradio")
    (tmp_path / "kept").mkdir()
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "kept"))  # before the page is built, as `serve` does
    page = build_page(lambda weights: reconstructor, "tiny", tmp_path / "kept")
    _, address, _ = page.launch(prevent_thread_lock=True, quiet=True, **local_settings(tmp_path / "kept"))
    yield address
    page.close()


def _status(address: str, path: str = "", *, data: bytes | None = None, **headers: str) -> int:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        with urllib.request.urlopen(urllib.request.Request(address + path, data, named)) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def _part(content: bytes, *, name: str = "a.png") -> bytes:
    head = f'--x\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
    return head.encode() + content + b"\r\n"


def _form(content: bytes) -> dict[str, object]:
    return {"data": _part(content) + b"--x--\r\n", "Content_Type": "multipart/form-data; boundary=x"}


def test_the_page_answers_itself_and_no_foreign_name_or_page(address):
    port = address.rstrip("/").rpartition(":")[2]
    assert _status(address) == 200
    assert _status(address, Origin=f"http://127.0.0.1:{port}") == 200
    assert _status(address, Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate") == 200
    assert _status(address, Host="evil.example") == 421
    assert _status(address, Host=f"evil.example:{port}") == 421
    assert _status(address, Origin="http://evil.example") == 403
    assert _status(address, Origin=f"http://localhost:{int(port) + 1}") == 403
    assert _status(address, Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="no-cors") == 403
    assert _status(address, "gradio_api/upload", Origin="http://evil.example", **_form(b"content")) == 403


def test_parallel_uploads_are_all_taken_and_large_ones_refused(address, photograph, monkeypatch):
    with ThreadPoolExecutor(12) as pool:
        upload = lambda number: _status(address, "gradio_api/upload", **_form(photograph.read_bytes() + bytes(number)))  # noqa: E731
        assert set(pool.map(upload, range(24))) == {200}
    monkeypatch.setattr("twostage_hdr.cli.local_only.UPLOAD_AT_MOST", 1000)
    assert _status(address, "gradio_api/upload", **_form(bytes(1001))) == 413
    monkeypatch.undo()
    monkeypatch.setattr("twostage_hdr.cli.local_only.KEPT_AT_MOST", 24)
    assert _status(address, "gradio_api/upload", **_form(b"one more")) == 507
    monkeypatch.undo()
    many = b"".join(_part(b"x", name=f"{number}.png") for number in range(2000)) + b"--x--\r\n"
    assert _status(address, "gradio_api/upload", data=many, Content_Type="multipart/form-data; boundary=x") >= 400
    assert _status(address) == 200


@pytest.mark.browser
@pytest.mark.slow
def test_a_photograph_goes_in_and_comes_out_as_files_in_a_browser(address, photograph, tmp_path):
    webdriver = pytest.importorskip("selenium.webdriver")
    service = pytest.importorskip("selenium.webdriver.chrome.service")
    browser_at, driver_at = shutil.which("chromium") or shutil.which("google-chrome"), shutil.which("chromedriver")
    if browser_at is None or driver_at is None:
        pytest.skip("no Chromium with its driver")
    options = webdriver.ChromeOptions()
    options.binary_location = browser_at
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1400,1000"):
        options.add_argument(argument)
    driver = webdriver.Chrome(options=options, service=service.Service(driver_at))
    try:
        driver.get(address)
        _wait(lambda: driver.find_elements("css selector", "#photograph input[type=file]"))[0].send_keys(
            str(photograph)
        )
        _wait(lambda: "61 x 40" in driver.find_element("id", "summary").text)
        shown = _wait(lambda: _sources(driver))
        assert len(shown) == 2
        before = [_pixels(source) for source in shown]
        np.testing.assert_array_equal(before[0], np.asarray(Image.open(photograph)))
        number = driver.find_element("css selector", "#stops input[type=number]")
        number.clear()
        number.send_keys("-3\t")
        _wait(lambda: _sources(driver) not in (shown, []))
        assert max(_pixels(source).max() for source in _sources(driver)[:1]) <= round(
            (1.055 * 0.125 ** (1 / 2.4) - 0.055) * 255
        )
        driver.find_element("id", "make").click()
        links = _wait(lambda: driver.find_elements("css selector", "#files a[href*='file=']"))
        places = [link.get_attribute("href") for link in links]
        assert {place.rsplit("/", 1)[1] for place in places} >= {"street.exr", "street_ultrahdr.jpg"}
        data = urllib.request.urlopen(next(place for place in places if place.endswith(".exr"))).read()
        (tmp_path / "downloaded.exr").write_bytes(data)
        assert read_hdr(tmp_path / "downloaded.exr").pixels.shape == (40, 61, 3)
        driver.find_element("id", "example").click()
        _wait(lambda: "960 x 640" in driver.find_element("id", "summary").text)
    finally:
        driver.quit()


def _sources(driver) -> list[str]:
    images = driver.find_elements("css selector", "#view img")
    return [source for image in images if (source := image.get_attribute("src") or "").startswith("http")]


def _pixels(source: str) -> np.ndarray:
    with urllib.request.urlopen(source) as answer, Image.open(answer) as image:
        return np.asarray(image.convert("RGB"))


def _wait(condition, seconds: float = 60):
    """What the condition gives, once it is true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.1)
    raise AssertionError("the page did not get there in time")
