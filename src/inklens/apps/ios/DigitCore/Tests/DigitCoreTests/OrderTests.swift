import Testing

@testable import DigitCore

@Suite("Reading order")
struct OrderTests {
    private func box(_ x: Int, _ y: Int, _ width: Int = 20, _ height: Int = 30) -> Box {
        Box(x0: x, y0: y, x1: x + width, y1: y + height)
    }

    @Test("two lines are read from left to right and from top to bottom, whatever the order of the marks")
    func twoLines() {
        let boxes = [box(60, 100), box(30, 12), box(0, 10), box(32, 104), box(2, 98)]
        #expect(readLines(boxes, ["5", "2", "1", "4", "3"]) == ["12", "345"])
    }

    @Test("a line that climbs is one line, since neighbours overlap")
    func climbingLine() {
        let boxes = (0..<6).map { box(30 * $0, 100 - 12 * $0) }
        #expect(readLines(boxes, ["1", "2", "3", "4", "5", "6"]) == ["123456"])
    }

    @Test("a wide gap is a space")
    func words() {
        #expect(readLines([box(0, 0), box(25, 0), box(100, 0)], ["1", "2", "3"]) == ["12 3"])
    }

    @Test("no marks have no lines")
    func nothing() {
        #expect(readLines([], []).isEmpty)
    }
}
