// SPDX-License-Identifier: Apache-2.0
// The pages in a real browser. Prints a line of JSON for each check: {"name", "ok", "error", "ms"}; test_browser.py makes a
// test of each. The environment says where the servers and the photos are; CHECKS, a part of names, runs only some.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";
import { executablePath, args } from "./chromium.mjs";

const { SERVER, SERVER_WITH_BACKUP, PHOTOS, PUG, CHECKS = "" } = process.env;
const LIMIT_MS = 15000, AT_ONCE = 3;
const axe = fs.readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const photo = (name) => path.join(PHOTOS, name);
const BREED = "**/api/petshop/identify-breed", SPECIES = "**/api/petshop/identify-species", SUGGEST = "**/api/petshop/breed-suggestions";

const checks = [];
const check = (name, run, options = {}) => checks.push({ name, run, options });
const strangers = [], violations = []; // of all checks together

// ---- what the checks share ----

function result(predictions, more = {}) {
  const [first] = predictions;
  const data = { success: true, predictions, primary_species: first?.species ?? "Unknown", primary_breed: first?.breed ?? "Unknown",
                 confidence: first?.confidence ?? 0, processing_time: "0.012s", model: "test", timestamp: "2026-11-24T09:30:00.000Z", ...more };
  return { status: 200, json: { success: true, data } };
}
const prediction = (breed, confidence, species = "Dog") => ({ breed, species, confidence, class_id: "n1", raw_class: breed.toLowerCase() });
const refusal = (status, error, headers = {}) => ({ status, headers, json: { success: false, error } });

const choose = (page, ...names) => page.setInputFiles("#files", names.map(photo));
const cards = (page) => page.locator(".card");
const settled = (page, count = 1) => page.waitForFunction((n) =>
  document.querySelectorAll(".card").length === n && [...document.querySelectorAll(".card")].every((c) => c.ariaBusy === "false"), count);
const wide = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

// Hands files over as dropping or pasting does.
async function handOver(page, type, ...names) {
  const files = names.map((name) => ({ name, bytes: fs.readFileSync(photo(name)).toString("base64") }));
  await page.evaluate(([type, files]) => {
    const data = new DataTransfer();
    for (const { name, bytes } of files)
      data.items.add(new File([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], name, { type: `image/${name.endsWith("png") ? "png" : "jpeg"}` }));
    const options = { bubbles: true, cancelable: true };
    if (type === "paste") document.body.dispatchEvent(new ClipboardEvent(type, { ...options, clipboardData: data }));
    else for (const step of ["dragenter", "dragover", type]) document.body.dispatchEvent(new DragEvent(step, { ...options, dataTransfer: data }));
  }, [type, files]);
}

// What the page has put into forms since the last call: [name, value or file name]. A request does not tell: its body is
// in the browser's blobs.
const formFields = (page) => page.evaluate(() => window.formFields.splice(0));
function recordForms() {
  const append = FormData.prototype.append;
  window.formFields = [];
  FormData.prototype.append = function (name, value, filename) {
    window.formFields.push([name, filename ?? value]);
    return filename ? append.call(this, name, value, filename) : append.call(this, name, value);
  };
}

