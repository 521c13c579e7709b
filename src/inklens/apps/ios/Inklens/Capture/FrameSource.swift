import DigitCore
import Foundation

/// A page at a time, upright, as the screen shows it.
struct Frame: Sendable {
    let page: Picture
    /// In seconds.
    let time: Double
    let isMirrored: Bool
}

/// Where frames come from: the camera, or samples where there is none.
protocol FrameSource: Sendable {
    /// The newest frame each time it is asked for; older ones that nobody took are dropped.
    func frames() -> AsyncStream<Frame>
}

/// A value that several threads share.
final class Guarded<Value: Sendable>: @unchecked Sendable {
    private let lock = NSLock()
    private var value: Value

    init(_ value: Value) {
        self.value = value
    }

    func get() -> Value {
        lock.withLock { value }
    }

    func set(_ new: Value) {
        lock.withLock { value = new }
    }
}
