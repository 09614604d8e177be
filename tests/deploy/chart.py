"""The Helm chart as tests see it: values in, documents or a complaint out."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import yaml

from tests.deploy.tools import run

if TYPE_CHECKING:
    from collections.abc import Mapping

DEPLOY = Path(__file__).parents[2] / "deploy"
CHART = DEPLOY / "helm" / "hull-planhat"
KUBERNETES = ("1.27", "1.33", "1.37")
"""Versions whose schemas what is rendered must satisfy."""

_SECONDS = 60
_NOTES = """kind: Notes
said: |
  {{- tpl (.Files.Get "files/NOTES.txt") . | nindent 2 }}
"""

Values = dict[str, Any]
Document = dict[str, Any]


class Refused(Exception):
    """Helm did not render; the text is its complaint."""


@dataclass(frozen=True)
class Chart:
    """Renders as `helm install` would, without a cluster."""

    helm: str
    _seen: dict[str, list[Document]] = field(default_factory=dict)

    def render(self, values: Mapping[str, Any], kubernetes: str = KUBERNETES[-1]) -> list[Document]:
        """All documents; raises Refused."""
        key = json.dumps([kubernetes, values], sort_keys=True)
        if key not in self._seen:
            text = self._helm("template", values, kubernetes)
            self._seen[key] = [found for found in yaml.safe_load_all(text) if found]
        return self._seen[key]

    def one(self, values: Mapping[str, Any], kind: str) -> Document:
        """The document of that kind; fails if there is not exactly one."""
        (found,) = [one for one in self.render(values) if one["kind"] == kind]
        return found

    def lint(self, values: Mapping[str, Any]) -> None:
        """Raise Refused with what the linter says."""
        self._helm("lint", values, KUBERNETES[-1], "--strict")

    def notes(self, values: Mapping[str, Any]) -> str:
        """What is said after the installation, smuggled out: `helm template` leaves it out."""
        with TemporaryDirectory() as folder:
            copy = Path(shutil.copytree(CHART, Path(folder) / CHART.name))
            (copy / "templates" / "NOTES.txt").rename(copy / "files" / "NOTES.txt")
            (copy / "templates" / "notes.yaml").write_text(_NOTES)
            text = self._helm("template", values, KUBERNETES[-1], chart=copy)
        (found,) = [one for one in yaml.safe_load_all(text) if one and one["kind"] == "Notes"]
        return str(found["said"])

    def _helm(
        self,
        command: str,
        values: Mapping[str, Any],
        kubernetes: str,
        *options: str,
        chart: Path = CHART,
    ) -> str:
        name = () if command == "lint" else ("hull-planhat",)
        with TemporaryDirectory() as folder:
            file = Path(folder) / "values.yaml"
            file.write_text(json.dumps(values))
            told = run(
                *(self.helm, command, *name, str(chart), "--values", str(file)),
                *("--kube-version", f"{kubernetes}.0", *options),
                environ={"HOME": folder, "HELM_NAMESPACE": "crm", "KUBECONFIG": ""},
                seconds=_SECONDS,
            )
        if told.returncode != 0:
            raise Refused(told.stderr + told.stdout)
        return told.stdout
