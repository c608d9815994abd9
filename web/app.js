// SPDX-License-Identifier: Apache-2.0
// The page at /: photos come in (dropped, pasted, chosen, taken), each is shown at once as a card, prepared, sent, and its
// card tells the answer. A photo passes the sections below in their order. Nothing is kept when the page is closed.
import { fillIn, make, text } from "/words.js";

const AT_ONCE = 3; // requests in flight: enough to keep a server busy, few enough to leave it to others too
const TRIES_BUSY = 6, TRIES_SILENT = 3;
const WAIT_S = 1, WAIT_MAX_S = 16; // the back-off between tries, unless the server names a time
const HEALTH_EVERY_MS = 4000; // while the server cannot be reached

// What is larger is made smaller here. The model looks at a few hundred pixels, so 2048 a side lose nothing and save the
// sender minutes on a slow line; 10 MB is the server's own limit. When a server allows less it says 413, and 1024 will do.
const BYTES_MAX = 10 * 1024 * 1024, SIDE_MAX = 2048, SIDE_SMALL = 1024, QUALITY = 0.9;
const SENT_AS_IS = { "image/jpeg": "jpg", "image/png": "png", "image/webp": "webp" };

const SURELY = 0.8, PROBABLY = 0.5;

const at = (id) => document.getElementById(id);
const photos = []; // in the order in which they came
const waiting = [];
let asking = 0, photoCount = 0, unreachable = false, kept = false; // kept: the server's owner keeps photos

// ---- a photo comes in ----

function add(files) {
  const fresh = [...files].map((file) => ({ id: ++photoCount, file, name: file.name || `photo ${photoCount}`, state: "waiting" }));
  if (!fresh.length) return;
  document.body.classList.add("has-photos");
  at("results").hidden = false;
  for (const photo of fresh) {
    photos.push(photo);
    addCard(photo);
    ask(photo);
  }
  say(text.sayAdded(fresh.length));
}

function remove(photo) {
  const next = photo.card.nextElementSibling ?? photo.card.previousElementSibling;
  photo.abort?.abort();
  URL.revokeObjectURL(photo.url);
  photo.card.remove();
  photos.splice(photos.indexOf(photo), 1);
  if (waiting.includes(photo)) waiting.splice(waiting.indexOf(photo), 1);
  (next?.querySelector(".remove") ?? at("choose")).focus();
  if (!photos.length) {
    document.body.classList.remove("has-photos");
    at("results").hidden = true;
  }
  tally();
}

// ---- it is prepared: as it is when the server takes it so, else as a smaller JPEG, upright and without its EXIF ----

async function prepare(photo, side) {
  const known = SENT_AS_IS[photo.file.type];
  let bitmap;
  if (!photo.file.type.startsWith("image/")) throw new Error(text.notAPhoto);
  try {
    bitmap = await createImageBitmap(photo.file);
  } catch {
    if (!known) throw new Error(text.notAPhoto);
    return { blob: photo.file, name: `photo.${known}` }; // the server knows better what is wrong with it
  }
  const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
  try {
    if (known && scale === 1 && photo.file.size <= BYTES_MAX) return { blob: photo.file, name: `photo.${known}` };
    const canvas = make("canvas");
    canvas.width = Math.max(1, Math.round(bitmap.width * scale));
    canvas.height = Math.max(1, Math.round(bitmap.height * scale));
    const context = canvas.getContext("2d");
    context.fillStyle = "#fff"; // the server lays transparency over white as well
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
    photo.downsized = scale < 1;
    return { blob, name: "photo.jpg" };
  } finally {
    bitmap.close();
  }
}

// ---- it is sent, a few at a time, again when the server is busy ----

function ask(photo) {
  Object.assign(photo, { state: "waiting", answer: null, error: "", note: "" });
  waiting.push(photo);
  show(photo);
  pump();
}

function pump() {
  while (asking < AT_ONCE && waiting.length) {
    const photo = waiting.shift();
    asking++;
    identify(photo).finally(() => {
      asking--;
      pump();
    });
  }
}

async function identify(photo) {
  photo.abort = new AbortController();
  const { signal } = photo.abort;
  photo.state = "asking";
  show(photo);
  try {
    photo.filter = at("species").value;
    photo.upload ??= await prepare(photo, SIDE_MAX);
    const backup = !photo.filter && at("backup").checked && !at("backup").disabled;
    const fields = photo.filter ? { species: photo.filter } : backup ? { upload_to_cloudinary: "true" } : {};
    const answer = await send(photo, photo.filter ? "breed-suggestions" : "identify-breed", fields, signal);
    // No breed is listed: because no pet is there, or because the breed alone is in doubt?
    if (!answer.predictions.length && !photo.filter) answer.species = (await send(photo, "identify-species", {}, signal)).species;
    Object.assign(photo, { state: "done", answer });
  } catch (error) {
    if (signal.aborted) return;
    Object.assign(photo, { state: "failed", error: error.message, unreachable: error.unreachable });
  }
  show(photo);
  announce(photo);
}

