import Foundation

private let long = 640  // sides of the locator's picture, in pixels
private let short = 480
private let largest = 4  // times that a page is enlarged at most
private let overlapping = 96  // pixels that neighbouring parts have in common
private let small = 72.0  // pixels: a closer look is for marks up to this size, which some part shows whole
private let large = 72.0  // pixels: the look from further away is for marks from this size
private let closest = 2  // levels; at the second, 640 pixels of the page are 2,300 or less of a photo

/// A box whose sides lie anywhere between pixels.
struct FineBox: Equatable {
    let x0: Double
    let y0: Double
    let x1: Double
    let y1: Double
}

/// A rectangle of the page (`x`, `y`, `width`, `height` in its pixels) shown in the top left of the locator's picture,
/// `shownWidth` × `shownHeight` pixels large. `level` 0 shows the whole page as large as it fits, -1 half as large,
/// 1, 2, … about twice as large each.
struct View: Sendable, Equatable {
    let level: Int
    let x: Int
    let y: Int
    let width: Int
    let height: Int
    let shownWidth: Int
    let shownHeight: Int

    /// Whether a mark seen here, with its box and longer side in pixels of the picture, is for this view to tell.
    ///
    /// Other views see it better that is too large or too small for this level, or that the edge of a part of the page
    /// may have cut off.
    func owns(_ box: FineBox, size: Double, page: (width: Int, height: Int)) -> Bool {
        if level < 0 { return size >= large }
        if level == 0 { return true }
        return size <= small
            && (x == 0 || box.x0 >= 1)
            && (y == 0 || box.y0 >= 1)
            && (x + width == page.width || box.x1 <= Double(shownWidth - 1))
            && (y + height == page.height || box.y1 <= Double(shownHeight - 1))
    }

    /// A box of the picture in whole pixels of the page, cut off at its edges; halves are rounded up.
    func toPage(_ box: FineBox, page: (width: Int, height: Int)) -> Box {
        func place(_ value: Double, _ start: Int, _ length: Int, _ shown: Int) -> Int {
            Int(floor(Double(start) + value * Double(length) / Double(shown) + 0.5))
        }
        let x0 = place(box.x0, x, width, shownWidth)
        let y0 = place(box.y0, y, height, shownHeight)
        let x1 = place(box.x1, x, width, shownWidth)
        let y1 = place(box.y1, y, height, shownHeight)
        return Box(x0: max(0, x0), y0: max(0, y0), x1: min(page.width, x1), y1: min(page.height, y1))
    }

    /// Pixels of the picture for one of the page.
    var scale: Double { Double(shownWidth) / Double(width) }
}

/// The whole page as large as it fits into 640 × 480 pixels, or 480 × 640 if it is higher than wide.
func fitPage(width: Int, height: Int) -> View {
    let (wide, high) = pictureSize(width: width, height: height)
    var shown: (width: Int, height: Int)
    if width * high >= height * wide {
        shown = (wide, max(1, (2 * height * wide + width) / (2 * width)))
    } else {
        shown = (max(1, (2 * width * high + height) / (2 * height)), high)
    }
    if shown.width > largest * width { shown = (largest * width, largest * height) }
    return View(
        level: 0, x: 0, y: 0, width: width, height: height, shownWidth: shown.width, shownHeight: shown.height)
}

/// How a page of that size is looked at: whole, and with `closer` from further away and closer where it has pixels.
func views(width: Int, height: Int, closer: Bool = true) -> [View] {
    let whole = fitPage(width: width, height: height)
    if !closer { return [whole] }
    let further = View(
        level: -1, x: 0, y: 0, width: width, height: height, shownWidth: max(1, whole.shownWidth / 2),
        shownHeight: max(1, whole.shownHeight / 2))
    return [whole, further] + (1...closest).flatMap { parts(width: width, height: height, level: $0) }
}

/// The page in parts that overlap, about 2^level along its longer side; none where pixels would only be enlarged.
private func parts(width: Int, height: Int, level: Int) -> [View] {
    let whole = fitPage(width: width, height: height)
    let count = 1 << level
    let (wide, high) = pictureSize(width: width, height: height)
    // as large as `count` pictures side by side, less their overlaps, make it
    let joined = count * wide - (count - 1) * overlapping
    let virtualWidth = whole.shownWidth * joined / wide
    let virtualHeight = whole.shownHeight * joined / wide
    if 4 * width < 3 * virtualWidth { return [] }
    let partWidth = min(width, (wide * width + virtualWidth - 1) / virtualWidth)
    let partHeight = min(height, (high * height + virtualHeight - 1) / virtualHeight)
    let shown = fitPage(width: partWidth, height: partHeight)
    let across = starts(length: width, part: partWidth, virtual: virtualWidth, shown: wide)
    return starts(length: height, part: partHeight, virtual: virtualHeight, shown: high).flatMap { y in
        across.map { x in
            View(
                level: level, x: x, y: y, width: partWidth, height: partHeight, shownWidth: shown.shownWidth,
                shownHeight: shown.shownHeight)
        }
    }
}

/// Where parts of a side begin, evenly from end to end.
private func starts(length: Int, part: Int, virtual: Int, shown: Int) -> [Int] {
    if part == length { return [0] }
    let last = max(1, (virtual - overlapping + shown - overlapping - 1) / (shown - overlapping) - 1)
    return (0...last).map { $0 * (length - part) / last }
}

/// Width and height of the locator's picture for a page of that shape.
func pictureSize(width: Int, height: Int) -> (width: Int, height: Int) {
    width >= height ? (long, short) : (short, long)
}

/// The locator's picture of a view: the page's pixels resized, the rest its border's median.
func look(at page: Picture, _ view: View) -> Picture {
    let (wide, high) = pictureSize(width: page.width, height: page.height)
    let part = page.crop(Box(x0: view.x, y0: view.y, x1: view.x + view.width, y1: view.y + view.height))
    let shown: Picture
    if (part.width, part.height) == (view.shownWidth, view.shownHeight) {
        shown = part
    } else {
        let resized = resize(
            part.pixels, from: (part.width, part.height), width: view.shownWidth, height: view.shownHeight)
        shown = Picture(width: resized.width, height: resized.height, pixels: resized.values.map(UInt8.init))
    }
    if (shown.width, shown.height) == (wide, high) { return shown }
    var pixels = [UInt8](repeating: borderLevel(of: shown), count: wide * high)
    for row in 0..<shown.height {
        pixels.replaceSubrange(
            row * wide..<row * wide + shown.width, with: shown.pixels[row * shown.width..<(row + 1) * shown.width])
    }
    return Picture(width: wide, height: high, pixels: pixels)
}

/// The lower median of a picture's outermost pixels, corners twice.
func borderLevel(of picture: Picture) -> UInt8 {
    let (width, height) = (picture.width, picture.height)
    var border = picture.pixels[..<width] + picture.pixels[((height - 1) * width)...]
    for row in 0..<height {
        border.append(picture.pixels[row * width])
        border.append(picture.pixels[(row + 1) * width - 1])
    }
    return UInt8(median(border.map(Int.init)))
}
