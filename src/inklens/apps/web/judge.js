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

const DIGITS = "0123456789";
const ALTERNATIVES = 3; // runners-up that are told
const LEAST = 0.01; // probability of the least that is told
const SURE = 0.4; // of the locator, for a classifier that cannot say none
const BESIDE = 0.6, ALIKE = 7; // judge.py says what for

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
 * Bring the two networks' opinions of one place together; `answer` is the classifier's.
 *
 * A classifier of digits with a none class and the locator count half each, but both must take a mark for a digit; another
 * classifier alone names what the locator found. Equally likely labels keep their order.
 * @param {Found} found
 * @param {ArrayLike<number>} answer
 * @param {ClassifierContract} contract
 * @returns {Mark}
 */
export function judge(found, answer, contract, share = 1) {
  const kept = contract.labels.map((_, index) => index).filter((index) => contract.labels[index] !== contract.none);
  let names = kept.map((index) => answer[index]);
  const labels = kept.map((index) => contract.labels[index]);
  const { sure, box: [x0, y0, x1, y1] } = found, likeliest = Math.max(...names);
  let accepted = likeliest >= contract.threshold && sure >= SURE;
  if (labels.join() === [...DIGITS].join() && contract.none !== null) {
    const proposed = names.map((_, index) => sure * found.names[index]);
    const large = Math.min(1, Math.max(x1 - x0, y1 - y0) / 14);
    accepted = Math.sqrt(likeliest * Math.max(...proposed)) * large >= contract.threshold * share;
    names = names.map((name, index) => (name + proposed[index]) / 2);
  } else {
    names = names.map((name) => name * sure);
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
