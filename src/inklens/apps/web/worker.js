/**
 * Reads pictures away from the page's own thread: `app.js` sends one at a time and gets what is on it.
 * @module
 */

import { findMarks } from "./find.js";
import { findStrings, joinStrings } from "./order.js";
import { prepareMark } from "./prepare.js";
import { arrange, nameMarks, readPage } from "./read.js";
import { loadReader } from "./reader.js";
import { SteadyLabels } from "./steady.js";
import { drawingViews, views } from "./views.js";
// what those import is named here too, so that all are fetched at once
import "./judge.js";
import "./network.js";
import "./resize.js";

/** @typedef {import("./resize.js").Grey} Grey */
/** @typedef {import("./reader.js").Reader} Reader */
/** @typedef {import("./prepare.js").Box} Box */
/** @typedef {"camera" | "drawing" | "photo"} How */
/**
 * What is shown of a mark. `state`: `rejected` marks are no digit. `picture`: what the classifier saw, [28][28].
 * @typedef {{id: number, box: number[], state: "committed" | "unsure" | "rejected", label: string | null,
 *   confidence: number, runnerUp: string | null, probabilities: number[], picture: Uint8Array | null}} Shown
 * @typedef {{width: number, height: number, marks: Shown[], lines: {text: string, marks: number[]}[]}} Answer
 */
/**
 * A picture to read. `time`: in seconds. `selected`: the id of the mark whose picture is wanted, in a video.
 * @typedef {{id: number, picture: ImageBitmap, how: How, time: number, selected: number | null}} Asked
 */

const FRAME = [640, 480]; // longer and shorter side of a camera frame, in pixels
const DRAWING = [384, 288]; // of a drawing
const UNSURE = 0.9; // confidence below which a mark of a photo or drawing is shown with its runner-up

const canvas = new OffscreenCanvas(1, 1);
const context = canvas.getContext("2d", { willReadFrequently: true });
/** @type {Reader | null} */
let reader = null;
/** @type {SteadyLabels | null} */
let steady = null;

addEventListener("message", ({ data }) => {
  if (data.kind === "open") open(data.parts);
  if (data.kind === "forget" && reader) steady = new SteadyLabels(reader.labels.length);
  if (data.kind !== "read") return;
  try {
    const { answer, steps } = read(data);
    postMessage({ kind: "answer", id: data.id, answer, steps });
  } catch (error) {
    postMessage({ kind: "problem", id: data.id, message: String(error instanceof Error ? error.message : error) });
  }
});

/** @param {[ArrayBuffer, ArrayBuffer, ArrayBuffer]} parts kernels, locator, classifier */
async function open(parts) {
  try {
    reader = await loadReader(...parts);
    steady = new SteadyLabels(reader.labels.length);
    postMessage({ kind: "ready", labels: reader.labels });
  } catch (error) {
    postMessage({ kind: "failed", message: String(error instanceof Error ? error.message : error) });
  }
}

/**
 * @param {Asked} asked
 * @returns {{answer: Answer, steps: Record<string, number>}}
 */
function read(asked) {
  if (!reader) throw new Error("the networks are not loaded yet");
  reader.spent = { locate: 0, classify: 0 };
  const start = performance.now();
  const page = takeGrey(asked, reader.locator.runtime.luma);
  const grey = performance.now();
  const answer = asked.how === "camera" ? readFrame(page, reader, asked) : readWhole(page, reader, asked.how);
  const end = performance.now(), { locate, classify } = reader.spent;
  const steps = { grey: grey - start, locate, classify, rest: end - grey - locate - classify, total: end - start };
  return { answer, steps };
}

/**
 * The picture's grey as page: a frame or a drawing at the size that it is looked at, a photo at its own.
 * @param {Asked} asked
 * @param {import("./network.js").Runtime["luma"]} luma
 * @returns {Grey}
 */
function takeGrey({ picture, how }, luma) {
  if (!context) throw new Error("this browser gives no 2D canvas to workers");
  const [long, short] = how === "camera" ? FRAME : DRAWING;
  const { width: wide, height: high } = picture;
  const scale = how === "photo" ? 1 : Math.min(long / Math.max(wide, high), short / Math.min(wide, high));
  const width = Math.max(1, Math.round(wide * scale)), height = Math.max(1, Math.round(high * scale));
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  context.fillStyle = "white"; // what shines through transparent pictures
  context.fillRect(0, 0, width, height);
  context.drawImage(picture, 0, 0, width, height);
  picture.close();
  return { width, height, data: luma(context.getImageData(0, 0, width, height).data) };
}

/**
 * @param {Grey} page
 * @param {Reader} known
 * @param {How} how
 * @returns {Answer}
 */
function readWhole(page, known, how) {
  const { width, height } = page;
  const reading = how === "photo"
    ? readPage(page, known)
    : arrange(nameMarks(page, findMarks(page, known.locate, known.locatorContract, drawingViews(width, height)), known), width, height);
  const marks = [...reading.marks, ...reading.rejected].map(
    ({ box, label, confidence, alternatives, probabilities, picture }, id) => ({
      id,
      box,
      label,
      state: /** @type {Shown["state"]} */ (label === null ? "rejected" : confidence < UNSURE ? "unsure" : "committed"),
      confidence,
      runnerUp: alternatives[0]?.[0] ?? null,
      probabilities,
      picture,
    }),
  );
  return { width, height, marks, lines: reading.lines };
}

/**
 * @param {Grey} page
 * @param {Reader} known
 * @param {Asked} asked
 * @returns {Answer}
 */
function readFrame(page, known, { id: number, time, selected }) {
  const found = findMarks(page, known.locate, known.locatorContract, views(page.width, page.height, false));
  postMessage({ kind: "soon", id: number }); // the next frame comes while the rest is done
  const seen = nameMarks(page, found, known);
  const followed = (steady ??= new SteadyLabels(known.labels.length)).update(time, seen);
  const marks = followed
    .filter(({ state }) => state !== "searching")
    .map(({ id, box, state, label, confidence, runnerUp, mean }) => ({
      id,
      box,
      state: /** @type {Shown["state"]} */ (state),
      label: label === null ? null : known.labels[label],
      confidence,
      runnerUp: runnerUp === null ? null : known.labels[runnerUp],
      probabilities: mean,
      picture: id === selected ? prepareMark(page, /** @type {Box} */ (box.map(Math.round))) : null,
    }));
  const sure = marks.map((_, index) => index).filter((index) => marks[index].state === "committed");
  const labels = sure.map((index) => marks[index].label ?? "");
  const lines = findStrings(sure.map((index) => /** @type {Box} */ (marks[index].box.map(Math.round)))).map((strings) => ({
    text: joinStrings(strings, labels),
    marks: strings.flat().map((place) => sure[place]),
  }));
  return { width: page.width, height: page.height, marks, lines };
}