async function accessible(page) {
  await page.evaluate(() => Promise.all(document.getAnimations().map((one) => one.finished))); // half-faded text has no contrast
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run({ resultTypes: ["violations"] }));
  assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" ")}`), []);
}

// Three answers, an error and a photo without a pet: everything that a card can show.
async function everyCard(page) {
  const answers = [result([prediction("Golden Retriever", 0.934)]), result([prediction("Beagle", 0.671), prediction("English Foxhound", 0.252)]),
                   result([prediction("Siamese", 0.31, "Cat")]), refusal(400, "Invalid image file: it is cut short"), result([])];
  await page.route(BREED, (route) => route.fulfill(answers.shift()));
  await page.route(SPECIES, (route) => route.fulfill({ json: { success: true, data: { species: "Unknown" } } }));
  for (let i = 1; i <= 5; i++) {
    await choose(page, `photo${i}.jpg`);
    await settled(page, i);
  }
}

// ---- coming in ----

check("a chosen photo is shown upright and answered by the real server", async (page) => {
  await choose(page, "turned.jpg");
  const shown = await page.waitForFunction(() => {
    const image = document.querySelector(".card img");
    return image?.naturalWidth && [image.naturalWidth, image.naturalHeight];
  });
  assert.deepEqual(await shown.jsonValue(), [300, 200]);
  await settled(page);
  assert.notEqual(await cards(page).getAttribute("data-state"), "failed");
  assert.match(await page.locator(".took").textContent(), /^Identified in \d+\.\d{3}\u00a0s$/);
});

check("a photo of a pug is a pug", async (page) => {
  await page.setInputFiles("#files", PUG);
  await settled(page);
  assert.equal(await page.locator(".breed").textContent(), "Pug");
  assert.match(await page.locator(".species").textContent(), /^Dog(surely|probably)$/);
  assert.equal(await page.locator(".bars .name").first().textContent(), "Pug");
}, { skip: !PUG });

check("photos are dropped", async (page) => {
  await handOver(page, "dragenter", "photo1.jpg");
  assert.ok(await page.evaluate(() => document.body.classList.contains("dragging")));
  await handOver(page, "drop", "photo1.jpg", "photo2.jpg");
  await settled(page, 2);
  assert.ok(!await page.evaluate(() => document.body.classList.contains("dragging")));
});

check("a photo is pasted", async (page) => {
  await handOver(page, "paste", "drawing.png");
  await settled(page);
  assert.notEqual(await cards(page).getAttribute("data-state"), "failed");
});

check("where the owner keeps photos the page does not promise otherwise", async (page, server) => {
  await page.route("**/health", (route) => route.fulfill({ json: { success: true, status: "healthy", version: "0", model_version: "0", in_memory: "off" } }));
  await page.goto(server + "/app");
  await page.waitForFunction(() => document.querySelector("#version").textContent);
  assert.match(await page.locator(".promise").textContent(), /keeps a copy/);
  assert.doesNotMatch(await page.locator(".promise").textContent(), /not stored/);
});

check("why: the heat lies over the photo where the server says, and goes again", async (page) => {
  const values = Array(16).fill(0);
  values[4 * 3 + 3] = 1; // the last cell of the grid, bottom right
  const explanation = { width: 4, height: 4, values, box: { left: 50, top: 0, side: 300 } };
  const plain = result([prediction("Pug", 0.9)]), explained = result([prediction("Pug", 0.9)], { explanation, image: { format: "jpeg", width: 400, height: 300 } });
  await page.route(BREED, async (route) => route.fulfill((await formFields(page)).some(([name]) => name === "explain") ? explained : plain));
  await choose(page, "photo1.jpg");
  await settled(page);
  await page.locator(".look").click();
  await page.locator(".card.looked").waitFor();
  await page.waitForFunction(() => document.querySelector(".photo canvas").width === 400);
  const heat = (x, y) => page.evaluate(([x, y]) => document.querySelector(".photo canvas").getContext("2d").getImageData(x, y, 1, 1).data[3], [x, y]);
  assert.ok(await heat(340, 290) > 150 && await heat(120, 60) === 0 && await heat(390, 290) === 0);
  assert.equal(await page.locator("#live").textContent(), "photo1.jpg: what speaks for Pug lies in the lower part, on the right");
  await accessible(page);
  await page.locator(".look").click();
  assert.equal(await page.locator(".card.looked").count(), 0);
});

check("many photos are sent three at a time", async (page) => {
  const held = [];
  let most = 0;
  await page.route(BREED, async (route) => {
    held.push(route); // nobody is answered until three are asking; a fourth would have time to
    most = Math.max(most, held.length);
    if (held.length === 3) {
      await new Promise((done) => setTimeout(done, 60));
      await Promise.all(held.splice(0).map((one) => one.fulfill(result([prediction("Beagle", 0.9)]))));
    }
  });
  await choose(page, ...Array.from({ length: 12 }, (_, i) => `photo${i % 6 + 1}.jpg`));
  assert.equal(await cards(page).count(), 12);
  await settled(page, 12);
  assert.equal(most, 3);
  assert.equal(await page.locator("#tally").textContent(), "12 photos");
  assert.equal(await page.locator("#live").textContent(), "All 12 photos are done");
});

check("the file's own name stays in the browser", async (page) => {
  const sent = page.waitForRequest(BREED);
  await choose(page, "photo1.jpg");
  await sent;
  assert.deepEqual((await formFields(page))[0], ["image", "photo.jpg"]);
});

check("a large photo is made smaller before it is sent", async (page) => {
  const answered = page.waitForResponse(BREED);
  await choose(page, "large.jpg");
  const { image } = (await (await answered).json()).data;
  assert.deepEqual(image, { format: "jpeg", width: 2048, height: 1536 });
  await settled(page);
  assert.match(await page.locator(".took").textContent(), /made smaller before it was sent$/);
});

check("a photo that the server finds too large is sent again, smaller", async (page) => {
  let first = true;
  await page.route(BREED, (route) => {
    if (!first) return route.continue();
    first = false;
    return route.fulfill(refusal(413, "Image is too large: at most 1 MB"));
  });
  const answered = page.waitForResponse((answer) => answer.url().includes("identify-breed") && answer.status() === 200);
  await choose(page, "large.jpg");
  assert.equal((await (await answered).json()).data.image.width, 1024);
});

check("a kind of picture that the server does not take is converted", async (page) => {
  const answered = page.waitForResponse(BREED);
  await choose(page, "drawing.gif");
  assert.equal((await (await answered).json()).data.image.format, "jpeg");
});

// ---- answers ----

check("confidence is told in words", async (page) => {
  await everyCard(page);
  assert.deepEqual(await page.locator(".chip").allTextContents(), ["surely", "probably", "unsure"]);
  assert.deepEqual(await page.locator(".breed").allTextContents(), ["Golden Retriever", "Beagle", "Siamese", "This one did not work", "No pet to be seen"]);
  assert.deepEqual(await cards(page).nth(1).locator(".percent").allTextContents(), ["67\u00a0%", "25\u00a0%"]);
  const [first, second] = await cards(page).nth(1).locator(".fill").evaluateAll((bars) => bars.map((bar) => bar.offsetWidth / bar.parentNode.offsetWidth));
  assert.ok(Math.abs(first - 0.671) < 0.02 && Math.abs(second - 0.252) < 0.02, `${first} ${second}`);
});

check("an answer is read aloud", async (page) => {
  await page.route(BREED, (route) => route.fulfill(result([prediction("Golden Retriever", 0.934)])));
  await choose(page, "photo1.jpg");
  await settled(page);
  assert.equal(await page.locator("#live[role=status]").textContent(), "photo1.jpg: Golden Retriever, Dog, surely, 93\u00a0%");
});

check("a dog of an unknown breed is still a dog", async (page) => {
  await page.route(BREED, (route) => route.fulfill(result([])));
  await page.route(SPECIES, (route) => route.fulfill({ json: { success: true, data: { species: "Dog", confidence: 0.97 } } }));
  await choose(page, "photo1.jpg");
  await settled(page);
  assert.equal(await page.locator(".breed").textContent(), "A dog, of a breed I cannot tell");
});

check("the species filter asks again among that species", async (page) => {
  await page.route(BREED, (route) => route.fulfill(result([prediction("Beagle", 0.9)])));
  await page.route(SUGGEST, (route) => route.fulfill(result([prediction("Bengal", 0.8, "Cat")], { filtered_by: "Cat" })));
  await page.waitForSelector("#species option[value=Cat]", { state: "attached" });
  await choose(page, "photo1.jpg");
  await settled(page);
  const sent = page.waitForRequest(SUGGEST);
  await page.selectOption("#species", "Cat");
  await sent;
  assert.deepEqual((await formFields(page)).at(-1), ["species", "Cat"]);
  await settled(page);
  assert.equal(await page.locator(".breed").textContent(), "Bengal");
  assert.equal(await page.locator(".note").textContent(), "Among cat breeds only");
});

check("the species filter reaches photos that are on their way", async (page) => {
  await page.route(BREED, () => {}); // never answered
  await page.route(SUGGEST, (route) => route.fulfill(result([prediction("Bengal", 0.8, "Cat")], { filtered_by: "Cat" })));
  await page.waitForSelector("#species option[value=Cat]", { state: "attached" });
  const sent = page.waitForRequest(BREED);
  await choose(page, "photo1.jpg", "photo2.jpg", "photo3.jpg", "photo4.jpg");
  await sent;
  await page.selectOption("#species", "Cat");
  await settled(page, 4);
  assert.deepEqual(await page.locator(".breed").allTextContents(), Array(4).fill("Bengal"));
});

check("words from outside are never taken for HTML", async (page) => {
  await page.route(BREED, (route) => route.fulfill(result([prediction("<img src=x onerror=alert(1)>", 0.9)])));
  await choose(page, "<b>name.jpg");
  await settled(page);
  assert.equal(await page.locator(".breed").textContent(), "<img src=x onerror=alert(1)>");
  assert.equal(await page.locator(".breed img, .card b").count(), 0);
});

check("an answer is copied as JSON", async (page) => {
  await page.route(BREED, (route) => route.fulfill(result([prediction("Beagle", 0.9)])));
  await choose(page, "photo1.jpg", "photo2.jpg");
  await settled(page, 2);
  const clipboard = async () => JSON.parse(await page.evaluate(() => navigator.clipboard.readText()));
  await page.locator(".copy").first().click();
  await page.waitForFunction(() => document.querySelector(".copy").textContent === "Copied");
  assert.equal((await clipboard()).primary_breed, "Beagle");
  await page.click("#copy-all");
  await page.waitForFunction(() => document.querySelector("#copy-all").textContent === "Copied");
  assert.deepEqual((await clipboard()).map((one) => [one.file, one.primary_breed]), [["photo1.jpg", "Beagle"], ["photo2.jpg", "Beagle"]]);
});

check("many answers are downloaded as CSV", async (page) => {
  const answers = [result([prediction("Beagle", 0.671)]), refusal(400, 'Invalid "image" file'), result([prediction("Pug", 0.99)])];
  await page.route(BREED, (route) => route.fulfill(answers.shift()));
  for (const [i, name] of ["photo1.jpg", "photo2.jpg", "=1+1.jpg"].entries()) {
    await choose(page, name);
    await settled(page, i + 1);
  }
  const download = page.waitForEvent("download");
  await page.click("#csv");
  assert.equal((await download).suggestedFilename(), "breedlens.csv");
  assert.equal(fs.readFileSync(await (await download).path(), "utf8"), "\ufeff" + [
    '"file","species","breed","confidence","how_sure","processing_time","error"',
    '"photo1.jpg","Dog","Beagle","0.671","probably","0.012s",""',
    '"photo2.jpg","","","","","","Invalid ""image"" file"',
    '"\'=1+1.jpg","Dog","Pug","0.99","surely","0.012s",""', ""].join("\r\n"));
});

// ---- trouble ----

check("a corrupt file fails alone, with the server's reason", async (page) => {
  await choose(page, "photo1.jpg", "corrupt.jpg", "cut.jpg", "notes.txt");
  await settled(page, 4);
  const states = await cards(page).evaluateAll((all) => all.map((card) => card.dataset.state === "failed"));
  assert.deepEqual(states, [false, true, true, true]);
  const notes = await page.locator(".note").allTextContents();
  assert.match(notes[1], /^Invalid image file: /);
  assert.match(notes[2], /^Invalid image file: /);
  assert.equal(notes[3], "This file is not a photo.");
});

check("a busy server is asked again when it says so", async (page) => {
  const times = [];
  await page.route(BREED, (route) => {
    times.push(Date.now());
    if (times.length === 1) return route.fulfill(refusal(503, "Server is busy, try again", { "Retry-After": "1" }));
    if (times.length === 2) return route.fulfill(refusal(429, "Too many requests, try again later", { "Retry-After": "3" }));
    return route.fulfill(result([prediction("Beagle", 0.9)]));
  });
  await choose(page, "photo1.jpg");
  await page.waitForFunction(() => /^The server is busy\. Trying again in \d s …$/.test(document.querySelector(".breed")?.textContent));
  await settled(page);
  assert.equal(await page.locator(".breed").textContent(), "Beagle");
  assert.equal(times.length, 3);
  assert.ok(times[1] - times[0] >= 1000 && times[2] - times[1] >= 3000, times.join(" "));
});

check("a server that is away is waited for", async (page, server) => {
  let away = true;
  await page.route(`${server}/**`, (route) => away ? route.abort("connectionrefused") : route.continue());
  await choose(page, "photo1.jpg");
  await page.waitForSelector("#banner:not([hidden])");
  await settled(page);
  assert.equal(await page.locator(".note").textContent(), "The server cannot be reached.");
  assert.ok(await page.locator(".again").isVisible());
  away = false;
  await page.waitForSelector("#banner", { state: "hidden" });
  await page.waitForFunction(() => ["done", "nothing"].includes(document.querySelector(".card").dataset.state));
});

check("an error of the server is told, and can be tried again", async (page) => {
  const answers = [{ status: 500, body: "no JSON" }, result([prediction("Beagle", 0.9)])];
  await page.route(BREED, (route) => route.fulfill(answers.shift()));
  await choose(page, "photo1.jpg");
  await settled(page);
  assert.equal(await page.locator(".note").textContent(), "The server answered with an error (500).");
  await page.click(".again");
  await page.waitForFunction(() => document.querySelector(".breed").textContent === "Beagle");
});

check("a removed photo is no longer sent", async (page) => {
  await page.route(BREED, () => {}); // never answered
  const sent = page.waitForRequest(BREED);
  await choose(page, "photo1.jpg", "photo2.jpg");
  await sent;
  const failed = page.waitForEvent("requestfailed");
  await page.locator(".remove").first().click();
  await failed;
  assert.equal(await cards(page).count(), 1);
  await page.click("#clear");
  assert.ok(await page.locator("#results").isHidden());
});

// ---- privacy ----

check("no backup is offered where none is configured", async (page) => {
  await page.waitForFunction(() => document.querySelector("#version").textContent);
  assert.ok(await page.locator("#backup-row").isHidden());
  await choose(page, "photo1.jpg");
  await settled(page);
  assert.ok((await formFields(page)).every(([name]) => name !== "upload_to_cloudinary"));
});

check("a backup is made only when it is ticked", async (page) => {
  const asked = [];
  await page.route(BREED, async (route) => {
    asked.push((await formFields(page)).slice(1));
    await route.fulfill(result([prediction("Beagle", 0.9)], asked.at(-1).length ? { cloudinary_url: "https://res.cloudinary.com/x/beagle.jpg" } : {}));
  });
  await page.waitForSelector("#backup-row:not([hidden])");
  assert.ok(!await page.isChecked("#backup"));
  await choose(page, "photo1.jpg");
  await settled(page);
  await page.check("#backup");
  assert.match(await page.locator("#promise").textContent(), /backup that you ticked/);
  await choose(page, "photo2.jpg");
  await settled(page, 2);
  assert.deepEqual(asked, [[], [["upload_to_cloudinary", "true"]]]);
  assert.equal(await page.locator(".backup-note a").getAttribute("href"), "https://res.cloudinary.com/x/beagle.jpg");
}, { backup: true });

check("the promise tells how it is kept", async (page) => {
  await page.route("**/health", async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { ...await answer.json(), in_memory: "enforced" } });
  });
  await page.reload();
  await page.waitForFunction(() => /operating system/.test(document.querySelector("#promise-state").textContent));
  assert.match(await page.locator("#promise").textContent(), /^Your photo is not stored\./);
});

