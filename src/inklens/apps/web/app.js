/**
 * The page: three inputs, one way to read them, and what was read.
 * @module
 */

import { drawBoxes, markAt } from "./boxes.js";
import { Camera, CameraError } from "./camera.js";
import { Drawing } from "./drawing.js";
import { showLines, showMark } from "./panel.js";
import { broken, files, missing, worker } from "./start.js";
import { say, switchLanguage, translatePage } from "./words.js";

/** @typedef {import("./worker.js").Answer} Answer */
/** @typedef {import("./worker.js").How} How */
/** @typedef {import("./words.js").Word} Word */

/**
 * @template {HTMLElement} T
 * @param {string} id
 * @returns {T}
 */
const get = (id) => /** @type {T} */ (document.getElementById(id));

const stage = get("stage"), hint = get("hint"), statusLine = get("status"), inspector = get("inspector");
const photoNote = get("photo-note");
const photo = /** @type {HTMLCanvasElement} */ (get("photo")), boxes = /** @type {HTMLCanvasElement} */ (get("boxes"));
const tabs = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[role=tab]")]);

translatePage();
statusLine.removeAttribute("data-word"); // from now on it says what happens

/** @type {How} */
let how = "photo";
/** @type {string[]} */
let labels = [];
/** @type {Answer | null} */
let answer = null;
/** @type {number | null} */
let selected = null;
/** What the status line says, so that it can be said again in another language. @type {[Word, Record<string, string>, boolean]} */
let told = ["loading", {}, false];
let ready = false, failed = false;

// ---- reading: one picture at a time; of those that come meanwhile, the newest. A frame of the camera is sent when the
// worker has nearly read the one before, so that it need not wait for it

let busy = false, asked = 0;
/** @type {{take: () => Promise<ImageBitmap>, how: How, time: number} | null} */
let waiting = null;
/** @type {Map<number, (data: any) => void>} */
const answers = new Map();
if (worker) {
  files.then((parts) => worker?.postMessage({ kind: "open", parts }, parts), ({ message }) => fail("failed", { problem: message }));
  broken.then((problem) => fail("failed", { problem }));
  worker.addEventListener("message", ({ data }) => {
    if (data.kind === "ready") {
      ({ labels } = data);
      ready = true;
      readNext();
    } else if (data.kind === "failed") {
      fail("failed", { problem: data.message });
    } else if (data.kind === "soon") {
      free(data.id);
    } else {
      answers.get(data.id)?.(data);
      answers.delete(data.id);
    }
  });
} else {
  fail("unsupported", { missing });
}

/**
 * @param {() => Promise<ImageBitmap>} take makes the picture, when its turn comes
 * @param {How} from
 * @param {number} time in seconds
 */
function read(take, from, time = 0) {
  waiting = { take, how: from, time }; // an older waiting picture is simply forgotten
  readNext();
}

async function readNext() {
  if (busy || !ready || !waiting) return;
  const { take, how: from, time } = waiting, id = ++asked, start = performance.now();
  const wanted = () => from === how && (how !== "camera" || camera.stream);
  busy = true;
  waiting = null;
  try {
    const picture = await take();
    /** @type {any} */
    const { kind, message, steps, answer: got } = await new Promise((resolve) => {
      answers.set(id, resolve);
      worker?.postMessage({ kind: "read", id, picture, how: from, time, selected }, [picture]);
    });
    if (kind === "problem") throw new Error(message);
    if (wanted()) show(got);
    countFrame(start, steps);
  } catch (error) {
    if (wanted()) tell("problem", { problem: String(error instanceof Error ? error.message : error) }, true);
  } finally {
    free(id);
  }
}

/**
 * The picture after this one may be sent, if it is not yet: this one is read, or soon will be.
 * @param {number} id
 */
function free(id) {
  if (id !== asked) return;
  busy = false;
  readNext();
}

// ---- what is shown

/** @param {Answer | null} got */
function show(got) {
  answer = got;
  const marks = got?.marks ?? [], shown = marks.filter(({ state }) => state !== "rejected");
  if (!marks.some(({ id }) => id === selected)) selected = shown[0]?.id ?? null;
  paint();
  if (!got) return;
  const text = textOf(got), unsure = shown.filter(({ state }) => state === "unsure");
  get("copy").toggleAttribute("disabled", text === "");
  if (text) tell("found", { text: text.replaceAll("\n", " / ") });
  else if (unsure.length) tell("unsure", { text: unsure.map(({ label, runnerUp }) => `${label}?${runnerUp ?? ""}`).join(" ") });
  else if (how === "drawing" && drawing.isEmpty) tell("nothingDrawing");
  else tell(how === "camera" ? "nothingCamera" : "nothing");
}

