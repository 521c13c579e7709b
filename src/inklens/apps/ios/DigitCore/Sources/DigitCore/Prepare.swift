private let size = 28  // pixels of a side
private let longSide = 20  // pixels of the mark's long side, as in MNIST
// grey levels of the paper's distance that full ink has at least: fainter marks stay grey
private let leastContrast = 8

/// Cut one mark out of a page: paper 0, ink towards 255, long side 20 px, its centre of mass in the middle of 28 × 28.
///
/// The ink is darker or brighter than the paper. Parts of the box outside the page are left out; a box without area on
/// the page gives zeros. Whole numbers throughout: every step is exact.
public func prepareMark(_ page: Picture, _ box: Box) -> Picture {
    let box = Box(x0: max(0, box.x0), y0: max(0, box.y0), x1: min(page.width, box.x1), y1: min(page.height, box.y1))
    if box.x1 <= box.x0 || box.y1 <= box.y0 { return Picture(width: size, height: size, grey: 0) }
    let ink = takeInk(page, box)
    let longest = max(box.width, box.height)
    let wide = max(1, (2 * box.width * longSide + longest) / (2 * longest))
    let high = max(1, (2 * box.height * longSide + longest) / (2 * longest))
    return centre(stretch(resize(ink.values, from: (ink.width, ink.height), width: wide, height: high)))
}

/// A box with the strokes that it cuts off: a side moves out as far as ink goes on, if that ends within an eighth.
///
/// The box lies within the page and is not empty. Ink is what has half of the box's full ink. What goes on further is
/// another mark's, or a line of the paper.
func widen(_ page: Picture, _ box: Box) -> Box {
    let reach = max(2, max(box.width, box.height) / 8)
    let around = Box(
        x0: max(0, box.x0 - reach), y0: max(0, box.y0 - reach), x1: min(page.width, box.x1 + reach),
        y1: min(page.height, box.y1 + reach))
    let region = values(page, around)
    let paper = median(region)
    let squares = region.map { ($0 - paper) * abs($0 - paper) }.reduce(0, +)
    let side = squares <= 0 ? -1 : 1  // dark ink
    let full = max(leastContrast, rankFromTop(values(page, box).map { side * ($0 - paper) }, box.area / 16))
    let rows = box.y0 - around.y0..<box.y1 - around.y0
    let columns = box.x0 - around.x0..<box.x1 - around.x0
    var across = [Bool](repeating: false, count: around.width)  // whether a column beside the box has ink
    var down = [Bool](repeating: false, count: around.height)
    for y in 0..<around.height {
        for x in 0..<around.width where 2 * side * (region[y * around.width + x] - paper) >= full {
            if rows.contains(y) { across[x] = true }
            if columns.contains(x) { down[y] = true }
        }
    }

    func leading(_ inked: some Collection<Bool>) -> Int {
        guard let end = inked.firstIndex(of: false) else { return 0 }
        return inked.distance(from: inked.startIndex, to: end)
    }

    return Box(
        x0: box.x0 - leading(across[..<columns.lowerBound].reversed()),
        y0: box.y0 - leading(down[..<rows.lowerBound].reversed()),
        x1: box.x1 + leading(across[columns.upperBound...]), y1: box.y1 + leading(down[rows.upperBound...]))
}

/// How far each pixel of a box is from its paper on the side of the ink, paper 0.
func takeInk(_ page: Picture, _ box: Box) -> Grid {
    var paper = paperLevel(page, box)
    var place = 0
    var darkness = 0
    var brightness = 0
    for y in box.y0..<box.y1 {
        for x in box.x0..<box.x1 {
            let difference = Int(page.pixels[y * page.width + x]) - paper.values[place]
            if difference < 0 { darkness += difference * difference } else { brightness += difference * difference }
            paper.values[place] = difference
            place += 1
        }
    }
    let side = darkness >= brightness ? -1 : 1
    for place in paper.values.indices { paper.values[place] = max(side * paper.values[place], 0) }
    return paper
}

