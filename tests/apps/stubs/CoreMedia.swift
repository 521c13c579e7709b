@_exported import CoreVideo

public typealias CMTimeValue = Int64  // iOS 4.0 · CMTimeValue
public typealias CMTimeScale = Int32  // iOS 4.0 · CMTimeScale
public struct CMTime: Sendable {  // iOS 4.0 · CMTime
    public init(value: CMTimeValue, timescale: CMTimeScale) {}  // iOS 4.0 · init(value:timescale:)
}
public func CMTimeGetSeconds(_ time: CMTime) -> Float64 { 0 }  // iOS 4.0 · CMTimeGetSeconds(_:)
public final class CMSampleBuffer {}  // iOS 4.0 · CMSampleBuffer
public func CMSampleBufferGetImageBuffer(_ sbuf: CMSampleBuffer) -> CVImageBuffer? { nil }  // iOS 4.0 · CMSampleBufferGetImageBuffer(_:)
public func CMSampleBufferGetPresentationTimeStamp(_ sbuf: CMSampleBuffer) -> CMTime { CMTime(value: 0, timescale: 1) }  // iOS 4.0 · CMSampleBufferGetPresentationTimeStamp(_:)
