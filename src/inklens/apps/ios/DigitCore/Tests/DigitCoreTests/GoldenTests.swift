import Foundation
import Testing

@testable import DigitCore

private let rounding = 2e-6  // the vectors have six digits after the point

@Suite("The same answers as the Python reference")
struct GoldenTests {
    private struct Size: Decodable {
        let seed: Int
        let width: Int
        let height: Int
        let crc: UInt32?
        let to: [Int]?
        let box: [Int]?
        let wider: [Int]?
        let pixels: [UInt8]?
        let picture: [Int]?

        var frame: Picture { makeFrame(seed: seed, width: width, height: height) }
    }

    @Test("frames come out of their seeds alike")
    func frames() throws {
        let vectors: [Size] = try golden("frames")
        try #require(vectors.count >= 40)
        for vector in vectors { #expect(checksum(vector.frame.pixels) == vector.crc, "seed \(vector.seed)") }
    }

    @Test("resizing gives the same pixels to the last bit")
    func resizing() throws {
        let vectors: [Size] = try golden("resize")
        try #require(vectors.count >= 40)
        for vector in vectors {
            let to = try #require(vector.to)
            let grid = resize(
                vector.frame.pixels.map(Int.init), from: (vector.width, vector.height), width: to[0], height: to[1])
            #expect(checksum(grid.values.map { UInt8($0) }) == vector.crc, "seed \(vector.seed)")
        }
    }

    @Test("marks are prepared the same to the last bit")
    func preparing() throws {
        let vectors: [Size] = try golden("prepare")
        try #require(vectors.count >= 200)
        for vector in vectors {
            let box = try #require(vector.box)
            let mark = prepareMark(vector.frame, Box(x0: box[0], y0: box[1], x1: box[2], y1: box[3]))
            #expect(checksum(mark.pixels) == vector.crc, "seed \(vector.seed)")
            if let pixels = vector.pixels { #expect(mark.pixels == pixels, "seed \(vector.seed)") }
        }
    }

    @Test("boxes are widened by the same strokes")
    func widening() throws {
        let vectors: [Size] = try golden("widen")
        try #require(vectors.count >= 60)
        for vector in vectors {
            let box = try #require(vector.box)
            let wider = widen(vector.frame, Box(x0: box[0], y0: box[1], x1: box[2], y1: box[3]))
            #expect([wider.x0, wider.y0, wider.x1, wider.y1] == vector.wider, "seed \(vector.seed)")
        }
    }

    @Test("the locator sees the same picture of a page")
    func looking() throws {
        let vectors: [Size] = try golden("look")
        try #require(!vectors.isEmpty)
        for vector in vectors {
            let picture = look(at: vector.frame, fitPage(width: vector.width, height: vector.height))
            #expect([picture.width, picture.height] == vector.picture)
            #expect(checksum(picture.pixels) == vector.crc, "seed \(vector.seed)")
        }
    }

    private struct Page: Decodable {
        let width: Int
        let height: Int
        let views: [[Int]]
    }

    @Test("a page is looked at in the same parts")
    func viewing() throws {
        let vectors: [Page] = try golden("views")
        try #require(vectors.count >= 10)
        for vector in vectors {
            let found = views(width: vector.width, height: vector.height).map {
                [$0.level, $0.x, $0.y, $0.width, $0.height, $0.shownWidth, $0.shownHeight]
            }
            #expect(found == vector.views)
        }
    }

    private struct MapVector: Decodable {
        struct Place: Decodable {
            let box: [Int]
            let sure: Double
            let names: [Double]
        }
        let seed: Int
        let rows: Int
        let columns: Int
        let page: [Int]
        let view: Int
        let peak: Double
        let overlap: Double
        let found: [Place]
        let settled: [[Int]]
    }

    @Test("the same peaks become the same marks, and duplicates are settled alike")
    func finding() throws {
        let vectors: [MapVector] = try golden("find")
        try #require(vectors.count >= 10)
        for vector in vectors {
            var numbers = Numbers(seed: vector.seed)
            _ = (numbers.below(6), numbers.below(8))  // the sizes, which the vector tells
            let count = vector.rows * vector.columns
            let values = (0..<15 * count).map { number -> Float in
                let scale: Float = (1..<5).contains(number / count) ? 32768 : 8192
                return Float(numbers.next() - 32768) / scale
            }
            let maps = Maps(channels: 15, width: vector.columns, height: vector.rows, values: values)
            let page = (width: vector.page[0], height: vector.page[1])
            let view = views(width: page.width, height: page.height)[vector.view]
            let found = decode(maps, view: view, peak: vector.peak, page: page)
            #expect(found.map { sides($0.box) } == vector.found.map(\.box))
            for (mark, expected) in zip(found, vector.found) {
                #expect(abs(mark.sure - expected.sure) < rounding)
                #expect(mark.names.count == 10)
                for (name, probability) in zip(mark.names, expected.names) {
                    #expect(abs(Double(name) - probability) < rounding)
                }
            }
            #expect(settle(found, overlap: vector.overlap).map { sides($0.box) } == vector.settled)
        }
    }

    private struct Opinion: Decodable {
        let labels: [String]
        let none: String?
        let threshold: Double
        let answer: [Float]
        let sure: Double
        let names: [Float]
        let label: String?
        let confidence: Double
        let alternatives: [Alternative]

        struct Alternative: Decodable {
            let label: String
            let probability: Double

            init(from decoder: any Decoder) throws {
                var values = try decoder.unkeyedContainer()
                label = try values.decode(String.self)
                probability = try values.decode(Double.self)
            }
        }
    }

    @Test("both networks' opinions come together alike")
    func judging() throws {
        let vectors: [Opinion] = try golden("judge")
        try #require(vectors.count >= 20)
        for vector in vectors {
            let contract = ClassifierContract(
                labels: vector.labels, none: vector.none, threshold: vector.threshold)
            let found = Found(
                box: Box(x0: 1, y0: 2, x1: 11, y1: 22), sure: vector.sure, names: vector.names, scale: 1)
            let mark = judge(found, vector.answer, contract)
            #expect(mark.label == vector.label)
            #expect(abs(mark.confidence - vector.confidence) < rounding)
            #expect(mark.alternatives.map(\.label) == vector.alternatives.map(\.label))
            for (alternative, expected) in zip(mark.alternatives, vector.alternatives) {
                #expect(abs(alternative.probability - expected.probability) < rounding)
            }
            let total = mark.probabilities.reduce(0, +)
            #expect(abs(total - 1) < 1e-5)
        }
    }

    private struct Row: Decodable {
        let threshold: Double
        let marks: [Place]
        let labels: [String?]

        struct Place: Decodable {
            let box: [Int]
            let digit: Int
            let sure: Double
            let share: Double
        }
    }

    @Test("marks beside accepted ones are doubted less")
    func judgingTogether() throws {
        let vectors: [Row] = try golden("beside")
        try #require(vectors.count >= 20)
        for vector in vectors {
            let contract = ClassifierContract(
                labels: (0..<10).map(String.init) + ["none"], none: "none", threshold: vector.threshold)
            let found = vector.marks.map { mark in
                Found(
                    box: Box(x0: mark.box[0], y0: mark.box[1], x1: mark.box[2], y1: mark.box[3]), sure: mark.sure,
                    names: (0..<10).map { $0 == mark.digit ? 1 : 0 }, scale: 1)
            }
            let answers = vector.marks.map { mark in
                (0..<11).map { $0 == mark.digit ? Float(mark.share) : $0 == 10 ? Float(1 - mark.share) : 0 }
            }
            #expect(judgePage(found, answers, contract).map(\.label) == vector.labels)
        }
    }

    private func sides(_ box: Box) -> [Int] { [box.x0, box.y0, box.x1, box.y1] }
}
