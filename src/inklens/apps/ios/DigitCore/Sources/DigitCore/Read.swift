/// A line of a page: its text, and the indices of its marks from left to right.
public struct Line: Sendable, Equatable {
    public let text: String
    public let marks: [Int]
}

/// What a page says: accepted marks in reading order, its lines, and what was found but rejected.
public struct Reading: Sendable, Equatable {
    public let width: Int
    public let height: Int
    public let marks: [Mark]
    public let lines: [Line]
    public let rejected: [Mark]

    /// The lines' texts, one below the other.
    public var text: String { lines.map(\.text).joined(separator: "\n") }
}

/// Read the digits on a page that is upright, dark on bright or bright on dark.
///
/// closer: look at it at several sizes, as photos and scans need; a camera frame is looked at once.
public func readPage(_ page: Picture, with reader: Reader, closer: Bool = true) throws -> Reading {
    let found = try findMarks(on: page, locate: reader.locate, contract: reader.locator, closer: closer)
    return arrange(try nameMarks(page, found, reader), width: page.width, height: page.height)
}

/// A reading of marks in any order: the accepted ones in reading order, with their lines.
func arrange(_ marks: [Mark], width: Int, height: Int) -> Reading {
    let accepted = marks.filter { $0.label != nil }
    let lines = findStrings(accepted.map(\.box))
    let labels = accepted.map { $0.label ?? "" }
    let orders = lines.map { line in line.flatMap { $0 } }
    let ordered = orders.flatMap { $0 }
    var places = [Int](repeating: 0, count: accepted.count)
    for (number, index) in ordered.enumerated() { places[index] = number }
    return Reading(
        width: width, height: height, marks: ordered.map { accepted[$0] },
        lines: zip(lines, orders).map { line, order in
            Line(text: joinStrings(line, labels), marks: order.map { places[$0] })
        },
        rejected: marks.filter { $0.label == nil })
}

/// Ask the classifier about every place that the locator found.
public func nameMarks(_ page: Picture, _ found: [Found], _ reader: Reader) throws -> [Mark] {
    if found.isEmpty { return [] }
    let answers = try reader.classify(found.map { prepareMark(page, $0.box) })
    return judgePage(found, answers, reader.classifier)
}
