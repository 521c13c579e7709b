import Testing

@testable import DigitCore

/// A network that knows its answers by heart.
private struct Stored: Network {
    let answers: @Sendable (Picture) -> [Float]

    func answer(_ pictures: [Picture]) throws -> [[Float]] { pictures.map(answers) }
}

@Suite("Reading a page")
struct ReadTests {
    /// A locator that is sure of one digit, 24 × 32 pixels round (202, 102), on a page of its own size.
    private func reader(of label: Int?, threshold: Double = 0.5) -> Reader {
        let locator = Stored { picture in
            let (width, height) = (picture.width / 4, picture.height / 4)
            var maps = [Float](repeating: 0, count: 15 * width * height)
            for place in 0..<width * height { maps[place] = -9 }
            guard picture.pixels.contains(0), picture.width == 640 else { return maps }
            let place = 25 * width + 50
            maps[place] = 4
            maps[3 * width * height + place] = 0.405465  // 24 of 16 pixels, as a logarithm
            maps[4 * width * height + place] = 0.693147
            if let label { maps[(5 + label) * width * height + place] = 9 }
            return maps
        }
        let classifier = Stored { _ in
            var answer = [Float](repeating: 0, count: 11)
            answer[label ?? 10] = 1
            return answer
        }
        let channels = ["centre", "right", "down", "log_width", "log_height"] + digits
        let contract = LocatorContract(size: [640, 480], stride: 4, channels: channels, peak: 0.15, overlap: 0.45)
        return Reader(
            locator: locator, contract, classifier: classifier,
            ClassifierContract(labels: digits + ["none"], none: "none", threshold: threshold))
    }

    private var page: Picture {
        var pixels = [UInt8](repeating: 200, count: 640 * 480)
        pixels[102 * 640 + 202] = 0
        return Picture(width: 640, height: 480, pixels: pixels)
    }

    @Test("a page with one digit says that digit, and where it is")
    func oneDigit() throws {
        let reading = try readPage(page, with: reader(of: 7), closer: false)
        #expect(reading.text == "7")
        #expect(reading.marks.map(\.box) == [Box(x0: 190, y0: 86, x1: 214, y1: 118)])
        #expect(reading.rejected.isEmpty)
    }

    @Test("what neither network takes for a digit is rejected")
    func noDigit() throws {
        let reading = try readPage(page, with: reader(of: nil, threshold: 0.6), closer: false)
        #expect(reading.text.isEmpty)
        #expect(reading.rejected.count == 1)
    }

    @Test("a blank page says nothing")
    func blankPage() throws {
        let blank = Picture(width: 640, height: 480, grey: 200)
        let reading = try readPage(blank, with: reader(of: 7))
        #expect(reading.text.isEmpty)
        #expect(reading.marks.isEmpty && reading.rejected.isEmpty)
    }

    @Test("a network that answers too little is refused in words")
    func shortAnswer() {
        let short = Stored { _ in [1] }
        let whole = reader(of: 7)
        let reader = Reader(locator: short, whole.locator, classifier: short, whole.classifier)
        #expect(throws: ContractError(description: "the locator's maps have 1 values")) {
            try readPage(page, with: reader, closer: false)
        }
    }

    @Test("a picture turned by quarters shows what a turned phone shows", arguments: [0, 1, 2, 3, -1])
    func turning(quarters: Int) {
        let picture = Picture(width: 3, height: 2, pixels: [1, 2, 3, 4, 5, 6])
        let expected: [Int: [UInt8]] = [
            0: [1, 2, 3, 4, 5, 6], 1: [4, 1, 5, 2, 6, 3], 2: [6, 5, 4, 3, 2, 1], 3: [3, 6, 2, 5, 1, 4],
            -1: [3, 6, 2, 5, 1, 4],
        ]
        #expect(picture.turned(quarters: quarters).pixels == expected[quarters])
    }
}
