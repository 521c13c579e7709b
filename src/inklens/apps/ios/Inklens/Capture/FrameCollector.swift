@preconcurrency import AVFoundation
import CoreMedia
import CoreVideo
import DigitCore
import Foundation

/// Takes frames off the camera: copies the grey pixels that the screen shows and lets the buffer go at once.
///
/// Shared between the session's queue, its own, and the main thread; all that changes is guarded.
final class FrameCollector: NSObject, AVCaptureVideoDataOutputSampleBufferDelegate, @unchecked Sendable {
    let queue = DispatchQueue(label: "inklens.frames")
    private let region = Guarded(Region())
    private let taker = Guarded<AsyncStream<Frame>.Continuation?>(nil)

    func show(_ new: Region) {
        region.set(new)
    }

    func frames() -> AsyncStream<Frame> {
        AsyncStream(bufferingPolicy: .bufferingNewest(1)) { taker.set($0) }
    }

    func captureOutput(
        _ output: AVCaptureOutput, didOutput sampleBuffer: CMSampleBuffer, from connection: AVCaptureConnection
    ) {
        guard let taker = taker.get(), let buffer = CMSampleBufferGetImageBuffer(sampleBuffer) else { return }
        let region = region.get()
        guard let page = copyLuma(buffer, region: region) else { return }
        let time = CMTimeGetSeconds(CMSampleBufferGetPresentationTimeStamp(sampleBuffer))
        taker.yield(Frame(page: page, time: time, isMirrored: region.isMirrored))
    }
}
