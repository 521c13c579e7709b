@_exported import AppleFoundation

public final class CGColorSpace: Sendable {}  // iOS 2.0 · CGColorSpace
public func CGColorSpaceCreateDeviceGray() -> CGColorSpace { CGColorSpace() }  // iOS 2.0 · CGColorSpaceCreateDeviceGray()
public enum CGImageAlphaInfo: UInt32, Sendable {  // iOS 2.0 · CGImageAlphaInfo
    case none  // iOS 2.0 · CGImageAlphaInfo.none
}
public struct CGBitmapInfo: OptionSet, Sendable {  // iOS 2.0 · CGBitmapInfo
    public let rawValue: UInt32  // iOS 2.0 · rawValue
    public init(rawValue: UInt32) { self.rawValue = rawValue }  // iOS 2.0 · init(rawValue:)
}
public enum CGColorRenderingIntent: Int32, Sendable {  // iOS 2.0 · CGColorRenderingIntent
    case defaultIntent  // iOS 2.0 · CGColorRenderingIntent.defaultIntent
}
public enum CGLineCap: Int32, Sendable {  // iOS 2.0 · CGLineCap
    case butt, round, square  // iOS 2.0 · CGLineCap.round
}
public enum CGLineJoin: Int32, Sendable {  // iOS 2.0 · CGLineJoin
    case miter, round, bevel  // iOS 2.0 · CGLineJoin.round
}
public final class CGDataProvider: Sendable {  // iOS 2.0 · CGDataProvider
    public init?(data: CFData) {}  // iOS 2.0 · init(data:)
}
public final class CGImage: Sendable {  // iOS 2.0 · CGImage
    public init?(  // iOS 2.0 · init(width:height:bitsPerComponent:bitsPerPixel:bytesPerRow:space:bitmapInfo:provider:decode:shouldInterpolate:intent:)
        width: Int, height: Int, bitsPerComponent: Int, bitsPerPixel: Int, bytesPerRow: Int, space: CGColorSpace,
        bitmapInfo: CGBitmapInfo, provider: CGDataProvider, decode: UnsafePointer<CGFloat>?, shouldInterpolate: Bool,
        intent: CGColorRenderingIntent
    ) {}
    public var width: Int { 0 }  // iOS 2.0 · width
    public var height: Int { 0 }  // iOS 2.0 · height
}
public final class CGContext {  // iOS 2.0 · CGContext
    public init?(  // iOS 2.0 · init(data:width:height:bitsPerComponent:bytesPerRow:space:bitmapInfo:)
        data: UnsafeMutableRawPointer?, width: Int, height: Int, bitsPerComponent: Int, bytesPerRow: Int,
        space: CGColorSpace, bitmapInfo: UInt32
    ) {}
    public func draw(_ image: CGImage, in rect: CGRect, byTiling: Bool = false) {}  // iOS 2.0 · draw(_:in:byTiling:)
    public func translateBy(x tx: CGFloat, y ty: CGFloat) {}  // iOS 2.0 · translateBy(x:y:)
    public func scaleBy(x sx: CGFloat, y sy: CGFloat) {}  // iOS 2.0 · scaleBy(x:y:)
    public func setStrokeColor(gray: CGFloat, alpha: CGFloat) {}  // iOS 2.0 · setStrokeColor(gray:alpha:)
    public func setLineWidth(_ width: CGFloat) {}  // iOS 2.0 · setLineWidth(_:)
    public func setLineCap(_ cap: CGLineCap) {}  // iOS 2.0 · setLineCap(_:)
    public func setLineJoin(_ join: CGLineJoin) {}  // iOS 2.0 · setLineJoin(_:)
    public func addLines(between points: [CGPoint]) {}  // iOS 2.0 · addLines(between:)
    public func strokePath() {}  // iOS 2.0 · strokePath()
}
