"""Build hook: a wheel carries the built dashboard; nothing happens for editable installs or when it is built."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE_MAJOR = 20


class DashboardHook(BuildHookInterface[Any]):
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Raises RuntimeError naming what is missing: a wheel without a dashboard must not come to be."""
        root = Path(self.root)
        built = root / "webapp" / "static" / "index.html"
        if version == "editable" or built.is_file():
            return
        build_dashboard(root / "frontend")
        if not built.is_file():
            raise RuntimeError("npm run build ended well but left no webapp/static/index.html")


def build_dashboard(frontend: Path) -> None:
    if not (frontend / "package-lock.json").is_file():
        raise RuntimeError("neither the built dashboard (webapp/static) nor its sources (frontend/) are here")
    npm = require_node()
    for arguments in (["ci", "--no-audit", "--no-fund"], ["run", "build"]):
        ended = subprocess.run([npm, *arguments], cwd=frontend, check=False)
        if ended.returncode:
            raise RuntimeError(f"npm {' '.join(arguments)} failed in frontend/ with exit code {ended.returncode}")


def require_node() -> str:
    """The path of npm. Raises RuntimeError unless Node.js of at least NODE_MAJOR and npm are there."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        raise RuntimeError(f"building the dashboard needs Node.js >= {NODE_MAJOR} with npm, and none is on the PATH")
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    major = re.match(r"v(\d+)\.", told)
    if not major or int(major[1]) < NODE_MAJOR:
        raise RuntimeError(f"building the dashboard needs Node.js >= {NODE_MAJOR}; {node} is {told or 'unknown'}")
    return npm
