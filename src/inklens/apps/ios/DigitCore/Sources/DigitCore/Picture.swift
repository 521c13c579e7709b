/// A grey picture: `pixels` row by row from the top left, 0 black to 255 white.
public struct Picture: Sendable, Equatable {
    public let width: Int
    public let height: Int
    public let pixels: [UInt8]

    /// - Precondition: `pixels` has `width` × `height` values.
    public init(width: Int, height: Int, pixels: [UInt8]) {
        precondition(width >= 0 && height >= 0 && pixels.count == width * height, "a picture without all its pixels")
        self.width = width
        self.height = height
        self.pixels = pixels
    }

    /// A picture of one grey.
    public init(width: Int, height: Int, grey: UInt8) {
        self.init(width: width, height: height, pixels: [UInt8](repeating: grey, count: width * height))
    }

    /// The pixels inside a box that lies on the picture.
    public func crop(_ box: Box) -> Picture {
        if box == Box(x0: 0, y0: 0, x1: width, y1: height) { return self }
        var cut: [UInt8] = []
        cut.reserveCapacity(box.width * box.height)
        for row in box.y0..<box.y1 { cut += pixels[row * width + box.x0..<row * width + box.x1] }
        return Picture(width: box.width, height: box.height, pixels: cut)
    }

    /// The picture turned clockwise by a number of quarter turns.
    public func turned(quarters: Int) -> Picture {
        let quarters = ((quarters % 4) + 4) % 4
        if quarters == 0 { return self }
        let (wide, high) = quarters == 2 ? (width, height) : (height, width)
        var turned = [UInt8](repeating: 0, count: pixels.count)
        for row in 0..<height {
            for column in 0..<width {
                let place =
                    switch quarters {
                    case 1: column * wide + (wide - 1 - row)
                    case 2: (high - 1 - row) * wide + (wide - 1 - column)
                    default: (high - 1 - column) * wide + row
                    }
                turned[place] = pixels[row * width + column]
            }
        }
        return Picture(width: wide, height: high, pixels: turned)
    }
}

/// A rectangle of whole pixels: x right, y down, `x1` and `y1` exclusive.
public struct Box: Sendable, Hashable {
    public let x0: Int
    public let y0: Int
    public let x1: Int
    public let y1: Int

    public init(x0: Int, y0: Int, x1: Int, y1: Int) {
        self.x0 = x0
        self.y0 = y0
        self.x1 = x1
        self.y1 = y1
    }

    public var width: Int { x1 - x0 }
    public var height: Int { y1 - y0 }
    public var area: Int { width * height }
}

/// Whole division that rounds down for negative numbers too, as Python's `//` does. The divisor is positive.
func floorDivide(_ number: Int, _ divisor: Int) -> Int {
    let quotient = number / divisor
    return number % divisor < 0 ? quotient - 1 : quotient
}
