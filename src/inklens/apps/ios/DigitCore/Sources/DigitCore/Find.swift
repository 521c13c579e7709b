import Foundation

let stride = 4  // pixels of the page for one cell of the maps
private let unit = 16.0  // pixels; sizes are e to the power of their map, in these
let digits = (0..<10).map(String.init)
private let inside = 0.75  // the share of a box that lies in a surer one, from which it is a part of that digit

/// What the locator answers, channel by channel, each row by row: see `inklens.reading.maps` in Python.
public struct Maps: Sendable, Equatable {
    public let channels: Int
    public let width: Int
    public let height: Int
    public let values: [Float]

    /// - Precondition: `values` has `channels` × `height` × `width` numbers.
    public init(channels: Int, width: Int, height: Int, values: [Float]) {
        precondition(values.count == channels * width * height, "maps without all their values")
        self.channels = channels
        self.width = width
        self.height = height
        self.values = values
    }

    func value(_ channel: Int, _ row: Int, _ column: Int) -> Double {
        Double(values[(channel * height + row) * width + column])
    }
}

/// A place where the locator sees a digit.
public struct Found: Sendable, Equatable {
    /// In pixels of the page.
    public let box: Box
    /// 0 to 1.
    public let sure: Double
    /// Its probabilities of the digits 0 to 9.
    public let names: [Float]
    /// Pixels of the locator's picture for one of the page, where it was seen.
    public let scale: Double

    public init(box: Box, sure: Double, names: [Float], scale: Double) {
        self.box = box
        self.sure = sure
        self.names = names
        self.scale = scale
    }
}

/// Every place of a page that looks like a digit, the surest first, with all of its ink in its box.
///
/// closer: look at it from further away and, where its pixels allow, closer too, as photos need; a camera frame is
/// looked at once.
public func findMarks(
    on page: Picture, locate: (Picture) throws -> Maps, contract: LocatorContract, closer: Bool = true
) rethrows -> [Found] {
    let size = (page.width, page.height)
    let found = try views(width: page.width, height: page.height, closer: closer).flatMap { view in
        decode(try locate(look(at: page, view)), view: view, peak: contract.peak, page: size)
    }
    return settle(found, overlap: contract.overlap).map {
        Found(box: widen(page, $0.box), sure: $0.sure, names: $0.names, scale: $0.scale)
    }
}

/// The peaks of maps as marks of a page of that width and height, in the maps' row order.
///
/// A cell is a peak if its centre reaches `peak` (0 to 1) and none of its eight neighbours is higher, or as high and
/// earlier in row order.
func decode(_ maps: Maps, view: View, peak: Double, page: (width: Int, height: Int)) -> [Found] {
    let least = log(peak / (1 - peak))
    var found: [Found] = []
    for row in 0..<maps.height {
        for column in 0..<maps.width where maps.value(0, row, column) >= least && isPeak(maps, row, column) {
            let values = (0..<maps.channels).map { maps.value($0, row, column) }
            let x = (Double(column) + 0.5 + values[1]) * Double(stride)
            let y = (Double(row) + 0.5 + values[2]) * Double(stride)
            let wide = exp(min(max(values[3], -4), 4)) * (unit / 2)
            let high = exp(min(max(values[4], -4), 4)) * (unit / 2)
            let box = FineBox(x0: x - wide, y0: y - high, x1: x + wide, y1: y + high)
            if !view.owns(box, size: max(2 * wide, 2 * high), page: page) { continue }
            let highest = values[5...].max() ?? 0
            let names = values[5...].map { exp($0 - highest) }
            let total = names.reduce(0, +)
            let placed = view.toPage(box, page: page)
            if placed.x1 > placed.x0 && placed.y1 > placed.y0 {
                let sure = 1 / (1 + exp(-values[0]))
                found.append(Found(box: placed, sure: sure, names: names.map { Float($0 / total) }, scale: view.scale))
            }
        }
    }
    return found
}

/// Whether a cell of the centres is higher than its earlier neighbours and not lower than its later ones.
func isPeak(_ maps: Maps, _ row: Int, _ column: Int) -> Bool {
    let value = maps.value(0, row, column)
    for down in max(0, row - 1)...min(maps.height - 1, row + 1) {
        for right in max(0, column - 1)...min(maps.width - 1, column + 1) where (down, right) != (row, column) {
            let other = maps.value(0, down, right)
            if (down, right) < (row, column) ? value <= other : value < other { return false }
        }
    }
    return true
}

/// Keep the surest of marks that are the same digit: that have `overlap` of their joint area in common, or of which one
/// lies in the other. Returns them surest first; of equally sure ones the first stays.
func settle(_ found: [Found], overlap: Double) -> [Found] {
    var kept: [Found] = []
    let order = found.indices.sorted { (-found[$0].sure, $0) < (-found[$1].sure, $1) }  // sort is not stable by promise
    for mark in order.map({ found[$0] }) where !kept.contains(where: { isSame(mark.box, $0.box, overlap: overlap) }) {
        kept.append(mark)
    }
    return kept
}

/// Whether two boxes are of one digit.
func isSame(_ one: Box, _ two: Box, overlap: Double) -> Bool {
    let wide = min(one.x1, two.x1) - max(one.x0, two.x0)
    let high = min(one.y1, two.y1) - max(one.y0, two.y0)
    if wide <= 0 || high <= 0 { return false }
    let common = Double(wide * high)
    return common >= overlap * (Double(one.area + two.area) - common)
        || common >= inside * Double(min(one.area, two.area))
}