/// The paper's grey in every pixel of a box: a plane through what surrounds the box.
///
/// The middle level is the median of the box and a margin of an eighth; the slope is that between the medians of
/// opposite margins, where both lie nearer to the middle level than a third of the ink.
func paperLevel(_ page: Picture, _ box: Box) -> Grid {
    let margin = max(2, (max(box.width, box.height) + 7) / 8)
    let around = Box(
        x0: max(0, box.x0 - margin), y0: max(0, box.y0 - margin), x1: min(page.width, box.x1 + margin),
        y1: min(page.height, box.y1 + margin))
    let region = values(page, around)
    let middle = median(region)
    let contrast = rankFromTop(region.map { abs($0 - middle) }, region.count / 16)

    func slope(_ before: Box, _ after: Box) -> Int {
        if before.area == 0 || after.area == 0 { return 0 }
        let one = median(values(page, before)) - middle
        let two = median(values(page, after)) - middle
        return 3 * max(abs(one), abs(two)) <= contrast ? two - one : 0
    }

    let across = slope(
        Box(x0: around.x0, y0: around.y0, x1: box.x0, y1: around.y1),
        Box(x0: box.x1, y0: around.y0, x1: around.x1, y1: around.y1))
    let down = slope(
        Box(x0: around.x0, y0: around.y0, x1: around.x1, y1: box.y0),
        Box(x0: around.x0, y0: box.y1, x1: around.x1, y1: around.y1))
    // the margins' middles are one box and one margin apart; twice the distance from the box's middle, so all is whole
    let byColumn = (0..<box.width).map { floorDivide(across * (2 * $0 + 1 - box.width), 2 * (box.width + margin)) }
    let byRow = (0..<box.height).map { floorDivide(down * (2 * $0 + 1 - box.height), 2 * (box.height + margin)) }
    let levels = byRow.flatMap { row in byColumn.map { column in middle + column + row } }
    return Grid(width: box.width, height: box.height, values: levels)
}

/// The pixels of a box as whole numbers.
private func values(_ page: Picture, _ box: Box) -> [Int] {
    (box.y0..<box.y1).flatMap { y in page.pixels[y * page.width + box.x0..<y * page.width + box.x1].map(Int.init) }
}

/// Stretch ink to 255 without making it black and white.
///
/// Full ink is what a sixteenth of the pixels reaches; an eighth of that is still paper.
func stretch(_ ink: Grid) -> Picture {
    let full = max(leastContrast, rankFromTop(ink.values, ink.values.count / 16))
    let paper = full / 8
    let pixels = ink.values.map { UInt8(min(max(floorDivide(($0 - paper) * 255, full - paper), 0), 255)) }
    return Picture(width: ink.width, height: ink.height, pixels: pixels)
}

/// Put a mark, sides at most 20, on 28 × 28 so that its centre of mass is in the middle.
func centre(_ mark: Picture) -> Picture {
    var picture = [UInt8](repeating: 0, count: size * size)
    var mass = 0
    var across = 0
    var down = 0
    for y in 0..<mark.height {
        for x in 0..<mark.width {
            let weight = Int(mark.pixels[y * mark.width + x])
            mass += weight
            across += weight * (2 * x + 1)
            down += weight * (2 * y + 1)
        }
    }
    let left = mass == 0 ? (size - mark.width) / 2 : place(moment: across, mass: mass, length: mark.width)
    let top = mass == 0 ? (size - mark.height) / 2 : place(moment: down, mass: mass, length: mark.height)
    for y in 0..<mark.height {
        for x in 0..<mark.width { picture[(top + y) * size + left + x] = mark.pixels[y * mark.width + x] }
    }
    return Picture(width: size, height: size, pixels: picture)
}

/// Where a side of `length` begins so that its centre, `moment` / (2 `mass`) from there, comes to 14.5, where MNIST has
/// it.
func place(moment: Int, mass: Int, length: Int) -> Int {
    min(max(floorDivide((size + 1) * mass - moment + mass, 2 * mass), 0), size - length)
}

/// The lower median of whole numbers.
func median(_ values: [Int]) -> Int { values.sorted()[(values.count - 1) / 2] }

/// The value that `rank` others are at least as large as.
func rankFromTop(_ values: [Int], _ rank: Int) -> Int {
    values.sorted()[values.count - 1 - min(rank, values.count - 1)]
}
