"""How a page is looked at: wide and narrow, light and dark, and by axe."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

from helpsage.settings import ROOT

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
LOOKS: dict[str, dict[str, Any]] = {
    "desktop light": {"color_scheme": "light"},
    "desktop dark": {"color_scheme": "dark"},
    "phone light": {"color_scheme": "light", **PHONE},
    "phone dark": {"color_scheme": "dark", **PHONE},
}
#: Beside what WCAG asks for, axe's own best practices.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
#: One of the packages that `./sage test` installs for the frontend: without it the tests fail, rather than see nothing.
AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"


def violations(page: Page) -> list[str]:
    """What axe finds, in one line each."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]
