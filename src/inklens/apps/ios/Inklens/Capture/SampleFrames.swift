import DigitCore
import Foundation

private let sampleCount = 3
private let framesPerSecond = 10.0
private let secondsPerPage = 4.0

/// Pages drawn by inklens' own strokes, for machines without a camera such as the Simulator.
struct SampleFrames: FrameSource {
    let pages: [Picture]

    /// The sample pages of a bundle. Throws AppError if one cannot be read.
    init(bundle: Bundle = .main) throws {
        let places = (1...sampleCount).compactMap { bundle.url(forResource: "sample-\($0)", withExtension: "png") }
        pages = try places.map { try readPhoto(Data(contentsOf: $0)) }
    }

    func frames() -> AsyncStream<Frame> {
        let pages = pages
        return AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            let task = Task {
                var number = 0
                while !Task.isCancelled, !pages.isEmpty {
                    let time = Double(number) / framesPerSecond
                    let page = pages[Int(time / secondsPerPage) % pages.count]
                    continuation.yield(Frame(page: page, time: time, isMirrored: false))
                    number += 1
                    try await Task.sleep(for: .seconds(1 / framesPerSecond))
                }
                continuation.finish()
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }
}