// The `data` of an answer, or an error in words for people.
async function send(photo, endpoint, fields, signal) {
  for (let tries = 1; ; tries++) {
    const form = new FormData();
    form.append("image", photo.upload.blob, photo.upload.name); // the file's own name is nobody's business
    for (const name in fields) form.append(name, fields[name]);
    let answer;
    try {
      answer = await fetch(`/api/petshop/${endpoint}`, { method: "POST", body: form, signal });
    } catch (error) {
      if (signal.aborted) throw error;
      reached(false);
      if (tries >= TRIES_SILENT) throw Object.assign(new Error(text.unreachable), { unreachable: true });
      await rest(photo, tries, 0, text.retrying, signal);
      continue;
    }
    reached(true);
    const body = await answer.json().catch(() => ({}));
    if (answer.ok && body.data) return body.data;
    if (answer.status === 503 || answer.status === 429) {
      if (tries >= TRIES_BUSY) throw new Error(text.stillBusy);
      await rest(photo, tries, Number(answer.headers.get("Retry-After")) || 0, text.busy, signal);
    } else if (answer.status === 413 && !photo.small) {
      photo.small = true;
      photo.upload = await prepare(photo, SIDE_SMALL);
    } else {
      throw new Error(body.error || text.unexpected(answer.status));
    }
  }
}

// Waits at least as long as the server asks for, and longer with each try; a little apart from all the others that wait.
async function rest(photo, tries, asked_s, words, signal) {
  const seconds = Math.max(asked_s, Math.min(WAIT_MAX_S, WAIT_S * 2 ** (tries - 1))) + Math.random() * 0.5;
  photo.note = words(Math.ceil(seconds));
  show(photo);
  await new Promise((done, failed) => {
    const timer = setTimeout(done, seconds * 1000);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      failed(new Error("removed"));
    }, { once: true });
  });
  photo.note = "";
  show(photo);
}

// ---- its card ----

function addCard(photo) {
  const card = at("card").content.cloneNode(true).firstElementChild;
  const image = card.querySelector("img");
  fillIn(card);
  photo.card = card;
  photo.url = URL.createObjectURL(photo.file);
  image.alt = text.photoOf(photo.name);
  image.onerror = () => card.classList.add("no-picture");
  image.src = photo.url;
  card.querySelector(".remove").setAttribute("aria-label", text.remove(photo.name));
  card.querySelector(".remove").onclick = () => remove(photo);
  card.querySelector(".again").onclick = () => ask(photo);
  card.querySelector(".look").setAttribute("aria-label", text.lookOf(photo.name));
  card.querySelector(".look").onclick = (event) => look(photo, event.currentTarget);
  card.querySelector(".copy").setAttribute("aria-label", text.copyOf(photo.name));
  card.querySelector(".copy").onclick = (event) => copy(event.currentTarget, photo.answer);
  at("cards").append(card);
}

const sureness = (confidence) => confidence >= SURELY ? "surely" : confidence >= PROBABLY ? "probably" : "unsure";

// What a card says at its top: the kind of verdict, a line above, a headline, a line below.
function verdict(photo) {
  const { answer, filter } = photo;
  if (photo.state === "waiting") return { headline: text.waiting };
  if (photo.state === "asking") return { headline: photo.note || text.asking };
  if (photo.state === "failed") return { headline: text.notIdentified, note: photo.error };
  if (answer.predictions.length) {
    return { above: answer.primary_species === answer.primary_breed ? "" : answer.primary_species, headline: answer.primary_breed, sure: sureness(answer.confidence),
             note: filter ? text.within(filter) : "" };
  }
  if (filter) return { headline: text.notOfSpecies(filter) };
  if (answer.species && answer.species !== "Unknown") return { above: answer.species, headline: text.noBreed(answer.species), note: text.noBreedHint };
  return { headline: text.notPet, note: text.notPetHint };
}

function bar(prediction, species) {
  const percent = text.percent(prediction.confidence);
  const name = prediction.species === species ? prediction.breed : `${prediction.breed} (${prediction.species})`;
  const fill = make("span", "fill");
  fill.style.setProperty("--share", prediction.confidence);
  return make("li", "", make("span", "name", name), make("span", "percent", percent), make("span", "track", fill));
}

function backupNote(answer) {
  if (answer?.cloudinary_error) return [text.notBackedUp(answer.cloudinary_error)];
  if (!answer?.cloudinary_url?.startsWith("https://")) return [];
  const link = make("a", "", text.backedUp);
  Object.assign(link, { href: answer.cloudinary_url, rel: "noopener noreferrer", target: "_blank" });
  return [link];
}

