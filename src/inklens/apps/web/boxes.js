/**
 * Boxes and labels over a picture.
 * @module
 */

/** @typedef {import("./worker.js").Answer} Answer */
/** @typedef {import("./worker.js").Shown} Shown */

/** On any picture: a line with a halo, a label on a plate. @type {Record<Shown["state"], {line: string, dash: number[]}>} */
const STYLES = {
  committed: { line: "#1f5fd0", dash: [] },
  unsure: { line: "#b45a00", dash: [6, 4] },
  rejected: { line: "#6d717a", dash: [2, 4] },
};

/**
 * Where a picture lies in a stage that shows it whole (`object-fit: contain`).
 * @param {{width: number, height: number}} picture
 * @param {{width: number, height: number}} stage
 */
export function fitInto(picture, stage) {
  const scale = Math.min(stage.width / picture.width, stage.height / picture.height);
  return {
    scale,
    left: (stage.width - picture.width * scale) / 2,
    top: (stage.height - picture.height * scale) / 2,
  };
}

/**
 * Draw the marks of an answer; none clears the canvas.
 * @param {HTMLCanvasElement} canvas
 * @param {Answer | null} answer
 * @param {number | null} selected
 * @param {boolean} mirrored
 */
export function drawBoxes(canvas, answer, selected, mirrored) {
  const { clientWidth: width, clientHeight: height } = canvas, ratio = devicePixelRatio || 1;
  const fine = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== fine[0] || canvas.height !== fine[1]) [canvas.width, canvas.height] = fine;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  if (!answer) return;
  const { scale, left, top } = fitInto(answer, { width, height });
  context.textBaseline = "middle";
  for (const mark of answer.marks) {
    const { line, dash } = STYLES[mark.state], [x0, y0, x1, y1] = mark.box;
    const x = left + scale * (mirrored ? answer.width - x1 : x0), y = top + scale * y0;
    const wide = scale * (x1 - x0), high = scale * (y1 - y0), strong = mark.id === selected;
    context.setLineDash([]);
    context.lineWidth = strong ? 6 : 4;
    context.strokeStyle = "rgb(255 255 255 / 80%)";
    context.strokeRect(x - 3, y - 3, wide + 6, high + 6);
    context.setLineDash(dash);
    context.lineWidth = strong ? 3.5 : 2;
    context.strokeStyle = line;
    context.strokeRect(x - 3, y - 3, wide + 6, high + 6);
    if (mark.label === null) continue;
    const text = mark.state === "unsure" && mark.runnerUp ? `${mark.label}?${mark.runnerUp}` : mark.label;
    const size = Math.min(Math.max(high * 0.24, 13), 24);
    context.font = `600 ${size}px system-ui, sans-serif`;
    const plate = context.measureText(text).width + 0.6 * size, above = y - 3 - 1.25 * size;
    context.fillStyle = line;
    context.fillRect(x - 4, Math.max(0, above), plate, 1.25 * size);
    context.fillStyle = "#ffffff";
    context.fillText(text, x - 4 + 0.3 * size, Math.max(0, above) + 0.66 * size);
  }
}

/**
 * The mark at a place of the stage, the smallest of several.
 * @param {Answer} answer
 * @param {{width: number, height: number}} stage
 * @param {number} x
 * @param {number} y
 * @param {boolean} mirrored
 */
export function markAt(answer, stage, x, y, mirrored) {
  const { scale, left, top } = fitInto(answer, stage), slack = 8 / scale;
  const column = mirrored ? answer.width - (x - left) / scale : (x - left) / scale, row = (y - top) / scale;
  const size = ({ box: [x0, y0, x1, y1] }) => (x1 - x0) * (y1 - y0);
  const inside = ({ box: [x0, y0, x1, y1] }) =>
    column >= x0 - slack && column <= x1 + slack && row >= y0 - slack && row <= y1 + slack;
  return answer.marks.filter(inside).sort((one, two) => size(one) - size(two))[0] ?? null;
}
