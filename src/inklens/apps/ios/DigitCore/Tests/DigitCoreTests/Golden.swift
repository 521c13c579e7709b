import DigitCore
import Foundation

// The golden vectors: small inputs with the answers that the Python reference gives. They lie beside this package in a
// generated project; the environment variable INKLENS_GOLDEN names another folder.

/// Where the vectors of one kind are.
private func place(_ name: String) -> URL {
    let folder =
        ProcessInfo.processInfo.environment["INKLENS_GOLDEN"].map { URL(fileURLWithPath: $0) }
        ?? URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Golden")
    return folder.appendingPathComponent("\(name).json")
}

/// Whether the vectors of one kind are there: the longest stay with inklens itself.
func hasGolden(_ name: String) -> Bool { FileManager.default.fileExists(atPath: place(name).path) }

/// The vectors of one kind. Throws if they are missing, so that no test passes without them.
func golden<Vector: Decodable>(_ name: String) throws -> [Vector] {
    try JSONDecoder().decode([Vector].self, from: Data(contentsOf: place(name)))
}

/// Whole numbers 0 to 65535 from a seed: the upper half of a linear congruential generator of 32 bits.
struct Numbers {
    private var state: UInt32

    init(seed: Int) {
        state = UInt32(truncatingIfNeeded: seed)
    }

    mutating func next() -> Int {
        state = state &* 1_664_525 &+ 1_013_904_223
        return Int(state >> 16)
    }

    mutating func below(_ limit: Int) -> Int { next() % limit }
}

/// A frame with one to four strokes on unevenly lit paper, dark or bright, with noise: `make_frame` of the reference.
func makeFrame(seed: Int, width: Int, height: Int) -> Picture {
    var numbers = Numbers(seed: seed)
    let bright = numbers.below(3) == 0
    let base = bright ? 20 + numbers.below(60) : 120 + numbers.below(100)
    let across = numbers.below(36)
    let down = numbers.below(36)
    let strength = 50 + numbers.below(100)
    let noise = 1 + numbers.below(8)
    var ink = [Bool](repeating: false, count: width * height)
    for _ in 0..<1 + numbers.below(4) {
        let radius = 2 + numbers.below(max(2, min(width, height) / 12))  // in half pixels
        var points: [(x: Int, y: Int)] = []
        for _ in 0..<2 + numbers.below(4) {
            let x = numbers.below(width)
            points.append((x, numbers.below(height)))
        }
        for (one, two) in zip(points, points.dropFirst()) {
            for step in 0...32 {
                let x = (one.x * (32 - step) + two.x * step) / 32
                let y = (one.y * (32 - step) + two.y * step) / 32
                for row in max(0, y - radius)..<min(height, y + radius + 1) {
                    for column in max(0, x - radius)..<min(width, x + radius + 1)
                    where 4 * ((column - x) * (column - x) + (row - y) * (row - y)) <= radius * radius {
                        ink[row * width + column] = true
                    }
                }
            }
        }
    }
    var pixels: [UInt8] = []
    for row in 0..<height {
        for column in 0..<width {
            var grey = base + across * column / width + down * row / height
            if ink[row * width + column] { grey += bright ? strength : -strength }
            pixels.append(UInt8(min(max(grey + numbers.below(noise), 0), 255)))
        }
    }
    return Picture(width: width, height: height, pixels: pixels)
}

/// CRC-32, as in zlib and PNG.
func checksum(_ pixels: [UInt8]) -> UInt32 {
    var sum = UInt32.max
    for pixel in pixels {
        sum ^= UInt32(pixel)
        for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
    }
    return ~sum
}
