// Labels that hold still over the frames of a video: marks are followed, named once it is sure, and let go.
//
// The same steps in the same order run in Python and JavaScript. So there is nothing here but + - * / and comparisons
// of doubles, every tie has one answer, and sums are taken in the order of their lists. All durations are in seconds and
// all lengths in parts of a mark's longer side, so that 8 to 60 frames a second behave alike, and small marks like large
// ones.

// s in which about half of what is believed of a mark is new: 3 clear frames of 15 a second name it
private let learning = 0.2
// s in which about half of it goes when nothing is seen: 5 missed frames of 15 a second do no harm
private let fading = 0.3
// s that one frame counts for at most, so that no two frames alone name a mark, however late they come
private let longest = 0.1
private let forgotten = 1.0  // s without a frame, after which the camera may look at anything
// the mean probability of any label from which a mark shows, and below which it no longer does
private let showing = 0.56
private let hiding = 0.25
// the label's part in it from which it is told, and below which a told one is doubted
private let commit = 0.7
private let keep = 0.2
private let lead = 0.1  // by which another label must be likelier to be named first while in doubt
private let gone = 0.05  // the mean probability of any label below which an unseen mark is forgotten
private let reach = 0.5  // how far a mark may jump beyond the page's motion
// how far the page may jump, and how many marks must agree on a jump of 1
private let farthest = 2.0
private let stay = 2.0
private let anchorCount = 8  // marks that tell how far; the oldest are the surest
private let settling = 0.2  // s in which about half of a small step of a box is followed
private let near = 0.06  // a step well above this is followed at once

/// A mark in one frame: its box in pixels, and the probabilities of the labels 0 to k - 1 and, last, of none of them;
/// 0 to 1 each, 1 together.
public struct Seen: Sendable, Equatable {
    public let box: Box
    public let probabilities: [Double]

    public init(box: Box, probabilities: [Double]) {
        self.box = box
        self.probabilities = probabilities
    }
}

/// How sure it is of a mark: nothing is to be drawn for `searching`; `unsure` is drawn as doubt, `committed` as its label.
public enum MarkState: String, Sendable {
    case searching
    case unsure
    case committed
}

/// A mark that is followed over the frames.
public struct SteadyMark: Sendable, Equatable, Identifiable {
    /// The same from frame to frame, counted from 0.
    public let id: Int
    /// As in `Seen`, but smooth: x0, y0, x1, y1.
    public let box: [Double]
    public let state: MarkState
    /// 0 to k - 1; nil while searching.
    public let label: Int?
    /// The label's mean probability (while searching the likeliest's), which fades when the mark is not seen.
    public let confidence: Double
    /// The likeliest other label; nil while searching or where there is no other.
    public let runnerUp: Int?
    /// The label is told in this frame and was not the last one told of this mark, so a program may tick.
    public let justCommitted: Bool
}

struct Track {
    let id: Int
    var box: [Double]
    var mean: [Double]  // of the labels' probabilities and, last, none's
    var seen = true
    var state = MarkState.searching
    var label = 0
    var told = -1  // the label that was committed last
    var justCommitted = false

    /// The mean probability of any label.
    var present: Double { 1 - mean[mean.count - 1] }
}

/// Follows the marks of a video; `update` is called for each frame in turn.
public struct SteadyLabels: Sendable {
    private let labels: Int
    private var tracks: [Track] = []
    private var time: Double?
    private var next = 0

    public init(labels: Int) {
        self.labels = labels
    }

    /// Take the marks of the frame at `time` in seconds, and tell what is to be shown, the oldest mark first.
    ///
    /// A time before the last one's, or more than a second after it, begins anew.
    /// - Precondition: a mark's probabilities are one more than the labels.
    public mutating func update(time: Double, marks: [Seen]) -> [SteadyMark] {
        precondition(
            marks.allSatisfy { $0.probabilities.count == labels + 1 }, "one probability for each label and none")
        var step = longest
        if let last = self.time, time >= last, time - last <= forgotten {
            if time - last < longest { step = time - last }
        } else {
            tracks = []
        }
        self.time = time
        move(marks, step)
        for number in tracks.indices { judge(&tracks[number]) }
        let all = tracks
        tracks = all.filter { track in track.seen || (track.present >= gone && !isReplaced(track, among: all)) }
        return tracks.map(show)
    }

