@_exported import CoreGraphics

public final class CVBuffer {}  // iOS 4.0 · CVBuffer
public typealias CVImageBuffer = CVBuffer  // iOS 4.0 · CVImageBuffer
public typealias CVPixelBuffer = CVImageBuffer  // iOS 4.0 · CVPixelBuffer
public typealias CVReturn = Int32  // iOS 4.0 · CVReturn
public typealias OSType = UInt32  // iOS 2.0 · OSType
public let kCVReturnSuccess: CVReturn = 0  // iOS 4.0 · kCVReturnSuccess
public let kCVPixelFormatType_OneComponent8: OSType = 0x4C30_3038  // iOS 4.0 · kCVPixelFormatType_OneComponent8
public let kCVPixelFormatType_420YpCbCr8BiPlanarFullRange: OSType = 0x3432_3066  // iOS 4.0 · kCVPixelFormatType_420YpCbCr8BiPlanarFullRange
public let kCVPixelBufferPixelFormatTypeKey: CFString = ""  // iOS 4.0 · kCVPixelBufferPixelFormatTypeKey
public let kCVPixelBufferIOSurfacePropertiesKey: CFString = ""  // iOS 4.0 · kCVPixelBufferIOSurfacePropertiesKey
public struct CVPixelBufferLockFlags: OptionSet, Sendable {  // iOS 4.0 · CVPixelBufferLockFlags
    public let rawValue: UInt64  // iOS 4.0 · rawValue
    public init(rawValue: UInt64) { self.rawValue = rawValue }  // iOS 4.0 · init(rawValue:)
    public static let readOnly = Self(rawValue: 1)  // iOS 4.0 · readOnly
}
@discardableResult
public func CVPixelBufferCreate(  // iOS 4.0 · CVPixelBufferCreate(_:_:_:_:_:_:)
    _ allocator: CFAllocator?, _ width: Int, _ height: Int, _ pixelFormatType: OSType,
    _ pixelBufferAttributes: CFDictionary?, _ pixelBufferOut: UnsafeMutablePointer<CVPixelBuffer?>
) -> CVReturn { 0 }
@discardableResult
public func CVPixelBufferLockBaseAddress(_ pixelBuffer: CVPixelBuffer, _ lockFlags: CVPixelBufferLockFlags) -> CVReturn { 0 }  // iOS 4.0 · CVPixelBufferLockBaseAddress(_:_:)
@discardableResult
public func CVPixelBufferUnlockBaseAddress(_ pixelBuffer: CVPixelBuffer, _ unlockFlags: CVPixelBufferLockFlags) -> CVReturn { 0 }  // iOS 4.0 · CVPixelBufferUnlockBaseAddress(_:_:)
public func CVPixelBufferGetBaseAddress(_ pixelBuffer: CVPixelBuffer) -> UnsafeMutableRawPointer? { nil }  // iOS 4.0 · CVPixelBufferGetBaseAddress(_:)
public func CVPixelBufferGetBytesPerRow(_ pixelBuffer: CVPixelBuffer) -> Int { 0 }  // iOS 4.0 · CVPixelBufferGetBytesPerRow(_:)
public func CVPixelBufferGetPlaneCount(_ pixelBuffer: CVPixelBuffer) -> Int { 0 }  // iOS 4.0 · CVPixelBufferGetPlaneCount(_:)
public func CVPixelBufferGetWidthOfPlane(_ pixelBuffer: CVPixelBuffer, _ planeIndex: Int) -> Int { 0 }  // iOS 4.0 · CVPixelBufferGetWidthOfPlane(_:_:)
public func CVPixelBufferGetHeightOfPlane(_ pixelBuffer: CVPixelBuffer, _ planeIndex: Int) -> Int { 0 }  // iOS 4.0 · CVPixelBufferGetHeightOfPlane(_:_:)
public func CVPixelBufferGetBaseAddressOfPlane(_ pixelBuffer: CVPixelBuffer, _ planeIndex: Int) -> UnsafeMutableRawPointer? { nil }  // iOS 4.0 · CVPixelBufferGetBaseAddressOfPlane(_:_:)
public func CVPixelBufferGetBytesPerRowOfPlane(_ pixelBuffer: CVPixelBuffer, _ planeIndex: Int) -> Int { 0 }  // iOS 4.0 · CVPixelBufferGetBytesPerRowOfPlane(_:_:)
