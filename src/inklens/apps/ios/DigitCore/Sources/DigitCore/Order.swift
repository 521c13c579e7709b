// Reading order: which digits stand on a line, in which order lines are read, and which digits are one number.
//
// Whole numbers only, every tie settled by place, so that Python and JavaScript answer the same. The page is turned level
// by the slope that its digits agree on; where two parts of it do not line up across a gap it falls into columns; in each
// column every digit, from left to right, goes on with the line that it is level with; gaps wider than usual on this page
// part the numbers of a line. The figures behind the constants are in Python's `order.py`.

private let unit = 256  // slopes are counted in 1/256; half of that is a tenth of a height off after 50 heights
// marks beside one another across a gutter that are off by more than 1/4 of a height are not in one row; a gutter parts
// columns if more than 1 in 4 are off
private let offPart = 4
private let offRows = 4
private let usualGap = 50  // % of the height: narrower gaps tell how close a writer sets the digits of a number
private let widestGap = 70  // % of the height: wider gaps always part numbers
private let leastLift = 30  // % of the height: a digit raised or lowered by more is a number of its own
private let rowCount = 7  // or more digits at even steps with wide gaps are written one by one
private let rowSteps = 2  // times the narrowest step is the widest in such a row,
private let rowWider = 10  // but for 1 step in 10, for digits that were not found
private let rowApart = 25  // % of the height: the usual gap in such a row is at least so wide

/// A mark on the levelled page: its middle, twice, along and across the lines, and its size, in 1/256 pixel.
struct Placed: Equatable, Comparable {
    let along: Int
    let across: Int
    let wide: Int
    let high: Int
    let number: Int

    static func < (one: Placed, two: Placed) -> Bool {
        (one.along, one.across, one.wide, one.high, one.number) < (
            two.along, two.across, two.wide, two.high, two.number
        )
    }
}

/// The lines of a page in reading order, each as its strings of digits from left to right.
///
/// The boxes are in any order, none empty. A string is digits written as one number. Every index of `boxes` stands in one
/// string. Digits above one another are never on one line: a fraction is read as two. A page may be tilted by 20 degrees.
public func findStrings(_ boxes: [Box]) -> [[[Int]]] {
    if boxes.isEmpty { return [] }
    let lines = orderLines(boxes)
    let limit = findLimit(lines)
    return lines.map { line in splitLine(line, limit).map { string in string.map(\.number) } }
}

/// The text of a line: its strings with a space between. labels: those of all marks, by their indices.
public func joinStrings(_ strings: [[Int]], _ labels: [String]) -> String {
    strings.map { string in string.map { labels[$0] }.joined() }.joined(separator: " ")
}

/// Lines of marks in reading order: column by column, in each from top to bottom, in a line from left to right.
func orderLines(_ boxes: [Box]) -> [[Placed]] {
    let slope = refineSlope(boxes, findSlope(boxes))
    var lines: [[Placed]] = []
    for column in splitColumns(level(boxes, slope)) {
        let ends = { (line: [Placed]) in line[0].across + line[line.count - 1].across }
        lines += followLines(column).sorted { (ends($0), $0[0]) < (ends($1), $1[0]) }
    }
    return lines
}

/// The slope of a page's lines, in 1/256, positive where they fall to the right.
///
/// Every mark votes for the way to the nearest mark on its right that is at most half as far up or down; there is one vote
/// for level lines, and of the two middle votes the flatter one counts.
func findSlope(_ boxes: [Box]) -> Int {
    let middles = boxes.map { ($0.x0 + $0.x1, $0.y0 + $0.y1) }.sorted(by: <)
    var votes = [0]
    for (place, (x, y)) in middles.enumerated() {
        var nearest: (Int, Int, Int)?
        for (right, low) in middles[(place + 1)...] {
            let (dx, dy) = (right - x, low - y)
            if let nearest, dx * dx > nearest.0 { break }
            if dx > 0 && 2 * abs(dy) <= dx {
                let way = (dx * dx + dy * dy, dy, dx)
                if let other = nearest, other <= way { continue }
                nearest = way
            }
        }
        if let (_, dy, dx) = nearest { votes.append(floorDivide(2 * unit * dy + dx, 2 * dx)) }
    }
    votes.sort()
    let (one, two) = (votes[(votes.count - 1) / 2], votes[votes.count / 2])
    return abs(two) < abs(one) ? two : one
}

/// A slope made exact by the ends of the lines that it gives.
///
/// A height of level writing is added, for pages of few digits.
func refineSlope(_ boxes: [Box], _ slope: Int) -> Int {
    let high = 2 * upperMedian(boxes.map(\.height))
    var run = high * high
    var rise = 0
    for line in followLines(level(boxes, slope)) {
        let (first, last) = (boxes[line[0].number], boxes[line[line.count - 1].number])
        let dx = last.x0 + last.x1 - first.x0 - first.x1
        let dy = last.y0 + last.y1 - first.y0 - first.y1
        run += dx * dx
        rise += dx * dy
    }
    return floorDivide(2 * unit * rise + run, 2 * run)
}