function show(photo) {
  const { card, answer } = photo;
  const part = (name) => card.querySelector(`.${name}`);
  const { above = "", headline, sure, note = "" } = verdict(photo);
  const predictions = answer?.predictions ?? [];
  card.dataset.state = photo.state === "done" && !predictions.length ? "nothing" : photo.state;
  part("species").replaceChildren(...(above ? [above] : []));
  if (sure) {
    const chip = make("span", `chip ${sure}`, text.sure[sure]);
    chip.title = text.sureHelp[sure];
    part("species").append(chip);
  }
  part("breed").textContent = headline;
  part("note").textContent = note;
  part("bars").replaceChildren(...predictions.map((p) => bar(p, answer.primary_species)));
  part("backup-note").replaceChildren(...backupNote(answer));
  part("took").textContent = answer ? text.took(answer.processing_time ?? "") + (photo.downsized ? `, ${text.downsized}` : "") : "";
  part("again").hidden = photo.state !== "failed";
  part("copy").hidden = photo.state !== "done";
  part("look").hidden = photo.state !== "done" || !predictions.length || !!photo.filter; // of a filtered answer it would explain another
  if (part("look").hidden) card.classList.remove("looked");
  card.setAttribute("aria-busy", String(photo.state === "waiting" || photo.state === "asking"));
  tally();
}

// ---- where the model looked ----

const HEAT = [242, 84, 27], HEAT_MOST = 0.72; // a colour that fur does not have; how much of it lies over the strongest place

async function look(photo, button) {
  const shown = photo.card.classList.toggle("looked");
  button.setAttribute("aria-pressed", String(shown));
  if (!shown) return;
  try {
    photo.explained ??= await send(photo, "identify-breed", { explain: "true" }, photo.abort.signal);
    drawHeat(photo.card.querySelector("canvas"), photo.explained);
    say(text.sayLook(photo.name, photo.explained.primary_breed, ...middle(photo.explained)));
  } catch (error) {
    photo.card.classList.remove("looked");
    button.setAttribute("aria-pressed", "false");
    if (!photo.abort.signal.aborted) say(text.sayNone(photo.name, error.message));
  }
}

// The canvas has the photo's shape, so that the style sheet lays it over the photo as it lays the photo itself.
function drawHeat(canvas, { explanation: { width, height, values, box }, image }) {
  const scale = Math.min(1, SIDE_SMALL / Math.max(image.width, image.height));
  const grid = make("canvas");
  Object.assign(grid, { width, height });
  const cells = grid.getContext("2d").createImageData(width, height);
  values.forEach((value, i) => cells.data.set([...HEAT, 255 * HEAT_MOST * value], 4 * i));
  grid.getContext("2d").putImageData(cells, 0, 0);
  Object.assign(canvas, { width: image.width * scale, height: image.height * scale });
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(grid, box.left * scale, box.top * scale, box.side * scale, box.side * scale);
}

// The middle of the heat as shares of the photo's width and height.
function middle({ explanation: { width, values, box }, image }) {
  let x = 0, y = 0, all = 0;
  values.forEach((value, i) => {
    x += value * (i % width + 0.5);
    y += value * (Math.floor(i / width) + 0.5);
    all += value;
  });
  return [(box.left + x / all * box.side / width) / image.width, (box.top + y / all * box.side / (values.length / width)) / image.height];
}

// ---- all of them together ----

const ended = (photo) => photo.state === "done" || photo.state === "failed";

function tally() {
  const done = photos.filter(ended).length;
  at("drop-title").textContent = invitation();
  at("tally").textContent = text.tally(done, photos.length);
  at("csv").hidden = photos.length < 2;
  at("copy-all").hidden = photos.length < 2;
  for (const id of ["csv", "copy-all"]) at(id).disabled = !done;
}

function say(words) {
  at("live").textContent = words;
}

function announce(photo) {
  const { headline, sure } = verdict(photo);
  if (photos.length > 1 && photos.every(ended)) say(text.sayAllDone(photos.length));
  else if (sure) say(text.sayAnswer(photo.name, headline, photo.answer.primary_species, text.sure[sure], text.percent(photo.answer.confidence)));
  else say(text.sayNone(photo.name, photo.error || headline));
}

async function copy(button, value) {
  const words = JSON.stringify(value, null, 2);
  const label = button.textContent;
  let copied = true;
  try {
    await navigator.clipboard.writeText(words);
  } catch { // no permission, or a page without https
    const area = make("textarea", "unseen", words);
    document.body.append(area);
    area.select();
    copied = document.execCommand("copy");
    area.remove();
    button.focus();
  }
  say(copied ? text.copied : text.copyFailed);
  button.textContent = copied ? text.copied : text.copyFailed;
  setTimeout(() => { button.textContent = label; }, 1600);
}

