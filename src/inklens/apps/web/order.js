/**
 * Reading order: which digits stand on a line, in which order lines are read, and which digits are one number.
 *
 * Step by step as order.py, which says how and why: whole numbers below 2^53 only, every tie settled by place.
 * @module
 */

/** @typedef {import("./prepare.js").Box} Box */
/**
 * A mark on the levelled page: its middle, twice, along and across the lines, and its size, in 1/256 pixel.
 * @typedef {{along: number, across: number, wide: number, high: number, number: number}} Placed
 */

const UNIT = 256, OFF = 4, OFF_ROWS = 4, USUAL = 50, WIDEST = 70, LIFT = 30, ROW = 7, STEPS = 2, WIDER = 10, APART = 25;

/**
 * @param {Box[]} boxes
 * @returns {number[][][]}
 */
export function findStrings(boxes) {
  if (boxes.length === 0) return [];
  const lines = orderLines(boxes), limit = findLimit(lines);
  return lines.map((line) => splitLine(line, limit).map((string) => string.map(({ number }) => number)));
}

/**
 * @param {number[][]} strings
 * @param {string[]} labels those of all marks, by their indices
 */
export function joinStrings(strings, labels) {
  return strings.map((string) => string.map((index) => labels[index]).join("")).join(" ");
}

/** @param {Box[]} boxes */
function orderLines(boxes) {
  const slope = refineSlope(boxes, findSlope(boxes));
  const ends = (/** @type {Placed[]} */ line) => line[0].across + line[line.length - 1].across;
  return splitColumns(level(boxes, slope)).flatMap((column) =>
    followLines(column).sort((one, two) => ends(one) - ends(two) || compare(one[0], two[0])),
  );
}

/** @param {Box[]} boxes */
function findSlope(boxes) {
  const middles = boxes.map(([x0, y0, x1, y1]) => [x0 + x1, y0 + y1]).sort(compareLists), votes = [0];
  middles.forEach(([x, y], place) => {
    /** @type {number[] | null} */
    let nearest = null;
    for (const [right, low] of middles.slice(place + 1)) {
      const dx = right - x, dy = low - y;
      if (nearest && dx * dx > nearest[0]) break;
      if (dx > 0 && 2 * Math.abs(dy) <= dx) {
        const way = [dx * dx + dy * dy, dy, dx];
        if (!nearest || compareLists(way, nearest) < 0) nearest = way;
      }
    }
    if (nearest) votes.push(Math.floor((2 * UNIT * nearest[1] + nearest[2]) / (2 * nearest[2])));
  });
  votes.sort((one, two) => one - two);
  const one = votes[(votes.length - 1) >> 1], two = votes[votes.length >> 1];
  return Math.abs(two) < Math.abs(one) ? two : one;
}

/**
 * @param {Box[]} boxes
 * @param {number} slope
 */
function refineSlope(boxes, slope) {
  let run = (2 * median(boxes.map((box) => box[3] - box[1]))) ** 2, rise = 0; // a height of level writing
  for (const line of followLines(level(boxes, slope))) {
    const first = boxes[line[0].number], last = boxes[line[line.length - 1].number];
    const dx = last[0] + last[2] - first[0] - first[2], dy = last[1] + last[3] - first[1] - first[3];
    [run, rise] = [run + dx * dx, rise + dx * dy];
  }
  return Math.floor((2 * UNIT * rise + run) / (2 * run));
}

/**
 * @param {Box[]} boxes
 * @param {number} slope
 * @returns {Placed[]}
 */
function level(boxes, slope) {
  return boxes
    .map(([x0, y0, x1, y1], number) => ({
      along: UNIT * (x0 + x1) + slope * (y0 + y1),
      across: UNIT * (y0 + y1) - slope * (x0 + x1),
      wide: UNIT * (x1 - x0),
      high: UNIT * (y1 - y0),
      number,
    }))
    .sort(compare);
}

/** @param {Placed[]} marks */
function splitColumns(marks) {
  const gutter = 2 * median(marks.map(({ high }) => high));
  /** @type {Placed[][]} */
  const strips = [];
  let end = 0;
  for (const mark of [...marks].sort((one, two) => one.along - one.wide - two.along + two.wide || compare(one, two))) {
    if (strips.length === 0 || mark.along - mark.wide - end > gutter) {
      strips.push([]);
      end = mark.along + mark.wide;
    }
    strips[strips.length - 1].push(mark);
    end = Math.max(end, mark.along + mark.wide);
  }
  /** @type {Placed[][]} */
  const columns = [];
  strips.forEach((strip, place) => {
    if (place > 0 && lineUp(strips[place - 1], strip)) columns[columns.length - 1].push(...strip);
    else columns.push([...strip]);
  });
  return columns.map((column) => column.sort(compare));
}

