import CoreGraphics
import DigitCore

/// Which part of a camera frame the screen shows, and how it is turned there.
struct Region: Equatable, Sendable {
    /// In parts of the unrotated frame, 0 to 1.
    var visible = CGRect(x: 0, y: 0, width: 1, height: 1)
    /// Quarter turns clockwise from the frame to the screen.
    var quarters = 0
    /// Whether the screen shows it mirrored, as front cameras do. The pixels that are read never are.
    var isMirrored = false

    init() {}

    /// angle: clockwise, in degrees, as capture connections give it.
    init(visible: CGRect, angle: CGFloat, isMirrored: Bool) {
        let whole = CGRect(x: 0, y: 0, width: 1, height: 1)
        let inside = visible.intersection(whole)
        // before the first frame the preview does not know what it will show
        self.visible = inside.isNull || inside.isEmpty ? whole : inside
        quarters = Int((angle / 360 * 4).rounded())
        self.isMirrored = isMirrored
    }

    /// The whole pixels of a frame that are shown.
    func box(width: Int, height: Int) -> Box {
        let x0 = min(max(Int((visible.minX * CGFloat(width)).rounded()), 0), width - 1)
        let y0 = min(max(Int((visible.minY * CGFloat(height)).rounded()), 0), height - 1)
        let x1 = min(max(Int((visible.maxX * CGFloat(width)).rounded()), x0 + 1), width)
        let y1 = min(max(Int((visible.maxY * CGFloat(height)).rounded()), y0 + 1), height)
        return Box(x0: x0, y0: y0, x1: x1, y1: y1)
    }
}