const forOthers = (photo) => ({ file: photo.name, ...(photo.answer ?? { success: false, error: photo.error }) });

// RFC 4180; a cell that a spreadsheet would take for a formula is made a text.
function csvCell(value) {
  const words = String(value ?? "");
  return `"${(/^[=+\-@\t\r]/.test(words) ? "'" : "") + words.replaceAll('"', '""')}"`;
}

function downloadCsv() {
  const rows = photos.filter(ended).map((photo) => {
    const a = photo.answer;
    return a ? [photo.name, a.predictions.length ? a.primary_species : a.species ?? "Unknown", a.primary_breed, a.confidence,
                a.predictions.length ? text.sure[sureness(a.confidence)] : "", a.processing_time, ""]
      : [photo.name, "", "", "", "", "", photo.error];
  });
  const csv = [text.csvHeader, ...rows].map((row) => row.map(csvCell).join(",") + "\r\n").join("");
  const link = make("a");
  link.href = URL.createObjectURL(new Blob(["\ufeff", csv], { type: "text/csv;charset=utf-8" })); // the mark tells Excel that it is UTF-8
  link.download = text.csvName;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

// ---- the server: whether it is there, what it promises and offers ----

function reached(yes) {
  if (unreachable === !yes) return;
  unreachable = !yes;
  at("banner").hidden = yes;
  if (!yes) {
    setTimeout(health, HEALTH_EVERY_MS);
    return;
  }
  for (const photo of photos) if (photo.state === "failed" && photo.unreachable) ask(photo);
}

async function health() {
  let state;
  try {
    state = await (await fetch("/health")).json();
  } catch {
    if (unreachable) setTimeout(health, HEALTH_EVERY_MS);
    else reached(false);
    return;
  }
  reached(true);
  kept = state.in_memory === "off";
  optionsChanged();
  at("promise-state").textContent = text.promiseState[state.in_memory] ?? "";
  at("backup-row").hidden = !state.features?.backup;
  if (state.version) at("version").textContent = text.footer(state);
  if (at("species").length === 1) offerSpecies();
}

// The species that this server's model knows, from the description of its API; without it the filter stays at "any pet".
async function offerSpecies() {
  const description = await fetch("/openapi.json").then((answer) => answer.json()).catch(() => ({}));
  for (const name of description.components?.schemas?.Species?.enum ?? [])
    if (name !== "Unknown") at("species").append(new Option(name, name));
}

function optionsChanged() {
  const filtered = at("species").value !== "";
  at("backup").disabled = filtered;
  at("backup-hint").textContent = filtered ? text.backupFiltered : text.backupHint;
  at("promise").textContent = kept ? text.promiseOff : at("backup").checked && !filtered ? text.promiseBackup : text.promise;
}

// ---- beginning ----

const touch = navigator.maxTouchPoints > 0; // nothing is dropped or pasted with a finger, but there is a camera to point
const invitation = () => text[(photos.length ? "dropAgain" : "dropTitle") + (touch ? "Touch" : "")];

function watchDrops() {
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  const title = at("drop-title");
  let depth = 0; // of elements entered and not left
  const over = (now) => {
    document.body.classList.toggle("dragging", now);
    title.textContent = now ? text.dropNow : invitation();
  };
  addEventListener("dragenter", (event) => { if (hasFiles(event) && ++depth === 1) over(true); });
  addEventListener("dragleave", (event) => { if (hasFiles(event) && --depth === 0) over(false); });
  addEventListener("dragover", (event) => { if (hasFiles(event)) event.preventDefault(); });
  addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth = 0;
    add(event.dataTransfer.files);
    over(false);
  });
}

function start() {
  document.documentElement.lang = text.language;
  fillIn(document);
  watchDrops();
  addEventListener("paste", (event) => add(event.clipboardData?.files ?? []));
  for (const [button, input] of [["choose", "files"], ["camera", "shot"]]) {
    at(button).onclick = () => at(input).click();
    at(input).onchange = () => {
      add(at(input).files);
      at(input).value = ""; // so that the same photo can be chosen again
    };
  }
  at("species").onchange = () => {
    optionsChanged();
    for (const photo of photos) {
      if (photo.state === "asking") photo.abort.abort(); // it was on its way with the old choice
      if (photo.state !== "waiting") ask(photo);
    }
  };
  at("backup").onchange = optionsChanged;
  at("copy-all").onclick = (event) => copy(event.currentTarget, photos.filter(ended).map(forOthers));
  at("csv").onclick = downloadCsv;
  at("clear").onclick = () => { for (const photo of [...photos]) remove(photo); };
  at("camera").hidden = !touch;
  if (touch) at("drop-hint").textContent = text.dropHintTouch;
  at("drop-title").textContent = invitation();
  health();
}

start();
