// SPDX-License-Identifier: Apache-2.0
// Makes docs/images anew: screenshots.mjs SERVER_URL. The pets are drawn, and the answers about them are samples that
// never left this file; everything else is the real server's.
import path from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { executablePath, args } from "./chromium.mjs";
import { drawings } from "./drawings.mjs";

const server = process.argv[2];
const images = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../docs/images");
const browser = await chromium.launch({ executablePath, args });
const SIZES = { desktop: { viewport: { width: 1280, height: 800 } }, phone: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 } };

async function draw({ name, svg }) {
  const page = await browser.newPage({ viewport: { width: 640, height: 480 } });
  await page.setContent(`<style>body { margin: 0 }</style>${svg}`);
  const buffer = await page.screenshot({ type: "jpeg", quality: 90 });
  await page.close();
  return { name, mimeType: "image/jpeg", buffer };
}

// A sample of where the model looked: the face, which all the drawings have at the same place.
const explanation = { width: 9, height: 9, box: { left: 106, top: 26, side: 428 },
                      values: Array.from({ length: 81 }, (_, i) => Math.exp(-(((i % 9 - 4) / 1.7) ** 2 + ((Math.floor(i / 9) - 3) / 1.7) ** 2))) };

function sample({ predictions }) {
  const [first] = predictions;
  return { success: true, data: { success: true, predictions, primary_species: first?.species ?? "Unknown", primary_breed: first?.breed ?? "Unknown",
                                  confidence: first?.confidence ?? 0, processing_time: "0.012s", model: "sample", explanation, image: { format: "jpeg", width: 640, height: 480 } } };
}

async function shoot(name, size, { files = [], backup, route, wait, fullPage = false, why = false, page: where = "/app", ...options } = {}) {
  const context = await browser.newContext({ ...SIZES[size], reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  let index = 0;
  await page.route("**/api/petshop/identify-breed", route ?? ((one) => one.fulfill({ json: sample(drawings[shown[Math.min(index++, shown.length - 1)]]) })));
  await page.route("**/api/petshop/identify-species", (one) => one.fulfill({ json: { success: true, data: { species: "Unknown" } } }));
  await page.goto(server + where);
  await page.waitForFunction((docs) => docs ? document.querySelector(".schema") : document.querySelector("#version").textContent, where === "/docs");
  const shown = files;
  for (const [i, file] of files.entries()) { // one by one: the samples are told apart by their order
    await page.setInputFiles("#files", photos[file]);
    await page.waitForFunction(wait ?? ((n) => document.querySelectorAll(".card[aria-busy=false]").length === n), i + 1);
  }
  await page.evaluate(() => Promise.all([...document.images].map((image) => image.decode().catch(() => {}))));
  if (why) {
    await page.locator(".look").click();
    await page.locator(".card.looked").waitFor();
  }
  await page.evaluate(() => scrollTo(0, 0));
  await page.screenshot({ path: path.join(images, `${name}.png`), fullPage });
  await context.close();
}

const photos = await Promise.all(drawings.map(draw));
const busy = (one) => one.fulfill({ status: 503, headers: { "Retry-After": "3" }, json: { success: false, error: "Server is busy, try again" } });
const busyShown = () => /Trying again/.test(document.querySelector(".breed")?.textContent);

await shoot("page-empty", "desktop");
await shoot("page-one", "desktop", { files: [0], fullPage: true });
await shoot("page-why", "desktop", { files: [2], fullPage: true, why: true });
await shoot("page-many", "desktop", { files: [0, 1, 2, 3, 4, 5], fullPage: true });
await shoot("page-many-dark", "desktop", { files: [0, 1, 2, 3, 4, 5], fullPage: true, colorScheme: "dark" });
await shoot("page-busy", "desktop", { files: [2], route: busy, wait: busyShown, fullPage: true });
await shoot("page-phone", "phone");
await shoot("page-phone-answer", "phone", { files: [1], fullPage: true });
await shoot("docs", "desktop", { page: "/docs" });
await browser.close();