/**
 * @param {Placed[]} left
 * @param {Placed[]} right
 */
function lineUp(left, right) {
  let rows = 0, off = 0;
  for (const [here, there] of [[left, right], [right, left]]) {
    for (const mark of here) {
      const away = (/** @type {Placed} */ other) => Math.abs(other.across - mark.across);
      const other = there.reduce((best, one) => ((away(one) - away(best) || compare(one, best)) < 0 ? one : best));
      const high = mark.high + other.high;
      if (away(other) < high) rows += 1; // less than a height off; nothing stands beside the others
      if (high < OFF * away(other) && OFF * away(other) < OFF * high) off += 1;
    }
  }
  return OFF_ROWS * off <= rows;
}

/** @param {Placed[]} marks */
function followLines(marks) {
  /** @type {Placed[][]} */
  const lines = [];
  /** @type {Placed[]} the last mark of each line that is neither raised nor lowered */
  const references = [];
  for (const mark of marks) {
    let best = -1, least = 0;
    lines.forEach((line, place) => {
      const away = Math.abs(mark.across - references[place].across), last = line[line.length - 1];
      if (away > Math.max(mark.high, references[place].high) || (best >= 0 && away >= least)) return;
      // half of the narrower one, else it is stacked
      if (overlap(last, mark) <= Math.min(last.wide, mark.wide)) [best, least] = [place, away];
    });
    if (best < 0) {
      lines.push([mark]);
      references.push(mark);
    } else {
      lines[best].push(mark);
      if (4 * mark.high >= 3 * references[best].high) references[best] = mark;
    }
  }
  return lines;
}

/**
 * @param {Placed} one
 * @param {Placed} two
 */
function overlap(one, two) {
  return Math.min(one.along + one.wide, two.along + two.wide) - Math.max(one.along - one.wide, two.along - two.wide);
}

/** @param {[Placed, Placed]} neighbours */
function findGap([one, two]) {
  return Math.floor((-100 * overlap(one, two)) / (one.high + two.high));
}

/** @param {Placed[][]} lines */
function findLimit(lines) {
  const usual = lines.flatMap(pairs).map(findGap).filter((gap) => gap < USUAL);
  return usual.length ? Math.min(WIDEST, 20 + Math.floor((3 * median(usual)) / 2)) : WIDEST;
}

/**
 * @param {Placed[]} line
 * @param {number} limit
 */
function splitLine(line, limit) {
  if (isRow(line)) return line.map((mark) => [mark]);
  const strings = [[line[0]]];
  for (const [one, two] of pairs(line)) {
    const lifted = 100 * Math.abs(two.across - one.across) > 2 * LIFT * Math.max(one.high, two.high);
    if (lifted || findGap([one, two]) >= limit) strings.push([two]);
    else strings[strings.length - 1].push(two);
  }
  return strings;
}

/** @param {Placed[]} line */
function isRow(line) {
  if (line.length < ROW) return false;
  const neighbours = pairs(line), steps = neighbours.map(([one, two]) => two.along - one.along).sort((one, two) => one - two);
  const widest = steps[steps.length - 1 - Math.floor(steps.length / WIDER)];
  return widest <= STEPS * steps[0] && median(neighbours.map(findGap)) >= APART;
}

/**
 * @param {Placed[]} line
 * @returns {[Placed, Placed][]}
 */
function pairs(line) {
  return line.slice(1).map((two, place) => [line[place], two]);
}

/** @param {number[]} values */
function median(values) {
  return [...values].sort((one, two) => one - two)[values.length >> 1];
}

/**
 * @param {Placed} one
 * @param {Placed} two
 */
function compare(one, two) {
  return compareLists(Object.values(one), Object.values(two));
}

/**
 * @param {number[]} one
 * @param {number[]} two
 */
function compareLists(one, two) {
  const place = one.findIndex((value, index) => value !== two[index]);
  return place < 0 ? 0 : one[place] - two[place];
}
