import CoreGraphics
import CoreVideo
import DigitCore
import Foundation
import ImageIO

private let longestPhoto = 2400  // pixels; the closest look of the reader shows no more of a photo

/// A picture as Core ML takes it: one byte a pixel.
func makePixelBuffer(_ picture: Picture) throws -> CVPixelBuffer {
    var made: CVPixelBuffer?
    let options = [kCVPixelBufferIOSurfacePropertiesKey: [String: String]()] as CFDictionary
    CVPixelBufferCreate(
        kCFAllocatorDefault, picture.width, picture.height, kCVPixelFormatType_OneComponent8, options, &made)
    guard let buffer = made, CVPixelBufferLockBaseAddress(buffer, []) == kCVReturnSuccess else {
        throw AppError.pictureUnreadable
    }
    defer { CVPixelBufferUnlockBaseAddress(buffer, []) }
    guard let base = CVPixelBufferGetBaseAddress(buffer) else { throw AppError.pictureUnreadable }
    let rowBytes = CVPixelBufferGetBytesPerRow(buffer)
    picture.pixels.withUnsafeBytes { pixels in
        for row in 0..<picture.height {
            let line = UnsafeRawBufferPointer(rebasing: pixels[row * picture.width..<(row + 1) * picture.width])
            UnsafeMutableRawBufferPointer(start: base + row * rowBytes, count: picture.width).copyMemory(from: line)
        }
    }
    return buffer
}

/// The part of a camera frame that `region` shows, upright: its grey plane, copied.
func copyLuma(_ buffer: CVPixelBuffer, region: Region) -> Picture? {
    guard CVPixelBufferGetPlaneCount(buffer) == 2,
        CVPixelBufferLockBaseAddress(buffer, .readOnly) == kCVReturnSuccess
    else { return nil }
    defer { CVPixelBufferUnlockBaseAddress(buffer, .readOnly) }
    let width = CVPixelBufferGetWidthOfPlane(buffer, 0)
    let height = CVPixelBufferGetHeightOfPlane(buffer, 0)
    guard let base = CVPixelBufferGetBaseAddressOfPlane(buffer, 0) else { return nil }
    let rowBytes = CVPixelBufferGetBytesPerRowOfPlane(buffer, 0)
    let box = region.box(width: width, height: height)
    var pixels: [UInt8] = []
    pixels.reserveCapacity(box.area)
    for row in box.y0..<box.y1 {
        pixels.append(contentsOf: UnsafeRawBufferPointer(start: base + row * rowBytes + box.x0, count: box.width))
    }
    return Picture(width: box.width, height: box.height, pixels: pixels).turned(quarters: region.quarters)
}

/// A photo from the library as a grey page, upright.
func readPhoto(_ data: Data) throws -> Picture {
    let options: [CFString: Any] = [
        kCGImageSourceCreateThumbnailFromImageAlways: true,
        kCGImageSourceCreateThumbnailWithTransform: true,
        kCGImageSourceThumbnailMaxPixelSize: longestPhoto,
    ]
    guard let source = CGImageSourceCreateWithData(data as CFData, nil),
        let image = CGImageSourceCreateThumbnailAtIndex(source, 0, options as CFDictionary)
    else { throw AppError.pictureUnreadable }
    return try drawGrey(width: image.width, height: image.height) { context in
        context.draw(image, in: CGRect(x: 0, y: 0, width: image.width, height: image.height))
    }
}

/// What `draw` leaves on a white page, in grey.
func drawGrey(width: Int, height: Int, draw: (CGContext) -> Void) throws -> Picture {
    var pixels = [UInt8](repeating: 255, count: width * height)
    let drawn = pixels.withUnsafeMutableBytes { bytes in
        guard
            let context = CGContext(
                data: bytes.baseAddress, width: width, height: height, bitsPerComponent: 8, bytesPerRow: width,
                space: CGColorSpaceCreateDeviceGray(), bitmapInfo: CGImageAlphaInfo.none.rawValue)
        else { return false }
        draw(context)
        return true
    }
    guard drawn else { throw AppError.pictureUnreadable }
    return Picture(width: width, height: height, pixels: pixels)
}

/// A picture for the screen.
func makeImage(_ picture: Picture) -> CGImage? {
    guard let provider = CGDataProvider(data: Data(picture.pixels) as CFData) else { return nil }
    return CGImage(
        width: picture.width, height: picture.height, bitsPerComponent: 8, bitsPerPixel: 8, bytesPerRow: picture.width,
        space: CGColorSpaceCreateDeviceGray(), bitmapInfo: CGBitmapInfo(rawValue: CGImageAlphaInfo.none.rawValue),
        provider: provider, decode: nil, shouldInterpolate: true, intent: .defaultIntent)
}