/** Draw again what is known: after an answer, a choice, a change of size or language. */
function paint() {
  drawBoxes(boxes, answer, selected, how === "camera" && camera.isFront);
  showLines(get("lines"), answer, selected, choose);
  showMark(inspector, answer?.marks.find(({ id }) => id === selected) ?? null, labels);
}

/** @param {number} id */
function choose(id) {
  selected = id;
  paint();
}

/** @param {Answer} read */
function textOf(read) {
  return read.lines.map(({ text }) => text).join("\n");
}

/**
 * Say something in the status line; what it says already is not said again, so that screen readers stay quiet.
 * @param {Word} word
 * @param {Record<string, string>} values
 * @param {boolean} problem
 */
function tell(word, values = {}, problem = false) {
  if (failed) return;
  told = [word, values, problem];
  const text = say(word, values);
  statusLine.classList.toggle("problem", problem);
  if (statusLine.textContent !== text) statusLine.textContent = text;
}

/**
 * @param {Word} word
 * @param {Record<string, string>} values
 */
function fail(word, values) {
  tell(word, values, true);
  failed = true;
}

/**
 * @param {Word | ""} word
 */
function showHint(word) {
  hint.hidden = word === "";
  hint.dataset.word = word;
  if (word) hint.textContent = say(word);
  else hint.removeAttribute("data-word");
}

// ---- the three inputs

const camera = new Camera(
  /** @type {HTMLVideoElement} */ (get("video")),
  (video, time) => read(() => createImageBitmap(video), "camera", time),
  () => stopCamera("cameraLost"),
);

async function startCamera(device = "") {
  tell("cameraStarting");
  showHint("cameraStarting");
  get("start").toggleAttribute("disabled", true);
  try {
    worker?.postMessage({ kind: "forget" });
    await camera.start(device);
    if (!camera.stream || how !== "camera") return camera.stop();
    showHint("");
    get("video").hidden = get("stop").hidden = false;
    get("start").hidden = true;
    stage.classList.toggle("front", camera.isFront);
    await listCameras();
  } catch (error) {
    const { word, message } = error instanceof CameraError ? error : new CameraError("cameraProblem", String(error));
    stopCamera(word, message);
  } finally {
    get("start").toggleAttribute("disabled", false);
  }
}

/**
 * @param {Word | ""} why
 * @param {string} problem
 */
function stopCamera(why = "", problem = "") {
  camera.stop();
  waiting = null;
  show(null);
  get("video").hidden = get("stop").hidden = true;
  get("start").hidden = false;
  if (how !== "camera") return;
  if (why) tell(why, { problem }, true);
  else tell("nothingCamera");
  showHint(why || "cameraNote");
  if (why) hint.textContent = say(why, { problem });
}

async function listCameras() {
  const { current, cameras } = await camera.devices();
  const choice = /** @type {HTMLSelectElement} */ (get("device"));
  choice.replaceChildren(...cameras.map(({ deviceId, label }, number) => new Option(label || `${say("camera")} ${number + 1}`, deviceId)));
  choice.value = current;
  get("devices").hidden = cameras.length < 2;
}

const drawing = new Drawing(/** @type {HTMLCanvasElement} */ (get("drawing")), readDrawing);

function readDrawing() {
  showHint(drawing.isEmpty ? "nothingDrawing" : "");
  const { canvas } = drawing;
  read(() => createImageBitmap(canvas, { resizeWidth: 384, resizeHeight: 288, resizeQuality: "medium" }), "drawing");
}

/** @type {ImageBitmap | HTMLImageElement | null} */
let picture = null;
let quarters = 0; // turned clockwise
const LARGEST = 12e6; // pixels of a photo: some browsers refuse larger canvases

/**
 * @param {Blob} file
 * @param {Word} note
 */
async function openPhoto(file, note = "photoNote") {
  try {
    picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    if (how !== "photo") {
      picture = null; // what was read before would hide the message
      photo.width = 640;
      chooseInput("photo");
    }
    return tell("photoProblem", {}, true);
  }
  quarters = 0;
  photoNote.dataset.word = note;
  photoNote.textContent = say(note);
  if (how === "photo" || note !== "sample") chooseInput("photo"); // a late sample takes nobody's drawing away
}

function readPhoto() {
  if (!picture) return;
  const sideways = quarters % 2 === 1, { width, height } = picture;
  const scale = Math.min(1, Math.sqrt(LARGEST / (width * height))), size = [Math.round(width * scale), Math.round(height * scale)];
  [photo.width, photo.height] = sideways ? [size[1], size[0]] : size;
  const context = /** @type {CanvasRenderingContext2D} */ (photo.getContext("2d"));
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, photo.width, photo.height);
  context.translate(photo.width / 2, photo.height / 2);
  context.rotate((quarters * Math.PI) / 2);
  context.drawImage(picture, -size[0] / 2, -size[1] / 2, size[0], size[1]);
  show(null);
  tell(ready ? "reading" : "loading");
  read(() => createImageBitmap(photo), "photo");
}

