/**
 * Labels that hold still over the frames of a video: marks are followed, named once it is sure, and let go.
 *
 * The same steps in the same order run in Python and Swift. So there is nothing here but + - * / and comparisons of
 * doubles, every tie has one answer, and sums are taken in the order of their lists. All durations are in seconds and
 * all lengths in parts of a mark's longer side, so that 8 to 60 frames a second behave alike, and small marks like
 * large ones.
 * @module
 */

const LEARN = 0.2; // s in which half of what is believed of a mark comes from what was seen
const FADE = 0.3; // s in which half of it goes when nothing is seen
const LONGEST = 0.1; // s that one frame counts for at most, so that no two frames alone name a mark
const FORGOTTEN = 1.0; // s without a frame, after which the camera may look at anything
const SHOW = 0.5, HIDE = 0.25; // the mean probability of any label from which a mark shows, and below which not
const COMMIT = 0.65, KEEP = 0.2; // the label's part in it from which it is told, and below which a told one is doubted
const LEAD = 0.1; // by which another label must be likelier to be named first while in doubt
const GONE = 0.05; // the probability of any label below which an unseen mark is forgotten
const REACH = 0.5; // how far a mark may jump beyond the page's motion
const FARTHEST = 2.0, STAY = 2.0; // how far the page may jump, and how many marks must agree on a jump of 1
const ANCHORS = 8; // marks that the page's motion is told by; the oldest are the surest
const SETTLE = 0.2, NEAR = 0.06; // s in which half of a small step of a box is followed; larger ones are at once

/**
 * A mark in one frame: `box` x0, y0, x1, y1 in pixels, and the `probabilities` of the labels 0 to k - 1 and, last, of
 * none of them.
 * @typedef {{box: number[], probabilities: number[]}} Seen
 * @typedef {"searching" | "unsure" | "committed"} State
 */
/**
 * A mark that is followed over the frames. `id`: the same from frame to frame. `state`: nothing is to be drawn for
 * `searching`; `unsure` is drawn as doubt between `label` and `runnerUp`; `committed` as `label`. `label`: 0 to k - 1,
 * null while searching. `confidence`: the label's mean probability. `runnerUp`: the likeliest other label.
 * `justCommitted`: the label is told in this frame and was not the last one told of this mark. `mean`: of the labels'
 * probabilities and, last, none's.
 * @typedef {{id: number, box: number[], state: State, label: number | null, confidence: number,
 *   runnerUp: number | null, justCommitted: boolean, mean: number[]}} SteadyMark
 * @typedef {{id: number, box: number[], mean: number[], seen: boolean, state: State, label: number, told: number,
 *   justCommitted: boolean}} Track
 */

/** Follows the marks of a video with `labels` labels; `update` is called for each frame in turn. */
export class SteadyLabels {
  /** @param {number} labels */
  constructor(labels) {
    this.labels = labels;
    /** @type {Track[]} */
    this.tracks = [];
    /** @type {number | null} */
    this.time = null;
    this.next = 0;
  }

  /**
   * Take the marks of the frame at `time` in seconds, and tell what is to be shown, the oldest mark first.
   *
   * A time before the last one's, or more than a second after it, begins anew.
   * @param {number} time
   * @param {Seen[]} marks
   * @returns {SteadyMark[]}
   */
  update(time, marks) {
    for (const mark of marks) {
      if (mark.probabilities.length !== this.labels + 1) {
        throw new RangeError(
          `a mark has ${mark.probabilities.length} probabilities; expected ${this.labels + 1}: ` +
            `one for each of ${this.labels} labels and, last, one for none of them.`,
        );
      }
    }
    let step = LONGEST;
    if (this.time === null || time < this.time || time - this.time > FORGOTTEN) this.tracks = [];
    else if (time - this.time < LONGEST) step = time - this.time;
    this.time = time;
    this.move(marks, step);
    for (const track of this.tracks) judge(track);
    this.tracks = this.tracks.filter((track) => track.seen || (present(track) >= GONE && !this.isReplaced(track)));
    return this.tracks.map(show);
  }

