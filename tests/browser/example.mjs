// SPDX-License-Identifier: Apache-2.0
// Uses docs/API.md's example page as a person does: example.mjs PAGE_URL PHOTO. Prints what it shows.
import { chromium } from "playwright-core";
import { executablePath, args } from "./chromium.mjs";

const [url, photo] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath, args });
const page = await browser.newPage();
await page.goto(url);
await page.setInputFiles("#photo", photo);
await page.waitForFunction(() => document.getElementById("breed").textContent);
console.log(await page.textContent("#breed"));
await browser.close();
