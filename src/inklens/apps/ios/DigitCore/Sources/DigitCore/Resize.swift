/// Whole numbers in rows, as the steps between two pictures need them.
struct Grid: Equatable {
    let width: Int
    let height: Int
    var values: [Int]
}

/// Resize to `width` × `height`, each new pixel the mean of the old ones under a window round its place.
///
/// The window is as large as a new pixel, but at least as large as an old one: an area average downwards, bilinear
/// interpolation upwards. Means are rounded once, halves up; beyond the edge the edge's pixels go on. Values are below
/// 2^16, so that all sums are exact.
func resize<Value: BinaryInteger>(_ pixels: [Value], from old: (width: Int, height: Int), width: Int, height: Int)
    -> Grid
{
    if old == (width, height) { return Grid(width: width, height: height, values: pixels.map { Int($0) }) }
    let down = Weights(old: old.height, new: height)
    let across = Weights(old: old.width, new: width)
    let unit = down.unit * across.unit
    var values = [Int](repeating: 0, count: width * height)
    var sums = [Int](repeating: 0, count: old.width)
    for row in 0..<height {
        for column in 0..<old.width { sums[column] = 0 }
        for (place, share) in down.taps(of: row) {
            let start = place * old.width
            for column in 0..<old.width { sums[column] += Int(pixels[start + column]) * share }
        }
        for column in 0..<width {
            var total = 0
            for (place, share) in across.taps(of: column) { total += sums[place] * share }
            values[row * width + column] = (2 * total + unit) / (2 * unit)
        }
    }
    return Grid(width: width, height: height, values: values)
}

/// For every new pixel the share of each old one, in whole numbers that sum to `unit`.
private struct Weights {
    let unit: Int
    private let pixels: [[(place: Int, share: Int)]]

    init(old: Int, new: Int) {
        let half = max(old, new)
        unit = 2 * half
        pixels = (0..<new).map { pixel in
            let middle = (2 * pixel + 1) * old  // of the window, in 1/(2 new) of an old pixel
            let first = floorDivide(middle - half, 2 * new)
            let last = floorDivide(middle + half - 1, 2 * new)
            return (first...last).map { place in
                let left = max(2 * new * place, middle - half)
                let right = min(2 * new * (place + 1), middle + half)
                return (min(max(place, 0), old - 1), right - left)
            }
        }
    }

    func taps(of pixel: Int) -> [(place: Int, share: Int)] { pixels[pixel] }
}