  /**
   * Bring every track to its mark, those without one along with the page, and begin a track for each new mark.
   * @param {Seen[]} marks
   * @param {number} step
   */
  move(marks, step) {
    const pairs = match(this.tracks, marks, pageMotion(this.tracks, marks));
    for (const track of this.tracks) track.seen = false;
    const taken = marks.map(() => false);
    let across = 0, down = 0;
    for (const [number, place] of pairs) {
      const track = this.tracks[number], mark = marks[place], [x, y] = middle(track.box);
      follow(track.box, mark.box, step);
      learn(track.mean, mark.probabilities, step / (step + LEARN));
      across += middle(track.box)[0] - x;
      down += middle(track.box)[1] - y;
      track.seen = taken[place] = true;
    }
    const nothing = [...Array(this.labels).fill(0), 1];
    for (const track of this.tracks) {
      if (track.seen) continue;
      learn(track.mean, nothing, step / (step + FADE));
      if (pairs.length > 0) {
        const shift = [across / pairs.length, down / pairs.length];
        track.box = track.box.map((side, index) => side + shift[index % 2]);
      }
    }
    marks.forEach((mark, place) => {
      if (taken[place]) return;
      /** @type {Track} */
      const track = {
        id: this.next, box: [...mark.box], mean: [...nothing], seen: true, state: "searching", label: 0, told: -1,
        justCommitted: false,
      };
      learn(track.mean, mark.probabilities, step / (step + LEARN));
      this.tracks.push(track);
      this.next += 1;
    });
  }

  /**
   * Whether another mark, which is seen, has been named where this one was.
   * @param {Track} track
   */
  isReplaced(track) {
    return this.tracks.some((other) => other.seen && other.state === "committed" && coversHalf(other.box, track.box));
  }
}

/** @param {Track} track */
function present(track) {
  return 1 - track.mean[track.mean.length - 1];
}

/**
 * The shift in pixels, right and down, that brings the marks seen last closest to marks of this frame.
 *
 * One of the shifts from a track to a mark, or none; a far one must fit several marks. The first of equals.
 * @param {Track[]} tracks
 * @param {Seen[]} marks
 * @returns {[number, number]}
 */
function pageMotion(tracks, marks) {
  const anchors = tracks.filter((track) => track.seen).slice(0, ANCHORS);
  /** @type {[number, number]} */
  let motion = [0, 0];
  let most = support(anchors, marks, 0, 0);
  for (const track of anchors) {
    for (const mark of marks) {
      const [x0, y0] = middle(track.box), [x1, y1] = middle(mark.box);
      const across = x1 - x0, down = y1 - y0, size = (longer(track.box) + longer(mark.box)) / 2;
      const distance = across * across + down * down;
      if (distance < FARTHEST * FARTHEST * size * size) {
        const total = support(anchors, marks, across, down) - (STAY * distance) / (size * size);
        if (total > most) [motion, most] = [[across, down], total];
      }
    }
  }
  return motion;
}

/**
 * How closely marks lie to the anchors shifted: the sum of each one's closest, 0 to 2 each.
 * @param {Track[]} anchors
 * @param {Seen[]} marks
 * @param {number} across
 * @param {number} down
 */
function support(anchors, marks, across, down) {
  let total = 0;
  for (const track of anchors) {
    let most = 0;
    for (const mark of marks) most = Math.max(most, closeness(track, mark, across, down));
    total += most;
  }
  return total;
}

/**
 * Pairs of the numbers of a track and a mark, each once, the closest first; of equals the earlier track's first.
 * @param {Track[]} tracks
 * @param {Seen[]} marks
 * @param {[number, number]} motion
 * @returns {[number, number][]}
 */
function match(tracks, marks, motion) {
  /** @type {[number, number, number][]} */
  const pairs = [];
  tracks.forEach((track, number) =>
    marks.forEach((mark, place) => {
      const close = closeness(track, mark, ...motion);
      if (close > 0) pairs.push([-close, number, place]);
    }),
  );
  pairs.sort((one, two) => one[0] - two[0] || one[1] - two[1] || one[2] - two[2]);
  /** @type {[number, number][]} */
  const chosen = [];
  const usedTracks = new Set(), usedMarks = new Set();
  for (const [, number, place] of pairs) {
    if (usedTracks.has(number) || usedMarks.has(place)) continue;
    usedTracks.add(number);
    usedMarks.add(place);
    chosen.push([number, place]);
  }
  return chosen;
}

