@_exported import CoreML

open class VNObservation: NSObject {  // iOS 11.0 · VNObservation
    open var confidence: Float { 0 }  // iOS 11.0 · confidence
}
open class VNClassificationObservation: VNObservation {  // iOS 11.0 · VNClassificationObservation
    open var identifier: String { "" }  // iOS 11.0 · identifier
}
open class VNRequest: NSObject {  // iOS 11.0 · VNRequest
    open var results: [VNObservation]? { nil }  // iOS 11.0 · results
}
public enum VNImageCropAndScaleOption: UInt, Sendable {  // iOS 11.0 · VNImageCropAndScaleOption
    case centerCrop = 0  // iOS 11.0 · VNImageCropAndScaleOption.centerCrop
    case scaleFit = 1  // iOS 11.0 · VNImageCropAndScaleOption.scaleFit
    case scaleFill = 2  // iOS 11.0 · VNImageCropAndScaleOption.scaleFill
}
open class VNCoreMLModel: NSObject {  // iOS 11.0 · VNCoreMLModel
    public convenience init(for model: MLModel) throws { self.init() }  // iOS 11.0 · init(for:)
}
open class VNCoreMLRequest: VNRequest {  // iOS 11.0 · VNCoreMLRequest
    public convenience init(model: VNCoreMLModel) { self.init() }  // iOS 11.0 · init(model:)
    open var imageCropAndScaleOption: VNImageCropAndScaleOption = .centerCrop  // iOS 11.0 · imageCropAndScaleOption
}
public struct VNImageOption: Hashable, Sendable {}  // iOS 11.0 · VNImageOption
open class VNImageRequestHandler: NSObject {  // iOS 11.0 · VNImageRequestHandler
    public convenience init(cvPixelBuffer pixelBuffer: CVPixelBuffer, options: [VNImageOption: Any] = [:]) { self.init() }  // iOS 11.0 · init(cvPixelBuffer:options:)
    open func perform(_ requests: [VNRequest]) throws {}  // iOS 11.0 · perform(_:)
}
public struct CoreMLRequest {  // iOS 18.0 · CoreMLRequest
    public init() {}  // iOS 18.0 · init(model:_:)
}