// ---- for everyone ----

check("everything is done by keyboard", async (page) => {
  await page.route(BREED, (route) => route.fulfill(result([prediction("Beagle", 0.9)])));
  const chooser = page.waitForEvent("filechooser");
  for (let i = 0; i < 8 && await page.evaluate(() => document.activeElement.id) !== "choose"; i++) await page.keyboard.press("Tab");
  assert.notEqual(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle), "none");
  await page.keyboard.press("Enter");
  await (await chooser).setFiles([photo("photo1.jpg"), photo("photo2.jpg")]);
  await settled(page, 2);
  await page.locator(".remove").first().focus();
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-label")), "Remove photo2.jpg");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "choose");
});

for (const colorScheme of ["light", "dark"]) {
  check(`axe finds nothing: the empty page, ${colorScheme}`, (page) => accessible(page), { colorScheme });
  check(`axe finds nothing: every kind of card, ${colorScheme}`, async (page) => {
    await everyCard(page);
    await accessible(page);
  }, { colorScheme });
  check(`axe finds nothing: the documentation, ${colorScheme}`, async (page) => {
    await page.waitForSelector(".endpoint");
    await accessible(page);
  }, { colorScheme, path: "/docs" });
}

check("axe finds nothing: backup and banner", async (page, server) => {
  await page.waitForSelector("#backup-row:not([hidden])");
  await page.route(`${server}/**`, (route) => route.abort());
  await choose(page, "photo1.jpg");
  await page.waitForSelector("#banner:not([hidden])");
  await settled(page);
  await accessible(page);
}, { backup: true });