/**
 * How well a mark goes on a track shifted by so many pixels: 1 in the same place, up to 2 if its label agrees too; 0
 * out of reach or where one is twice as large as the other.
 * @param {Track} track
 * @param {Seen} mark
 * @param {number} across
 * @param {number} down
 */
function closeness(track, mark, across, down) {
  const one = longer(track.box), two = longer(mark.box);
  if (!(one < 2 * two && two < 2 * one)) return 0;
  const [x0, y0] = middle(track.box), [x1, y1] = middle(mark.box);
  const x = x1 - x0 - across, y = y1 - y0 - down, size = (one + two) / 2;
  const near = 1 - (x * x + y * y) / (REACH * REACH * size * size);
  if (near <= 0) return 0;
  let agreement = 0;
  for (let label = 0; label < track.mean.length - 1; label++) agreement += track.mean[label] * mark.probabilities[label];
  return near * (1 + agreement);
}

/**
 * Move a track's box in place towards the mark's: at once where that is far, so that it never lags visibly, and slowly
 * where it is near, so that it does not tremble.
 * @param {number[]} box
 * @param {number[]} seen
 * @param {number} step
 */
function follow(box, seen, step) {
  const size = longer(box), slow = step / (step + SETTLE);
  for (let side = 0; side < 4; side++) {
    const way = seen[side] - box[side];
    const far = (way / size / NEAR) * (way / size / NEAR);
    box[side] += (way * (slow + far)) / (1 + far);
  }
}

/**
 * Move a mean in place towards the newest probabilities; `weight` 0 to 1 is the share that these have in it.
 * @param {number[]} mean
 * @param {number[]} probabilities
 * @param {number} weight
 */
function learn(mean, probabilities, weight) {
  for (let label = 0; label < mean.length; label++) mean[label] += weight * (probabilities[label] - mean[label]);
}

/**
 * Decide on a track's state and label.
 * @param {Track} track
 */
function judge(track) {
  const { mean, state: before } = track, some = present(track), best = likeliest(mean, -1);
  if (some < HIDE || (before === "searching" && some < SHOW)) {
    track.state = "searching";
  } else if (before !== "committed" || mean[track.label] < KEEP * some) {
    track.state = mean[best] >= COMMIT * some ? "committed" : "unsure";
    if (track.state === "committed" || before === "searching" || mean[best] > mean[track.label] + LEAD) track.label = best;
  }
  track.justCommitted = track.state === "committed" && track.label !== track.told;
  if (track.justCommitted) track.told = track.label;
}

/**
 * What is told of a track.
 * @param {Track} track
 * @returns {SteadyMark}
 */
function show(track) {
  const { id, mean, state } = track, box = [...track.box];
  if (state === "searching") {
    const confidence = mean[likeliest(mean, -1)];
    return { id, box, state, label: null, confidence, runnerUp: null, justCommitted: false, mean: [...mean] };
  }
  const runnerUp = mean.length > 2 ? likeliest(mean, track.label) : null;
  const { label, justCommitted } = track;
  return { id, box, state, label, confidence: mean[label], runnerUp, justCommitted, mean: [...mean] };
}

/**
 * The label of the highest mean, apart from one; the first of equals.
 * @param {number[]} mean
 * @param {number} apartFrom
 */
function likeliest(mean, apartFrom) {
  let best = apartFrom !== 0 ? 0 : 1;
  for (let label = best + 1; label < mean.length - 1; label++) {
    if (label !== apartFrom && mean[label] > mean[best]) best = label;
  }
  return best;
}

/**
 * Whether two boxes have more than half of the smaller one's area in common.
 * @param {number[]} one
 * @param {number[]} two
 */
function coversHalf(one, two) {
  const wide = Math.min(one[2], two[2]) - Math.max(one[0], two[0]);
  const high = Math.min(one[3], two[3]) - Math.max(one[1], two[1]);
  const smaller = Math.min((one[2] - one[0]) * (one[3] - one[1]), (two[2] - two[0]) * (two[3] - two[1]));
  return wide > 0 && high > 0 && 2 * wide * high > smaller;
}

/**
 * The centre of a box.
 * @param {number[]} box
 * @returns {[number, number]}
 */
function middle(box) {
  return [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
}

/**
 * The longer side of a box.
 * @param {number[]} box
 */
function longer(box) {
  return Math.max(box[2] - box[0], box[3] - box[1]);
}