    /// Carry every track along with the page and to its mark, and begin a track for each new mark.
    private mutating func move(_ marks: [Seen], _ step: Double) {
        let nothing = [Double](repeating: 0, count: labels) + [1]
        let motion = fit(tracks, marks, match(tracks, marks, leap(tracks, marks)))
        let pairs = match(tracks, marks, motion)
        for number in tracks.indices {
            tracks[number].seen = false
            carry(&tracks[number].box, motion)
        }
        var taken = [Bool](repeating: false, count: marks.count)
        for (number, place) in pairs {
            tracks[number].seen = true
            taken[place] = true
            follow(&tracks[number].box, sides(marks[place].box), step)
            learn(&tracks[number].mean, marks[place].probabilities, step / (step + learning))
        }
        for number in tracks.indices where !tracks[number].seen {
            learn(&tracks[number].mean, nothing, step / (step + fading))
        }
        for (place, mark) in marks.enumerated() where !taken[place] {
            var track = Track(id: next, box: sides(mark.box), mean: nothing)
            learn(&track.mean, mark.probabilities, step / (step + learning))
            tracks.append(track)
            next += 1
        }
    }
}

/// How the page moved: (x, y) goes to (zoom x - turn y + right, turn x + zoom y + down).
struct Motion: Equatable {
    let zoom: Double
    let turn: Double
    let right: Double
    let down: Double

    static let none = Motion(zoom: 1, turn: 0, right: 0, down: 0)
}

/// Whether another mark, which is seen, has been named where this one was.
private func isReplaced(_ track: Track, among tracks: [Track]) -> Bool {
    tracks.contains { $0.seen && $0.state == .committed && coversHalf($0.box, track.box) }
}

/// The page's shift that brings the marks seen last closest to marks of this frame: one of those from a track to a mark,
/// or none. A far one must fit several marks; the first of equals.
func leap(_ tracks: [Track], _ marks: [Seen]) -> Motion {
    let anchors = Array(tracks.filter(\.seen).prefix(anchorCount))
    var motion = Motion.none
    var most = support(anchors, marks, motion)
    for track in anchors {
        for mark in marks {
            let box = sides(mark.box)
            let (x, y) = between(track.box, box)
            let size = (longer(track.box) + longer(box)) / 2
            if x * x + y * y < farthest * farthest * size * size {
                let shift = Motion(zoom: 1, turn: 0, right: x, down: y)
                let total = support(anchors, marks, shift) - stay * ((x * x + y * y) / (size * size))
                if total > most { (motion, most) = (shift, total) }
            }
        }
    }
    return motion
}

/// How closely marks lie to the anchors after a motion: the sum of each one's closest, 0 to 2 each.
func support(_ anchors: [Track], _ marks: [Seen], _ motion: Motion) -> Double {
    var total = 0.0
    for track in anchors { total += marks.map { closeness(track, $0, motion) }.max() ?? 0 }
    return total
}

/// The shift, turn and zoom that carries tracks to their marks: the least squares over the pairs, held back as if one
/// more mark had not moved and each was a square that had not turned.
func fit(_ tracks: [Track], _ marks: [Seen], _ pairs: [(Int, Int)]) -> Motion {
    if pairs.isEmpty { return .none }
    let count = Double(pairs.count)
    var (x, y, across, down) = (0.0, 0.0, 0.0, 0.0)
    for (number, place) in pairs {
        let box = tracks[number].box
        let moved = between(box, sides(marks[place].box))
        (x, y) = (x + middle(box).0, y + middle(box).1)
        (across, down) = (across + moved.0, down + moved.1)
    }
    (x, y, across, down) = (x / count, y / count, across / count, down / count)
    var (spread, along, aside) = (0.0, 0.0, 0.0)
    for (number, place) in pairs {
        let box = tracks[number].box
        let moved = between(box, sides(marks[place].box))
        let (right, below) = (middle(box).0 - x, middle(box).1 - y)
        spread += right * right + below * below + longer(box) * longer(box)
        along += right * (moved.0 - across) + below * (moved.1 - down)
        aside += right * (moved.1 - down) - below * (moved.0 - across)
    }
    let (zoom, turn, held) = (1 + along / spread, aside / spread, count / (count + 1))
    return Motion(
        zoom: zoom, turn: turn, right: x - zoom * x + turn * y + held * across,
        down: y - turn * x - zoom * y + held * down)
}

/// Pairs of the numbers of a track and a mark, each once, the closest first; of equals the earlier track's first.
func match(_ tracks: [Track], _ marks: [Seen], _ motion: Motion) -> [(Int, Int)] {
    var pairs: [(Double, Int, Int)] = []
    for (number, track) in tracks.enumerated() {
        for (place, mark) in marks.enumerated() {
            let close = closeness(track, mark, motion)
            if close > 0 { pairs.append((-close, number, place)) }
        }
    }
    var chosen: [(Int, Int)] = []
    var usedTracks = [Bool](repeating: false, count: tracks.count)
    var usedMarks = [Bool](repeating: false, count: marks.count)
    for (_, number, place) in pairs.sorted(by: <) where !usedTracks[number] && !usedMarks[place] {
        usedTracks[number] = true
        usedMarks[place] = true
        chosen.append((number, place))
    }
    return chosen
}