check("dark mode is dark", async (page) => {
  const light = await page.evaluate(() => getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number));
  assert.ok(light.every((channel) => channel < 60), String(light));
}, { colorScheme: "dark" });

check("nothing moves for those who do not want it", async (page) => {
  await everyCard(page);
  assert.deepEqual(await page.evaluate(() => document.getAnimations().length), 0);
}, { reducedMotion: "reduce" });

check("a phone of 320 pixels needs no sideways scrolling", async (page, server) => {
  assert.equal(await wide(page), 0);
  await everyCard(page);
  assert.equal(await wide(page), 0);
  await page.goto(`${server}/docs`);
  await page.waitForSelector(".schema");
  assert.equal(await wide(page), 0);
}, { viewport: { width: 320, height: 640 }, isMobile: true, hasTouch: true });

check("a phone offers its camera", async (page) => {
  assert.ok(await page.locator("#camera").isVisible());
  const chooser = page.waitForEvent("filechooser");
  await page.tap("#camera");
  assert.equal(await (await chooser).element().getAttribute("capture"), "environment");
  assert.equal(await page.locator("#drop-title").textContent(), "Show me your pet");
}, { viewport: { width: 320, height: 640 }, isMobile: true, hasTouch: true });

// ---- the documentation ----

check("the documentation shows every endpoint, field and error", async (page, server) => {
  await page.waitForSelector(".schema");
  const description = await (await fetch(`${server}/openapi.json`)).json();
  const shown = await page.locator("main").textContent();
  for (const [path, item] of Object.entries(description.paths)) {
    assert.ok(shown.includes(path), path);
    for (const operation of Object.values(item)) {
      for (const response of Object.values(operation.responses))
        for (const { value } of Object.values(response.content["application/json"].examples ?? {})) assert.ok(shown.includes(value.error), value.error);
      for (const field of Object.keys(operation.requestBody?.content["multipart/form-data"].schema.properties ?? {})) assert.ok(shown.includes(field), field);
    }
  }
  for (const link of await page.locator("main a[href^='#']").all())
    assert.equal(await page.locator(await link.getAttribute("href")).count(), 1, await link.getAttribute("href"));
}, { path: "/docs" });