/// The marks of a page turned so that its lines are level, from left to right.
func level(_ boxes: [Box], _ slope: Int) -> [Placed] {
    boxes.enumerated().map { number, box in
        Placed(
            along: unit * (box.x0 + box.x1) + slope * (box.y0 + box.y1),
            across: unit * (box.y0 + box.y1) - slope * (box.x0 + box.x1), wide: unit * box.width,
            high: unit * box.height, number: number)
    }.sorted()
}

/// Part marks where rows do not line up across a gutter, a gap from top to bottom as wide as digits are high.
func splitColumns(_ marks: [Placed]) -> [[Placed]] {
    let gutter = 2 * upperMedian(marks.map(\.high))
    var strips: [[Placed]] = []
    var end = 0
    for mark in marks.sorted(by: { ($0.along - $0.wide, $0) < ($1.along - $1.wide, $1) }) {
        if strips.isEmpty || mark.along - mark.wide - end > gutter {
            strips.append([])
            end = mark.along + mark.wide
        }
        strips[strips.count - 1].append(mark)
        end = max(end, mark.along + mark.wide)
    }
    var columns: [[Placed]] = []
    for (place, strip) in strips.enumerated() {
        if place > 0 && lineUp(strips[place - 1], strip) {
            columns[columns.count - 1] += strip
        } else {
            columns.append(strip)
        }
    }
    return columns.map { $0.sorted() }
}

/// Whether marks on two sides of a gutter are rows: few are beside what is nearest across it, yet not level.
func lineUp(_ left: [Placed], _ right: [Placed]) -> Bool {
    var rows = 0
    var off = 0
    for (here, there) in [(left, right), (right, left)] {
        for mark in here {
            let near = there.min { one, two in
                (abs(one.across - mark.across), one) < (abs(two.across - mark.across), two)
            }
            guard let other = near else { continue }
            let (away, high) = (abs(other.across - mark.across), mark.high + other.high)
            if away < high { rows += 1 }  // less than a height off; nothing stands beside the others
            if high < offPart * away && offPart * away < offPart * high { off += 1 }
        }
    }
    return offRows * off <= rows
}

/// Join marks, given from left to right, to lines: each goes on with the line that it is most level with.
///
/// Level means that the lower one's middle is within the higher one's height.
func followLines(_ marks: [Placed]) -> [[Placed]] {
    var lines: [[Placed]] = []
    var references: [Placed] = []  // the last mark of each line that is neither raised nor lowered
    for mark in marks {
        var best = -1
        var least = 0
        for (place, line) in lines.enumerated() {
            let away = abs(mark.across - references[place].across)
            if away > max(mark.high, references[place].high) || (best >= 0 && away >= least) { continue }
            let last = line[line.count - 1]
            if overlap(last, mark) <= min(last.wide, mark.wide) {  // half of the narrower one, else it is stacked
                (best, least) = (place, away)
            }
        }
        if best < 0 {
            lines.append([mark])
            references.append(mark)
        } else {
            lines[best].append(mark)
            // raised and lowered digits are 0.45 to 0.65 as high
            if 4 * mark.high >= 3 * references[best].high { references[best] = mark }
        }
    }
    return lines
}

/// Twice the length along the line that two marks have in common, in 1/256 pixel; negative: the gap between them.
func overlap(_ one: Placed, _ two: Placed) -> Int {
    min(one.along + one.wide, two.along + two.wide) - max(one.along - one.wide, two.along - two.wide)
}

/// The gap between neighbours on a line, in % of their heights; negative where they overlap.
func findGap(_ one: Placed, _ two: Placed) -> Int { floorDivide(-100 * overlap(one, two), one.high + two.high) }

/// The gap, in % of the height, from which two digits of this page are two numbers.
///
/// Half as much again as the usual gap within numbers, and a fifth of the height more.
func findLimit(_ lines: [[Placed]]) -> Int {
    let gaps = lines.flatMap { line in zip(line, line.dropFirst()).map { findGap($0, $1) } }
    let usual = gaps.filter { $0 < usualGap }
    return usual.isEmpty ? widestGap : min(widestGap, 20 + floorDivide(3 * upperMedian(usual), 2))
}

/// The strings of a line: neighbours with a gap below `limit` % of the height on one level are one number.
func splitLine(_ line: [Placed], _ limit: Int) -> [[Placed]] {
    if isRow(line) { return line.map { [$0] } }
    var strings = [[line[0]]]
    for (one, two) in zip(line, line.dropFirst()) {
        let isLifted = 100 * abs(two.across - one.across) > 2 * leastLift * max(one.high, two.high)
        if isLifted || findGap(one, two) >= limit {
            strings.append([two])
        } else {
            strings[strings.count - 1].append(two)
        }
    }
    return strings
}

/// Whether a line is single digits at even steps, as on exercise sheets: nobody spaces long numbers like that.
func isRow(_ line: [Placed]) -> Bool {
    if line.count < rowCount { return false }
    let pairs = Array(zip(line, line.dropFirst()))
    let steps = pairs.map { $1.along - $0.along }.sorted()
    let widest = steps[steps.count - 1 - steps.count / rowWider]
    return widest <= rowSteps * steps[0] && upperMedian(pairs.map { findGap($0, $1) }) >= rowApart
}

/// The middle value, the upper one of two.
func upperMedian(_ values: [Int]) -> Int { values.sorted()[values.count / 2] }