/** @param {How} next */
function chooseInput(next) {
  if (how === "camera" && next !== "camera") stopCamera();
  how = next;
  waiting = null;
  for (const tab of tabs) {
    tab.setAttribute("aria-selected", String(tab.dataset.how === next));
    tab.tabIndex = tab.dataset.how === next ? 0 : -1;
  }
  stage.setAttribute("aria-labelledby", `tab-${next}`);
  stage.className = next === "drawing" ? "drawing" : "choosing";
  for (const part of document.querySelectorAll("[data-for]")) {
    /** @type {HTMLElement} */ (part).hidden = part.getAttribute("data-for") !== next;
  }
  get("drawing").hidden = next !== "drawing";
  photo.hidden = next !== "photo";
  showHint("");
  show(null);
  if (next === "camera") stopCamera();
  if (next === "drawing") readDrawing();
  if (next === "photo") readPhoto();
}

for (const tab of tabs) {
  tab.addEventListener("click", () => chooseInput(/** @type {How} */ (tab.dataset.how)));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
    next.focus();
    next.click();
  });
}
get("start").addEventListener("click", () => startCamera());
get("stop").addEventListener("click", () => stopCamera());
get("device").addEventListener("change", ({ target }) => startCamera(/** @type {HTMLSelectElement} */ (target).value));
get("undo").addEventListener("click", () => drawing.undo());
get("clear").addEventListener("click", () => drawing.clear());
get("open").addEventListener("click", () => get("file").click());
get("turn").addEventListener("click", () => {
  quarters = (quarters + 1) % 4;
  readPhoto();
});
get("file").addEventListener("change", ({ target }) => {
  const input = /** @type {HTMLInputElement} */ (target), file = input.files?.[0];
  if (file) openPhoto(file);
  input.value = "";
});
addEventListener("paste", (event) => {
  const file = event.clipboardData?.files[0];
  if (file) openPhoto(file);
});
for (const kind of ["dragover", "dragleave", "drop"]) {
  addEventListener(kind, (event) => {
    event.preventDefault();
    stage.classList.toggle("over", kind === "dragover");
    const file = kind === "drop" ? /** @type {DragEvent} */ (event).dataTransfer?.files[0] : null;
    if (file) openPhoto(file);
  });
}
boxes.addEventListener("click", (event) => {
  const { left, top, width, height } = boxes.getBoundingClientRect();
  const mark = answer && markAt(answer, { width, height }, event.clientX - left, event.clientY - top, how === "camera" && camera.isFront);
  if (mark) choose(mark.id);
});
get("copy").addEventListener("click", async () => {
  if (!answer) return;
  const text = textOf(answer);
  try {
    await navigator.clipboard.writeText(text);
    tell("copied");
  } catch {
    tell("copyProblem", {}, true);
  }
});
get("language").addEventListener("click", () => {
  switchLanguage();
  get("lines").dataset.signature = "";
  statusLine.textContent = say(told[0], told[1]);
  paint();
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden && camera.stream) stopCamera("cameraPaused");
});
new ResizeObserver(paint).observe(stage);

// ---- `?stats`: how long each step takes

const stats = get("stats");
/** @type {number[]} */
const ends = [];
stats.hidden = !new URLSearchParams(location.search).has("stats");

/**
 * @param {number} start
 * @param {Record<string, number>} steps
 */
function countFrame(start, steps) {
  const now = performance.now();
  ends.push(now);
  while (ends[0] < now - 2000) ends.shift();
  performance.measure(`inklens ${how}`, { start, end: now, detail: steps });
  performance.clearMeasures();
  if (stats.hidden) return;
  const rows = Object.entries({ ...steps, "with transfer": now - start });
  const rate = ends.length > 1 ? ((ends.length - 1) * 1000) / (now - ends[0]) : 0;
  stats.textContent = [...rows.map(([name, ms]) => `${name.padEnd(14)}${ms.toFixed(1).padStart(7)} ms`), `${"pictures".padEnd(14)}${rate.toFixed(1).padStart(7)} /s`].join("\n");
}

// ---- start

fetch("sample.png")
  .then((response) => response.blob())
  .then((blob) => picture ?? openPhoto(blob, "sample"))
  .catch(() => {});
if ("serviceWorker" in navigator) navigator.serviceWorker.register("sw.js").catch(() => {});
