import AVFoundation
import CoreVideo
import DigitCore
import Foundation
import Testing

@testable import Inklens

@Suite("Frames of the camera")
struct CaptureTests {
    @Test("a region is whole pixels of the frame, and never empty")
    func regionsAreWholePixels() {
        let region = Region(visible: CGRect(x: 0.125, y: 0.25, width: 0.5, height: 0.5), angle: 0, isMirrored: false)
        #expect(region.box(width: 640, height: 480) == Box(x0: 80, y0: 120, x1: 400, y1: 360))
        let none = Region(visible: .zero, angle: 0, isMirrored: false)
        #expect(none.box(width: 640, height: 480) == Box(x0: 0, y0: 0, x1: 640, y1: 480))
    }

    @Test("a quarter of a full turn is one quarter", arguments: [(0.0, 0), (0.25, 1), (0.5, 2), (0.75, 3)])
    func anglesAreQuarters(turn: Double, quarters: Int) {
        let region = Region(visible: CGRect(x: 0, y: 0, width: 1, height: 1), angle: turn * 360, isMirrored: true)
        #expect(region.quarters == quarters)
    }

    @Test("a frame's grey plane is cut to what the screen shows and turned upright")
    func lumaIsCutAndTurned() throws {
        var made: CVPixelBuffer?
        let format = kCVPixelFormatType_420YpCbCr8BiPlanarFullRange
        CVPixelBufferCreate(kCFAllocatorDefault, 4, 2, format, nil, &made)
        let buffer = try #require(made)
        CVPixelBufferLockBaseAddress(buffer, [])
        let base = try #require(CVPixelBufferGetBaseAddressOfPlane(buffer, 0))
        let rowBytes = CVPixelBufferGetBytesPerRowOfPlane(buffer, 0)
        for place in 0..<8 {
            base.storeBytes(of: UInt8(place), toByteOffset: place / 4 * rowBytes + place % 4, as: UInt8.self)
        }
        CVPixelBufferUnlockBaseAddress(buffer, [])
        let half = CGRect(x: 0.5, y: 0, width: 0.5, height: 1)
        let upright = copyLuma(buffer, region: Region(visible: half, angle: 0, isMirrored: false))
        #expect(upright == Picture(width: 2, height: 2, pixels: [2, 3, 6, 7]))
        let turned = copyLuma(buffer, region: Region(visible: half, angle: 360 / 4, isMirrored: false))
        #expect(turned == Picture(width: 2, height: 2, pixels: [6, 2, 7, 3]))
    }

    @Test("a warm phone, or one that saves power, is asked for fewer frames")
    func framesPerSecondFollowHeat() {
        #expect(framesPerSecond(pressure: .nominal, isLowPower: false) == 15)
        #expect(framesPerSecond(pressure: .serious, isLowPower: false) == 8)
        #expect(framesPerSecond(pressure: .nominal, isLowPower: true) == 8)
    }

    @Test("a lens that focuses only from afar zooms in, others do not")
    func zoomForPaper() {
        #expect(closeUpZoom(focus: -1, view: 70) == 1)
        #expect(closeUpZoom(focus: 60, view: 70) == 1)
        #expect(abs(closeUpZoom(focus: 200, view: 70) - 2.334) < 0.001)
    }

    @Test("sample frames come in order of time, and stop when nobody asks any more")
    func sampleFrames() async throws {
        let samples = try SampleFrames()
        #expect(samples.pages.count == 3)
        var times: [Double] = []
        for await frame in samples.frames() {
            times.append(frame.time)
            if times.count == 3 { break }
        }
        #expect(times == times.sorted() && times.count == 3)
    }
}