/// How well a mark goes on a track carried along: 1 in the same place, up to 2 if its label agrees too; 0 out of reach or
/// where one is twice as large as the other.
func closeness(_ track: Track, _ mark: Seen, _ motion: Motion) -> Double {
    let box = sides(mark.box)
    let (one, two) = (longer(track.box), longer(box))
    if !(one < 2 * two && two < 2 * one) { return 0 }
    let (x, y) = between(track.box, box)
    let (right, below) = shift(track.box, motion)
    let size = (one + two) / 2
    let near = 1 - ((x - right) * (x - right) + (y - below) * (y - below)) / (reach * reach * size * size)
    if near <= 0 { return 0 }
    var agreement = 0.0
    for label in 0..<track.mean.count - 1 { agreement += track.mean[label] * mark.probabilities[label] }
    return near * (1 + agreement)
}

/// How far a motion of the page moves a box's middle.
func shift(_ box: [Double], _ motion: Motion) -> (Double, Double) {
    let (x, y) = middle(box)
    return (
        motion.zoom * x - motion.turn * y + motion.right - x, motion.turn * x + motion.zoom * y + motion.down - y
    )
}

/// Move a box along with the page.
func carry(_ box: inout [Double], _ motion: Motion) {
    let (across, down) = shift(box, motion)
    box = [box[0] + across, box[1] + down, box[2] + across, box[3] + down]
}

/// Move a track's box towards the mark's: at once where that is far, so that it never lags visibly, and slowly where it
/// is near, so that it does not tremble.
func follow(_ box: inout [Double], _ seen: [Double], _ step: Double) {
    let (size, slow) = (longer(box), step / (step + settling))
    for side in 0..<4 {
        let way = seen[side] - box[side]
        let far = (way / size / near) * (way / size / near)
        box[side] += way * (slow + far) / (1 + far)
    }
}

/// Move a mean towards the newest probabilities; `weight` 0 to 1 is the share that these have in it.
func learn(_ mean: inout [Double], _ probabilities: [Double], _ weight: Double) {
    for label in mean.indices { mean[label] += weight * (probabilities[label] - mean[label]) }
}

/// Decide on a track's state and label.
func judge(_ track: inout Track) {
    let (mean, present, before) = (track.mean, track.present, track.state)
    let best = likeliest(mean, apartFrom: -1)
    if present < hiding || (before == .searching && present < showing) {
        track.state = .searching
    } else if before != .committed || mean[track.label] < keep * present {
        track.state = mean[best] >= commit * present ? .committed : .unsure
        if track.state == .committed || before == .searching || mean[best] > mean[track.label] + lead {
            track.label = best
        }
    }
    track.justCommitted = track.state == .committed && track.label != track.told
    if track.justCommitted { track.told = track.label }
}

/// What is told of a track.
func show(_ track: Track) -> SteadyMark {
    if track.state == .searching {
        let confidence = track.mean[likeliest(track.mean, apartFrom: -1)]
        return SteadyMark(
            id: track.id, box: track.box, state: .searching, label: nil, confidence: confidence, runnerUp: nil,
            justCommitted: false)
    }
    let other = track.mean.count > 2 ? likeliest(track.mean, apartFrom: track.label) : nil
    return SteadyMark(
        id: track.id, box: track.box, state: track.state, label: track.label, confidence: track.mean[track.label],
        runnerUp: other, justCommitted: track.justCommitted)
}

/// The label of the highest mean, apart from one; the first of equals.
func likeliest(_ mean: [Double], apartFrom: Int) -> Int {
    var best = apartFrom != 0 ? 0 : 1
    for label in (best + 1)..<max(best + 1, mean.count - 1) where label != apartFrom && mean[label] > mean[best] {
        best = label
    }
    return best
}

/// Whether two boxes have more than half of the smaller one's area in common.
func coversHalf(_ one: [Double], _ two: [Double]) -> Bool {
    let wide = min(one[2], two[2]) - max(one[0], two[0])
    let high = min(one[3], two[3]) - max(one[1], two[1])
    let smaller = min((one[2] - one[0]) * (one[3] - one[1]), (two[2] - two[0]) * (two[3] - two[1]))
    return wide > 0 && high > 0 && 2 * wide * high > smaller
}

/// The centre of a box.
func middle(_ box: [Double]) -> (Double, Double) { ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2) }

/// From one box's middle to another's, right and down.
func between(_ one: [Double], _ two: [Double]) -> (Double, Double) {
    (middle(two).0 - middle(one).0, middle(two).1 - middle(one).1)
}

/// The longer side of a box.
func longer(_ box: [Double]) -> Double { max(box[2] - box[0], box[3] - box[1]) }

/// The sides of a box: x0, y0, x1, y1.
private func sides(_ box: Box) -> [Double] { [Double(box.x0), Double(box.y0), Double(box.x1), Double(box.y1)] }
