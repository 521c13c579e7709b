/**
 * Reading a page: the digits on it, where they are, how sure that is, and what they say line by line.
 * @module
 */

import { findMarks } from "./find.js";
import { judgePage } from "./judge.js";
import { findStrings, joinStrings } from "./order.js";
import { prepareMark } from "./prepare.js";
import { views } from "./views.js";

/** @typedef {import("./resize.js").Grey} Grey */
/** @typedef {import("./find.js").Found} Found */
/** @typedef {import("./judge.js").Mark & {picture: Uint8Array}} Mark with what the classifier saw, [28][28] */
/** @typedef {import("./reader.js").Reader} Reader */
/**
 * A line of a page: its text, and the indices of its marks from left to right.
 * @typedef {{text: string, marks: number[]}} Line
 */
/**
 * What a page says: accepted marks in reading order, its lines, and what was found but rejected.
 * @typedef {{width: number, height: number, marks: Mark[], lines: Line[], rejected: Mark[]}} Reading
 */

/**
 * Read the digits on a page.
 *
 * `closer`: look at it at several sizes, as photos and scans need; a camera frame is looked at once.
 * @param {Grey} page
 * @param {Reader} reader
 * @param {boolean} closer
 * @returns {Reading}
 */
export function readPage(page, reader, closer = true) {
  const found = findMarks(page, reader.locate, reader.locatorContract, views(page.width, page.height, closer));
  return arrange(nameMarks(page, found, reader), page.width, page.height);
}

/**
 * A reading of marks in any order: the accepted ones in reading order, with their lines.
 * @param {Mark[]} marks
 * @param {number} width
 * @param {number} height
 * @returns {Reading}
 */
export function arrange(marks, width, height) {
  const accepted = marks.filter((mark) => mark.label !== null);
  const lines = findStrings(accepted.map((mark) => mark.box)), ordered = lines.flat(2);
  const labels = accepted.map((mark) => mark.label ?? "");
  return {
    width,
    height,
    marks: ordered.map((index) => accepted[index]),
    lines: lines.map((strings) => ({
      text: joinStrings(strings, labels),
      marks: strings.flat().map((index) => ordered.indexOf(index)),
    })),
    rejected: marks.filter((mark) => mark.label === null),
  };
}

/**
 * Ask the classifier about every place that the locator found.
 * @param {Grey} page
 * @param {Found[]} found
 * @param {Reader} reader
 * @returns {Mark[]}
 */
export function nameMarks(page, found, reader) {
  const pictures = found.map((mark) => prepareMark(page, mark.box));
  const marks = judgePage(found, reader.classify(pictures), reader.classifierContract);
  return marks.map((mark, index) => ({ ...mark, picture: pictures[index] }));
}
