"""What has to be made before the programs can run: encoder, web assets, model. Each is made again only when stale."""

from __future__ import annotations
