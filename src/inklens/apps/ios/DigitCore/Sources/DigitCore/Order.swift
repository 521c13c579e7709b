// Reading order: which marks stand on a line, and what the line says.

private let gapOfWords = 1.1  // heights of a line's digits between two marks, from which they are two words
private let leastShared = 0.5  // of the smaller one's height, from which two neighbours stand on one line

/// The indices of the marks of each line, from left to right; lines from top to bottom.
///
/// The marks are taken by their middles from the left; each joins the line whose last mark overlaps it most in height, if
/// that is half of the smaller one, or begins a line.
func findLines(_ boxes: [Box]) -> [[Int]] {
    let order = boxes.indices.sorted { (boxes[$0].x0 + boxes[$0].x1, $0) < (boxes[$1].x0 + boxes[$1].x1, $1) }
    var lines: [[Int]] = []
    for index in order {
        let box = boxes[index]
        var best: Int?
        var most = leastShared
        for (number, line) in lines.enumerated() {
            let last = boxes[line[line.count - 1]]
            let shared = Double(min(box.y1, last.y1) - max(box.y0, last.y0)) / Double(min(box.height, last.height))
            if shared >= most { (best, most) = (number, shared) }
        }
        if let best { lines[best].append(index) } else { lines.append([index]) }
    }
    func height(_ line: [Int]) -> Double {
        Double(line.reduce(0) { $0 + boxes[$1].y0 + boxes[$1].y1 }) / Double(line.count)
    }
    let ordered = lines.indices.sorted { (height(lines[$0]), $0) < (height(lines[$1]), $1) }
    return ordered.map { lines[$0] }
}

/// The text of a line: its labels, with a space where the gap is wide.
func lineText(_ boxes: [Box], _ line: [Int], _ labels: [String]) -> String {
    let high = line.map { boxes[$0].height }.sorted()[line.count / 2]
    var text = ""
    for (place, label) in labels.enumerated() {
        if place > 0 {
            let gap = boxes[line[place]].x0 - boxes[line[place - 1]].x1
            if Double(gap) > gapOfWords * Double(high) { text += " " }
        }
        text += label
    }
    return text
}

/// The lines of some marks as texts, top to bottom; `labels` are the marks' in their own order.
public func readLines(_ boxes: [Box], _ labels: [String]) -> [String] {
    findLines(boxes).map { line in lineText(boxes, line, line.map { labels[$0] }) }
}
