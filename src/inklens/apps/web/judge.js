/**
 * Judging a mark: what the locator and the classifier think of one place, brought together.
 * @module
 */

/** @typedef {import("./find.js").Found} Found */
/**
 * Something found on a page. `label` is null for what is no digit (or no symbol of the classifier). `confidence`:
 * 0 to 1, that the label is right; for a rejected mark, of the likeliest label. `alternatives`: the next likeliest
 * labels with their probabilities. `probabilities`: each label's, then none's.
 * @typedef {{box: import("./prepare.js").Box, label: string | null, confidence: number,
 *   alternatives: [string, number][], probabilities: number[]}} Mark
 * @typedef {{labels: string[], none: string | null, threshold: number}} ClassifierContract
 */

const DIGITS = "0,1,2,3,4,5,6,7,8,9";
const ALTERNATIVES = 3; // runners-up that are told
const LEAST = 0.01; // probability of the least that is told
const SURE = 0.4; // of the locator, for a classifier that cannot say none
const SHIFT = 1.6, DOUBT = 1e-6, SMALLEST = 14, BESIDE = 0.6, ALIKE = 7; // judge.py says what for

/**
 * Judge all marks of a page, in their order: those that stand beside an accepted one are doubted less.
 * @param {Found[]} found
 * @param {ArrayLike<number>[]} answers
 * @param {ClassifierContract} contract
 * @returns {Mark[]}
 */
export function judgePage(found, answers, contract) {
  const marks = found.map((one, index) => judge(one, answers[index], contract));
  const accepted = marks.filter(({ label }) => label !== null);
  return marks.map((mark, index) =>
    mark.label === null && accepted.some(({ box }) => isBeside(mark.box, box)) ? judge(found[index], answers[index], contract, BESIDE) : mark,
  );
}

/**
 * Whether two marks may be digits of one number.
 * @param {number[]} one
 * @param {number[]} two
 */
function isBeside([x0, y0, x1, y1], [left, top, right, bottom]) {
  const low = Math.min(y1 - y0, bottom - top, Math.min(y1, bottom) - Math.max(y0, top)), high = Math.max(y1 - y0, bottom - top);
  return 10 * low >= ALIKE * high && Math.max(x0, left) - Math.min(x1, right) <= high;
}

/**
 * How probable each of the ten digits is in one place, by both networks.
 * @param {Found} found
 * @param {number[]} names
 * @param {number} none
 */
function pool({ box: [x0, y0, x1, y1], sure, names: theirs }, names, none) {
  const ours = oddsOf(1 - none), area = Math.min(1, Math.max(x1 - x0, y1 - y0) / SMALLEST) ** 2;
  const odds = SHIFT * Math.sqrt(ours * Math.sqrt(ours) * oddsOf(sure)) * area * area * area * area;
  const shares = names.map((name, index) => (name + DOUBT) * Math.sqrt(Math.sqrt(theirs[index] + DOUBT)));
  const whole = shares.reduce((sum, share) => sum + share, 0);
  return shares.map((share) => ((odds / (1 + odds)) * share) / whole);
}

/** @param {number} p */
function oddsOf(p) {
  p = Math.min(Math.max(p, DOUBT), 1 - DOUBT);
  return p / (1 - p);
}

/**
 * Bring the two networks' opinions of one place together, as judge.py; `answer` is the classifier's.
 * @param {Found} found
 * @param {ArrayLike<number>} answer
 * @param {ClassifierContract} contract
 * @returns {Mark}
 */
export function judge(found, answer, contract, share = 1) {
  const labels = contract.labels.filter((label) => label !== contract.none), none = contract.labels.indexOf(contract.none ?? "");
  let names = Array.from(answer).filter((_, index) => index !== none);
  let accepted = Math.max(...names) >= contract.threshold && found.sure >= SURE;
  if (none >= 0 && labels.join() === DIGITS) {
    names = pool(found, names, answer[none]);
    accepted = Math.max(...names) >= contract.threshold * share;
  } else {
    names = names.map((name) => name * found.sure);
  }
  const some = names.reduce((sum, name) => sum + name, 0);
  const order = names.map((_, index) => index).sort((one, two) => names[two] - names[one] || one - two);
  return {
    box: found.box,
    label: accepted ? labels[order[0]] : null,
    confidence: names[order[0]],
    alternatives: order
      .slice(1, 1 + ALTERNATIVES)
      .filter((index) => names[index] >= LEAST)
      .map((index) => [labels[index], names[index]]),
    probabilities: [...names, Math.max(0, 1 - some)],
  };
}
