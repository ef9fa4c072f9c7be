// A browser that looks closely: every page it is shown is photographed on a phone and on
// a desk, must fit a screen of 320 pixels, and must pass axe without one violation.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(process.env.TOLLGATE_NODE + "/");
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const FLAGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

export class Looker {
  constructor(base, pictures) {
    this.base = base;
    this.pictures = pictures;
    this.violations = [];
    this.complaints = [];
    this.looked = 0;
  }

  async start() {
    this.chromium = await chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS, timeout: 120000 });
  }

  async end() {
    await this.chromium.close();
  }

  // A browser of its own: fresh cookies, one language, scripts on or off.
  async open(settings = {}) {
    const context = await this.chromium.newContext({
      ignoreHTTPSErrors: true, locale: "en-GB", viewport: { width: 1280, height: 800 }, ...settings,
    });
    const page = await context.newPage();
    page.setDefaultTimeout(60000);
    // Whatever the policy of a page forbids and the page wanted all the same.
    page.on("console", (message) => {
      if (message.type() === "error" && /Content Security Policy|Refused to/.test(message.text())) {
        this.complaints.push(`${page.url()}: ${message.text()}`);
      }
    });
    return page;
  }

  async photograph(page, name) {
    for (const [kind, width, height] of [["phone", 320, 640], ["desk", 1280, 800]]) {
      await page.setViewportSize({ width, height });
      await page.screenshot({ path: join(this.pictures, `${name}-${kind}.png`), fullPage: true });
    }
  }

  async look(page, name) {
    this.looked += 1;
    await this.photograph(page, name);
    for (const width of [320, 1280]) {
      await page.setViewportSize({ width, height: 800 });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
      if (wide) this.violations.push(`${name}: wider than ${width} pixels`);
    }
    await page.evaluate(axe);
    const found = await page.evaluate(() => window.axe.run());
    for (const { id, nodes } of found.violations) {
      this.violations.push(`${name}: ${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`);
    }
  }
}
