"""A real browser, headless, for the tests of pages; and what a careful reader would complain of."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

PHONE, DESK = 390, 1200


@contextlib.contextmanager
def browser() -> Iterator[webdriver.Chrome]:
    """Chromium without a network and without a profile; the test is skipped where there is none."""
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if program is None or driver is None:
        pytest.skip("no chromium with its driver on this machine (.ci/run installs them)")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for each in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(each)
    # Whatever the page asks of any host fails, and is seen in the log.
    options.add_argument("--host-resolver-rules=MAP * ~NOTFOUND")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    chrome = webdriver.Chrome(options=options, service=Service(driver))
    try:
        yield chrome
    finally:
        chrome.quit()


def opened(chrome: webdriver.Chrome, page: Path, width: int = DESK, *, scripts: bool = True) -> None:
    """Open a page from its file at a width of the screen."""
    screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    chrome.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not scripts})
    for kind in ("browser", "performance"):
        chrome.get_log(kind)
    chrome.get(page.as_uri())


def complaints(chrome: webdriver.Chrome) -> list[str]:
    """What stands on the console."""
    return [each["message"] for each in chrome.get_log("browser")]


def requests(chrome: webdriver.Chrome) -> list[str]:
    """What was asked for since the page was opened, data in the page itself left out."""
    messages = [json.loads(each["message"])["message"] for each in chrome.get_log("performance")]
    asked = [
        each["params"]["request"]["url"] for each in messages if each["method"] == "Network.requestWillBeSent"
    ]
    return [url for url in asked if not url.startswith("data:")]


def script(chrome: webdriver.Chrome, text: str, *arguments: Any) -> Any:
    """Return what a script of the test says of the page."""
    return chrome.execute_script(text, *arguments)


# Every text of a page with its colour and the colour behind it, for the contrast that WCAG 2.2 asks for.
CONTRASTS = """
const parse = (text) => text.match(/[\\d.]+/g).map(Number);
const linear = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
const behind = (each) => {
  for (let at = each; at; at = at.parentElement) {
    const colour = parse(getComputedStyle(at).backgroundColor);
    if (colour.length < 4 || colour[3] > 0) return colour;
  }
  return parse(getComputedStyle(document.documentElement).backgroundColor);
};
const found = new Map();
for (const each of document.body.querySelectorAll("*")) {
  if (!each.getClientRects().length || each.closest("script, style, dialog, .sr, option")) continue;
  const own = [...each.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
  if (!own) continue;
  const style = getComputedStyle(each);
  const text = parse(each.closest("svg") ? style.fill : style.color);
  const ends = [light(text), light(behind(each))].sort((a, b) => b - a);
  const ratio = (ends[0] + 0.05) / (ends[1] + 0.05);
  const key = `${each.tagName}.${each.getAttribute("class") || ""}`;
  if (!found.has(key) || found.get(key) > ratio) found.set(key, ratio);
}
return Object.fromEntries(found);
"""
