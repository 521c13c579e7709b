// The steps of reading answer as Python's do, on the golden vectors that Python, Swift and JavaScript share.

import assert from "node:assert/strict";
import { test } from "node:test";
import { CHANNELS, decode, settle } from "../../src/inklens/apps/web/find.js";
import { judge, judgePage } from "../../src/inklens/apps/web/judge.js";
import { findStrings, joinStrings } from "../../src/inklens/apps/web/order.js";
import { prepareMark, widen } from "../../src/inklens/apps/web/prepare.js";
import { resize } from "../../src/inklens/apps/web/resize.js";
import { SteadyLabels } from "../../src/inklens/apps/web/steady.js";
import { fitPage, look, views } from "../../src/inklens/apps/web/views.js";
import { checksum, makeFrame, Numbers, vectors } from "./frames.mjs";

const rounded = (value, digits = 6) => Number(value.toFixed(digits));

test("frames are made alike", () => {
  for (const { seed, width, height, crc } of vectors("frames")) {
    assert.equal(checksum(makeFrame(seed, width, height).data), crc, `frame ${seed}`);
  }
});

test("resized pages have the same pixels", () => {
  for (const { seed, width, height, to, crc } of vectors("resize")) {
    assert.equal(checksum(resize(makeFrame(seed, width, height), ...to).data), crc, `frame ${seed}`);
  }
});

test("prepared marks have the same pixels", () => {
  for (const { seed, width, height, box, crc, pixels } of vectors("prepare")) {
    const mark = prepareMark(makeFrame(seed, width, height), box);
    if (pixels) assert.deepEqual([...mark], pixels, `frame ${seed}`);
    assert.equal(checksum(mark), crc, `frame ${seed}`);
  }
});

test("boxes are widened by the same strokes", () => {
  for (const { seed, width, height, box, wider } of vectors("widen")) {
    assert.deepEqual(widen(makeFrame(seed, width, height), box), wider, `frame ${seed}`);
  }
});

test("pages are looked at in the same views", () => {
  for (const { width, height, views: expected } of vectors("views")) {
    assert.deepEqual(views(width, height).map(Object.values), expected, `${width} × ${height}`);
  }
});

test("the locator's pictures have the same pixels", () => {
  for (const { seed, width, height, picture, crc } of vectors("look")) {
    const shown = look(makeFrame(seed, width, height), fitPage(width, height));
    assert.deepEqual([shown.width, shown.height, checksum(shown.data)], [...picture, crc], `frame ${seed}`);
  }
});

test("maps decode to the same marks, and the same of them stay", () => {
  for (const { seed, rows, columns, page, view, peak, overlap, found, settled } of vectors("find")) {
    const numbers = new Numbers(seed), cells = rows * columns, stored = 16, data = new Float32Array(cells * stored);
    numbers.next(), numbers.next(); // the first two decided on rows and columns
    for (let channel = 0; channel < CHANNELS.length; channel++) {
      for (let cell = 0; cell < cells; cell++) {
        const value = (numbers.next() - 32768) / 8192;
        data[cell * stored + channel] = channel >= 1 && channel < 5 ? value / 4 : value;
      }
    }
    const [width, height] = page;
    const marks = decode({ data, width: columns, height: rows, stored }, views(width, height)[view], peak, { width, height });
    const shown = marks.map(({ box, sure, names }) => ({ box, sure: rounded(sure), names: [...names].map((name) => rounded(name)) }));
    assert.deepEqual(shown, found, `maps ${seed}`);
    assert.deepEqual(settle(marks, overlap).map(({ box }) => box), settled, `maps ${seed}`);
  }
});

test("marks are judged alike", () => {
  vectors("judge").forEach(({ labels, none, threshold, answer, sure, names, ...expected }, number) => {
    const found = { box: [1, 2, 11, 22], sure, names: Float32Array.from(names), scale: 1 };
    const mark = judge(found, answer, { labels, none, threshold });
    const close = (one, two) => assert.ok(Math.abs(one - two) < 2e-6, `vector ${number}: ${one} is not ${two}`);
    assert.equal(mark.label, expected.label);
    close(mark.confidence, expected.confidence);
    assert.deepEqual(mark.alternatives.map(([label]) => label), expected.alternatives.map(([label]) => label));
    mark.alternatives.forEach(([, share], place) => close(share, expected.alternatives[place][1]));
  });
});

test("marks beside accepted ones are doubted less", () => {
  for (const { threshold, marks, labels } of vectors("beside")) {
    const row = (length, values) => Array.from({ length }, (_, index) => values[index] ?? 0);
    const found = marks.map(({ box, sure, digit }) => ({ box, sure, names: row(10, { [digit]: 1 }), scale: 1 }));
    const answers = marks.map(({ digit, share }) => Float32Array.from(row(11, { [digit]: share, 10: 1 - share })));
    const contract = { labels: [..."0123456789", "none"], none: "none", threshold };
    assert.deepEqual(judgePage(found, answers, contract).map(({ label }) => label), labels);
  }
});

test("sheets are read as a person reads them", () => {
  for (const { name, boxes, labels, texts, strings } of vectors("order")) {
    const found = findStrings(boxes);
    assert.deepEqual(found, strings, name);
    assert.deepEqual(found.map((line) => joinStrings(line, [...labels])), texts, name);
  }
});

test("marks of videos are told alike", () => {
  for (const { name, labels, frames } of vectors("steady")) {
    const steady = new SteadyLabels(labels);
    for (const { time, marks, shown } of frames) {
      const told = steady.update(time, marks).map(({ mean, ...mark }) => ({
        ...mark, box: mark.box.map((side) => rounded(side)), confidence: rounded(mark.confidence),
      }));
      assert.deepEqual(told, shown, `${name}, at ${time}`);
    }
  }
});
