/**
 * The panel beside the picture: what it says, digit by digit, and how the network sees a chosen one.
 * @module
 */

import { percent, say } from "./words.js";

/** @typedef {import("./worker.js").Answer} Answer */
/** @typedef {import("./worker.js").Shown} Shown */

/**
 * Show the lines of an answer as buttons; they are made anew only where something changed, so that focus stays.
 * @param {HTMLElement} place
 * @param {Answer | null} answer
 * @param {number | null} selected
 * @param {(id: number) => void} choose
 */
export function showLines(place, answer, selected, choose) {
  const lines = answer ? linesOf(answer) : [];
  const signature = JSON.stringify(lines.map((line) => line.map(({ mark, apart }) => [mark.id, mark.label, mark.state, apart])));
  if (place.dataset.signature !== signature) {
    const focused = place.contains(document.activeElement) ? document.activeElement?.getAttribute("data-id") : null;
    place.dataset.signature = signature;
    place.replaceChildren(
      ...lines.map((line) => {
        const row = document.createElement("div");
        row.append(...line.map(({ mark, apart }) => digitButton(mark, apart, choose)));
        return row;
      }),
    );
    if (focused) /** @type {HTMLElement | null} */ (place.querySelector(`[data-id="${focused}"]`))?.focus();
  }
  for (const { mark } of lines.flat()) {
    const button = place.querySelector(`[data-id="${mark.id}"]`);
    button?.setAttribute("aria-pressed", String(mark.id === selected));
    button?.setAttribute("aria-label", describe(mark));
  }
}

/**
 * The marks of each line, `apart` where a space stands before; then those of doubt that stand in no line.
 * @param {Answer} answer
 */
function linesOf({ marks, lines }) {
  const rows = lines.map(({ text, marks: places }) => {
    let at = 0;
    return places.map((place) => {
      const apart = text[at] === " ";
      at += (apart ? 1 : 0) + (marks[place].label ?? "").length;
      return { mark: marks[place], apart };
    });
  });
  const told = new Set(lines.flatMap((line) => line.marks));
  const doubted = marks.filter(({ state }, place) => state === "unsure" && !told.has(place));
  return doubted.length ? [...rows, doubted.map((mark) => ({ mark, apart: false }))] : rows;
}

/**
 * @param {Shown} mark
 * @param {boolean} apart
 * @param {(id: number) => void} choose
 */
function digitButton(mark, apart, choose) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = mark.label;
  button.className = `${mark.state}${apart ? " apart" : ""}`;
  button.dataset.id = String(mark.id);
  button.addEventListener("click", () => choose(mark.id));
  return button;
}

/** @param {Shown} mark */
function describe({ label, state, runnerUp, confidence }) {
  if (label === null) return say("rejected");
  const word = state === "unsure" && runnerUp ? "markUnsure" : "mark";
  return say(word, { label, other: runnerUp ?? "", percent: percent(confidence) });
}

/**
 * Show a mark as the network sees it: its 28 × 28 pixels enlarged, and how likely each label is.
 * @param {HTMLElement} inspector
 * @param {Shown | null} mark
 * @param {string[]} labels
 */
export function showMark(inspector, mark, labels) {
  const picture = mark?.picture;
  inspector.classList.toggle("empty", !picture);
  if (!mark || !picture) return;
  const canvas = /** @type {HTMLCanvasElement} */ (inspector.querySelector("canvas"));
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = context.createImageData(28, 28), pixels = new Uint32Array(image.data.buffer);
  picture.forEach((grey, place) => (pixels[place] = 0xff000000 + 0x10101 * grey));
  context.putImageData(image, 0, 0);
  const list = /** @type {HTMLElement} */ (inspector.querySelector("ul"));
  const names = [...labels, say("none")];
  if (list.childElementCount !== names.length) list.replaceChildren(...names.map(() => bar()));
  names.forEach((name, index) => {
    const [label, meter, value] = list.children[index].children, text = percent(mark.probabilities[index]);
    if (label.textContent !== name) {
      label.textContent = name; // what stays needs no new layout, frame after frame
      meter.setAttribute("aria-label", name);
    }
    if (value.textContent !== text) {
      value.textContent = text;
      /** @type {HTMLMeterElement} */ (meter).value = mark.probabilities[index];
    }
  });
}

function bar() {
  const row = document.createElement("li");
  row.append(...["span", "meter", "span"].map((name) => document.createElement(name)));
  return row;
}