check("nothing was asked of another host", () => assert.deepEqual(strangers, []), { last: true });
check("no policy was violated and no script failed", () => assert.deepEqual(violations, []), { last: true });

// ---- running them ----

function watch(page, server, name) {
  page.setDefaultTimeout(LIMIT_MS);
  page.on("pageerror", (error) => violations.push(`${name}: ${error.message}`));
  page.on("console", (message) => { // what the browser says of answers that a check has made up is no fault
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) violations.push(`${name}: ${message.text()}`);
  });
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== server && protocol !== "blob:" && protocol !== "data:") strangers.push(`${name}: ${request.url()}`);
  });
}

async function runOne(browser, { name, run, options }) {
  if (options.skip) return { name, skipped: true };
  const { backup, path = "/", ...contextOptions } = options;
  const server = backup ? SERVER_WITH_BACKUP : SERVER;
  const context = await browser.newContext({ permissions: ["clipboard-read", "clipboard-write"], ...contextOptions });
  try {
    const page = await context.newPage();
    watch(page, server, name);
    await page.addInitScript(recordForms);
    await page.goto(server + path);
    await run(page, server);
  } finally {
    await context.close();
  }
  return { name, ok: true };
}

process.on("unhandledRejection", () => {}); // what a failed check was still waiting for; its failure is told already
const browser = await chromium.launch({ executablePath, args });

async function tell(one, outcome) {
  const begun = Date.now();
  const { name } = one;
  const words = await outcome(one).catch((error) => ({ name, ok: false, error: error.stack }));
  process.stdout.write(JSON.stringify({ ...words, ms: Date.now() - begun }) + "\n");
}

const wanted = checks.filter(({ name }) => name.includes(CHECKS));
const waiting = wanted.filter(({ options }) => !options.last);
await Promise.all(Array.from({ length: AT_ONCE }, async () => { // much of a check is waiting, and each has its own window
  while (waiting.length) await tell(waiting.shift(), (one) => runOne(browser, one));
}));
for (const one of wanted.filter(({ options }) => options.last)) await tell(one, async ({ name, run }) => (run(), { name, ok: true }));
await browser.close();
