import Testing

@testable import DigitCore

@Suite("Reading order")
struct OrderTests {
    private func box(_ x: Int, _ y: Int, _ width: Int = 20, _ height: Int = 30) -> Box {
        Box(x0: x, y0: y, x1: x + width, y1: y + height)
    }

    private func read(_ boxes: [Box], _ labels: [String]) -> [String] {
        findStrings(boxes).map { joinStrings($0, labels) }
    }

    @Test("two lines are read from left to right and from top to bottom, whatever the order of the marks")
    func twoLines() {
        let boxes = [box(60, 100), box(30, 12), box(0, 10), box(32, 104), box(2, 98)]
        #expect(read(boxes, ["5", "2", "1", "4", "3"]) == ["12", "345"])
    }

    @Test("a line that climbs is one line")
    func climbingLine() {
        let boxes = (0..<6).map { box(30 * $0, 100 - 8 * $0) }
        #expect(read(boxes, ["1", "2", "3", "4", "5", "6"]) == ["123456"])
    }

    @Test("a wide gap parts numbers")
    func numbers() {
        #expect(read([box(0, 0), box(25, 0), box(100, 0)], ["1", "2", "3"]) == ["12 3"])
    }

    @Test("no marks have no lines")
    func nothing() {
        #expect(findStrings([]).isEmpty)
    }

    private struct Page: Decodable {
        let boxes: [[Int]]
        let strings: [[[Int]]]
        let labels: String?
        let texts: [String]?

        var places: [Box] { boxes.map { Box(x0: $0[0], y0: $0[1], x1: $0[2], y1: $0[3]) } }
    }

    @Test("sheets are read as a person reads them")
    func sheets() throws {
        let sheets: [Page] = try golden("order")
        try #require(sheets.count >= 10)
        for sheet in sheets {
            let labels = try #require(sheet.labels).map { String($0) }
            let strings = findStrings(sheet.places)
            #expect(strings == sheet.strings)
            #expect(strings.map { joinStrings($0, labels) } == sheet.texts)
        }
    }

    @Test("pages are read in the same order as the reference reads them", .enabled(if: hasGolden("orders")))
    func orders() throws {
        let pages: [Page] = try golden("orders")
        try #require(pages.count >= 100)
        for page in pages { #expect(findStrings(page.places) == page.strings) }
    }
}
