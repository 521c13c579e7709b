/**
 * The drawing canvas: strokes by finger, pen, mouse, or by pressing a digit's key.
 * @module
 */

/** @typedef {{x: number, y: number, width: number}} Point in pixels of the canvas */

const PEN = 30; // pixels of a mouse's line on a canvas 1280 wide: a felt pen on a postcard
const WRITTEN = { height: 300, step: 250, left: 70, top: 130, bottom: 60 }; // of digits written by key, in pixels

/** @type {Promise<[number, number][][][]> | null} the strokes of each digit, points in hundredths of its height */
let digits = null;

/** A canvas to draw on, with undo. */
export class Drawing {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {() => void} onChange called when a stroke ends, or goes away
   */
  constructor(canvas, onChange) {
    this.canvas = canvas;
    this.onChange = onChange;
    /** @type {Point[][][]} what one undo takes away: a stroke, or a digit's strokes */
    this.steps = [];
    /** @type {Map<number, Point[]>} the strokes being drawn, by pointer */
    this.open = new Map();
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    this.context.lineCap = this.context.lineJoin = "round";
    this.paint();
    canvas.addEventListener("pointerdown", (event) => this.begin(event));
    canvas.addEventListener("pointermove", (event) => this.go(event));
    canvas.addEventListener("pointerup", (event) => this.end(event));
    canvas.addEventListener("pointercancel", (event) => this.end(event));
    canvas.addEventListener("keydown", (event) => this.press(event));
  }

  get isEmpty() {
    return this.steps.length === 0 && this.open.size === 0;
  }

  /** @param {PointerEvent} event */
  begin(event) {
    if (event.button !== 0) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.open.set(event.pointerId, [this.point(event)]);
    this.paint();
  }

  /** @param {PointerEvent} event */
  go(event) {
    const stroke = this.open.get(event.pointerId);
    if (!stroke) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const one of events.length ? events : [event]) {
      const before = stroke[stroke.length - 1], point = this.point(one);
      stroke.push(point);
      this.line(before, point);
    }
  }

  /** @param {PointerEvent} event */
  end(event) {
    const stroke = this.open.get(event.pointerId);
    if (!stroke) return;
    this.open.delete(event.pointerId);
    this.steps.push([stroke]);
    this.onChange();
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (/^[0-9]$/.test(event.key)) this.write(Number(event.key));
    else if (event.key === "Backspace") this.undo();
    else if (event.key === "Delete") this.clear();
    else return;
    event.preventDefault();
  }

  /**
   * Write a digit where the next one belongs.
   * @param {number} digit
   */
  async write(digit) {
    digits ??= fetch("digits.json").then((response) => response.json());
    const strokes = (await digits)[digit];
    const { height, step, left, top, bottom } = WRITTEN, { width: wide, height: high } = this.canvas;
    const across = Math.floor((wide - left) / step), down = Math.floor((high - top) / (height + bottom));
    const place = this.steps.length % (across * down);
    const x0 = left + step * (place % across), y0 = top + (height + bottom) * Math.floor(place / across);
    this.steps.push(
      strokes.map((stroke) =>
        stroke.map(([x, y]) => ({ x: x0 + (x * height) / 100, y: y0 + (y * height) / 100, width: PEN })),
      ),
    );
    this.paint();
    this.onChange();
  }

  undo() {
    if (this.steps.pop()) this.change();
  }

  clear() {
    this.open.clear();
    if (this.steps.splice(0).length) this.change();
  }

  change() {
    this.paint();
    this.onChange();
  }

  /** @param {PointerEvent} event */
  point({ clientX, clientY, pointerType, pressure }) {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    // mice and most fingers say 0.5
    const press = pointerType === "pen" && pressure > 0 ? pressure : 0.5;
    return {
      x: ((clientX - left) / width) * this.canvas.width,
      y: ((clientY - top) / height) * this.canvas.height,
      width: PEN * (0.6 + 0.8 * press),
    };
  }

  /** Draw everything again. */
  paint() {
    this.context.fillStyle = "#ffffff";
    this.context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    for (const stroke of [...this.steps.flat(), ...this.open.values()]) {
      stroke.forEach((point, index) => this.line(stroke[Math.max(0, index - 1)], point));
    }
  }

  /**
   * @param {Point} from
   * @param {Point} to
   */
  line(from, to) {
    this.context.strokeStyle = "#14161c";
    this.context.lineWidth = (from.width + to.width) / 2;
    this.context.beginPath();
    this.context.moveTo(from.x, from.y);
    this.context.lineTo(to.x, to.y);
    this.context.stroke();
  }
}
