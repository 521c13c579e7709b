@_exported import CoreGraphics

public final class CGImageSource {}  // iOS 4.0 · CGImageSource
public func CGImageSourceCreateWithData(_ data: CFData, _ options: CFDictionary?) -> CGImageSource? { nil }  // iOS 4.0 · CGImageSourceCreateWithData(_:_:)
public func CGImageSourceCreateThumbnailAtIndex(_ isrc: CGImageSource, _ index: Int, _ options: CFDictionary?) -> CGImage? { nil }  // iOS 4.0 · CGImageSourceCreateThumbnailAtIndex(_:_:_:)
public let kCGImageSourceCreateThumbnailFromImageAlways: CFString = ""  // iOS 4.0 · kCGImageSourceCreateThumbnailFromImageAlways
public let kCGImageSourceCreateThumbnailWithTransform: CFString = ""  // iOS 4.0 · kCGImageSourceCreateThumbnailWithTransform
public let kCGImageSourceThumbnailMaxPixelSize: CFString = ""  // iOS 4.0 · kCGImageSourceThumbnailMaxPixelSize
