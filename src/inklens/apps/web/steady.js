/**
 * Labels that hold still over the frames of a video: marks are followed, named once it is sure, and let go.
 *
 * Step by step as track.py, which says how and why: + - * / and comparisons of doubles, every tie has one answer.
 * @module
 */

const LEARN = 0.2, FADE = 0.3, LONGEST = 0.1, FORGOTTEN = 1.0; // s
const SHOW = 0.56, HIDE = 0.25, COMMIT = 0.7, KEEP = 0.2, LEAD = 0.1, GONE = 0.05; // probabilities and parts of them
const REACH = 0.5, FARTHEST = 2.0, STAY = 2.0, ANCHORS = 8;
const SETTLE = 0.2, NEAR = 0.06; // s and part of a mark's longer side

/**
 * A mark in one frame: `box` x0, y0, x1, y1 in pixels, and the `probabilities` of the labels 0 to k - 1 and, last, of
 * none of them.
 * @typedef {{box: number[], probabilities: number[]}} Seen
 * @typedef {"searching" | "unsure" | "committed"} State
 */
/**
 * A mark that is followed over the frames. `id`: the same from frame to frame. `state`: nothing is to be drawn for
 * `searching`; `unsure` is drawn as doubt between `label` and `runnerUp`. `label`: 0 to k - 1, null while searching.
 * `justCommitted`: the label is new in this frame. `mean`: of the labels' probabilities and, last, none's.
 * @typedef {{id: number, box: number[], state: State, label: number | null, confidence: number,
 *   runnerUp: number | null, justCommitted: boolean, mean: number[]}} SteadyMark
 * @typedef {{id: number, box: number[], mean: number[], seen: boolean, state: State, label: number, told: number,
 *   justCommitted: boolean}} Track
 * @typedef {[number, number, number, number]} Motion zoom, turn, right, down
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
   * @param {number} time
   * @param {Seen[]} marks
   * @returns {SteadyMark[]}
   */
  update(time, marks) {
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
   * Carry every track along with the page and to its mark, and begin a track for each new mark.
   * @param {Seen[]} marks
   * @param {number} step
   */
  move(marks, step) {
    const { tracks } = this, nothing = [...Array(this.labels).fill(0), 1];
    const motion = fit(tracks, marks, match(tracks, marks, leap(tracks, marks)));
    const pairs = match(tracks, marks, motion);
    for (const track of tracks) {
      track.seen = false;
      carry(track.box, motion);
    }
    const taken = marks.map(() => false);
    for (const [number, place] of pairs) {
      tracks[number].seen = taken[place] = true;
      follow(tracks[number].box, marks[place].box, step);
      learn(tracks[number].mean, marks[place].probabilities, step / (step + LEARN));
    }
    for (const track of tracks) if (!track.seen) learn(track.mean, nothing, step / (step + FADE));
    marks.forEach(({ box, probabilities }, place) => {
      if (taken[place]) return;
      /** @type {Track} */
      const track = {
        id: this.next, box: [...box], mean: [...nothing], seen: true, state: "searching", label: 0, told: -1,
        justCommitted: false,
      };
      learn(track.mean, probabilities, step / (step + LEARN));
      tracks.push(track);
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
 * The page's shift that brings the marks seen last closest to marks of this frame.
 * @param {Track[]} tracks
 * @param {Seen[]} marks
 * @returns {Motion}
 */
function leap(tracks, marks) {
  const anchors = tracks.filter((track) => track.seen).slice(0, ANCHORS);
  /** @type {Motion} */
  let motion = [1, 0, 0, 0];
  let most = support(anchors, marks, motion);
  for (const track of anchors) {
    for (const mark of marks) {
      const [x, y] = between(track.box, mark.box), size = (longer(track.box) + longer(mark.box)) / 2;
      const far = (x * x + y * y) / (size * size);
      if (far < FARTHEST * FARTHEST) {
        const total = support(anchors, marks, [1, 0, x, y]) - STAY * far;
        if (total > most) [motion, most] = [[1, 0, x, y], total];
      }
    }
  }
  return motion;
}

/**
 * @param {Track[]} anchors
 * @param {Seen[]} marks
 * @param {Motion} motion
 */
function support(anchors, marks, motion) {
  let total = 0;
  for (const track of anchors) {
    let most = 0;
    for (const mark of marks) most = Math.max(most, closeness(track, mark, motion));
    total += most;
  }
  return total;
}

/**
 * @param {Track[]} tracks
 * @param {Seen[]} marks
 * @param {[number, number][]} pairs
 * @returns {Motion}
 */
function fit(tracks, marks, pairs) {
  const count = pairs.length;
  if (count === 0) return [1, 0, 0, 0];
  let spread = 0, x = 0, y = 0, across = 0, down = 0, along = 0, aside = 0;
  for (const [number, place] of pairs) {
    const { box } = tracks[number], moved = between(box, marks[place].box);
    [x, y, across, down] = [x + middle(box)[0], y + middle(box)[1], across + moved[0], down + moved[1]];
  }
  [x, y, across, down] = [x / count, y / count, across / count, down / count];
  for (const [number, place] of pairs) {
    const { box } = tracks[number], moved = between(box, marks[place].box);
    const right = middle(box)[0] - x, below = middle(box)[1] - y;
    spread += right * right + below * below + longer(box) * longer(box);
    along += right * (moved[0] - across) + below * (moved[1] - down);
    aside += right * (moved[1] - down) - below * (moved[0] - across);
  }
  const zoom = 1 + along / spread, turn = aside / spread, held = count / (count + 1);
  return [zoom, turn, x - zoom * x + turn * y + held * across, y - turn * x - zoom * y + held * down];
}

/**
 * Pairs of the numbers of a track and a mark, each once, the closest first; of equals the earlier track's first.
 * @param {Track[]} tracks
 * @param {Seen[]} marks
 * @param {Motion} motion
 * @returns {[number, number][]}
 */
function match(tracks, marks, motion) {
  /** @type {[number, number, number][]} */
  const pairs = [];
  tracks.forEach((track, number) =>
    marks.forEach((mark, place) => {
      const close = closeness(track, mark, motion);
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
 * How well a mark goes on a track carried along: 1 in the same place, up to 2 if its label agrees too; 0 out of reach
 * or where one is twice as large as the other.
 * @param {Track} track
 * @param {Seen} mark
 * @param {Motion} motion
 */
function closeness(track, mark, motion) {
  const one = longer(track.box), two = longer(mark.box);
  if (!(one < 2 * two && two < 2 * one)) return 0;
  const [x, y] = between(track.box, mark.box), [right, below] = shift(track.box, motion), size = (one + two) / 2;
  const near = 1 - ((x - right) * (x - right) + (y - below) * (y - below)) / (REACH * REACH * size * size);
  if (near <= 0) return 0;
  let agreement = 0;
  for (let label = 0; label < track.mean.length - 1; label++) agreement += track.mean[label] * mark.probabilities[label];
  return near * (1 + agreement);
}

/**
 * @param {number[]} box
 * @param {Motion} motion
 */
function shift(box, [zoom, turn, across, down]) {
  const [x, y] = middle(box);
  return [zoom * x - turn * y + across - x, turn * x + zoom * y + down - y];
}

/**
 * @param {number[]} box
 * @param {Motion} motion
 */
function carry(box, motion) {
  const way = shift(box, motion);
  for (let side = 0; side < 4; side++) box[side] += way[side % 2];
}

/**
 * Move a track's box in place towards the mark's, slowly where that is near.
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
 * @param {Track} track
 * @returns {SteadyMark}
 */
function show({ id, box, mean, state, label, justCommitted }) {
  const searching = state === "searching", told = searching ? likeliest(mean, -1) : label;
  const runnerUp = searching || mean.length <= 2 ? null : likeliest(mean, label);
  const shown = { id, box: [...box], state, label: searching ? null : label, confidence: mean[told] };
  return { ...shown, runnerUp, justCommitted, mean: [...mean] };
}

/**
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
 * @param {number[]} box
 * @returns {[number, number]}
 */
function middle(box) {
  return [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
}

/**
 * @param {number[]} one
 * @param {number[]} two
 */
function between(one, two) {
  return [middle(two)[0] - middle(one)[0], middle(two)[1] - middle(one)[1]];
}

/**
 * @param {number[]} box
 */
function longer(box) {
  return Math.max(box[2] - box[0], box[3] - box[1]);
}
